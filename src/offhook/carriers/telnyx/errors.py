"""From what the Telnyx API refuses with to the errors of :mod:`offhook.errors`.

The API answers 4xx and 5xx with ``{"errors": [{"code", "title", "detail", "source": {"pointer"}}]}``. ``detail`` can
quote the request, numbers included, so no text of the API gets into our messages: the code does, and what it means is
written here. https://developers.telnyx.com/docs/overview/errors
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from offhook.errors import (
    AuthenticationFailed,
    CallEnded,
    CallNotAnswered,
    CallNotFound,
    CarrierError,
    CarrierUnavailable,
    CommandInvalid,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_api_error", "from_reply", "retry_after_ms"]


class _Meaning(NamedTuple):
    kind: type[CarrierError]
    expected: str
    fix: str | None = None


_KEY_FIX: Final = "create an API key in the portal (Keys & Credentials) and set TELNYX_API_KEY."
_ACCOUNT_FIX: Final = "see the account's state and verification level in the portal."

# By code, for replies below 500. A code that is not here is judged by the HTTP status alone.
_MEANINGS: Final[dict[str, _Meaning]] = {
    "10001": _Meaning(CommandInvalid, "an active phone number"),
    "10002": _Meaning(CommandInvalid, "a valid phone number"),
    "10003": _Meaning(CommandInvalid, "a valid URL of at most 2000 characters"),
    "10004": _Meaning(CommandInvalid, "all required parameters"),
    "10006": _Meaning(CarrierError, "an API key that may do this", _ACCOUNT_FIX),
    "10009": _Meaning(AuthenticationFailed, "a valid API key", _KEY_FIX),
    "10010": _Meaning(CarrierError, "an account that may do this", _ACCOUNT_FIX),
    "10011": _Meaning(CommandInvalid, "media encryption that the other end can do"),
    "10015": _Meaning(
        CommandInvalid,
        "valid parameters",
        "if it is connection_id: it must be a Call Control application with a webhook URL.",
    ),
    "10016": _Meaning(CommandInvalid, "a phone number in E.164 format", "write it as +, country code, number."),
    "10019": _Meaning(CommandInvalid, "valid parameters"),
    "10023": _Meaning(CommandInvalid, "valid JSON"),
    "10026": _Meaning(CommandInvalid, "parameters of the right type"),
    "10032": _Meaning(CommandInvalid, "one of the values the parameter knows"),
    "10033": _Meaning(CommandInvalid, "a value within the parameter's range"),
    "10038": _Meaning(CarrierError, "a feature that the account has", _ACCOUNT_FIX),
    "10039": _Meaning(CarrierError, "a feature within the account's limits", _ACCOUNT_FIX),
    "20002": _Meaning(AuthenticationFailed, "an API key that is not revoked", _KEY_FIX),
    "20008": _Meaning(AuthenticationFailed, "a valid API key", _KEY_FIX),
    "20012": _Meaning(CarrierError, "an active account", _ACCOUNT_FIX),
    "20013": _Meaning(CarrierError, "an account that is not blocked", _ACCOUNT_FIX),
    "20016": _Meaning(CarrierError, "a higher verification level of the account", _ACCOUNT_FIX),
    "20017": _Meaning(CarrierError, "a higher verification level of the account", _ACCOUNT_FIX),
    "90010": _Meaning(CommandInvalid, "a text of at most 3000 characters"),
    "90012": _Meaning(CommandInvalid, "a voice that the carrier has"),
    "90013": _Meaning(CommandInvalid, "a language that the voice speaks"),
    "90014": _Meaning(CommandInvalid, "digits of 0-9 A-D * # w W"),
    "90015": _Meaning(CallNotFound, "the id of a call"),
    "90017": _Meaning(CommandInvalid, "client_state in base64"),
    "90018": _Meaning(CallEnded, "a call that is not over"),
    "90028": _Meaning(CommandInvalid, "a timeout of 5 to 600 seconds"),
    "90029": _Meaning(CommandInvalid, "a time limit within the carrier's range"),
    "90034": _Meaning(CallNotAnswered, "an answered call", "wait for CallAnswered before this command."),
    "90041": _Meaning(CarrierError, "a free channel of the account", _ACCOUNT_FIX),
    "90042": _Meaning(CarrierError, "a free channel of the outbound voice profile", _ACCOUNT_FIX),
    "90043": _Meaning(CarrierError, "a free channel of the connection", _ACCOUNT_FIX),
    "90045": _Meaning(CommandInvalid, "a call without a media stream", "stop the running stream first."),
    "90046": _Meaning(
        CarrierError, "a media server that can be reached", "check that stream_url is public and speaks WebSocket."
    ),
    "90048": _Meaning(CommandInvalid, "a call with a media stream"),
    "90057": _Meaning(CommandInvalid, "known event types in webhook_urls"),
    "90102": _Meaning(CommandInvalid, "an inbound call", "only calls that ring here can be answered."),
    "D1": _Meaning(CarrierError, "a free channel of the account", _ACCOUNT_FIX),
}

_UNAVAILABLE: Final = frozenset({408, 429})
_SAFE_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,16}")
_SAFE_POINTER: Final = re.compile(r"[A-Za-z0-9_/\[\].-]{1,64}")


def from_api_error(error: Exception, *, call_id: str | None = None) -> CarrierError:
    """What an exception of the ``telnyx`` package means. Raise it ``from None``: the original holds the request."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return from_reply(status, getattr(error, "body", None), call_id=call_id)
    return CarrierUnavailable(
        f"expected a usable reply from Telnyx, got none ({type(error).__name__}).",
        fix="check the network and the API's address (TELNYX_BASE_URL).",
        call_id=call_id,
    )


def from_reply(status: int, body: object, *, call_id: str | None = None) -> CarrierError:
    """What a reply with HTTP ``status`` ≥ 400 and the decoded JSON ``body`` means."""
    code, pointer = _first_error(body)
    meaning = _meaning(status, code, call_id)
    at = f" at {pointer}" if pointer else ""
    got = f"HTTP {status}, code {code}" if code else f"HTTP {status}"
    fix = meaning.fix
    if fix is None and code and meaning.kind is not CarrierUnavailable:
        fix = f"read https://developers.telnyx.com/docs/overview/errors/{code}"
    return meaning.kind(
        f"expected {meaning.expected}{at}, got refused by Telnyx ({got}).",
        fix=fix,
        call_id=call_id,
        carrier_code=code or None,
    )


def retry_after_ms(headers: Mapping[str, str]) -> float | None:
    """How long the carrier asks to wait: ``Retry-After`` in seconds, else ``x-ratelimit-reset``; ``None`` if not said.

    A date in ``Retry-After``, which HTTP allows, counts as not said.
    """
    for name in ("retry-after", "x-ratelimit-reset"):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value):
            return float(value) * 1000
    return None


def _meaning(status: int, code: str, call_id: str | None) -> _Meaning:
    # Status before code: 10011 is 'too many requests' with 429, and 5xx replies carry codes of refusals.
    if status >= 500:
        return _Meaning(CarrierUnavailable, "a carrier that works")
    if status in _UNAVAILABLE:
        return _Meaning(CarrierUnavailable, "a free slot at the carrier", "send fewer commands at a time.")
    if status == 401:
        return _Meaning(AuthenticationFailed, "a valid API key", _KEY_FIX)
    if code in _MEANINGS:
        return _MEANINGS[code]
    if status == 404 and call_id is not None:
        return _Meaning(CallNotFound, "the id of a call")
    if status in {400, 422}:
        return _Meaning(CommandInvalid, "a valid command")
    return _Meaning(CarrierError, "an accepted command")


def _first_error(body: object) -> tuple[str, str]:
    """Code and JSON pointer of the first error, each ``""`` where missing or not of a form that is safe to repeat."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first: Any = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "", ""
    code = str(first.get("code", ""))  # a string in the schema; numbers have been seen
    source = first.get("source")
    pointer = source.get("pointer") or source.get("parameter") if isinstance(source, dict) else None
    return (
        code if _SAFE_CODE.fullmatch(code) else "",
        pointer if isinstance(pointer, str) and _SAFE_POINTER.fullmatch(pointer) else "",
    )
