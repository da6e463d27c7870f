"""What a dialog, or a function of the program, has decided: done act by act, in the task that works on it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Protocol

from offhook.agent import events
from offhook.agent.cascade.drafting import Draft
from offhook.agent.cascade.replying import Words
from offhook.agent.cascade.turn import Turn, current_turn
from offhook.agent.handover import Misses, Verdict
from offhook.dialog.acts import HandOver, HangUp, Say, Understood, UseTool, UseTools
from offhook.errors import AnswerInvalid
from offhook.models.base import ToolCall
from offhook.waiting import WaitOver, within
from offhook.waits import HANDLER, REPLY_NEXT, TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.agent.cascade.mouth import Mouth, Prepared
    from offhook.agent.cascade.speech import Speech
    from offhook.agent.conversant import ConversantHost
    from offhook.agent.work import Work
    from offhook.dialog.acts import Act
    from offhook.tools.base import ToolOutcome
    from offhook.waits import Wait

__all__ = ["Acting", "Acts", "no_sound"]

_FRAME_MS = 20


class Acts(Protocol):
    """Acts, one after the other: a :class:`~offhook.waiting.Stream` of them, or a draft."""

    async def next(self, wait: Wait, *, limit_s: float | None = None) -> Act:
        """The next one; raises as a stream does."""
        ...

    async def aclose(self) -> None:
        """No other is wanted."""
        ...


class Acting:
    """Does the acts of one call.

    Args:
        host: the session.
        mouth: what speaks.
    """

    def __init__(self, host: ConversantHost, mouth: Mouth) -> None:
        self._host = host
        self._mouth = mouth
        self._misses = Misses(host.agent.handing_over)
        self._saying: tuple[Words, Speech] | None = None
        self._before_tools: dict[Work, Speech] = {}
        """What each has said before a tool, and is perhaps being heard."""
        self._using = 0

    @property
    def using(self) -> bool:
        """Whether a tool is being used."""
        return self._using > 0

    def stalled(self, now_ms: float) -> bool:
        """Whether the caller has heard all there is of an answer, and the program thinks of more."""
        if self._saying is None:
            return False
        words, speech = self._saying
        waiting = speech is self._mouth.current and words.wanting and not speech.making
        return waiting and speech.playout.left_ms(now_ms) < _FRAME_MS

    def fill(self, text: str) -> None:
        """Say something to a caller who waits. What there is of an answer is said before, and the rest of it when it
        comes, as a speech of its own."""
        if self._saying is not None:
            words, speech = self._saying
            speech.on_over = None
            words.end()
        self._mouth.speak(text, "filler")

    def silence(self) -> None:
        """Stop what is being said, to say something else, unless it is to be said to its end."""
        speech = self._mouth.current
        if speech is not None and not speech.protected:
            self._mouth.stop()

    async def work(self, work: Work, acts: Acts) -> None:
        """Do what the program's own code decides; it is closed in the end, and told of where it fails."""
        try:
            try:
                deed = await (self._first_of_turn(work, acts) if isinstance(work, Turn) else self._first_of_key(acts))
                while deed is not None and not self._stale(work):
                    deed = await self._do(deed, acts, work)
            finally:
                self._before_tools.pop(work, None)
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

    # -- the first of them --------------------------------------------------------------------------------------------

    async def _first_of_turn(self, turn: Turn, acts: Acts) -> Act | None:
        """The first deed of a turn, or what is done in its place where the dialog is not sure enough."""
        understood, deed = await self._first_deed(acts)
        if self._stale(turn):
            return None
        host = self._host
        decided, deed = deed, self._judged(understood.confidence, deed)
        if isinstance(acts, Draft) and deed is not decided:
            acts.unsay()
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
            self.silence()
        return deed

    async def _first_deed(self, acts: Acts) -> tuple[Understood, Act | None]:
        """How sure the dialog is, and the first act that does something."""
        understood = Understood()
        while isinstance(act := await self._next(acts, first=True), Understood):
            understood = act
        return understood, act

    # -- each of them -------------------------------------------------------------------------------------------------

    async def _do(self, deed: Act, acts: Acts, work: Work) -> Act | None:
        """Do one act; returns what is to be done after it."""
        match deed:
            case Say():
                work.spoke = True
                return await self._say(deed, acts, work)
            case Understood():
                return await self._next(acts)
            case HandOver(reason, to):
                self._host.program_worked()
                await self._host.hand_over(to, reason=reason)
            case HangUp():
                self._host.program_worked()
                await self._host.hangup()
            case UseTool():
                return await self._use((deed,), acts, work)
            case UseTools(uses):
                return await self._use(uses, acts, work)
        return None

    async def _use(self, uses: Sequence[UseTool], acts: Acts, work: Work) -> Act | None:
        """Use tools, while what was said before is being heard. A caller who interrupts that has not heard what is
        being done: what would be said of it is given up."""
        tools = self._host.agent.tools
        if tools is None:
            raise AnswerInvalid(
                "expected the dialog to use no tools, as the agent has none, got UseTool.",
                fix="do it in the dialog itself, and say what came of it.",
            )
        for use in uses:
            use.begun = True
        calls = [ToolCall(f"use_{number}", use.name, _arguments(use)) for number, use in enumerate(uses, 1)]
        before = self._before_tools.get(work)
        call = self._host.call
        self._using += 1
        try:
            running = tools.run(call, calls)
            outcomes = await within(TOOLS, running, keep=lambda: work.holds > 0, call_id=call.id)
        finally:
            self._using -= 1
        for use, outcome in zip(uses, outcomes, strict=True):
            use.outcome = outcome
            self._tell(use.name, outcome)
        if before is not None and before.over and not await before.wait():
            return None
        following = await self._next(acts)
        if following is None:
            if before is not None:
                await self._heard(before, work)
            self._answered(work)
        return following

    def _tell(self, name: str, outcome: ToolOutcome) -> None:
        host, took_ms = self._host, round(outcome.took_ms, 1)
        host.notify(
            events.ToolUsed(
                at_ms=host.wall_ms(), call_id=host.call.id, name=name, failed=outcome.failed, took_ms=took_ms
            )
        )

    async def _say(self, first: Say, acts: Acts, work: Work) -> Act | None:
        """Say the words up to the next act that is something else, and return it once they were heard; if it is a tool,
        before that."""
        following: Act | None = first
        begun = acts.spoken() if isinstance(acts, Draft) else None
        if first.whole:
            prepared = begun[1] if begun is not None else first.text
            speech = self._mouth.speak(prepared, "reply", turn=current_turn())
            heard_all = await self._heard(speech, work)
            following = await self._next(acts) if heard_all else None
        else:
            heard_all = True
            while heard_all and isinstance(following, Say):
                words, speech = self._speak(following, begun, work)
                begun = None
                following = await (self._next(acts) if words.ended else self._give(words, speech, acts))
                if isinstance(following, UseTool | UseTools) and not speech.over:
                    self._before_tools[work] = speech
                    return following
                heard_all = await self._heard(speech, work)
        if not heard_all:
            return None
        if following is None:
            self._answered(work)
        return following

    async def _heard(self, speech: Speech, work: Work) -> bool:
        """Wait for the end of a speech; whether all of it was heard. What makes no sound counts as heard, and is
        noted."""
        heard_all = await speech.wait()
        if speech.heard:
            work.sounded = True
        else:
            work.unheard += _letters(speech.words)
        return heard_all

    def _answered(self, work: Work) -> None:
        """The program has answered.

        Raises:
            AnswerInvalid: with something that nobody hears.
        """
        if work.unheard and not work.sounded:
            raise no_sound(work.unheard)
        self._host.program_worked()

    def _speak(self, first: Say, begun: tuple[Words | None, Prepared] | None, work: Work) -> tuple[Words, Speech]:
        """Begin to say words, of which there may be audio already. What comes after a tool is made into audio while the
        words before it are being heard."""
        before = self._before_tools.pop(work, None)
        words, prepared = begun if begun is not None else (None, None)
        words = words or Words(first.text)
        if before is not None and not before.over:
            prepared = prepared or self._mouth.prepare(words)
        return words, self._mouth.speak(prepared or words, "reply", turn=current_turn())

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


def no_sound(letters: int) -> AnswerInvalid:
    """A text of so many letters makes no sound: nobody knows that the agent has answered."""
    return AnswerInvalid(
        f"expected an answer that can be heard, got one of {letters} characters without a sound.",
        fix="answer with words that the voice can say: pictographs, code and markup are not said.",
    )


def _letters(words: object) -> int:
    """How much was to be said, as far as it is known."""
    return len(words.strip()) if isinstance(words, str) else words.letters if isinstance(words, Words) else 0


def _arguments(use: UseTool) -> str:
    return use.arguments if isinstance(use.arguments, str) else json.dumps(dict(use.arguments), default=str)
