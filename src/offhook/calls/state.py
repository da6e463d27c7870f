"""What is known of a call, and what to do next: a pure machine.

A :class:`CallRecord` only ever gains facts: a leg began, was answered, was bridged, is over. Its state is *derived*
from the facts, so the order in which a carrier's webhooks arrive, and how often, makes no difference to where a call
ends (webhooks have no order and may repeat).
Effects follow from a fact becoming known for the first time, and only while they still make sense: a call that is
known to be over is never answered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from offhook.carriers.events import CallAnswered, CallBridged, CallEvent, CallHangup, CallInitiated, StreamingFailed

if TYPE_CHECKING:
    from offhook.carriers.events import Direction

__all__ = [
    "AnswerCall",
    "BeginSession",
    "CallRecord",
    "CallState",
    "Effect",
    "EndSession",
    "GiveUp",
    "MediaBegan",
    "OwnEvent",
    "PersonGone",
    "RestartStream",
    "TransferAsked",
    "TransferConnected",
    "TransferLegOver",
    "TransferLost",
    "TransferWithdrawn",
    "apply",
]

STREAM_ATTEMPTS = 2
"""How often a media stream is asked for before the caller is told that it does not work."""


class CallState(StrEnum):
    """Where a call is. A call only moves down this list."""

    NEW = "new"
    """Nothing is known but its id."""
    RINGING = "ringing"
    """It rings here, or is being dialled for us."""
    ANSWERED = "answered"
    """Both parties can speak."""
    BRIDGED = "bridged"
    """The leg is connected to another leg: the other party talks to a person."""
    ENDED = "ended"
    """It is over."""


_NOT_CONNECTED = (CallState.RINGING, CallState.ANSWERED)
"""Where a call is that is being transferred: a call that rings can be, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaBegan:
    """Fired when the call's media socket has said in which format its audio comes."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """Fired when the carrier is asked to connect the call to somebody else."""


@dataclass(frozen=True, slots=True)
class TransferWithdrawn:
    """Fired when nobody waits for that any more: the carrier has refused, or it took too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLegOver:
    """Fired when the leg to somebody else is over. ``cause`` is the carrier's word for why."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """The facts of one call. Times are RFC 3339 as the carrier wrote them; ``None`` is "not known to have happened".

    ``stream_failures`` holds the ids of the events that reported a stream as failed, so that a repeated report does not
    count twice.
    """

    call_id: str
    leg_id: str = ""
    session_id: str = ""
    direction: Direction | None = None
    from_: str = ""
    to: str = ""
    client_state: str | None = None
    client_state_at: tuple[str, str] = ("", "")
    """``(occurred_at, event_id)`` of the event that ``client_state`` comes from; the newest wins."""
    initiated_at: str | None = None
    answered_at: str | None = None
    bridged_at: str | None = None
    ended_at: str | None = None
    ended_cause: str | None = None
    ended_source: str | None = None
    streams: frozenset[str] = frozenset()
    """The ids of the media streams that have begun."""
    stream_failures: frozenset[str] = frozenset()
    begun: bool = False
    """Whether both parties could hear each other: there was audio and, where we dialled, somebody had answered. The
    audio of a leg that is dialled may begin while it rings, and an announcement of the network is no person."""
    transferring: bool = False
    """Whether a transfer was asked for and has not failed: the leg must not be hung up when our part of it ends."""

    @property
    def state(self) -> CallState:
        """The furthest state that the facts prove."""
        if self.ended_at is not None:
            return CallState.ENDED
        if self.bridged_at is not None:
            return CallState.BRIDGED
        if self.answered_at is not None or self.begun:
            return CallState.ANSWERED
        if self.initiated_at is not None:
            return CallState.RINGING
        return CallState.NEW


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Fired when an inbound leg rings here."""


@dataclass(frozen=True, slots=True)
class BeginSession:
    """Fired when both parties can hear each other for the first time."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """Fired when the call is over. ``cause`` is the carrier's word for why."""

    cause: str


@dataclass(frozen=True, slots=True)
class RestartStream:
    """Fired when the carrier could not open the media stream, and it is worth asking once more."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Fired when no media stream is to be had: tell the caller by other means, and hang up."""

    reason: str


@dataclass(frozen=True, slots=True)
class TransferConnected:
    """Fired when the caller talks to whom the call was transferred to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLost:
    """Fired when whom the call was transferred to has not answered: the caller is still on the line."""

    cause: str


@dataclass(frozen=True, slots=True)
class PersonGone:
    """Fired when whom the caller talked to has hung up: nobody is left to talk to, and the call must be over soon."""


Effect = AnswerCall | BeginSession | EndSession | RestartStream | GiveUp | TransferConnected | TransferLost | PersonGone

OwnEvent = MediaBegan | TransferAsked | TransferWithdrawn | TransferLegOver
"""What we report of a call ourselves."""


def apply(record: CallRecord, event: CallEvent | OwnEvent) -> tuple[CallRecord, tuple[Effect, ...]]:
    """Add what ``event`` says to ``record``; returns the new record and what follows from it.

    Never raises: an event that adds nothing returns the record as it was and no effect. The caller sees to it that
    ``event`` is of this call.
    """
    if not isinstance(event, CallEvent):
        return _own(record, event)
    known = _identity(record, event)
    if isinstance(event, CallInitiated):
        return _initiated(known, event)
    if isinstance(event, CallAnswered):
        return _began(replace(known, answered_at=_earliest(known.answered_at, event.occurred_at)))
    if isinstance(event, CallBridged):
        return _bridged(known, event)
    if isinstance(event, CallHangup):
        return _hangup(known, event)
    if isinstance(event, StreamingFailed):
        return _stream_failed(known, event)
    return known, ()


def _own(record: CallRecord, event: OwnEvent) -> tuple[CallRecord, tuple[Effect, ...]]:
    match event:
        case MediaBegan():
            return _media_began(record, event)
        case TransferAsked():
            return replace(record, transferring=True), ()
        case TransferLegOver(cause=cause) if record.transferring and record.state in _NOT_CONNECTED:
            return replace(record, transferring=False), (TransferLost(cause=cause),)
        case TransferLegOver() if record.transferring and record.state is CallState.BRIDGED:
            return record, (PersonGone(),)
        case TransferWithdrawn():
            return replace(record, transferring=False), ()
        case _:
            return record, ()  # the leg of a transfer that nobody waits for


def _bridged(record: CallRecord, event: CallBridged) -> tuple[CallRecord, tuple[Effect, ...]]:
    first = record.bridged_at is None
    after = replace(record, bridged_at=_earliest(record.bridged_at, event.occurred_at))
    if first and record.transferring and after.state is CallState.BRIDGED:
        return after, (TransferConnected(),)
    return after, ()


def _media_began(record: CallRecord, event: MediaBegan) -> tuple[CallRecord, tuple[Effect, ...]]:
    return _began(replace(record, streams=record.streams | {event.stream_id}))


def _began(record: CallRecord) -> tuple[CallRecord, tuple[Effect, ...]]:
    audible = bool(record.streams) and (record.direction != "outbound" or record.answered_at is not None)
    if record.begun or not audible:
        return record, ()
    after = replace(record, begun=True)
    return after, (BeginSession(),) if after.state is not CallState.ENDED else ()


def _initiated(record: CallRecord, event: CallInitiated) -> tuple[CallRecord, tuple[Effect, ...]]:
    first = record.initiated_at is None
    after = replace(record, initiated_at=_earliest(record.initiated_at, event.occurred_at), direction=event.direction)
    if first and event.direction == "inbound" and after.state is CallState.RINGING:
        return after, (AnswerCall(),)
    return after, ()


def _hangup(record: CallRecord, event: CallHangup) -> tuple[CallRecord, tuple[Effect, ...]]:
    if record.ended_at is None:
        after = replace(record, ended_at=event.occurred_at, ended_cause=event.cause, ended_source=event.source)
        return after, (EndSession(event.cause),)
    # Two different reports of the end: the earlier one is the end, whichever came first.
    if (event.occurred_at, event.cause, event.source) < (record.ended_at, record.ended_cause, record.ended_source):
        return replace(record, ended_at=event.occurred_at, ended_cause=event.cause, ended_source=event.source), ()
    return record, ()


def _stream_failed(record: CallRecord, event: StreamingFailed) -> tuple[CallRecord, tuple[Effect, ...]]:
    if event.event_id in record.stream_failures:
        return record, ()
    after = replace(record, stream_failures=record.stream_failures | {event.event_id})
    if after.state in (CallState.BRIDGED, CallState.ENDED):
        return after, ()
    if len(after.stream_failures) < STREAM_ATTEMPTS:
        return after, (RestartStream(),)
    return after, (GiveUp(event.reason),)


def _identity(record: CallRecord, event: CallEvent) -> CallRecord:
    stamp = (event.occurred_at, event.event_id)
    newer = event.client_state is not None and stamp > record.client_state_at
    return replace(
        record,
        leg_id=record.leg_id or event.leg_id,
        session_id=record.session_id or event.session_id,
        from_=record.from_ or event.from_,
        to=record.to or event.to,
        client_state=event.client_state if newer else record.client_state,
        client_state_at=stamp if newer else record.client_state_at,
    )


def _earliest(known: str | None, new: str) -> str:
    return new if known is None else min(known, new)
