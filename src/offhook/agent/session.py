"""An agent on a call: how the conversation begins and ends, what happened in it, and what was said.

Who listens and speaks is a :class:`~offhook.agent.conversant.Conversant`; a session knows nothing of how it does it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from offhook.agent import events
from offhook.agent.failures import ProgramFailures
from offhook.agent.handing_over import HandingOver
from offhook.agent.voices import NoVoice
from offhook.agent.work import current_work, end_work, until_begun
from offhook.calls.transcript import Scribe, TranscriptEntry
from offhook.clock import SystemClock
from offhook.patience import uncounted
from offhook.waiting import WaitOver, within
from offhook.waits import GOODBYE

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.agent.conversant import ConversantFactory
    from offhook.calls.call import Call
    from offhook.carriers.media import MediaStarted
    from offhook.clock import Clock

__all__ = ["Session"]


class Session:
    """One conversation of an agent.

    It is made while the phone rings. The host of the call then lets :attr:`media` hear ``call.line``,
    awaits :meth:`run`, calls :meth:`tick` every few milliseconds, hangs up when :meth:`run` returns (unless
    ``call.transferring``), and calls :meth:`aclose`.

    It is what handlers get as ``call.conversation``, and the host of its conversant
    (:class:`~offhook.agent.conversant.ConversantHost`).

    Args:
        call: the call.
        agent: who answers it.
        conversant: makes what listens and speaks.
        clock: its ``now_ms`` has to be what :meth:`tick` is called with.

    Raises:
        ConfigError: the conversant cannot be made of this agent.
    """

    def __init__(self, call: Call, agent: Agent, conversant: ConversantFactory, *, clock: Clock | None = None) -> None:
        self.call = call
        self.agent = agent
        self.clock = clock or SystemClock()
        self._conversant = conversant(self)
        self._scribe = Scribe(call.transcript)
        self._handing_over = HandingOver(self, self._conversant)
        self._failures = ProgramFailures(self)
        self._began_ms: float | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._rescuing: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._reason: str | None = None
        self._over = asyncio.Event()

    # -- its life -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Begin what takes time, while the phone rings. Returns at once."""
        if not self.over:
            self._conversant.prepare()

    async def run(self) -> None:
        """The conversation; returns when it is over.

        Raises:
            Exception: what the conversant could not go on without: an agent that is deaf or mute is no agent.
        """
        try:
            await self._over.wait()
        finally:
            self.finish("closed")
        if self._error is not None:
            raise self._error

    async def aclose(self) -> None:
        """End the conversation, if it is not over."""
        self.finish("closed")

    @property
    def over(self) -> bool:
        """Whether the conversation is over."""
        return self._reason is not None

    @property
    def began(self) -> bool:
        """Whether audio flows, or did."""
        return self._began_ms is not None

    def tick(self, now_ms: float) -> None:
        """Time has passed: what is due is said, and the longest conversation ends."""
        if self._began_ms is None or self.over:
            return
        self._conversant.tick(now_ms)
        if now_ms - self._began_ms >= self.agent.limits.max_duration_s * 1000:
            self.leave("max_duration")

    def leave(self, reason: str) -> None:
        """Say goodbye, and end the conversation. Does nothing while it is being done."""
        if self._leaving is None and not self.over:
            self._conversant.hold("goodbye")
            self._conversant.hush()
            self._leaving = asyncio.create_task(self._say_goodbye(reason))

    async def _say_goodbye(self, reason: str) -> None:
        try:
            if goodbye := self.agent.texts.goodbye:
                with suppress(WaitOver):
                    said = self._conversant.say(goodbye, "goodbye", protected=True)
                    await within(GOODBYE, said, call_id=self.call.id)
        finally:
            self.finish(reason)

    def finish(self, reason: str) -> None:
        """End the conversation at once. Only the first reason counts."""
        if self.over:
            return
        self._reason = reason
        self._handing_over.close()
        self._conversant.stop()
        for task in (self._leaving, self._rescuing):
            if task is not None:
                end_work(task)
        if self.began:
            self.notify(events.SessionEnded(at_ms=self.wall_ms(), call_id=self.call.id, reason=reason))
        self.call.conversation = None
        self._over.set()

    # -- the call's audio (MediaListener) -----------------------------------------------------------------------------

    @property
    def media(self) -> Session:
        """Who hears the call's audio."""
        return self

    def media_started(self, started: MediaStarted) -> None:
        """Audio flows: the agent takes the call."""
        if self.over:
            return
        self._began_ms = self.clock.now_ms()
        self.call.conversation = self
        self.notify(
            events.SessionStarted(
                at_ms=self.wall_ms(),
                call_id=self.call.id,
                agent=self.agent.name,
                codec=started.format.encoding,
                sample_rate=started.format.sample_rate,
            )
        )
        try:
            self._conversant.begin(self.call.line)
        except Exception as error:
            self.engine_failed(error)

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """The caller's audio."""
        if self.began and not self.over:
            self._conversant.audio(pcm, timestamp_ms)

    def mark_returned(self, name: str) -> None:
        """Something was played, or thrown away."""
        if self.began and not self.over:
            self._conversant.mark_returned(name)

    def digit(self, digit: str) -> None:
        """The caller pressed a key."""
        if self.began and not self.over:
            self.notify(events.DigitPressed(at_ms=self.wall_ms(), call_id=self.call.id, digit=digit))
            self._conversant.digit(digit)

    def media_lost(self) -> None:
        """The audio is gone, and may come back."""
        if self.began and not self.over:
            self._conversant.media_lost()

    def media_resumed(self) -> None:
        """The audio is back."""
        if self.began and not self.over:
            self._conversant.media_resumed()

    def media_stopped(self) -> None:
        """The audio is over, and so is the conversation."""
        self.finish("media_stopped")

    # -- what handlers can do (Conversation) --------------------------------------------------------------------------

    async def say(self, text: str) -> None:
        """Speak ``text``; returns when the caller has heard it, or has interrupted it."""
        await until_begun()
        if not self._stale():
            if (work := current_work.get()) is not None:
                work.spoke = True
            with uncounted():
                await self._conversant.say(text, "say")

    async def ask(self, question: str) -> str:
        """Speak ``question`` and return the words of the caller's next turn; ``""`` if none came."""
        await until_begun()
        if self._stale():
            return ""
        with uncounted():
            answer = await self._conversant.ask(question)
        if (work := current_work.get()) is not None:
            work.spoke = False
        return answer

    async def hand_over(self, to: str | None = None, *, reason: str = "") -> None:
        """Connect the caller to a person, once everything said was heard; ``None``: where the agent hands over to.

        If nobody can be reached the caller is told, and the conversation goes on. The agent's own message is said
        before, unless the code that asks for it has said something since the caller spoke: that announces it.

        Raises:
            ConfigError: ``to`` cannot be dialled.
        """
        work = current_work.get()
        await self.connect(to, reason=reason, announced=work is not None and work.spoke)

    async def connect(self, to: str | None, *, reason: str, announced: bool = False) -> None:
        """As :meth:`hand_over`; ``announced``: without the agent's own message."""
        await until_begun()
        if not self._stale():
            with uncounted():
                await self._handing_over.hand_over(to, reason=reason, announced=announced)

    async def hangup(self) -> None:
        """End the call once everything said was heard, or the caller who interrupted it has finished."""
        await until_begun()
        if not self._stale():
            with uncounted():
                await self._conversant.ready_to_leave()
            if not self._stale():  # the caller had something to add, and is answered
                self.finish("hangup")

    def _stale(self) -> bool:
        """Whether the running code belongs to an answer, or a conversation, that is over."""
        work = current_work.get()
        return self.over or (work is not None and work.stale)

    # -- what its conversant tells ------------------------------------------------------------------------------------

    def wall_ms(self, at_ms: float | None = None) -> float:
        """A time of the clock as wall clock; ``None``: now."""
        ago_ms = self.clock.now_ms() - at_ms if at_ms is not None else 0.0
        return self.clock.wall_ms() - ago_ms

    def notify(self, event: events.SessionEvent) -> None:
        """Write down what was said, and tell the observers of the call."""
        if (entry := _entry_of(event)) is not None:
            self._scribe.write(entry)
        self.call.notify(event)

    async def program_failed(self, error: Exception) -> None:
        """The program's own code raised: the caller is told, or handed over."""
        await self._failures.failed(error)

    def program_worked(self) -> None:
        """The program's own code has answered."""
        self._failures.worked()

    async def apologise(self, text: str) -> None:
        """Say that something went wrong."""
        if text and not self.over:
            await self._conversant.say(text, "apology")

    def engine_failed(self, error: Exception) -> None:
        """An agent that is deaf or mute is no agent: a person takes over. Where there is none, or nobody answers, the
        conversation is over; :meth:`run` then raises ``error``."""
        if self._handing_over.under_way or self._rescuing is not None:
            return
        if self.over or not self.began or self.agent.handing_over is None or self._leaving is not None:
            self._error = self._error or error
            self.finish("engine_failed")
            return
        self._conversant.hush()
        self._rescuing = asyncio.create_task(self._rescue(error))

    async def _rescue(self, error: Exception) -> None:
        what, mute = ("voice", True) if isinstance(error, NoVoice) else ("recogniser", False)
        reason = f"the agent's {what} does not work"
        await self._handing_over.hand_over(None, reason=reason, announced=mute, goes_on=False)
        if not self.over:
            self._error = error
            self.finish("engine_failed")


def _entry_of(event: events.SessionEvent) -> TranscriptEntry | None:
    """What ``event`` adds to the transcript."""
    match event:
        case events.TurnHeard() if event.text:
            return TranscriptEntry(
                speaker="caller",
                kind="turn",
                began_at_ms=event.speech_began_at_ms,
                ended_at_ms=event.speech_ended_at_ms,
                heard=event.text,
                said=event.text,
                confidence=event.confidence,
            )
        case events.AgentSpeechEnded():
            return TranscriptEntry(
                speaker="agent",
                kind=event.kind,
                began_at_ms=event.began_at_ms,
                ended_at_ms=event.at_ms,
                heard=event.heard,
                said=event.text,
            )
    return None
