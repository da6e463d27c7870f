"""How the cascade answers: the dialog and the functions of the program, one turn at a time.

What they decide is done by :mod:`~offhook.agent.cascade.acting`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from offhook.agent.cascade.acting import Acting
from offhook.agent.cascade.drafting import Draft, is_speculative
from offhook.agent.cascade.turn import Turn, current_turn, joined
from offhook.agent.cascade.utterance import words_of
from offhook.agent.work import Work, current_work, end_work
from offhook.dialog.acts import acts_of, answer_of
from offhook.dialog.base import Heard
from offhook.waiting import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.cascade.decisions import MayBeTurn, TurnEnded
    from offhook.agent.cascade.mouth import Mouth
    from offhook.agent.conversant import ConversantHost
    from offhook.dialog.acts import Act
    from offhook.dialog.base import Dialog

__all__ = ["Answering"]

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
        self._acting = Acting(host, mouth)
        self._draft: Draft | None = None
        self._turn: Turn | None = None
        self._next_turn: Turn | None = None
        self._answer: asyncio.Future[str] | None = None
        self._presses: dict[asyncio.Task[None], Work] = {}
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
        return self._acting.stalled(now_ms)

    @property
    def using(self) -> bool:
        """Whether a tool is being used."""
        return self._acting.using

    def fill(self, text: str) -> None:
        """Say something to a caller who waits. What there is of an answer is said before, and the rest of it when it
        comes, as a speech of its own."""
        self._acting.fill(text)

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
        self.drop_draft()
        turn = self._turn
        if turn is not None and turn.task is not None and turn.running:
            end_work(turn.task, turn)
        for task, press in self._presses.items():
            end_work(task, press)

    # -- what the caller does -----------------------------------------------------------------------------------------

    def may_be_turn(self, words: MayBeTurn) -> None:
        """The caller may have finished: begin an answer that nobody hears, if the dialog lets itself be asked.

        Only where nothing that is said or done can change what is answered: the agent is silent, and this would be a
        turn of its own.
        """
        self.drop_draft()
        host, heard = self._host, Heard(words.text, words.confidence)
        before = self._turn
        alone = before is None or not before.running or not (before.holds or before.audio_at_ms is None)
        silent = self._mouth.current is None and not self.asking
        if alone and silent and host.agent.turn_taking.speculate and is_speculative(self._dialog, heard):
            turn = Turn(heard, words.speech_began_ms, words.speech_ended_ms, 0.0, 0.0, begins=asyncio.Event())
            limits = host.agent.limits
            self._draft = Draft(host.call, self._dialog, self._mouth, turn, limits=limits, said=self._said())

    def drop_draft(self) -> None:
        """What was begun is not the answer: it is thrown away, and nothing has happened."""
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.drop()

    def turn_ended(self, ended: TurnEnded, *, words_at_ms: float) -> None:
        """The caller has finished: answer."""
        if self._answer is not None and not self._answer.done():
            self.drop_draft()
            if ended.text:
                self._answer.set_result(ended.text.rstrip(" .?!…"))
            else:
                self._mouth.speak(self._host.agent.texts.clarify, "question")
            return
        heard = Heard(ended.text, ended.confidence)
        now_ms = self._host.clock.now_ms()
        self._start(Turn(heard, ended.speech_began_ms, ended.speech_ended_ms, words_at_ms, now_ms))
        self.drop_draft()

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
        self._acting.silence()  # what is being said was begun before the caller said this
        draft = self._drafted(turn)
        if draft is not None:
            turn = draft.turn
        self._turn = turn
        turn.task = asyncio.create_task(self._respond(turn, draft))
        turn.task.add_done_callback(lambda _: self._turn_over(turn))
        self._on_busy()

    def give_up(self) -> None:
        """Stop working on the answer, unless it must be finished."""
        turn = self._turn
        if turn is not None and turn.task is not None and not turn.holds:
            turn.task.cancel()

    def _drafted(self, turn: Turn) -> Draft | None:
        """The answer to ``turn`` that was begun before it was over, if these were its words and all that was said."""
        draft, text = self._draft, turn.heard.text
        if draft is None or draft.failed or words_of(draft.turn.heard.text) != words_of(text):
            return None
        if draft.said + 1 != self._said():  # the turn itself
            return None
        self._draft = None
        draft.turn.takes(turn)
        draft.adopt()
        return draft

    def _said(self) -> int:
        transcript = self._host.call.transcript
        return transcript.dropped + len(transcript)

    def _turn_over(self, turn: Turn) -> None:
        if self._host.over or self._turn is not turn:
            return
        following, self._next_turn = self._next_turn, None
        if following is not None:
            self._start(following)
        else:
            self._on_busy()

    async def _respond(self, turn: Turn, draft: Draft | None) -> None:
        current_work.set(turn)
        await self._acting.work(turn, draft or self._stream(turn, self._dialog.respond, turn.heard, "the dialog"))

    async def _press(
        self, press: Work, before: asyncio.Task[None] | None, handler: Callable[..., Any], digit: str
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        current_work.set(press)
        await self._acting.work(press, self._stream(press, handler, digit, "the function for digits"))

    def _stream(self, work: Work, function: Callable[..., Any], told: object, source: str) -> Stream[Act]:
        call = self._host.call
        acts = acts_of(answer_of(function, call, told), source=source)
        return Stream(acts, keep=lambda: work.holds > 0, call_id=call.id)
