"""What a provider means when it does not let us in, or closes the connection."""

from __future__ import annotations

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response

from offhook.errors import EngineError, EngineRefused, EngineUnavailable
from offhook.providers.refusals import Refusals, broken_off, by_code, by_status, not_connected

X = Refusals(provider="X", key="X_API_KEY", codes={1008: "key", 4002: "account", 3006: "request"})


@pytest.mark.parametrize(
    ("status", "kind", "fix"),
    [
        (400, EngineRefused, "options"),
        (401, EngineRefused, "X_API_KEY"),
        (402, EngineRefused, "account"),
        (403, EngineRefused, "X_API_KEY"),
        (404, EngineRefused, "options"),
        (408, EngineUnavailable, ""),
        (429, EngineUnavailable, ""),
        (301, EngineUnavailable, ""),
        (500, EngineUnavailable, ""),
        (503, EngineUnavailable, ""),
    ],
)
def test_a_status_is_a_refusal_or_worth_another_try(status: int, kind: type[EngineError], fix: str) -> None:
    """With what to do about it."""
    error = by_status(X, status)
    assert type(error) is kind
    assert fix in (error.fix or "")
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1008, EngineRefused),
        (4002, EngineRefused),
        (3006, EngineRefused),
        (1011, EngineUnavailable),
        (None, EngineUnavailable),
    ],
)
def test_a_code_is_what_the_vendor_means_by_it(code: int | None, kind: type[EngineError]) -> None:
    """All that are not listed are worth another try."""
    assert type(by_code(X, code)) is kind


@pytest.mark.parametrize(
    ("header", "after_s"), [("2", 2.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("99999", None)]
)
def test_a_provider_says_when_to_come_again(header: str, after_s: float | None) -> None:
    """In seconds, and within reason."""
    response = Response(429, "Too Many Requests", Headers({"Retry-After": header}), b"the key is sk-1")
    error = not_connected(X, InvalidStatus(response))
    assert isinstance(error, EngineUnavailable)
    assert error.retry_after_s == after_s
    assert "sk-1" not in str(error)


def test_a_connection_that_was_closed_is_told_by_its_code() -> None:
    """Without the provider's own words; where there was no closing handshake, as one that broke off."""
    closed = ConnectionClosedError(Close(1008, "the key sk-1 is wrong"), None)
    for error in (broken_off(X, closed), not_connected(X, closed)):
        assert isinstance(error, EngineRefused)
        assert "sk-1" not in str(error)
    assert isinstance(broken_off(X, ConnectionClosedError(None, None)), EngineUnavailable)


def test_what_else_goes_wrong_is_told_by_its_type() -> None:
    """Its text may hold an address with a key."""
    error = not_connected(X, OSError("wss://x?key=sk-1"))
    assert isinstance(error, EngineUnavailable)
    assert str(error) == "expected X to be there, got OSError."
