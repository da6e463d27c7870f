"""How a call ends for us: a pure machine.

The rule behind all of it: a caller is never left in silence. Where there is no audio to be had, or the session fails,
the carrier's own voice apologises, and the call is hung up. A call ends in exactly one way: we hang up, it is handed
over to a person, the carrier says that it is over, or the process that serves it goes. Whoever runs the call tells
:func:`step` what happens, in whatever order, and does what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = [
    "Abandoned",
    "Action",
    "Apologise",
    "Apologised",
    "AwaitEnd",
    "CallEnded",
    "CancelSession",
    "CloseSession",
    "EndAwaited",
    "EndSession",
    "Ending",
    "GoodbyeOver",
    "HangUp",
    "Happening",
    "HungUp",
    "MediaFailed",
    "MediaGone",
    "Outcome",
    "SessionBegan",
    "SessionBroken",
    "SessionClosed",
    "SessionOver",
    "SessionState",
    "Settle",
    "StopStreaming",
    "TransferLost",
    "step",
]


class SessionState(StrEnum):
    """Where the session is. It only moves down this list."""

    NONE = "none"
    """Not begun, be it made or not."""
    BROKEN = "broken"
    """It could not be made."""
    RUNNING = "running"
    """The conversation is under way."""
    ENDING = "ending"
    """The conversation has to end, within its time."""
    OVER = "over"
    """The conversation is over."""
    CLOSING = "closing"
    """The session lets go of everything."""
    CLOSED = "closed"
    """Nothing of it is left."""


class Outcome(StrEnum):
    """Where the call's end is."""

    OPEN = "open"
    """The call goes on."""
    WAITING = "waiting"
    """Something was lost that also ends with the call: the report of the end may be on its way."""
    APOLOGISING = "apologising"
    """The carrier's voice tells the caller."""
    HANGING_UP = "hanging_up"
    """The carrier is asked to hang up."""
    HUNG_UP = "hung_up"
    """We have hung up, or tried to."""
    HANDED_OVER = "handed_over"
    """It goes on without us, or may."""
    ENDED = "ended"
    """The carrier says that it is over."""
    LEFT = "left"
    """The process lets go of it."""


_DONE = frozenset({Outcome.HUNG_UP, Outcome.HANDED_OVER, Outcome.ENDED, Outcome.LEFT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How far the end of a call has come."""

    session: SessionState = SessionState.NONE
    outcome: Outcome = Outcome.OPEN
    reason: str = ""
    """What is apologised for, once it is known that the call has not ended by itself."""

    @property
    def settled(self) -> bool:
        """Whether our part in the call is done."""
        return self.outcome in _DONE and self.session is SessionState.CLOSED

    @property
    def in_conversation(self) -> bool:
        """Whether a session runs, and is to go on."""
        return self.outcome is Outcome.OPEN and self.session is SessionState.RUNNING

    @property
    def takes_audio(self) -> bool:
        """Whether a session may begin on the call, and a media stream is worth asking for."""
        return self.outcome is Outcome.OPEN and self.session in (SessionState.NONE, SessionState.BROKEN)


# -- what happens -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionBroken:
    """Fired when the session cannot be made."""


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """Fired when the conversation begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOver:
    """Fired when the conversation is over: it has said goodbye, handed over, or ``failed``, by the reason.

    ``media_lost`` is the reason that may mean no more than that the caller has hung up. ``handed_over``: whether the
    call is, or is being, connected to a person.
    """

    failed: str | None
    handed_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFailed:
    """Fired when there is no audio to be had, or no session to hear it. A session that runs, and a person that the
    caller is being connected to, need none."""

    reason: str
    handed_over: bool


@dataclass(frozen=True, slots=True)
class MediaGone:
    """Fired when the audio is over for good, and the call may be up."""


@dataclass(frozen=True, slots=True)
class TransferLost:
    """Fired when the person that the call was handed over to has not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAwaited:
    """Fired when the report of the end was waited for, and did not come."""

    handed_over: bool


@dataclass(frozen=True, slots=True)
class Apologised:
    """Fired when the apology was spoken, or cannot be."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """Fired when the carrier has hung up, or refuses to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodbyeOver:
    """Fired when the process is about to stop, and the session has said so as well as it could."""

    handed_over: bool


@dataclass(frozen=True, slots=True)
class CallEnded:
    """Fired when the carrier says that the call is over."""


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """Fired when the session has let go of everything."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Fired when the process lets go of the call: it stops, or the call must be over although nobody says so."""


Happening = (
    SessionBroken
    | SessionBegan
    | SessionOver
    | MediaFailed
    | MediaGone
    | TransferLost
    | EndAwaited
    | Apologised
    | HungUp
    | GoodbyeOver
    | CallEnded
    | SessionClosed
    | Abandoned
)


# -- what is to be done -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Apologise:
    """Let the carrier's voice tell the caller, then report :class:`Apologised`. At most once in a call."""

    reason: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up, then report :class:`HungUp`. At most once in a call."""


@dataclass(frozen=True, slots=True)
class StopStreaming:
    """Tell the carrier that the call's audio is not needed any more."""


@dataclass(frozen=True, slots=True)
class AwaitEnd:
    """Wait a moment for the report that the call is over, and report :class:`EndAwaited` if it does not come."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """See that the conversation ends within its time; its end is reported as :class:`SessionOver`."""


@dataclass(frozen=True, slots=True)
class CancelSession:
    """End the conversation now; reported as :class:`SessionOver`."""


@dataclass(frozen=True, slots=True)
class CloseSession:
    """Let go of the session and of the call's audio, once commands that were begun are done; then report
    :class:`SessionClosed`."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Our part in the call is done; said again when a call that went on without us is over."""


Action = Apologise | HangUp | StopStreaming | AwaitEnd | EndSession | CancelSession | CloseSession | Settle


def step(ending: Ending, happening: Happening) -> tuple[Ending, tuple[Action, ...]]:
    """Add what has happened; returns the new state and what to do, in order. Never raises: what makes no difference any
    more changes nothing."""
    after, actions = _step(ending, happening)
    if after.settled and (not ending.settled or after.outcome is not ending.outcome):
        actions = (*actions, Settle())
    return after, actions


def _step(ending: Ending, happening: Happening) -> tuple[Ending, tuple[Action, ...]]:
    match happening:
        case SessionBroken() | SessionBegan() | SessionClosed() | MediaGone():
            return _session_moves(ending, happening)
        case SessionOver(failed=failed, handed_over=handed_over):
            return _session_over(ending, failed, handed_over)
        case MediaFailed(reason=reason, handed_over=handed_over):
            return _apologise(ending, reason) if ending.takes_audio and not handed_over else (ending, ())
        case CallEnded():
            return _closing(replace(ending, outcome=Outcome.ENDED))
        case Abandoned():
            return _abandon(ending)
        case _:
            return _call_moves(ending, happening)


def _call_moves(
    ending: Ending, happening: TransferLost | EndAwaited | Apologised | HungUp | GoodbyeOver
) -> tuple[Ending, tuple[Action, ...]]:
    match happening:
        case TransferLost():
            if ending.outcome is Outcome.HANDED_OVER:
                return _wait(ending, "transfer_failed")
        case EndAwaited(handed_over=handed_over):
            if ending.outcome is Outcome.WAITING:
                return _hand_over(ending) if handed_over else _apologise(ending, ending.reason)
        case Apologised():
            if ending.outcome is Outcome.APOLOGISING:
                return replace(ending, outcome=Outcome.HANGING_UP), (HangUp(),)
        case HungUp():
            if ending.outcome is Outcome.HANGING_UP:
                return replace(ending, outcome=Outcome.HUNG_UP), ()
        case _:  # the goodbye
            if ending.outcome not in (*_DONE, Outcome.HANGING_UP) and not happening.handed_over:
                return _closing(replace(ending, outcome=Outcome.HANGING_UP), HangUp())
    return ending, ()


def _session_moves(
    ending: Ending, happening: SessionBroken | SessionBegan | SessionClosed | MediaGone
) -> tuple[Ending, tuple[Action, ...]]:
    session = ending.session
    if session is SessionState.NONE and isinstance(happening, SessionBroken):
        return replace(ending, session=SessionState.BROKEN), ()
    if session is SessionState.NONE and isinstance(happening, SessionBegan):
        running = replace(ending, session=SessionState.RUNNING)
        return (running, ()) if ending.outcome is Outcome.OPEN else _closing(running)
    if session is SessionState.CLOSING and isinstance(happening, SessionClosed):
        return replace(ending, session=SessionState.CLOSED), ()
    if session is SessionState.RUNNING and isinstance(happening, MediaGone):
        return _closing(ending)
    return ending, ()


def _session_over(ending: Ending, failed: str | None, handed_over: bool) -> tuple[Ending, tuple[Action, ...]]:
    if ending.session not in (SessionState.RUNNING, SessionState.ENDING):
        return ending, ()
    over = replace(ending, session=SessionState.OVER)
    if ending.outcome is not Outcome.OPEN:
        return _closing(over)
    if failed == "media_lost":
        return _wait(over, failed)
    if handed_over:
        return _hand_over(over)
    if failed is not None:
        return _apologise(over, failed)
    return _closing(replace(over, outcome=Outcome.HANGING_UP), HangUp())


def _wait(ending: Ending, reason: str) -> tuple[Ending, tuple[Action, ...]]:
    """A caller who hangs up ends the audio, and the leg to a person that still rings, before that is reported."""
    return replace(ending, outcome=Outcome.WAITING, reason=reason), (AwaitEnd(),)


def _hand_over(ending: Ending) -> tuple[Ending, tuple[Action, ...]]:
    return _closing(replace(ending, outcome=Outcome.HANDED_OVER), StopStreaming())


def _apologise(ending: Ending, reason: str) -> tuple[Ending, tuple[Action, ...]]:
    return _closing(replace(ending, outcome=Outcome.APOLOGISING, reason=reason), Apologise(reason))


def _abandon(ending: Ending) -> tuple[Ending, tuple[Action, ...]]:
    left = ending if ending.outcome in _DONE else replace(ending, outcome=Outcome.LEFT)
    if ending.session in (SessionState.RUNNING, SessionState.ENDING):
        return replace(left, session=SessionState.ENDING), (CancelSession(),)
    return _closing(left)


def _closing(ending: Ending, *first: Action) -> tuple[Ending, tuple[Action, ...]]:
    """``first``, and the session's end, unless that is under way."""
    match ending.session:
        case SessionState.RUNNING:
            return replace(ending, session=SessionState.ENDING), (*first, EndSession())
        case SessionState.NONE | SessionState.BROKEN | SessionState.OVER:
            return replace(ending, session=SessionState.CLOSING), (*first, CloseSession())
    return ending, first
