"""How an agent answers: the program's own code, one turn at a time, and the ways out of a conversation."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from offhook.agent import events
from offhook.agent.handover import check_address
from offhook.agent.turn import ANY_FAILURE, Press, Turn, current_turn, current_work, is_own_end
from offhook.calls.events import TransferBridged, TransferFailed
from offhook.dialog.base import Heard, Reply
from offhook.errors import CarrierError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.agent.decisions import TurnEnded
    from offhook.agent.session import Session

__all__ = ["Answering"]

logger = logging.getLogger(__name__)

_SAME_BREATH_MS = 1500
"""A caller who speaks on within this time, before any answer was heard, has not finished the turn before."""
_FAILURES = 2
"""So many failures of the program in a row are handed over."""
_RING_S = 30
"""How long it may ring at a person, where the agent has no rules for handing over."""
_TRANSFER_SLACK_S = 15.0
"""How much later than the end of the ringing the carrier may report that nobody has answered."""
_GOODBYE_S = 15.0
"""How long a goodbye may take."""

_finishing: set[asyncio.Task[None]] = set()
"""Handlers that must finish, of conversations that are over: the event loop itself keeps no reference to a task."""


class Answering:
    """Runs the dialog on the caller's turns; what handlers get as ``call.conversation``.

    One turn is answered at a time. A new turn cancels the one before, unless its handler waits for an answer
    (:meth:`ask`) or must not be interrupted (:func:`~offhook.agent.turn.uninterrupted`).
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._call = session.call
        self._agent = session.agent
        self._turn: Turn | None = None
        self._next_turn: Turn | None = None
        self._answer: asyncio.Future[str] | None = None
        self._failures = 0
        self._others: dict[asyncio.Task[None], Press | None] = {}
        self._digits: asyncio.Task[None] | None = None
        self._transfer: asyncio.Future[str | None] | None = None
        self._forget: Callable[[], None] | None = None
        self._saying_goodbye = False
        self.handing_over = False
        """Whether the caller is being connected to a person: nothing they say is answered."""

    @property
    def asking(self) -> bool:
        """Whether a handler waits for the caller's answer."""
        return self._answer is not None

    @property
    def busy(self) -> bool:
        """Whether it is for the agent to do something next."""
        return self.handing_over or (self._turn is not None and self._turn.running and not self.asking)

    def has_asked(self, now_ms: float) -> bool:
        """Whether the agent has asked a question, or nearly: what the caller says is the answer."""
        speech = self._session.mouth.current or self._session.mouth.last
        if speech is None or not (self.asking or speech.text.rstrip().endswith("?")):
            return False
        return speech.over or (speech.complete and speech.playout.left_ms(now_ms) <= self._agent.turn_taking.answer_ms)

    def begin(self) -> None:
        """The conversation begins."""
        self._forget = self._call.observe(self._on_fact)

    def close(self) -> None:
        """The conversation is over: stop everything but what must finish."""
        if self._forget is not None:
            self._forget()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("")
        self._next_turn = None
        turn = self._turn
        if turn is not None and turn.task is not None and turn.running:
            _end(turn.task, holds=turn.holds)
        for task, press in self._others.items():
            _end(task, holds=press.holds if press is not None else 0)

    # -- what handlers can do (Conversation) --------------------------------------------------------------------------

    async def say(self, text: str) -> None:
        """Speak ``text``; returns when the caller has heard it, or has interrupted it."""
        if not self._stale():
            await self._session.mouth.speak(text, "say", turn=current_turn()).wait()

    async def ask(self, question: str) -> str:
        """Speak ``question`` and return the words of the caller's next turn; ``""`` if none came."""
        if self._stale():
            return ""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("")  # of two questions at a time only the last can be answered
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answer = answer
        try:
            self._session.mouth.speak(question, "question", turn=current_turn())
            return await answer
        finally:
            if self._answer is answer:
                self._answer = None
            self._session.silent()

    async def hand_over(self, to: str | None = None, *, reason: str = "") -> None:
        """Connect the caller to a person, once everything said was heard; ``None``: where the agent hands over to.

        If nobody can be reached the caller is told, and the conversation goes on.

        Raises:
            ConfigError: ``to`` cannot be dialled.
        """
        if self._stale() or self.handing_over:
            return
        rules = self._agent.handing_over
        target = check_address(to) if to is not None else rules.to if rules is not None else None
        if target is None:
            await self._speak(self._agent.texts.no_handover, "apology")
            return
        self.handing_over = True
        try:
            await self._hand_over(target, reason, rules.message if rules is not None else "")
        finally:
            self.handing_over = False
            if not self._session.over:
                self._session.silent()

    async def hangup(self) -> None:
        """End the call once everything said was heard, or the caller who interrupted it has finished."""
        if self._stale():
            return
        mouth = self._session.mouth
        await mouth.idle()
        if mouth.last is not None and mouth.last.interrupted:
            await self._session.caller_quiet.wait()  # what they say cancels this, if it is a turn
        self._session.finish("hangup")

    # -- what the caller does -----------------------------------------------------------------------------------------

    def turn_ended(self, ended: TurnEnded, *, words_at_ms: float) -> None:
        """The caller has finished: answer."""
        now_ms = self._session.clock.now_ms()
        if self._answer is not None and not self._answer.done():
            if ended.text:
                self._answer.set_result(ended.text.rstrip(" .?!…"))
            else:
                self._session.mouth.speak(self._agent.texts.clarify, "question")
            return
        heard = Heard(ended.text, ended.confidence)
        self._start(Turn(heard, ended.speech_began_ms, ended.speech_ended_ms, words_at_ms, now_ms))

    def digit(self, digit: str) -> None:
        """The caller pressed a key: tell the agent's function, one key after the other, unless the agent is leaving."""
        if self._agent.on_digit is not None and not self.handing_over and not self._saying_goodbye:
            press = Press()
            self._digits = self._spawn(self._press(press, self._digits, self._agent.on_digit, digit), press)

    def say_goodbye(self, reason: str) -> None:
        """Say goodbye, and end the conversation."""
        self._saying_goodbye = True
        self._cancel_turn()
        self._session.mouth.stop()
        self._spawn(self._say_goodbye(reason))

    async def _say_goodbye(self, reason: str) -> None:
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self._speak(self._agent.texts.goodbye, "goodbye", protected=True)
        finally:
            self._session.finish(reason)

    async def _press(
        self, press: Press, before: asyncio.Task[None] | None, handler: Callable[..., Any], digit: str
    ) -> None:
        current_work.set(press)
        if before is not None:
            await asyncio.wait([before])
        try:
            said = handler(self._call, digit)
            if inspect.isawaitable(said):
                said = await said
            reply = _checked(said if isinstance(said, Reply) else Reply(said), "the function for digits")
            if await self._say_reply(reply):
                await self._follow(reply)
        except ANY_FAILURE as error:
            if is_own_end(error):
                raise
            await self._failed(error)

    async def _say_reply(self, reply: Reply) -> bool:
        """Say the words of a reply to a key; whether all of them were heard."""
        if self._session.over:
            return False
        if not reply.text:
            return True
        self._silence()
        speech = self._session.mouth.speak(reply.text, "reply")
        heard_all = await speech.wait()
        if speech.error is not None:
            raise speech.error
        return heard_all

    # -- turns --------------------------------------------------------------------------------------------------------

    def _start(self, turn: Turn) -> None:
        """Answer ``turn``, in place of the one that is being answered."""
        before = self._turn
        if before is not None and before.running:
            if before.holds:
                self._next_turn = _joined(self._next_turn, turn)
                return
            if before.audio_at_ms is None and turn.speech_began_ms - before.speech_ended_ms <= _SAME_BREATH_MS:
                turn = _joined(before, turn)
            self._cancel_turn()
        self._silence()  # what is being said was begun before the caller said this
        self._turn = turn
        turn.task = asyncio.create_task(self._respond(turn))
        turn.task.add_done_callback(lambda _: self._turn_over(turn))
        self._session.silent()

    def _silence(self) -> None:
        """Stop what is being said, to say something else, unless it is to be said to its end."""
        speech = self._session.mouth.current
        if speech is not None and not speech.protected:
            self._session.mouth.stop()

    def _cancel_turn(self) -> None:
        turn = self._turn
        if turn is not None and turn.task is not None and not turn.holds:
            turn.task.cancel()

    def _turn_over(self, turn: Turn) -> None:
        if self._session.over or self._turn is not turn:
            return
        following, self._next_turn = self._next_turn, None
        if following is not None:
            self._start(following)
        else:
            self._session.silent()

    async def _respond(self, turn: Turn) -> None:
        current_work.set(turn)
        try:
            reply = _checked(await self._session.dialog.respond(self._call, turn.heard), "the dialog")
        except ANY_FAILURE as error:
            if is_own_end(error):
                raise
            await self._failed(error)
            return
        if self._stale():
            return
        turn.reply_at_ms = self._session.clock.now_ms()
        text = reply.text if isinstance(reply.text, str) else ""
        self._session.notify(events.TurnReply, intent=reply.intent, confidence=reply.confidence, text=text)
        if reply.text:
            speech = self._session.mouth.speak(reply.text, "reply", turn=turn)
            heard_all = await speech.wait()
            if speech.error is not None:
                await self._failed(speech.error)
                return
            if not heard_all:
                return
        self._failures = 0
        await self._follow(reply)

    async def _follow(self, reply: Reply) -> None:
        """What comes after the words of a reply."""
        if reply.handover is not None:
            await self.hand_over(reason=reply.handover)
        elif reply.hangup:
            await self.hangup()

    async def _failed(self, error: BaseException) -> None:
        """The program's own code raised."""
        logger.error("call %s: a handler raised", self._call.id, exc_info=error)
        if self._stale():
            return
        self._failures += 1
        self._session.notify(events.HandlerFailed, error=type(error).__name__)
        if self._failures >= _FAILURES and self._agent.handing_over is not None:
            self._failures = 0
            await self.hand_over(reason="the agent failed twice in a row")
        else:
            await self._speak(self._agent.texts.apology, "apology")

    def _stale(self) -> bool:
        """Whether the running code belongs to a turn, or a conversation, that is over."""
        turn = current_turn()
        return self._session.over or (turn is not None and turn is not self._turn)

    # -- hand-over ----------------------------------------------------------------------------------------------------

    async def _hand_over(self, to: str, reason: str, message: str) -> None:
        session = self._session
        session.notify(events.HandoverStarted, to=to, reason=reason)
        if message:
            await self._speak(message, "handover", protected=True)
        await session.mouth.idle()
        cause = await self._connect(to)
        if session.over:
            return
        if cause is None:
            session.notify(events.HandoverDone, to=to, reason=reason)
            session.finish("handover")
            return
        session.notify(events.HandoverFailed, to=to, reason=reason, cause=cause)
        self.handing_over = False
        await self._speak(self._agent.texts.handover_failed, "apology")

    async def _connect(self, to: str) -> str | None:
        """Transfer the call and wait for the person to answer; why they did not, or ``None``."""
        transfer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._transfer = transfer
        rules = self._agent.handing_over
        ring_s = rules.ring_s if rules is not None else _RING_S
        try:
            await self._call.transfer(to, timeout_s=ring_s)
            async with asyncio.timeout(ring_s + _TRANSFER_SLACK_S):
                return await transfer
        except CarrierError as error:
            logger.warning("call %s: the transfer was refused: %s", self._call.id, error.code)
            return error.code
        except TimeoutError:
            self._call.transferring = False  # nobody will answer any more: the call is ours again, and ours to end
            return "timeout"
        finally:
            self._transfer = None

    def _on_fact(self, fact: object) -> None:
        transfer = self._transfer
        if transfer is None or transfer.done():
            return
        if isinstance(fact, TransferBridged):
            transfer.set_result(None)
        elif isinstance(fact, TransferFailed):
            transfer.set_result(fact.cause)

    # -- helpers ------------------------------------------------------------------------------------------------------

    async def _speak(self, text: str, kind: str, *, protected: bool = False) -> None:
        if text and not self._session.over:
            await self._session.mouth.speak(text, kind, turn=current_turn(), protected=protected).wait()

    def _spawn(self, work: Awaitable[None], press: Press | None = None) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._others[task] = press
        task.add_done_callback(self._others.pop)
        return task


def _end(task: asyncio.Task[None], *, holds: int) -> None:
    """Cancel a task of a conversation that is over, unless it must finish or is what ends the conversation."""
    if holds:
        _finishing.add(task)
        task.add_done_callback(_finishing.discard)
    elif task is not asyncio.current_task():
        task.cancel()


def _checked(reply: Reply, source: str) -> Reply:
    """``reply``, if it is one: it comes from the program's own code."""
    if not isinstance(reply, Reply):
        raise TypeError(f"expected {source} to return a Reply, got {type(reply).__name__}")
    if not (reply.text is None or isinstance(reply.text, str | AsyncIterator)):
        raise TypeError(f"expected {source} to return str, None or an async iterator, got {type(reply.text).__name__}")
    return reply


def _joined(before: Turn | None, turn: Turn) -> Turn:
    """``turn`` with the words of the one before it, which was not answered."""
    if before is None:
        return turn
    text = f"{before.heard.text} {turn.heard.text}".strip()
    heard = Heard(text, min(before.heard.confidence, turn.heard.confidence))
    return Turn(heard, before.speech_began_ms, turn.speech_ended_ms, turn.words_at_ms, turn.endpoint_at_ms)
