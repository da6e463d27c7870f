"""Webhooks: from the bytes of a request to a :class:`~offhook.carriers.events.CallEvent`.

The envelope is API v2: ``{"data": {"event_type", "id", "occurred_at", "payload": {…}}, "meta": {…}}``. Deliveries come
in any order, more than once and at the same time; de-duplicate on ``event_id``.
https://developers.telnyx.com/docs/voice/programmable-voice/voice-api-webhooks
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypedDict

import msgspec

from offhook.carriers.events import (
    CallAnswered,
    CallBridged,
    CallEvent,
    CallHangup,
    CallInitiated,
    DigitPressed,
    Direction,
    OtherEvent,
    SpeakEnded,
    StreamingFailed,
    StreamingStarted,
    StreamingStopped,
)
from offhook.carriers.telnyx.client_state import decode_client_state
from offhook.carriers.telnyx.signing import verify
from offhook.errors import PayloadInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MAX_BODY_BYTES", "parse_event", "receive"]

MAX_BODY_BYTES: Final = 1024 * 1024
"""Larger bodies are refused before anything else is done with them."""

_decode = msgspec.json.Decoder().decode


def receive(body: bytes, headers: Mapping[str, str], public_key: str | None, now_s: float) -> CallEvent:
    """Verify and parse one delivery.

    Args:
        body: the raw request body.
        headers: the request headers, names in any case.
        public_key: the carrier's key; ``None`` leaves the signature unchecked, for development only.
        now_s: Unix seconds.

    Raises:
        SignatureInvalid, TimestampStale: it is not from the carrier, or not fresh.
        PayloadInvalid: too large, or not an event.
        ConfigError: ``public_key`` itself is not a key.
    """
    _check_size(body)
    if public_key is not None:
        verify(body, headers, public_key, now_s=now_s)
    return parse_event(body)


def parse_event(body: bytes) -> CallEvent:
    """Turn a delivery into an event; event types without a class of their own become :class:`OtherEvent`.

    Fields beyond the ids are read leniently: live payloads add fields to the published schema and leave others out.

    Raises:
        PayloadInvalid: not JSON, not an API v2 envelope, or without what its type cannot do without. The message
            never quotes the body.
    """
    _check_size(body)
    try:
        envelope = _decode(body)
    except (ValueError, RecursionError):
        raise PayloadInvalid(f"expected JSON in UTF-8, got {len(body)} bytes that are none.") from None
    data = envelope.get("data") if isinstance(envelope, dict) else None
    if not isinstance(data, dict):
        # API v1, the default of an application made through the API, has the event at the top.
        flat = isinstance(envelope, dict) and "event_type" in envelope
        raise PayloadInvalid(
            f"expected an event in 'data', got {'a webhook of API v1' if flat else 'none'}.",
            fix='set webhook_api_version to "2" on the Call Control application.' if flat else None,
        )
    event_id, event_type, payload = data.get("id"), data.get("event_type"), data.get("payload")
    if not (isinstance(event_id, str) and event_id):
        raise PayloadInvalid("expected the event's id in 'data.id', got none.")
    if not (isinstance(event_type, str) and event_type):
        raise PayloadInvalid("expected the event's type in 'data.event_type', got none.")
    if not isinstance(payload, dict):
        raise PayloadInvalid("expected an object in 'data.payload', got none.")

    build = _BUILDERS.get(event_type, _other)
    call_id = _text(payload, "call_control_id")
    if not call_id and build is not _other:
        raise PayloadInvalid("expected the leg's id in 'data.payload.call_control_id', got none.")
    common = _Common(
        event_id=event_id,
        event_type=event_type,
        occurred_at=_text(data, "occurred_at") or _text(payload, "occurred_at"),
        call_id=call_id,
        leg_id=_text(payload, "call_leg_id"),
        session_id=_text(payload, "call_session_id"),
        connection_id=_text(payload, "connection_id"),
        client_state=decode_client_state(payload.get("client_state")),
        from_=_text(payload, "from"),
        to=_text(payload, "to"),
        raw=payload,
    )
    return build(payload, common)


class _Common(TypedDict):
    """What every event has; typed, so that a name that no event has is found before it is run."""

    event_id: str
    event_type: str
    occurred_at: str
    call_id: str
    leg_id: str
    session_id: str
    connection_id: str
    client_state: str | None
    from_: str
    to: str
    raw: dict[str, Any]


def _check_size(body: bytes) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise PayloadInvalid(f"expected a body of at most {MAX_BODY_BYTES} bytes, got {len(body)}.")


def _text(fields: dict[str, Any], name: str) -> str:
    """A field as text; live payloads have numbers where the schema has strings, and null for 'not known'."""
    value = fields.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _word(fields: dict[str, Any], name: str, otherwise: str = "unspecified") -> str:
    """A field that is one of the carrier's words for something, and is logged and shown as such: no free text, and no
    number of anybody's."""
    text = _text(fields, name)
    return text if _WORD.fullmatch(text) else otherwise


_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,63}|[0-9]{1,4}", re.ASCII)
_DIRECTIONS: Final[dict[str, Direction]] = {"incoming": "inbound", "outgoing": "outbound"}
# What the payload's state says of the direction, where the direction itself is missing.
_DIRECTIONS_BY_STATE: Final[dict[str, Direction]] = {"parked": "inbound", "bridging": "outbound"}


def _initiated(payload: dict[str, Any], common: _Common) -> CallEvent:
    direction = _DIRECTIONS.get(_text(payload, "direction")) or _DIRECTIONS_BY_STATE.get(_text(payload, "state"))
    if direction is None:
        raise PayloadInvalid("expected 'incoming' or 'outgoing' in 'data.payload.direction', got neither.")
    return CallInitiated(**common, direction=direction)


def _hangup(payload: dict[str, Any], common: _Common) -> CallEvent:
    return CallHangup(
        **common,
        cause=_word(payload, "hangup_cause"),
        source=_word(payload, "hangup_source", "unknown"),
        sip_cause=_word(payload, "sip_hangup_cause"),
    )


def _digit(payload: dict[str, Any], common: _Common) -> CallEvent:
    digit = _text(payload, "digit")
    if not digit:
        raise PayloadInvalid("expected a key in 'data.payload.digit', got none.")
    return DigitPressed(**common, digit=digit)


def _streaming_failed(payload: dict[str, Any], common: _Common) -> CallEvent:
    return StreamingFailed(**common, reason=_word(payload, "failure_reason"))


def _other(_payload: dict[str, Any], common: _Common) -> CallEvent:
    return OtherEvent(**common)


_BUILDERS: Final[dict[str, Callable[[dict[str, Any], _Common], CallEvent]]] = {
    "call.initiated": _initiated,
    "call.answered": lambda _, common: CallAnswered(**common),
    "call.bridged": lambda _, common: CallBridged(**common),
    "call.hangup": _hangup,
    "call.dtmf.received": _digit,
    "call.speak.ended": lambda _, common: SpeakEnded(**common),
    # The three of streaming have no "call." before them.
    "streaming.started": lambda _, common: StreamingStarted(**common),
    "streaming.stopped": lambda _, common: StreamingStopped(**common),
    "streaming.failed": _streaming_failed,
}
