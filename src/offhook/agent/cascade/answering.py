"""How the cascade answers: the dialog and the functions of the program, one turn at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from offhook.agent import events
from offhook.agent.cascade.replying import Words
from offhook.agent.cascade.turn import Turn, current_turn, joined
from offhook.agent.handover import Misses, Verdict
from offhook.agent.work import Work, current_work, end_work
from offhook.dialog.acts import HandOver, HangUp, Say, Understood, UseTool, UseTools, acts_of, answer_of
from offhook.dialog.base import Heard
from offhook.errors import AnswerInvalid
from offhook.waiting import Stream, WaitOver
from offhook.waits import HANDLER, REPLY_NEXT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.agent.cascade.decisions import TurnEnded
    from offhook.agent.cascade.mouth import Mouth
    from offhook.agent.cascade.speech import Speech
    from offhook.agent.conversant import ConversantHost
    from offhook.dialog.acts import Act
    from offhook.dialog.base import Dialog

    Acts = Stream[Act]

__all__ = ["Answering"]

_FRAME_MS = 20
_SAME_BREATH_MS = 1500
"""A caller who speaks on within this time, before any answer was heard, has not finished the turn before."""


class Answering:
    """Runs the program's own code on what the caller says and presses, and does what it decides.

    One turn is answered at a time. A new turn cancels the one before, unless its handler waits for an answer
    (:meth:`ask`) or must not be interrupted (:func:`~offhook.agent.work.uninterrupted`).

    Args:
        host: the session.
        dialog: what decides the answers.
        mouth: what speaks them.
        on_busy: told when :attr:`busy` may have changed.
    """

    def __init__(self, host: ConversantHost, dialog: Dialog, mouth: Mouth, *, on_busy: Callable[[], None]) -> None:
        self._host = host
        self._dialog = dialog
        self._mouth = mouth
        self._on_busy = on_busy
        self._misses = Misses(host.agent.handing_over)
        self._turn: Turn | None = None
        self._next_turn: Turn | None = None
        self._answer: asyncio.Future[str] | None = None
        self._presses: dict[asyncio.Task[None], Work] = {}
        self._saying: tuple[Words, Speech] | None = None
        self._last_press: asyncio.Task[None] | None = None

    @property
    def asking(self) -> bool:
        """Whether a handler waits for the caller's answer."""
        return self._answer is not None

    @property
    def busy(self) -> bool:
        """Whether it is for the agent to do something next."""
        return self._turn is not None and self._turn.running and not self.asking

    @property
    def working(self) -> bool:
        """Whether the program's own code is at work, for a turn or a key, and not the caller's to go on."""
        return self.busy or (bool(self._presses) and not self.asking)

    def stalled(self, now_ms: float) -> bool:
        """Whether the caller has heard all there is of an answer, and the program thinks of more."""
        if self._saying is None:
            return False
        words, speech = self._saying
        return speech is self._mouth.current and words.wanting and speech.playout.left_ms(now_ms) < _FRAME_MS

    def fill(self, text: str) -> None:
        """Say something to a caller who waits. What there is of an answer is said before, and the rest of it when it
        comes, as a speech of its own."""
        if self._saying is not None:
            words, speech = self._saying
            speech.on_over = None
            words.end()
        self._mouth.speak(text, "filler")

    def has_asked(self, now_ms: float) -> bool:
        """Whether the agent has asked a question, or nearly: what the caller says is the answer."""
        speech = self._mouth.current or self._mouth.last
        if speech is None or not (self.asking or speech.text.rstrip().endswith("?")):
            return False
        answer_ms = self._host.agent.turn_taking.answer_ms
        return speech.over or (speech.complete and speech.playout.left_ms(now_ms) <= answer_ms)

    def close(self) -> None:
        """The conversation is over: stop everything but what must finish."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("")
        self._next_turn = None
        turn = self._turn
        if turn is not None and turn.task is not None and turn.running:
            end_work(turn.task, turn)
        for task, press in self._presses.items():
            end_work(task, press)

    # -- what the caller does -----------------------------------------------------------------------------------------

    def turn_ended(self, ended: TurnEnded, *, words_at_ms: float) -> None:
        """The caller has finished: answer."""
        if self._answer is not None and not self._answer.done():
            if ended.text:
                self._answer.set_result(ended.text.rstrip(" .?!…"))
            else:
                self._mouth.speak(self._host.agent.texts.clarify, "question")
            return
        heard = Heard(ended.text, ended.confidence)
        now_ms = self._host.clock.now_ms()
        self._start(Turn(heard, ended.speech_began_ms, ended.speech_ended_ms, words_at_ms, now_ms))

    def digit(self, digit: str) -> None:
        """The caller pressed a key: tell the agent's function, one key after the other."""
        handler = self._host.agent.on_digit
        if handler is not None:
            press = Work()
            task = asyncio.create_task(self._press(press, self._last_press, handler, digit))
            self._last_press = task
            self._presses[task] = press
            task.add_done_callback(self._presses.pop)

    async def ask(self, question: str) -> str:
        """Speak ``question`` and return the words of the caller's next turn; ``""`` if none came."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("")  # of two questions at a time only the last can be answered
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answer = answer
        try:
            self._mouth.speak(question, "question", turn=current_turn())
            return await answer
        finally:
            if self._answer is answer:
                self._answer = None
            self._on_busy()

    # -- turns and keys -----------------------------------------------------------------------------------------------

    def _start(self, turn: Turn) -> None:
        """Answer ``turn``, in place of the one that is being answered."""
        before = self._turn
        if before is not None and before.running:
            if before.holds:
                self._next_turn = joined(self._next_turn, turn)
                return
            if before.audio_at_ms is None and turn.speech_began_ms - before.speech_ended_ms <= _SAME_BREATH_MS:
                turn = joined(before, turn)
            self.give_up()
        if before is not None:
            before.stale = True
        self._silence()  # what is being said was begun before the caller said this
        self._turn = turn
        turn.task = asyncio.create_task(self._respond(turn))
        turn.task.add_done_callback(lambda _: self._turn_over(turn))
        self._on_busy()

    def give_up(self) -> None:
        """Stop working on the answer, unless it must be finished."""
        turn = self._turn
        if turn is not None and turn.task is not None and not turn.holds:
            turn.task.cancel()

    def _silence(self) -> None:
        """Stop what is being said, to say something else, unless it is to be said to its end."""
        speech = self._mouth.current
        if speech is not None and not speech.protected:
            self._mouth.stop()

    def _turn_over(self, turn: Turn) -> None:
        if self._host.over or self._turn is not turn:
            return
        following, self._next_turn = self._next_turn, None
        if following is not None:
            self._start(following)
        else:
            self._on_busy()

    async def _respond(self, turn: Turn) -> None:
        await self._work(turn, acts_of(answer_of(self._dialog.respond, self._host.call, turn.heard)))

    async def _press(
        self, press: Work, before: asyncio.Task[None] | None, handler: Callable[..., Any], digit: str
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        answer = answer_of(handler, self._host.call, digit)
        await self._work(press, acts_of(answer, source="the function for digits"))

    async def _work(self, work: Work, answer: AsyncIterator[Act]) -> None:
        """Do what the program's own code decides, act by act."""
        current_work.set(work)
        acts = Stream(answer, keep=lambda: work.holds > 0, call_id=self._host.call.id)
        try:
            try:
                deed = await (self._first_of_turn(work, acts) if isinstance(work, Turn) else self._first_of_key(acts))
                while deed is not None and not self._stale(work):
                    deed = await self._do(deed, acts, work)
            finally:
                await acts.aclose()
        except Exception as error:
            await self._host.program_failed(error)
            work.stale = work.stale or isinstance(error, WaitOver)  # it may go on, but not on this call

    async def _next(self, acts: Acts, *, first: bool = False) -> Act | None:
        """The next act, in its time; ``None``: there is no other."""
        limits = self._host.agent.limits
        try:
            if first:
                return await acts.next(HANDLER, limit_s=limits.handler_s)
            return await acts.next(REPLY_NEXT, limit_s=limits.next_piece_s)
        except StopAsyncIteration:
            return None

    # -- acts ---------------------------------------------------------------------------------------------------------

    async def _first_of_turn(self, turn: Turn, acts: Acts) -> Act | None:
        """The first deed of a turn, or what is done in its place where the dialog is not sure enough."""
        understood, deed = await self._first_deed(acts)
        if self._stale(turn):
            return None
        host = self._host
        deed = self._judged(understood.confidence, deed)
        turn.reply_at_ms = host.clock.now_ms()
        host.notify(
            events.TurnReply(
                at_ms=host.wall_ms(),
                call_id=host.call.id,
                intent=understood.intent,
                confidence=understood.confidence,
                text=deed.text if isinstance(deed, Say) and deed.whole else "",
            )
        )
        if deed is None:
            host.program_worked()
        return deed

    def _judged(self, confidence: float, deed: Act | None) -> Act | None:
        """``deed``, unless the dialog was not sure enough once too often, or has nothing to say to that."""
        verdict = self._misses.judge(confidence)
        agent = self._host.agent
        if verdict is Verdict.HAND_OVER and (deed is None or agent.handing_over is not None):
            return deed if isinstance(deed, HandOver) else HandOver(self._misses.reason)
        if verdict is Verdict.ASK_AGAIN and deed is None and agent.texts.clarify:
            return Say(agent.texts.clarify, whole=True)
        return deed

    async def _first_of_key(self, acts: Acts) -> Act | None:
        """The first deed of a key; its words are said in place of what is being said."""
        _, deed = await self._first_deed(acts)
        if isinstance(deed, Say) and not self._host.over:
            self._silence()
        return deed

    async def _first_deed(self, acts: Acts) -> tuple[Understood, Act | None]:
        """How sure the dialog is, and the first act that does something."""
        understood = Understood()
        while isinstance(act := await self._next(acts, first=True), Understood):
            understood = act
        return understood, act

    async def _do(self, deed: Act, acts: Acts, work: Work) -> Act | None:
        """Do one act; returns what is to be done after it."""
        match deed:
            case Say():
                work.spoke = True
                return await self._say(deed, acts)
            case Understood():
                return await self._next(acts)
            case HandOver(reason, to):
                self._host.program_worked()
                await self._host.hand_over(to, reason=reason)
            case HangUp():
                self._host.program_worked()
                await self._host.hangup()
            case UseTool() | UseTools():
                raise AnswerInvalid(
                    "expected the dialog to use no tools, as the agent has none, got UseTool.",
                    fix="do it in the dialog itself, and say what came of it.",
                )
        return None

    async def _say(self, first: Say, acts: Acts) -> Act | None:
        """Say the words up to the next act that is something else, and return it once they were heard."""
        following: Act | None = first
        if first.whole:
            heard_all = await self._mouth.speak(first.text, "reply", turn=current_turn()).wait()
            following = await self._next(acts) if heard_all else None
        else:
            heard_all = True
            while heard_all and isinstance(following, Say):
                words = Words(following.text)
                speech = self._mouth.speak(words, "reply", turn=current_turn())
                following = await self._give(words, speech, acts)
                heard_all = await speech.wait()
        if not heard_all:
            return None
        if following is None:
            self._host.program_worked()
        return following

    async def _give(self, words: Words, speech: Speech, acts: Acts) -> Act | None:
        """Ask the dialog for pieces as the voice wants them; returns the act that is none, or the piece that came after
        a filler. Over with the speech."""
        saying = self._saying = words, speech
        try:
            async with asyncio.timeout(None) as until_over:
                speech.on_over = lambda: until_over.reschedule(0)
                try:
                    while True:
                        await words.wanted()
                        act = await self._next(acts)
                        if not isinstance(act, Say) or words.ended:
                            return act
                        words.give(act.text)
                finally:
                    speech.on_over = None
                    words.end()
                    if self._saying is saying:
                        self._saying = None
        except Exception:
            if until_over.expired():
                return None
            await speech.wait()  # what was said until then was said
            raise

    def _stale(self, work: Work) -> bool:
        return self._host.over or work.stale
