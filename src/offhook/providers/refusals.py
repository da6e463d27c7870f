"""What a provider means when it does not let us in, or closes the connection: pure.

The provider's own words are in no error: they may hold the key, or what was said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed, InvalidStatus

from offhook.errors import EngineError, EngineRefused, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Refusals", "broken_off", "by_code", "by_status", "not_connected", "seconds"]

_KEY = (401, 403)
_ACCOUNT = 402
_LATER = (408, 409, 425, 429)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Whose refusals these are, and what its codes mean."""

    provider: str
    """As people write it: Deepgram."""
    key: str
    """The variable that its key is in."""
    codes: Mapping[int, str]
    """Close codes, and codes of errors, of requests that are refused again: what is wrong. ``key`` and ``account`` are
    told with what to do about it. All others are worth another try."""


def by_status(refusals: Refusals, status: int, *, retry_after_s: float | None = None) -> EngineError:
    """The error for an HTTP status in place of a connection."""
    got = f"got HTTP {status}"
    if status in _KEY:
        return _refused(refusals, "key", got)
    if status == _ACCOUNT:
        return _refused(refusals, "account", got)
    if status in _LATER or status >= 500 or status < 400:
        return EngineUnavailable(f"expected {refusals.provider} to let us in, {got}.", retry_after_s=retry_after_s)
    return _refused(refusals, "request", got)


def by_code(refusals: Refusals, code: int | None) -> EngineError:
    """The error for a close code, or for the code of an error that it tells."""
    got = "got the end of the connection" if code is None else f"got the code {code}"
    if code is not None and code in refusals.codes:
        return _refused(refusals, refusals.codes[code], got)
    return EngineUnavailable(f"expected {refusals.provider} to go on, {got}.")


def not_connected(refusals: Refusals, error: Exception) -> EngineError:
    """The error for a connection that did not come about."""
    if isinstance(error, InvalidStatus):
        response = error.response
        return by_status(refusals, response.status_code, retry_after_s=seconds(response.headers.get("retry-after")))
    if isinstance(error, ConnectionClosed):
        return broken_off(refusals, error)
    return EngineUnavailable(f"expected {refusals.provider} to be there, got {type(error).__name__}.")


def broken_off(refusals: Refusals, closed: ConnectionClosed) -> EngineError:
    """The error for a connection that was closed."""
    return by_code(refusals, closed.rcvd.code if closed.rcvd is not None else None)


def _refused(refusals: Refusals, what: str, got: str) -> EngineRefused:
    provider = refusals.provider
    match what:
        case "key":
            return EngineRefused(f"expected {provider} to take the key, {got}.", fix=f"correct {refusals.key}")
        case "account":
            return EngineRefused(f"expected {provider} to serve this account, {got}.", fix="see the account")
        case _:
            return EngineRefused(
                f"expected {provider} to take the {what}, {got}.", fix="correct the model, the language and the options"
            )


def seconds(text: str | None) -> float | None:
    """``Retry-After`` in seconds; a date is not looked at."""
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 3600 else None
