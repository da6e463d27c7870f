"""An agent on a call: hears, takes turns, answers, is interrupted, and hands over.

A session is thin: :mod:`~offhook.agent.turns` decides, :class:`~offhook.agent.ear.Ear` and
:class:`~offhook.agent.mouth.Mouth` hear and speak, :class:`~offhook.agent.answering.Answering` runs the program's own
code. Here they are bound to one call, and everything that happens is told to the call's observers.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Literal

from offhook.agent import events
from offhook.agent.answering import Answering
from offhook.agent.decisions import (
    DraftTranscript,
    DropDraft,
    EndCall,
    Ignore,
    PauseAgent,
    RemindSilence,
    Resume,
    SpeechBegan,
    TurnEnded,
    Yield,
)
from offhook.agent.ear import Ear
from offhook.agent.mouth import Mouth
from offhook.agent.recording import Greeting
from offhook.agent.turn import ANY_FAILURE, as_failure, is_own_end
from offhook.agent.turns import TurnTaking
from offhook.clock import SystemClock
from offhook.speech.base import Transcript

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.agent import Agent
    from offhook.agent.decisions import Decision
    from offhook.agent.engines import Engines
    from offhook.agent.mouth import Speech
    from offhook.agent.playout import PlayoutOptions
    from offhook.agent.recording import Recording
    from offhook.calls.call import Call
    from offhook.carriers.media import MediaStarted
    from offhook.clock import Clock

__all__ = ["Session", "SpokenLine"]

logger = logging.getLogger(__name__)

SpokenLine = tuple[Literal["caller", "agent"], str]
"""Who, and the words that reached the other side."""

_RECOGNITION_S = 5.0
"""A recogniser that takes longer has heard nothing."""


class Session:
    """One conversation of an agent.

    It is made while the phone rings. The host of the call then sets ``call.stream`` and its listener to :attr:`media`,
    awaits :meth:`run`, calls :meth:`tick` every few milliseconds, hangs up when :meth:`run` returns (unless
    ``call.transferring``), and calls :meth:`aclose`.

    Args:
        call: the call.
        agent: who answers it.
        engines: what listens and speaks, shared with other calls.
        greeting: the agent's greeting, shared with other calls; ``None`` records one for this call.
        clock: its ``now_ms`` has to be what :meth:`tick` is called with.
        playout: how audio is sent.

    Raises:
        ConfigError: the agent has nothing to answer with.
    """

    def __init__(
        self,
        call: Call,
        agent: Agent,
        engines: Engines,
        *,
        greeting: Greeting | None = None,
        clock: Clock | None = None,
        playout: PlayoutOptions | None = None,
    ) -> None:
        self.call = call
        self.agent = agent
        self.engines = engines
        self.clock = clock or SystemClock()
        self.dialog = agent.dialog
        self.history: list[SpokenLine] = []
        """What was said, in order; of what the agent said, what the caller heard."""
        self.mouth: Mouth
        self.turns: TurnTaking
        self.caller_quiet = asyncio.Event()
        """Set unless the caller has begun something that is neither finished nor dismissed."""
        self.caller_quiet.set()
        self._playout = playout
        self._ear: Ear | None = None
        self._answering = Answering(self)
        self._greeting = greeting or Greeting(agent, engines.tts)
        self._greeted: asyncio.Task[Recording] | None = None
        self._drafting: asyncio.Task[None] | None = None
        self._words_at_ms = 0.0
        self._voice_failures = 0
        self._recognition_failures = 0
        self._error: Exception | None = None
        self._reason: str | None = None
        self._over = asyncio.Event()

    def prepare(self) -> None:
        """Have the greeting ready, while the phone rings. Returns at once."""
        if self._greeted is None and self.agent.greeting and not self.over:
            self._greeted = asyncio.create_task(self._greeting.recording())

    async def run(self) -> None:
        """The conversation; returns when it is over.

        Raises:
            Exception: what an engine raised, if it could not be opened, or if the voice or the recogniser failed twice
                in a row: an agent that is deaf or mute is no agent.
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
        return self._ear is not None

    def tick(self, now_ms: float) -> None:
        """Time has passed: sends what is due, and notices silence."""
        if self.began and not self.over:
            self.mouth.tick()
            self._do(self.turns.tick(now_ms))

    # -- the call's audio (MediaListener) -----------------------------------------------------------------------------

    @property
    def media(self) -> Session:
        """Who hears the call's audio."""
        return self

    def media_started(self, started: MediaStarted) -> None:
        """Audio flows: the agent greets."""
        stream = self.call.stream
        assert stream is not None, "the host sets it before it sets the listener"
        if self.over:
            return
        now_ms = self.clock.now_ms()
        self.turns = TurnTaking(self.agent.turn_taking, limits=self.agent.limits, now_ms=now_ms)
        self.mouth = Mouth(stream, self.engines.tts, clock=self.clock, watcher=self, options=self._playout)
        try:
            self._ear = Ear(
                self.engines.vad,
                rate=stream.input_rate,
                stt_rate=self.engines.stt.sample_rate,
                on_words=lambda at_ms, words_ms: self._do(self.turns.frame(at_ms, words_ms)),
                on_window=lambda at_ms, probability: self._do(self.turns.window(at_ms, probability)),
            )
        except Exception as error:
            self._error = error
            self.finish("engine_failed")
            return
        self.call.conversation = self._answering
        self._answering.begin()
        self.notify(
            events.SessionStarted,
            agent=self.agent.name,
            codec=started.format.encoding,
            sample_rate=started.format.sample_rate,
        )
        self.prepare()
        if self._greeted is not None:
            self.mouth.speak(self._greeted, "greeting", protected=self.agent.turn_taking.protect_greeting)

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """The caller's audio."""
        if self._ear is not None and not self.over:
            self._ear.hear(pcm, self.clock.now_ms())

    def mark_returned(self, name: str) -> None:
        """Something was played, or thrown away."""
        if self.began and not self.over:
            self.mouth.mark_returned(name)

    def digit(self, digit: str) -> None:
        """The caller pressed a key."""
        if self.began and not self.over:
            self.turns.digit(self.clock.now_ms())
            self.notify(events.DigitPressed, digit=digit)
            self._answering.digit(digit)

    def media_stopped(self) -> None:
        """The audio is over, and so is the conversation."""
        self.finish("media_stopped")

    # -- what the agent says (SpeechWatcher) --------------------------------------------------------------------------

    def speech_begins(self, speech: Speech) -> None:
        """The agent is about to be heard."""
        self._do(self.turns.agent_speaks(self.clock.now_ms(), protected=speech.protected))

    def speech_sent(self, speech: Speech) -> None:
        """The agent can be heard."""
        now_ms = self.clock.now_ms()
        self._voice_failures = 0
        speech.sent_at_ms = now_ms
        self.notify(events.AgentSpeechBegan, kind=speech.kind, text=speech.text)
        turn = speech.turn
        if turn is None or turn.audio_at_ms is not None:
            return
        turn.audio_at_ms = now_ms
        ended_ms = turn.speech_ended_ms
        self.notify(
            events.TurnAnswered,
            words_ms=turn.words_at_ms - ended_ms,
            endpoint_ms=turn.endpoint_at_ms - ended_ms,
            reply_ms=(turn.reply_at_ms or now_ms) - ended_ms,
            audio_ms=now_ms - ended_ms,
        )

    def speech_ended(self, speech: Speech) -> None:
        """The agent cannot be heard any more."""
        if speech.sent:
            if speech.heard:
                self.history.append(("agent", speech.heard))
            self.notify(
                events.AgentSpeechEnded,
                kind=speech.kind,
                text=speech.text,
                heard=speech.heard,
                interrupted=speech.interrupted,
                began_at_ms=self._wall_ms(speech.sent_at_ms),
            )
        self.silent()

    def voice_failed(self, error: Exception) -> None:
        """The voice does not work: once is bad luck."""
        logger.error("call %s: the voice raised %s", self.call.id, type(error).__name__, exc_info=error)
        self._voice_failures += 1
        if self._voice_failures > 1:
            self._error = error
            self.finish("engine_failed")

    # -- what Answering needs -----------------------------------------------------------------------------------------

    def silent(self) -> None:
        """The agent says nothing at the moment: tell turn-taking whose turn it is."""
        speech = self.mouth.current
        if self.over or (speech is not None and speech.announced):
            return
        now_ms = self.clock.now_ms()
        if speech is not None or self._answering.busy:
            self.turns.agent_thinks(now_ms)
        else:
            self.turns.agent_listens(now_ms)

    def notify(
        self, event: Callable[..., events.SessionEvent], /, *, at_ms: float | None = None, **fields: object
    ) -> None:
        """Tell the observers of the call. ``at_ms`` is of the session's clock; ``None``: now."""
        self.call.notify(event(at_ms=self._wall_ms(at_ms), call_id=self.call.id, **fields))

    def finish(self, reason: str) -> None:
        """End the conversation at once. Only the first reason counts."""
        if self.over:
            return
        self._reason = reason
        for task in (self._greeted, self._drafting):
            if task is not None:
                task.cancel()
        self._answering.close()
        if self._ear is not None:
            self.mouth.stop()
            self._ear.close()
            self.notify(events.SessionEnded, reason=reason)
        self.call.conversation = None
        self._over.set()

    # -- decisions ----------------------------------------------------------------------------------------------------

    def _do(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            if not self.over:
                self._do_one(decision)

    def _do_one(self, decision: Decision) -> None:
        match decision:
            case SpeechBegan(at_ms):
                self.caller_quiet.clear()
                self._hearing.begin(at_ms)
                self.notify(events.CallerSpeechBegan, at_ms=at_ms)
            case DraftTranscript(draft):
                self._drafting = asyncio.create_task(self._recognise(draft, self._hearing.utterance()))
            case DropDraft():
                self._drop_draft()
            case TurnEnded():
                self._speech_over(decision.speech_ended_ms)
                self._turn_ended(decision)
            case Ignore(reason="backchannel"):
                self._speech_over(decision.speech_ended_ms)
                self.notify(events.BackchannelIgnored, text=decision.text)
            case Ignore():
                self._speech_over(decision.speech_ended_ms)
                self.notify(events.SpeechIgnored, reason=decision.reason, text=decision.text)
            case PauseAgent(onset_ms):
                self.mouth.pause()
                self.notify(events.BargeInPaused, onset_at_ms=self._wall_ms(onset_ms))
            case Yield():
                self.notify(events.BargeInYielded)
                self.mouth.stop()
            case Resume():
                self._speech_over(decision.speech_ended_ms)
                self.notify(events.BargeInResumed, reason=decision.reason, text=decision.text)
                self.mouth.resume()
            case RemindSilence(count):
                self.notify(events.SilenceReminder, count=count)
                self.mouth.speak(self.agent.texts.silence_reminder, "reminder")
            case EndCall(reason):
                self._answering.say_goodbye(reason)

    def _speech_over(self, ended_ms: float) -> None:
        self._drop_draft()
        self.caller_quiet.set()
        self._hearing.end()
        self.notify(events.CallerSpeechEnded, at_ms=ended_ms)

    def _turn_ended(self, turn: TurnEnded) -> None:
        if self._answering.handing_over:
            self.notify(events.SpeechIgnored, reason="handover", text=turn.text)
            return
        self.notify(
            events.TurnHeard,
            text=turn.text,
            confidence=turn.confidence,
            speech_began_at_ms=self._wall_ms(turn.speech_began_ms),
            speech_ended_at_ms=self._wall_ms(turn.speech_ended_ms),
        )
        if turn.text:
            self.history.append(("caller", turn.text))
        self._answering.turn_ended(turn, words_at_ms=self._words_at_ms)

    # -- the words of the caller --------------------------------------------------------------------------------------

    async def _recognise(self, draft: int, pcm: bytes) -> None:
        try:
            async with asyncio.timeout(_RECOGNITION_S):
                heard = await self.engines.stt.transcribe(pcm)
        except ANY_FAILURE as error:
            if is_own_end(error):
                raise
            logger.error("call %s: recognition raised %s", self.call.id, type(error).__name__, exc_info=error)
            heard = Transcript("", 0.0)
            self._recognition_failures += 1
            if self._recognition_failures > 1:
                self._drafting = None
                self._error = as_failure(error)
                self.finish("engine_failed")
                return
        else:
            self._recognition_failures = 0
        self._drafting = None
        self._words_at_ms = now_ms = self.clock.now_ms()
        self.notify(events.TurnDraft, text=heard.text, confidence=heard.confidence)
        self._do(
            self.turns.transcript(
                now_ms,
                draft,
                heard.text,
                heard.confidence,
                complete=self._is_complete(heard.text),
                answer=self._answering.has_asked(now_ms),
            )
        )

    def _is_complete(self, text: str) -> bool:
        """Whether the dialog would answer ``text`` as it is; it may have a method to say so."""
        is_complete = getattr(self.dialog, "is_complete", None)
        return is_complete is not None and not self._answering.asking and bool(is_complete(text))

    def _drop_draft(self) -> None:
        task, self._drafting = self._drafting, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    @property
    def _hearing(self) -> Ear:
        assert self._ear is not None, "nothing is decided before audio flows"
        return self._ear

    def _wall_ms(self, at_ms: float | None) -> float:
        ago_ms = self.clock.now_ms() - at_ms if at_ms is not None else 0.0
        return self.clock.wall_ms() - ago_ms
