"""What happens to a call outside of its conversation, told to its observers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

__all__ = ["CallFact", "CallOver", "CallRinging", "CallTurnedAway", "MediaLost", "TransferBridged", "TransferFailed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFact:
    """Something that happened to a call. ``at_ms`` is wall clock, milliseconds since the epoch."""

    type: ClassVar[str] = "call.fact"
    source: ClassVar[str] = "server"
    """Who tells it, in the timeline."""

    at_ms: float
    call_id: str

    def to_dict(self) -> dict[str, object]:
        """The event as a line of the timeline."""
        fields = asdict(self)
        return {
            "at_ms": fields.pop("at_ms"),
            "source": self.source,
            "type": self.type,
            "call": fields.pop("call_id"),
            **fields,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(CallFact):
    """Fired when we first know of a call."""

    type: ClassVar[str] = "call.ringing"

    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTurnedAway(CallFact):
    """Fired when a call is not taken, because those that are up would suffer."""

    type: ClassVar[str] = "call.turned_away"

    reason: str
    """What there is too little of: ``recognition``, ``voice``, ``processor``, ``event_loop``, ``max_calls``."""
    passed_on: bool
    """Whether it goes to the number for such calls; else the caller hears that it is busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOver(CallFact):
    """Fired when the call is over."""

    type: ClassVar[str] = "call.ended"

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLost(CallFact):
    """Fired when the call's audio has failed while the call is still up."""

    type: ClassVar[str] = "call.media_lost"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferBridged(CallFact):
    """Fired when the caller talks to the person the call was transferred to."""

    type: ClassVar[str] = "call.transfer_bridged"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(CallFact):
    """Fired when the person the call was transferred to did not answer. The caller is still on the line."""

    type: ClassVar[str] = "call.transfer_failed"

    cause: str
