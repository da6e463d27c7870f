"""How errors tell what came."""

from __future__ import annotations

import pytest

from offhook.errors import EngineRefused, EngineUnavailable, OffhookError, kind_of


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "nothing"),
        ("", "an empty text"),
        ("+15557773311", "a text of 12 characters"),
        (b"\0\1", "2 bytes"),
        (True, "true"),
        (31, "31"),
        (0.5, "0.5"),
        (15557773311, "a number of 11 signs"),
        (["a", "b"], "a list of 2"),
        ((1,), "a list of 1"),
        ({"name": "Anna"}, "a table of 1"),
        (object(), "a value of type object"),
    ],
)
def test_what_came_is_told_by_its_kind(value: object, told: str) -> None:
    """Its type and its length, and nothing that may be somebody's number or words."""
    assert kind_of(value) == told


def test_an_error_says_how_to_put_it_right() -> None:
    """After what was expected and what came, if it is known."""
    assert str(OffhookError("expected a call, got none.", fix="dial")) == "expected a call, got none. fix: dial"
    assert str(OffhookError("expected a call, got none.")) == "expected a call, got none."


def test_what_a_provider_does_wrong_says_whether_to_ask_again() -> None:
    """And when, where the provider has said so."""
    busy = EngineUnavailable("expected an answer, got status 429.", call_id="v3:call", retry_after_s=2.0)
    assert busy.retryable
    assert (busy.retry_after_s, busy.call_id) == (2.0, "v3:call")
    assert EngineUnavailable("expected an answer, got none.").retry_after_s is None
    assert not EngineRefused("expected an answer, got status 401.", fix="correct the key").retryable
