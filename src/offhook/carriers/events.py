"""Call events: what a verified webhook says of a leg, whoever the carrier is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CallAnswered",
    "CallBridged",
    "CallEvent",
    "CallHangup",
    "CallInitiated",
    "DigitPressed",
    "Direction",
    "OtherEvent",
    "SpeakEnded",
    "StreamingFailed",
    "StreamingStarted",
    "StreamingStopped",
]

Direction = Literal["inbound", "outbound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """Something the carrier reports of one leg.

    ``event_id`` identifies the event over all deliveries of it: de-duplicate on it. ``call_id`` addresses the leg in
    commands. ``occurred_at`` is RFC 3339 as the carrier wrote it.
    """

    event_id: str
    event_type: str
    occurred_at: str
    call_id: str
    leg_id: str = ""
    session_id: str = ""
    connection_id: str = ""
    client_state: str | None = None
    """The text we once attached to the leg, decoded; ``None`` if none was."""
    from_: str = ""
    to: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The carrier's whole payload, for fields that have no name here. Holds personal data: never log it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInitiated(CallEvent):
    """Fired when a leg begins: it rings here (inbound) or is being dialled for us (outbound)."""

    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallEvent):
    """Fired when a leg is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBridged(CallEvent):
    """Fired when a leg is connected to another leg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHangup(CallEvent):
    """Fired when a leg is over."""

    cause: str
    source: str
    sip_cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed(CallEvent):
    """Fired when the other party presses a key (webhook; the media stream reports the same as DigitReceived)."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingStarted(CallEvent):
    """Fired when the carrier has opened the media stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingStopped(CallEvent):
    """Fired when the media stream has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingFailed(CallEvent):
    """Fired when the carrier could not open or keep the media stream."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakEnded(CallEvent):
    """Fired when the carrier's own voice has finished what it was given to speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(CallEvent):
    """Fired for every event without a class of its own; see ``event_type`` and ``raw``."""
