"""What the refusals of hosts mean."""

from __future__ import annotations

import pytest

from offhook.errors import EngineError, EngineRefused, EngineUnavailable
from offhook.models.refusals import is_filtered, refusal, retry_after_s


@pytest.mark.parametrize(
    ("status", "code", "kind", "fix"),
    [
        (401, "", EngineRefused, "GROQ_API_KEY"),
        (403, "", EngineRefused, "GROQ_API_KEY"),
        (402, "", EngineRefused, "account"),
        (429, "insufficient_quota", EngineRefused, "account"),
        (404, "model_not_found", EngineRefused, "name"),
        (429, "rate_limit_exceeded", EngineUnavailable, ""),
        (408, "", EngineUnavailable, ""),
        (529, "", EngineUnavailable, ""),
        (400, "", EngineError, "options"),
        (413, "", EngineError, "history"),
    ],
)
def test_a_status_says_whether_the_same_again_can_help(
    status: int, code: str, kind: type[EngineError], fix: str
) -> None:
    """And what to put right, where something is to be."""
    error = refusal(status, "groq:x", code=code, keys=("GROQ_API_KEY",), wait_s=2.0)
    assert type(error) is kind
    assert "groq:x" in error.message
    assert str(status) in error.message
    assert fix in (error.fix or "")
    assert error.retryable is (kind is EngineUnavailable)
    assert getattr(error, "retry_after_s", 2.0) == 2.0


def test_a_server_without_a_key_of_its_own_is_given_one() -> None:
    """By the argument."""
    assert refusal(401, "other:x").fix == "give the right api_key"


def test_what_is_filtered_is_not_wrong() -> None:
    """It is answered by no."""
    assert is_filtered("content_filter")
    assert not is_filtered("invalid_request_error")


@pytest.mark.parametrize(
    ("value", "wait_s"), [("2", 2.0), ("0.5", 0.5), ("", None), ("Thu, 26 Nov", None), ("-1", None), ("1e9", None)]
)
def test_the_time_that_a_host_wants_is_a_number_of_seconds(value: str, wait_s: float | None) -> None:
    """Anything else says nothing."""
    assert retry_after_s({"retry-after": value}) == wait_s
    assert retry_after_s({}) is None
