"""One leg of a call, as a pure state machine.

A leg is a record. :func:`apply` takes what happens to it and returns the next record with the effects that follow
from it. No sockets, no clock, no ids made here.

States: ``parked`` (inbound, rings at the application) or ``dialing`` (outbound, rings at a phone), then ``answered``,
``bridged`` (connected to another leg), ``ended``. A bridged leg whose peer goes away ends too, unless it was told to
stay parked; then it is ``answered`` again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

__all__ = [
    "AnsweredByApp",
    "AnsweredByPhone",
    "BridgeTo",
    "Bridged",
    "Connected",
    "Effect",
    "Ended",
    "Ending",
    "Happening",
    "HungUpByApp",
    "HungUpByPhone",
    "Leg",
    "LegState",
    "LineFailed",
    "NumberUnknown",
    "PeerGone",
    "RefusedByApp",
    "RefusedByPhone",
    "RingingOver",
    "TimeLimitReached",
    "Unbridged",
    "apply",
]

Direction = Literal["inbound", "outbound"]
HangupCause = Literal[
    "call_rejected",
    "normal_clearing",
    "originator_cancel",
    "timeout",
    "time_limit",
    "user_busy",
    "not_found",
    "no_answer",
    "unspecified",
]
HangupSource = Literal["caller", "callee", "unknown"]


class LegState(StrEnum):
    """Where a leg is in its life."""

    PARKED = "parked"
    DIALING = "dialing"
    ANSWERED = "answered"
    BRIDGED = "bridged"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a leg ended, in the carrier's words: ``hangup_cause``, ``hangup_source``, ``sip_hangup_cause``."""

    cause: HangupCause
    source: HangupSource
    sip_cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What the carrier knows of one leg. Times are milliseconds since the Unix epoch."""

    call_id: str
    leg_id: str
    session_id: str
    connection_id: str
    direction: Direction
    from_: str
    to: str
    started_ms: float
    codec: str = "PCMU"
    caller_name: str = ""
    client_state: str | None = None
    """Base64, exactly as it was given."""
    state: LegState
    answered_ms: float | None = None
    ended_ms: float | None = None
    ending: Ending | None = None
    peer: str | None = None
    """The ``call_id`` of the leg that this one is bridged to."""
    park_after_unbridge: bool = False
    retry_on_timeout: bool = True
    """Whether ringing in vain is called ``timeout`` (true) or ``no_answer``."""
    custom_headers: tuple[tuple[str, str], ...] = ()
    """Of the INVITE that began the leg."""
    answer_headers: tuple[tuple[str, str], ...] = ()
    """What the application added to its answer."""
    tags: tuple[str, ...] = ()
    """Of the exchange's number that is called, or that calls."""

    @property
    def alive(self) -> bool:
        """Whether commands can still reach it."""
        return self.state is not LegState.ENDED

    @property
    def connected(self) -> bool:
        """Whether it was answered and is not over: audio flows."""
        return self.state in (LegState.ANSWERED, LegState.BRIDGED)


# -- what happens --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnsweredByApp:
    """The application answers a leg that came in."""


@dataclass(frozen=True, slots=True)
class AnsweredByPhone:
    """The phone that rings is picked up."""


@dataclass(frozen=True, slots=True)
class RefusedByApp:
    """The application rejects a leg that came in."""

    cause: Literal["CALL_REJECTED", "USER_BUSY"]


@dataclass(frozen=True, slots=True)
class RefusedByPhone:
    """The phone that is dialled does not take the call."""

    cause: Literal["busy", "rejected"]


@dataclass(frozen=True, slots=True)
class NumberUnknown:
    """Nobody has the number that was dialled."""


@dataclass(frozen=True, slots=True)
class HungUpByApp:
    """The application hangs up."""


@dataclass(frozen=True, slots=True)
class HungUpByPhone:
    """The person hangs up."""


@dataclass(frozen=True, slots=True)
class RingingOver:
    """It rang for as long as it may."""


@dataclass(frozen=True, slots=True)
class TimeLimitReached:
    """It lasted for as long as it may."""


@dataclass(frozen=True, slots=True)
class LineFailed:
    """Its audio path broke: the exchange's own fault."""


@dataclass(frozen=True, slots=True)
class BridgeTo:
    """It is connected to the leg ``peer``."""

    peer: str


@dataclass(frozen=True, slots=True)
class PeerGone:
    """The leg ``peer`` ended or was bridged elsewhere."""

    peer: str


Happening = (
    AnsweredByApp
    | AnsweredByPhone
    | RefusedByApp
    | RefusedByPhone
    | NumberUnknown
    | HungUpByApp
    | HungUpByPhone
    | RingingOver
    | TimeLimitReached
    | LineFailed
    | BridgeTo
    | PeerGone
)


# -- what follows --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """Audio begins: connect the line and tell the application that the leg is answered."""


@dataclass(frozen=True, slots=True)
class Bridged:
    """Join the two lines and tell the application."""

    peer: str


@dataclass(frozen=True, slots=True)
class Unbridged:
    """Part the lines and let the peer know that this leg is gone from it."""

    peer: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Close the line and tell the application why."""

    ending: Ending


Effect = Connected | Bridged | Unbridged | Ended


def apply(leg: Leg, happening: Happening, *, wall_ms: float) -> tuple[Leg, tuple[Effect, ...]]:
    """The next record, and what follows.

    What cannot happen in the leg's state changes nothing and has no effects: a phone that hangs up twice, a timer
    that fires late.
    """
    if not leg.alive:
        return leg, ()
    match happening:
        case AnsweredByApp() | AnsweredByPhone():
            return _answer(leg, wall_ms)
        case BridgeTo(peer):
            return _bridge(leg, peer)
        case PeerGone(peer):
            return _peer_gone(leg, peer, wall_ms)
        case _:
            ending = _ending(leg, happening)
            return (leg, ()) if ending is None else _end(leg, ending, wall_ms)


def _answer(leg: Leg, wall_ms: float) -> tuple[Leg, tuple[Effect, ...]]:
    if leg.connected:
        return leg, ()
    return replace(leg, state=LegState.ANSWERED, answered_ms=wall_ms), (Connected(),)


def _bridge(leg: Leg, peer: str) -> tuple[Leg, tuple[Effect, ...]]:
    if not leg.connected or leg.peer == peer:
        return leg, ()
    parted: tuple[Effect, ...] = () if leg.peer is None else (Unbridged(leg.peer),)
    return replace(leg, state=LegState.BRIDGED, peer=peer), (*parted, Bridged(peer))


def _peer_gone(leg: Leg, peer: str, wall_ms: float) -> tuple[Leg, tuple[Effect, ...]]:
    if leg.peer != peer:
        return leg, ()
    alone = replace(leg, state=LegState.ANSWERED, peer=None)
    if leg.park_after_unbridge:
        return alone, ()
    # The other leg hung up, so seen from here it is the far side that ended the call.
    return _end(alone, Ending("normal_clearing", _far_side(leg), "200"), wall_ms)


def _end(leg: Leg, ending: Ending, wall_ms: float) -> tuple[Leg, tuple[Effect, ...]]:
    over = replace(leg, state=LegState.ENDED, ended_ms=wall_ms, ending=ending, peer=None)
    parted: tuple[Effect, ...] = () if leg.peer is None else (Unbridged(leg.peer),)
    return over, (*parted, Ended(ending))


def _far_side(leg: Leg) -> HangupSource:
    """The party on the application's side of the leg."""
    return "callee" if leg.direction == "inbound" else "caller"


def _near_side(leg: Leg) -> HangupSource:
    """The party on the phone's side of the leg."""
    return "caller" if leg.direction == "inbound" else "callee"


def _ending(leg: Leg, happening: Happening) -> Ending | None:
    """Why the leg ends by ``happening``; ``None`` when it does not.

    Causes and SIP codes are documented; the source of a hang-up by command is inferred (the side that commanded).
    """
    if isinstance(happening, LineFailed):
        return Ending("unspecified", "unknown", "unspecified")
    return _ending_connected(leg, happening) if leg.connected else _ending_ringing(leg, happening)


def _ending_connected(leg: Leg, happening: Happening) -> Ending | None:
    match happening:
        case HungUpByPhone():
            return Ending("normal_clearing", _near_side(leg), "200")
        case HungUpByApp():
            return Ending("normal_clearing", _far_side(leg), "200")
        case TimeLimitReached():
            return Ending("time_limit", "unknown", "unspecified")
        case _:
            return None


def _ending_ringing(leg: Leg, happening: Happening) -> Ending | None:
    inbound = leg.direction == "inbound"
    match happening:
        case RefusedByApp("USER_BUSY") | RefusedByPhone("busy"):
            return Ending("user_busy", "callee", "486")
        case RefusedByApp() | RefusedByPhone():
            return _REJECTED
        case NumberUnknown():
            return Ending("not_found", "callee", "404")
        case HungUpByPhone():
            return _CANCELLED if inbound else _REJECTED
        case HungUpByApp():
            return Ending("normal_clearing", "callee", "480") if inbound else _CANCELLED
        case RingingOver() if inbound:
            return _CANCELLED
        case RingingOver():
            return Ending("timeout" if leg.retry_on_timeout else "no_answer", "unknown", "487")
        case _:
            return None


_CANCELLED = Ending("originator_cancel", "caller", "487")
_REJECTED = Ending("call_rejected", "callee", "603")
