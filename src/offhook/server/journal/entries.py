"""What a journal holds, and for how long: pure, as bytes in and out.

The accepted events of a carrier and the calls that are up. Of an event it keeps what its class has fields for; the
carrier's whole payload only of the first event of a call, where a program may look for custom headers. All of it is
personal data: numbers, and the texts that a program hung on its calls.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import msgspec

from offhook.calls.state import CallRecord
from offhook.carriers import events
from offhook.carriers.events import CallEvent, CallInitiated

__all__ = [
    "CallEntry",
    "Retention",
    "decode_call",
    "decode_event",
    "encode_call",
    "encode_event",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """A call that is up."""

    record: CallRecord
    """Every fact that was known of it."""
    since_ms: float
    """When we first knew of it: wall clock, milliseconds since the epoch."""
    served: bool = False
    """Whether a session had begun: the caller has heard us."""
    own_id: str = ""
    """Our own id for the call, which its media tokens name; ``""`` if it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What may be forgotten."""

    events_ms: float = 900_000.0
    """How long an event is kept once its call is not up any more: for as long as the carrier may repeat it."""
    calls_ms: float = 18_000_000.0
    """The age at which a call counts as over although nobody said so."""
    most_events: int = 100_000
    """More events than this are not kept: the oldest go first."""


_CLASSES: dict[str, type[CallEvent]] = {
    name: one
    for name in events.__all__
    if isinstance(one := getattr(events, name), type) and issubclass(one, CallEvent)
}
_encode = msgspec.json.encode
_decode_event = msgspec.json.Decoder(tuple[str, dict[str, Any]]).decode
_decode_call = msgspec.json.Decoder(dict[str, Any]).decode
_TUPLES = frozenset({"client_state_at"})
_SETS = frozenset({"streams", "stream_failures"})


def encode_event(event: CallEvent) -> bytes:
    """The event, as :func:`decode_event` reads it."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    if not isinstance(event, CallInitiated):
        del values["raw"]
    return _encode((type(event).__name__, values))


def decode_event(stored: bytes) -> CallEvent | None:
    """The event that was stored; ``None`` if it was stored by a version of this program that wrote otherwise."""
    try:
        name, values = _decode_event(stored)
        return _CLASSES[name](**values)
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None


def encode_call(call: CallEntry) -> bytes:
    """The call, as :func:`decode_call` reads it."""
    return _encode(call)


def decode_call(stored: bytes) -> CallEntry | None:
    """The call that was stored; ``None`` if it was stored by a version of this program that wrote otherwise."""
    try:
        values = _decode_call(stored)
        record = {name: _as_kept(name, value) for name, value in values.pop("record").items()}
        return CallEntry(record=CallRecord(**record), **values)
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return None


def _as_kept(name: str, value: Any) -> Any:
    """JSON has lists only."""
    if name in _SETS:
        return frozenset(value)
    return tuple(value) if name in _TUPLES else value
