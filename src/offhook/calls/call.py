"""A call, as a program sees it: who, where it is, and what can be done with it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from offhook.calls.marks import PERSON, Mark, marked
from offhook.calls.media.line import MediaLine
from offhook.calls.state import CallRecord, CallState, Effect, OwnEvent, TransferAsked, TransferWithdrawn, apply
from offhook.calls.transcript import Transcript
from offhook.errors import CallError, CarrierError
from offhook.ids import new_id
from offhook.logs import describe
from offhook.waiting import WaitOver, within
from offhook.waits import COMMAND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.carriers.commands import Carrier
    from offhook.carriers.events import CallEvent, Direction

__all__ = ["Call", "CallState", "Conversation"]

logger = logging.getLogger(__name__)

_PERSON_LEG = marked(Mark(id=PERSON), None)
"""What hangs on the leg of a transfer, so that no process serves it."""


class Conversation(Protocol):
    """What an agent's session offers to the code that handles a call. The session sets it as ``call.conversation``."""

    async def say(self, text: str) -> None:
        """Speak ``text``; returns when the caller has heard it, or has interrupted it."""
        ...

    async def ask(self, question: str) -> str:
        """Speak ``question`` and return the words of the caller's next turn; ``""`` if none came."""
        ...

    async def hand_over(self, to: str | None, *, reason: str) -> None:
        """Connect the caller to a person at ``to`` (``None``: where the agent hands over to), after the last word."""
        ...

    async def hangup(self) -> None:
        """End the call once everything said was heard, or the caller who interrupted it has finished."""
        ...


class Call:
    """One leg of a phone conversation.

    Handlers of an agent get one of these. It lives on one event loop; nothing in it may be touched from another thread.

    Args:
        record: the facts known so far; at least the id.
        carrier: who owns the phone network.
        started_at_ms: wall clock milliseconds since the epoch at which we first knew of the call.
        own_id: our own id for the call; a new one, if it is not given.
    """

    def __init__(
        self, record: CallRecord, carrier: Carrier, *, started_at_ms: float = 0.0, own_id: str | None = None
    ) -> None:
        self.record = record
        """Every fact the carrier has reported."""
        self.carrier = carrier
        """The carrier, for commands that have no method here."""
        self.own_id = own_id or new_id()
        """Our own id for the call: there from its making, when the carrier's is not known yet. It is no secret."""
        self.started_at_ms = started_at_ms
        """When we first knew of the call: wall clock, milliseconds since the epoch."""
        self.answered_at_ms: float | None = None
        """When we learnt that it was answered."""
        self.ended_at_ms: float | None = None
        """When we learnt that it was over."""
        self.line = MediaLine(lambda: self.id)
        """The call's audio; there before it flows, and as long as the call."""
        self.transcript = Transcript()
        """What both parties have heard so far."""
        self.conversation: Conversation | None = None
        """The agent's session on this call; ``None`` before it begins and after it is over."""
        self.opening: str | None = None
        """What the conversation is opened with in place of a greeting: after an interruption, an apology."""
        self.end_leg: Callable[[], Awaitable[None]] | None = None
        """How the host of the call ends it, until that is true; ``None`` without one."""
        self.data: dict[str, Any] = {}
        """Anything the program wants to keep with the call."""
        self._observers: list[Callable[[object], None]] = []
        self._raising: list[Callable[[object], None]] = []

    def __repr__(self) -> str:
        return f"<Call {self.id!r} {self.direction} {self.state}>"

    # -- who and where --------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """What addresses the leg in commands; ``""`` while it is being dialled."""
        return self.record.call_id

    @property
    def leg_id(self) -> str:
        """Identifies the leg in the carrier's reports."""
        return self.record.leg_id

    @property
    def session_id(self) -> str:
        """Shared by all legs of one conversation."""
        return self.record.session_id

    @property
    def from_(self) -> str:
        """Who calls: E.164 or a SIP URI."""
        return self.record.from_

    @property
    def to(self) -> str:
        """Who is called: E.164 or a SIP URI."""
        return self.record.to

    @property
    def direction(self) -> Direction:
        """``"inbound"``: they called us. ``"outbound"``: we called them."""
        return self.record.direction or "inbound"

    @property
    def state(self) -> CallState:
        """Where the call is."""
        return self.record.state

    @property
    def client_state(self) -> str | None:
        """The text we attached to the leg, if any."""
        return self.record.client_state

    @property
    def transferring(self) -> bool:
        """Whether a transfer was asked for and has not failed: the leg must not be hung up when our part of it ends."""
        return self.record.transferring

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self.record.state is CallState.ENDED

    @property
    def ended_cause(self) -> str | None:
        """The carrier's word for why the call is over; ``None`` while it is not."""
        return self.record.ended_cause

    def apply(self, event: CallEvent | OwnEvent, *, wall_ms: float) -> tuple[Effect, ...]:
        """Add what ``event`` says; returns what follows from it. For the host of the call, not for handlers."""
        self.record, effects = apply(self.record, event)
        if self.answered_at_ms is None and self.state in (CallState.ANSWERED, CallState.BRIDGED):
            self.answered_at_ms = wall_ms
        if self.ended_at_ms is None and self.ended:
            self.ended_at_ms = wall_ms
        return effects

    # -- what can be done with it -----------------------------------------------------------------------------------

    async def say(self, text: str) -> None:
        """Speak ``text``; returns when the caller has heard it, or has interrupted it.

        Raises:
            CallError: if no conversation is under way.
        """
        await self._conversation("say something").say(text)

    async def ask(self, question: str) -> str:
        """Speak ``question`` and return the words of the caller's next turn; ``""`` if none came.

        What a recogniser puts after the last word is left out, so that the words fit into a sentence of the agent's.

        Raises:
            CallError: if no conversation is under way.
        """
        return await self._conversation("ask something").ask(question)

    async def hand_over(self, to: str | None = None, *, reason: str = "") -> None:
        """Connect the caller to a person, after everything said was heard.

        Args:
            to: E.164 or a SIP URI; ``None`` for where the agent hands over to.
            reason: why, for the person and the records.

        Raises:
            CallError: if no conversation is under way and ``to`` is ``None``.
            CarrierError: if the carrier refuses the transfer.
        """
        if self.conversation is None and to is not None:
            await self.transfer(to)
            return
        await self._conversation("hand over to the agent's own number").hand_over(to, reason=reason)

    async def hangup(self, *, graceful: bool = True) -> None:
        """End the call. A call that is over already is not an error.

        Args:
            graceful: let the conversation finish what it is saying first. A session ends its own call with ``False``.
        """
        if self.ended or not self.id:
            return
        if graceful and self.conversation is not None:
            await self.conversation.hangup()
            return
        if self.end_leg is not None:
            await self.end_leg()
        else:
            await self.carrier.hangup(self.id)

    async def transfer(self, to: str, *, from_: str | None = None, timeout_s: int = 30) -> None:
        """Dial ``to`` and connect the leg to it when it answers, at once: words still being spoken are cut.

        Returns when the carrier has agreed. Observers then see a :class:`TransferFailed` if ``to`` does not answer.

        Raises:
            CarrierError: if the carrier refuses; the call is as it was.
        """
        self.record, _ = apply(self.record, TransferAsked())
        try:
            await self.carrier.transfer(self.id, to=to, from_=from_, timeout_s=timeout_s, leg_state=_PERSON_LEG)
        except CarrierError:
            self.withdraw_transfer()
            raise

    def withdraw_transfer(self) -> None:
        """Wait no longer for a transfer: nobody will answer it, and the call is ours again, and ours to end."""
        self.record, _ = apply(self.record, TransferWithdrawn())

    async def is_alone(self) -> bool | None:
        """Whether no other leg of the call's session is up: nobody to whom it was, or is being, connected.

        ``None``: the carrier does not say. Asks, and waits for the answer as for that to a command.
        """
        try:
            legs = await within(COMMAND, self.carrier.live_legs(), call_id=self.id)
        except (CarrierError, WaitOver):
            return None
        if not any(leg.call_id == self.id for leg in legs):
            return None
        return not any(leg.session_id == self.session_id and leg.call_id != self.id for leg in legs)

    async def send_dtmf(self, digits: str) -> None:
        """Press keys: ``0-9 A-D * #``, ``w`` waits 0.5 s, ``W`` 1 s."""
        await self.carrier.send_dtmf(self.id, digits)

    # -- what happens on it -----------------------------------------------------------------------------------------

    def observe(self, callback: Callable[[object], None]) -> Callable[[], None]:
        """Call ``callback`` with every event of this call from now on; returns a function that ends it.

        Callbacks run on the event loop in the order they were added, and must not block.
        """
        self._observers.append(callback)

        def forget() -> None:
            for callbacks in (self._observers, self._raising):
                if callback in callbacks:
                    callbacks.remove(callback)

        return forget

    def notify(self, event: object) -> None:
        """Tell every observer of ``event``. One that raises disturbs neither the call nor the others; the log tells it
        once."""
        for callback in tuple(self._observers):
            try:
                callback(event)
            except Exception as error:
                # The error's text may hold what was said on the call; its type may not.
                if callback not in self._raising:
                    self._raising.append(callback)
                    logger.error("call %s: an observer raised %s", self.id, describe(error))
                logger.debug("call %s: the observer's error", self.id, exc_info=error)

    def _conversation(self, what: str) -> Conversation:
        if self.conversation is None:
            raise CallError(
                f"expected a conversation under way to {what}, got a call that is {self.state}.",
                fix="do it from a handler of the agent, or after the call is answered.",
                call_id=self.id,
            )
        return self.conversation
