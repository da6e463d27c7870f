"""The cascade on one call: an ear, turn-taking, a recogniser, the dialog and a mouth, bound together.

It is thin: :mod:`~offhook.agent.cascade.turns` decides, and here it is carried out and told to the session.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.agent import events
from offhook.agent.cascade.acting import no_sound
from offhook.agent.cascade.answering import Answering
from offhook.agent.cascade.call_voices import CallVoices
from offhook.agent.cascade.decisions import (
    DraftTranscript,
    DropDraft,
    EndCall,
    Ignore,
    MayBeTurn,
    NotTheTurn,
    PauseAgent,
    RemindSilence,
    Resume,
    SpeechBegan,
    TurnEnded,
    Yield,
)
from offhook.agent.cascade.ear import Ear, OverheardOutlet
from offhook.agent.cascade.mouth import Mouth
from offhook.agent.cascade.recognising import Recogniser
from offhook.agent.cascade.recording import Greeting
from offhook.agent.cascade.stream_clock import StreamClock
from offhook.agent.cascade.turn import current_turn
from offhook.agent.cascade.turns import TurnTaking
from offhook.agent.cascade.words_told import WordsTold
from offhook.agent.fillers import Fillers
from offhook.agent.opening import Opening
from offhook.agent.work import current_work
from offhook.waits import MEDIA_SILENCE

if TYPE_CHECKING:
    from offhook.agent.cascade.decisions import Decision
    from offhook.agent.cascade.recording import Recording
    from offhook.agent.cascade.speech import Speech
    from offhook.agent.conversant import CallAudio, ConversantHost, HoldReason
    from offhook.agent.engines import Engines
    from offhook.agent.playout import PlayoutOptions
    from offhook.audio.formats import AudioFormat
    from offhook.speech.streams import Word as Spoken

__all__ = ["Cascade"]

_NO_AUDIO_MS = MEDIA_SILENCE.limit_s * 1000
_HELD_UP_MS = 50.0
"""A tick is a few milliseconds after the one before. Where it is much later we were held up ourselves, and so was the
audio: it is about to be read."""


class Cascade:
    """Listens and speaks with a detector, a recogniser and a voice (:class:`~offhook.agent.conversant.Conversant`).

    Args:
        host: the session.
        engines: what listens and speaks, shared with other calls.
        greeting: the agent's greeting, shared with other calls; ``None`` records one for this call.
        playout: how audio is sent.

    Raises:
        ConfigError: the agent has nothing to answer with.
    """

    def __init__(
        self,
        host: ConversantHost,
        *,
        engines: Engines,
        greeting: Greeting | None = None,
        playout: PlayoutOptions | None = None,
    ) -> None:
        self._host = host
        self._dialog = host.agent.dialog
        self._engines = engines
        self._playout = playout
        self._voices = CallVoices(engines.voices, call_id=host.call.id)
        self._greeting = greeting or Greeting(host.agent, engines.voices)
        self._greeted: asyncio.Task[Recording] | None = None
        self._ready_for: AudioFormat | None = None
        limits = host.agent.limits
        self._fillers = Fillers(
            host.agent.texts.fillers,
            first_s=limits.filler_s,
            tool_s=limits.tool_filler_s,
            again_s=limits.filler_again_s,
        )
        self._held: HoldReason | None = None
        self._stream_clock = StreamClock()
        self._no_audio_ms = 0.0
        self._ticked_ms: float | None = None
        self._lost = False
        self._caller_quiet = asyncio.Event()  # unless the caller has begun something neither finished nor dismissed
        self._caller_quiet.set()
        self._opening: Opening | None = None  # of a call that the agent has made
        self._begun = False
        self._bytes_per_ms = 16.0
        # Made when audio flows.
        self._ear: Ear
        self._recogniser: Recogniser
        self._words: WordsTold
        self._mouth: Mouth
        self._turns: TurnTaking
        self._answering: Answering

    def prepare(self) -> None:
        """Have the voice and the greeting ready, while the phone rings."""
        self._be_ready(self._host.call.line.output_format)

    def _be_ready(self, audio: AudioFormat) -> None:
        """To speak on a line of ``audio``."""
        if self._ready_for == audio:
            return
        self._ready_for = audio
        self._voices.expect(audio)
        if self._greeted is not None:
            self._greeted.cancel()
        if self._host.agent.greeting:  # whatever the call is to be opened with: that may change until audio flows
            self._greeted = asyncio.create_task(self._greeting.recording(audio))

    def begin(self, line: CallAudio) -> None:
        """Audio flows: the agent greets, or says what the call is to be opened with instead."""
        agent, clock, engines = self._host.agent, self._host.clock, self._engines
        self._bytes_per_ms = line.input_rate * 2 / 1000
        self._ear = Ear(
            engines.vad,
            rate=line.input_rate,
            on_audio=lambda pcm, ended_ms: self._recogniser.hear(pcm, ended_ms),
            on_words=lambda at_ms, words_ms: self._do(self._turns.frame(at_ms, words_ms)),
            on_window=lambda at_ms, probability: self._do(self._turns.window(at_ms, probability)),
            call_id=self._host.call.id,
        )
        self._turns = TurnTaking(agent.turn_taking, limits=agent.limits, now_ms=clock.now_ms())
        outlet = OverheardOutlet(line, self._ear, clock)
        self._mouth = Mouth(
            outlet,
            self._voices,
            clock=clock,
            watcher=self,
            options=self._playout,
            wording=agent.wording,
            limits=agent.limits,
            call_id=self._host.call.id,
        )
        self._answering = Answering(self._host, self._dialog, self._mouth, on_busy=self._agent_silent)
        self._words = WordsTold(self._host, self._turns, self._answering, do=self._do)
        self._recogniser = Recogniser(
            engines.recognisers, self._words, clock=clock, limits=agent.limits, call_id=self._host.call.id
        )
        self._recogniser.begin(line.input_rate, line.input_format)
        self._begun = True
        self._be_ready(line.output_format)
        if opening := self._host.call.opening:
            self._mouth.speak(opening, "apology")
        elif self._greeted is not None and self._host.call.direction == "outbound":
            self._opening = Opening(clock.now_ms())
        else:
            self._greet()

    def _greet(self) -> None:
        if self._greeted is not None:
            agent = self._host.agent
            protected = agent.turn_taking.protect_greeting
            self._mouth.speak(self._greeted, "greeting", protected=protected, instead=agent.greeting)

    def stop(self) -> None:
        """The conversation is over: everything stops but what must finish."""
        if self._greeted is not None:
            self._greeted.cancel()
        if self._begun:
            self._recogniser.close()
            self._answering.close()
            self._mouth.close()
            self._ear.close()
        self._voices.close()

    # -- the call's audio ---------------------------------------------------------------------------------------------

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """The caller's audio."""
        self._no_audio_ms = 0.0
        length_ms = len(pcm) / self._bytes_per_ms
        self._ear.hear(pcm, self._stream_clock.place(timestamp_ms, length_ms, self._host.clock.now_ms()))

    def tick(self, now_ms: float) -> None:
        """Time has passed: sends what is due, and notices silence."""
        self._mouth.tick()
        if self._opening is not None and self._opening.tick(now_ms):
            self._greet()
        passed_ms = min(now_ms - self._ticked_ms, _HELD_UP_MS) if self._ticked_ms is not None else 0.0
        self._ticked_ms = now_ms
        self._ear.tick(passed_ms)
        self._no_audio_ms += passed_ms
        if self._no_audio_ms >= _NO_AUDIO_MS:
            self._do(self._turns.audio_stopped(now_ms))
        self._do(self._turns.tick(now_ms))
        if not self._host.over:
            self._fill(now_ms)

    def _fill(self, now_ms: float) -> None:
        """Tell a caller who waits for an answer that it is being worked on."""
        working = self._answering.working and self._held is None and not self._lost
        silent = self._mouth.current is None or self._answering.stalled(now_ms)
        quiet = silent and self._caller_quiet.is_set()
        text = self._fillers.tick(now_ms, working=working, quiet=quiet, using=self._answering.using)
        if text is not None:
            self._answering.fill(text)

    def mark_returned(self, name: str) -> None:
        """Something was played, or thrown away."""
        self._mouth.mark_returned(name)

    def digit(self, digit: str) -> None:
        """The caller pressed a key."""
        self._turns.digit(self._host.clock.now_ms())
        if self._held is None:
            self._answering.digit(digit)

    def media_lost(self) -> None:
        """The audio is gone: nothing is said into the void, and nobody is asked whether they are still there."""
        self._lost = True
        self._mouth.line_lost()
        self._do(self._turns.audio_stopped(self._host.clock.now_ms()))
        self._agent_silent()

    def media_resumed(self) -> None:
        """The audio is back."""
        self._lost = False
        self._stream_clock.restart()
        self._mouth.line_back()
        self._agent_silent()

    # -- what the session asks for ------------------------------------------------------------------------------------

    async def say(self, text: str, kind: str, *, protected: bool = False) -> bool:
        """Speak ``text``; returns, when it is over, whether all of it was heard.

        Raises:
            AnswerInvalid: the program wants something said that has no words.
        """
        if kind == "say":
            self._check_words(text)
        speech = self._mouth.speak(text, kind, turn=current_turn(), protected=protected)
        heard_all = await speech.wait()
        if (work := current_work.get()) is not None and speech.heard:
            work.sounded = True
        return heard_all

    async def ask(self, question: str) -> str:
        """Speak ``question`` and return the words of the caller's next turn; ``""`` if none came.

        Raises:
            AnswerInvalid: it has no words.
        """
        self._check_words(question)
        return await self._answering.ask(question)

    def _check_words(self, text: str) -> None:
        if text.strip() and not self._host.agent.wording.shown(text):
            raise no_sound(len(text.strip()))

    async def idle(self) -> None:
        """Wait until nothing is being said."""
        await self._mouth.idle()

    async def ready_to_leave(self) -> None:
        """Wait until nothing is being said, and a caller who interrupted it has finished."""
        await self._mouth.idle()
        if self._mouth.last is not None and self._mouth.last.interrupted:
            await self._caller_quiet.wait()  # what they say cancels this, if it is a turn

    def hush(self) -> None:
        """Fall silent, and give up the answer that is under way."""
        self._answering.give_up()
        self._answering.drop_draft()
        self._mouth.stop()

    def hold(self, reason: HoldReason) -> None:
        """Answer nothing."""
        self._held = reason
        if self._begun:
            self._answering.drop_draft()

    def release(self) -> None:
        """Answer again."""
        self._held = None
        self._agent_silent()

    # -- what the agent says (SpeechWatcher) --------------------------------------------------------------------------

    def speech_begins(self, speech: Speech) -> None:
        """The agent is about to be heard."""
        hello = self._opening is not None and speech.kind == "greeting"
        now_ms = self._host.clock.now_ms()
        self._do(self._turns.agent_speaks(now_ms, protected=speech.protected, hello=hello))

    def speech_sent(self, speech: Speech) -> None:
        """The agent can be heard."""
        host = self._host
        now_ms, at_ms, call_id = host.clock.now_ms(), host.wall_ms(), host.call.id
        speech.sent_at_ms = now_ms
        host.notify(events.AgentSpeechBegan(at_ms=at_ms, call_id=call_id, kind=speech.kind, text=speech.text))
        turn = speech.turn
        if turn is None or turn.audio_at_ms is not None:
            return
        turn.audio_at_ms = now_ms
        ended_ms = turn.speech_ended_ms
        host.notify(
            events.TurnAnswered(
                at_ms=at_ms,
                call_id=call_id,
                words_ms=turn.words_at_ms - ended_ms,
                endpoint_ms=turn.endpoint_at_ms - ended_ms,
                reply_ms=(turn.reply_at_ms or now_ms) - ended_ms,
                audio_ms=now_ms - ended_ms,
            )
        )

    def speech_ended(self, speech: Speech) -> None:
        """The agent cannot be heard any more."""
        if speech.sent:
            self._host.notify(
                events.AgentSpeechEnded(
                    at_ms=self._host.wall_ms(),
                    call_id=self._host.call.id,
                    kind=speech.kind,
                    text=speech.text,
                    heard=speech.heard,
                    interrupted=speech.interrupted,
                    began_at_ms=self._host.wall_ms(speech.sent_at_ms),
                )
            )
        self._agent_silent()

    def voice_failed(self, error: Exception) -> None:
        """An agent that is mute is no agent."""
        self._host.engine_failed(error)

    def _agent_silent(self) -> None:
        """The agent says nothing at the moment: tell turn-taking whose turn it is."""
        speech = self._mouth.current
        if self._host.over or (speech is not None and speech.announced):
            return
        now_ms = self._host.clock.now_ms()
        if speech is not None or self._held is not None or self._lost or self._answering.busy:
            self._turns.agent_thinks(now_ms)
        else:
            self._turns.agent_listens(now_ms)

    # -- decisions ----------------------------------------------------------------------------------------------------

    def _do(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            if not self._host.over:
                self._do_one(decision)

    def _do_one(self, decision: Decision) -> None:
        host = self._host
        call_id = host.call.id
        match decision:
            case SpeechBegan(at_ms, goes_on):
                self._speech_began(at_ms, goes_on=goes_on)
            case DraftTranscript(draft):
                self._recogniser.start(draft)
            case DropDraft():
                self._recogniser.drop()
            case MayBeTurn():
                self._may_be_turn(decision)
            case NotTheTurn():
                self._answering.drop_draft()
            case TurnEnded():
                words = self._recogniser.spoken()
                self._speech_over(decision.speech_ended_ms, keep=decision.cut_off)
                self._turn_ended(decision, words)
            case Ignore(reason="backchannel"):
                self._speech_over(decision.speech_ended_ms)
                host.notify(events.BackchannelIgnored(at_ms=host.wall_ms(), call_id=call_id, text=decision.text))
            case Ignore():
                self._speech_over(decision.speech_ended_ms)
                self._ignored(decision.reason, decision.text)
            case PauseAgent() | Yield() | Resume():
                self._do_to_agent(decision)
            case RemindSilence(count):
                host.notify(events.SilenceReminder(at_ms=host.wall_ms(), call_id=call_id, count=count))
                self._mouth.speak(host.agent.texts.silence_reminder, "reminder")
            case EndCall(reason):
                host.leave(reason)

    def _do_to_agent(self, decision: PauseAgent | Yield | Resume) -> None:
        host = self._host
        at_ms, call_id = host.wall_ms(), host.call.id
        match decision:
            case PauseAgent(onset_ms):
                self._mouth.pause()
                host.notify(events.BargeInPaused(at_ms=at_ms, call_id=call_id, onset_at_ms=host.wall_ms(onset_ms)))
            case Yield():
                host.notify(events.BargeInYielded(at_ms=at_ms, call_id=call_id))
                self._mouth.stop()
            case Resume():
                self._speech_over(decision.speech_ended_ms)
                reason, text = decision.reason, decision.text
                host.notify(events.BargeInResumed(at_ms=at_ms, call_id=call_id, reason=reason, text=text))
                self._mouth.resume()

    def _speech_began(self, at_ms: float, *, goes_on: bool) -> None:
        self._caller_quiet.clear()
        if self._opening is not None:
            self._opening.speech_began()
        self._recogniser.speech_began(at_ms, goes_on=goes_on)
        self._host.notify(events.CallerSpeechBegan(at_ms=self._host.wall_ms(at_ms), call_id=self._host.call.id))

    def _speech_over(self, ended_ms: float, *, keep: bool = False) -> None:
        self._recogniser.speech_over(keep=keep)
        self._caller_quiet.set()
        if self._opening is not None:
            self._opening.speech_over(self._host.clock.now_ms())
        self._host.notify(events.CallerSpeechEnded(at_ms=self._host.wall_ms(ended_ms), call_id=self._host.call.id))

    def _may_be_turn(self, words: MayBeTurn) -> None:
        if self._held is None and not self._lost and (self._opening is None or self._opening.over):
            self._answering.may_be_turn(words)

    def _turn_ended(self, turn: TurnEnded, words: list[Spoken]) -> None:
        if self._held is not None:
            self._ignored(self._held, turn.text)
            return
        if self._opening is not None and not self._opening.over:
            self._ignored("hello", turn.text)
            return
        host = self._host
        host.notify(
            events.TurnHeard(
                at_ms=host.wall_ms(),
                call_id=host.call.id,
                text=turn.text,
                confidence=turn.confidence,
                speech_began_at_ms=host.wall_ms(turn.speech_began_ms),
                speech_ended_at_ms=host.wall_ms(turn.speech_ended_ms),
                words=tuple(
                    events.HeardWord(
                        text=word.text,
                        began_at_ms=host.wall_ms(word.began_ms),
                        ended_at_ms=host.wall_ms(word.ended_ms),
                        confidence=word.confidence,
                    )
                    for word in words
                ),
            )
        )
        self._answering.turn_ended(turn, words_at_ms=self._words.known_at_ms)

    def _ignored(self, reason: str, text: str) -> None:
        host = self._host
        host.notify(events.SpeechIgnored(at_ms=host.wall_ms(), call_id=host.call.id, reason=reason, text=text))
        if reason == "unintelligible" and self._words.misheard and self._mouth.current is None and self._held is None:
            self._mouth.speak(host.agent.texts.clarify, "question")
