"""A speech-to-speech model on a call (:class:`~offhook.agent.conversant.Conversant`): it hears the caller's audio as it
is, decides when a turn is over, and speaks.

What is ours: the line, what of an answer was heard, tools, hand-over, silence, keys, and that a session that ends, or
breaks, is followed by another one (:mod:`~offhook.providers.realtime.sessions`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from offhook.agent import events
from offhook.agent.fillers import Fillers
from offhook.agent.opening import Opening
from offhook.agent.silence import EndCall, RemindSilence, Silence
from offhook.audio.formats import AudioFormat, Rewriter, best_for
from offhook.errors import EngineError
from offhook.providers.realtime import protocol
from offhook.providers.realtime.callers import CallersTurns
from offhook.providers.realtime.history import Used, messages_of
from offhook.providers.realtime.protocol import CallerBegan, CallerEnded, CallerHeard, CallerTurn, CallerWords
from offhook.providers.realtime.sessions import Sessions
from offhook.providers.realtime.speaking import Speaking
from offhook.providers.realtime.using import Using
from offhook.threads import answer_of
from offhook.waiting import within
from offhook.waits import HANDLER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.agent.conversant import CallAudio, ConversantHost, HoldReason
    from offhook.errors import OffhookError
    from offhook.health import Health
    from offhook.providers.realtime.protocol import ModelEvent
    from offhook.providers.realtime.replies import Reply
    from offhook.providers.realtime.seam import RealtimeModel
    from offhook.providers.realtime.utterance import Utterance

__all__ = ["PREAMBLE", "RealtimeConversant"]

PREAMBLE: Final = """\
You are talking on the telephone. Answer in one to three short sentences, then let the caller speak; ask one thing \
at a time. What makes no sense was perhaps misheard: ask. An answer of yours that ends with “…” was cut off there: the \
caller has not heard the rest."""
"""What comes before the instructions."""

_KEYS_MS: Final = 1500.0
"""Keys that follow each other within this belong together."""
_KEYS_END: Final = "#"
_KEYS: Final = "(The caller has pressed {keys} on the keypad of their telephone.)"


class RealtimeConversant:
    """A model on one call.

    Args:
        host: the session.
        models: the first that works talks.
        health: how they do, for all calls.
    """

    def __init__(
        self,
        host: ConversantHost,
        models: Sequence[RealtimeModel],
        health: Health[RealtimeModel],
    ) -> None:
        self._host = host
        self._models = models
        agent, clock, call_id = host.agent, host.clock, host.call.id
        self._health = health
        self._instructions: str | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._answers = True
        """Whether the model answers the caller of its own accord."""
        self._input = self._output = models[0].formats[0]
        self._rewriter: Rewriter | None = None
        self._used = Used()
        self._sessions: Sessions | None = None
        self._speaking: Speaking
        self._using: Using
        self._callers = CallersTurns(host)
        self._silence = Silence(agent.limits, clock.now_ms())
        limits = agent.limits
        self._fillers = Fillers(
            agent.texts.fillers, first_s=limits.filler_s, tool_s=limits.tool_filler_s, again_s=limits.filler_again_s
        )
        self._opening: Opening | None = None
        self._held: HoldReason | None = None
        self._deaf = False
        self._lost = False
        self._question: asyncio.Future[str] | None = None
        self._keys = ""
        self._keys_at_ms = 0.0
        self._interrupted = False
        """Whether the caller has interrupted what was said last."""
        self._call_id = call_id
        self._line: CallAudio | None = None
        self._gone = False

    # -- its life -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Have the session ready, while the phone rings."""
        if self._preparing is None:
            self._preparing = asyncio.create_task(self._prepare())

    async def _prepare(self) -> None:
        given = self._host.agent.instructions
        try:
            if callable(given):
                asked = answer_of(given, self._host.call)
                given = str(await within(HANDLER, asked, limit_s=self._host.agent.limits.handler_s))
        except Exception as error:
            self._host.engine_failed(error)
            return
        self._instructions = f"{PREAMBLE}\n\n{given}".strip()
        self._open()

    def _open(self) -> None:
        """Once it is known what the model is to be: a session for the line as it is, or will be."""
        host, clock = self._host, self._host.clock
        self._input, self._output = self._formats()
        self._answers = not (host.call.direction == "outbound" and host.agent.greeting)
        self._sessions = Sessions(
            self._models, self._health, self._input, self._first_words, self, clock=clock, call_id=self._call_id
        )
        self._speaking = Speaking(self._sessions, clock=clock, watcher=self, call_id=self._call_id)
        self._using = Using(host, self._sessions, self._speaking, self._used, self)
        self._sessions.open()
        if self._line is not None:
            self._talk(self._line)

    def _formats(self) -> tuple[AudioFormat, AudioFormat]:
        """How the model is to hear and to speak on the line."""
        line, formats = self._line, self._models[0].formats
        if line is None:  # it will most likely be the same both ways
            expected = best_for(self._host.call.line.output_format, formats)
            return expected, expected
        return best_for(line.input_format, formats), best_for(line.output_format, formats)

    def begin(self, line: CallAudio) -> None:
        """Audio flows: greet, or say what the call is to be opened with instead."""
        self._line = line
        self._silence.begins(self._host.clock.now_ms())
        if self._sessions is None:
            self.prepare()
        elif self._formats() != (self._input, self._output):  # it was not known while the phone rang
            self._sessions.close()
            self._open()
        else:
            self._talk(line)

    def _talk(self, line: CallAudio) -> None:
        agent, call = self._host.agent, self._host.call
        self._rewriter = Rewriter(AudioFormat("pcm", line.input_rate), self._input)
        self._speaking.begin(line, self._output)
        if opening := call.opening:
            self._speaking.ask("apology", opening)
        elif agent.greeting and call.direction == "outbound":
            self._opening = Opening(self._host.clock.now_ms())
        elif agent.greeting:
            self._greet()

    def _greet(self) -> None:
        agent = self._host.agent
        self._speaking.ask("greeting", agent.greeting, protected=agent.turn_taking.protect_greeting)
        self._answer_callers(True)

    def _answer_callers(self, answers: bool) -> None:
        """Whether the model answers the caller of its own accord, from now on."""
        if self._sessions is None or answers == self._answers:
            return
        self._answers = answers
        if (session := self._sessions.current) is not None:
            turns = session.model.turns(answers=answers, interrupts=self._host.agent.turn_taking.barge_in)
            self._sessions.send(protocol.update({"audio": {"input": {"turn_detection": turns}}}))

    def _first_words(self, model: RealtimeModel) -> list[str]:
        """What a session is told before anything else."""
        agent, transcript = self._host.agent, self._host.call.transcript
        tools = agent.tools
        settings = model.session(
            self._input,
            self._output,
            instructions=self._instructions or "",
            tools=tools.specs if tools is not None else (),
            language=agent.turn_taking.language,
            answers=self._answers,
            interrupts=agent.turn_taking.barge_in,
        )
        said = messages_of(transcript[:], transcript.dropped, self._used, self._speaking.saying)
        return [protocol.update(settings), *said]

    def stop(self) -> None:
        """The conversation is over: everything stops but what must finish."""
        if self._preparing is not None:
            self._preparing.cancel()
        if self._sessions is not None:
            self._speaking.close()
            self._using.close()
            self._callers.close()
            self._sessions.close()
        if self._question is not None and not self._question.done():
            self._question.set_result("")

    # -- the call's audio ---------------------------------------------------------------------------------------------

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """The caller's audio: the model hears it, unless nothing is answered."""
        sessions, rewriter = self._sessions, self._rewriter
        if sessions is None or rewriter is None:
            return
        if self._held is not None or self._speaking.protected:
            if not self._deaf:
                self._deaf = True
                self._callers.forget()
                sessions.forget()
                sessions.send(protocol.clear_input())
            return
        self._deaf = False
        sessions.audio(rewriter.process(pcm), keep=self._callers.speaking or self._callers.waiting)

    def tick(self, now_ms: float) -> None:
        """Time has passed."""
        if self._sessions is None or self._rewriter is None:
            return
        self._speaking.tick(now_ms)
        self._callers.tick(now_ms)
        if self._opening is not None and self._opening.tick(now_ms):
            self._greet()
        if self._keys and now_ms - self._keys_at_ms >= _KEYS_MS:
            self._tell_keys()
        transcript = self._host.call.transcript
        quiet = not (self._speaking.busy or self._callers.speaking or self._using.using or self._callers.waiting)
        self._sessions.tick(quiet=quiet, entries=len(transcript) + transcript.dropped)
        if not self._host.over:
            self._fill(now_ms)
            self._notice_silence(now_ms, quiet=quiet)

    def _fill(self, now_ms: float) -> None:
        """Tell a caller who waits that something is being done."""
        working = self._held is None and not self._lost and (self._using.using or self._speaking.awaited)
        silent = not self._callers.speaking and not self._speaking.busy
        text = self._fillers.tick(now_ms, working=working, quiet=silent, using=self._using.using)
        if text is not None:
            self._speaking.ask("filler", text, beside=True)

    def _notice_silence(self, now_ms: float, *, quiet: bool) -> None:
        if not quiet or self._held is not None or self._lost or self._question is not None:
            self._silence.begins(now_ms)
            return
        host = self._host
        match self._silence.tick(now_ms):
            case RemindSilence(number):
                host.notify(events.SilenceReminder(at_ms=host.wall_ms(), call_id=self._call_id, count=number))
                if text := host.agent.texts.silence_reminder:
                    self._speaking.ask("reminder", text)
            case EndCall(reason):
                host.leave(reason)
            case None:
                pass

    def mark_returned(self, name: str) -> None:
        """Something was played, or thrown away."""
        if self._sessions is not None and self._speaking.mouth is not None:
            self._speaking.mouth.mark_returned(name)

    def digit(self, digit: str) -> None:
        """The caller pressed a key: the model is told, of several at once."""
        if self._held is not None or self._sessions is None:
            return
        now_ms = self._host.clock.now_ms()
        self._silence.broken()
        self._silence.begins(now_ms)
        self._keys, self._keys_at_ms = self._keys + digit, now_ms
        if digit == _KEYS_END:
            self._tell_keys()

    def _tell_keys(self) -> None:
        keys, self._keys = " ".join(self._keys), ""
        if self._sessions is None or self._held is not None:
            return
        self._using.caller_turn()
        self._speaking.interrupt(cancel=True)
        self._sessions.send(protocol.said("user", _KEYS.format(keys=keys)))
        self._speaking.ask("reply")

    def media_lost(self) -> None:
        """The audio is gone: nothing is said into the void."""
        self._lost = True
        self._callers.forget()
        if self._sessions is not None and self._speaking.mouth is not None:
            self._speaking.mouth.line_lost()

    def media_resumed(self) -> None:
        """The audio is back."""
        self._lost = False
        if self._sessions is not None and self._speaking.mouth is not None:
            self._speaking.mouth.line_back()

    # -- what the session asks for ------------------------------------------------------------------------------------

    async def say(self, text: str, kind: str, *, protected: bool = False) -> bool:
        """Have the model speak ``text``; returns, when it is over, whether all of it was heard."""
        if self._sessions is None or self._gone or not text.strip():
            return False
        return await self._speaking.ask(kind, text, protected=protected).done

    async def ask(self, question: str) -> str:
        """Have it speak ``question``, and return the words of the caller's next turn; ``""`` if none came."""
        if self._sessions is None or self._gone:
            return ""
        self._question = asyncio.get_running_loop().create_future()
        self._answer_callers(False)
        try:
            await self._speaking.ask("question", question).done
            async with asyncio.timeout(self._host.agent.limits.silence_s):
                return await self._question
        except TimeoutError:
            return ""
        finally:
            self._question = None
            self._answer_callers(True)

    @property
    def caller_speaks(self) -> bool:
        """Whether the caller does."""
        return self._callers.speaking

    async def idle(self) -> None:
        """Wait until nothing is being said."""
        if self._sessions is not None:
            await self._speaking.idle()

    async def ready_to_leave(self) -> None:
        """Wait until nothing is being said, and a caller who interrupted it has finished."""
        await self.idle()
        if self._interrupted:
            await self._callers.quiet.wait()

    def hush(self) -> None:
        """Fall silent at once, and give up the answer that is under way."""
        if self._sessions is not None:
            self._speaking.interrupt(cancel=True)

    def hold(self, reason: HoldReason) -> None:
        """Answer nothing: the model does not hear the caller."""
        self._held = reason
        self._keys = ""

    def release(self) -> None:
        """Answer again."""
        self._held = None

    # -- what the model tells (SessionsWatcher) -----------------------------------------------------------------------

    def told(self, event: ModelEvent) -> None:
        """An event of the session that is in use."""
        session = self._sessions.current if self._sessions is not None else None
        if session is None:
            return
        match event:
            case CallerBegan(item, at_ms):
                self._caller_began(item, at_ms - session.sent_ms)
            case CallerEnded(item, at_ms):
                self._callers.ended(item, at_ms - session.sent_ms)
                self._silence.begins(self._host.clock.now_ms())
                if self._opening is not None:
                    self._opening.speech_over(self._host.clock.now_ms())
            case CallerTurn(item):
                self._caller_turn(item)
            case CallerWords(item, text):
                self._callers.words(item, text)
            case CallerHeard(item, text):
                self._caller_heard(item, text)
            case _:
                self._speaking.told(event)

    def _caller_began(self, item: str, before_ms: float) -> None:
        host = self._host
        if self._held is not None or self._deaf:
            return
        self._callers.began(item, before_ms)
        self._silence.broken()
        if self._opening is not None and not self._opening.over:
            self._opening.speech_began()
            return
        if not host.agent.turn_taking.barge_in or not self._speaking.busy:
            self._interrupted = False
            return
        audible = self._speaking.audible
        self._interrupted = True
        if audible:
            onset_at_ms = host.wall_ms(host.clock.now_ms() + before_ms)
            host.notify(events.BargeInPaused(at_ms=host.wall_ms(), call_id=self._call_id, onset_at_ms=onset_at_ms))
        self._speaking.interrupt(cancel=False)
        if audible:
            host.notify(events.BargeInYielded(at_ms=host.wall_ms(), call_id=self._call_id))

    def _caller_turn(self, item: str) -> None:
        self._callers.turn(item)
        if self._held is not None or self._question is not None:
            return
        if self._answers:
            self._using.caller_turn()
            self._speaking.expect_answer()

    def _caller_heard(self, item: str, text: str) -> None:
        if self._sessions is not None and not self._callers.speaking:
            self._sessions.forget()  # it is understood: no other session has to hear it
        if self._opening is not None and not self._opening.over:
            self._callers.ignore(item, "hello", text)
            return
        self._callers.heard(item, text)
        if self._question is not None and not self._question.done():
            self._question.set_result(text)

    def broke(self) -> None:
        """The session in use is over."""
        self._speaking.broke()

    def anew(self) -> None:
        """Another session is in use."""
        if self._sessions is not None:
            self._speaking.anew(heard=not self._callers.waiting)
            self._callers.forget()

    def gone(self, error: OffhookError) -> None:
        """No model works."""
        self._gone = True
        if self._sessions is not None:
            self._speaking.close()
        self._host.engine_failed(error)

    # -- what the model says (SpeakingWatcher) ------------------------------------------------------------------------

    def utterance_sent(self, reply: Reply, utterance: Utterance) -> None:
        """The caller begins to hear something."""
        host = self._host
        utterance.sent_at_wall_ms = at_ms = host.wall_ms()
        text = utterance.text
        host.notify(events.AgentSpeechBegan(at_ms=at_ms, call_id=self._call_id, kind=reply.kind, text=text))
        if reply.ask is None:
            self._callers.answered(reply)

    def utterance_ended(self, reply: Reply, utterance: Utterance) -> None:
        """The caller has heard it, or has interrupted it."""
        self._silence.begins(self._host.clock.now_ms())
        if not utterance.sent:
            return
        host = self._host
        self._callers.after_words(
            events.AgentSpeechEnded(
                at_ms=host.wall_ms(),
                call_id=self._call_id,
                kind=reply.kind,
                text=utterance.text,
                heard=utterance.heard,
                interrupted=utterance.interrupted,
                began_at_ms=utterance.sent_at_wall_ms,
            )
        )

    def tools_asked(self, reply: Reply) -> None:
        """The model wants tools used."""
        self._using.use(reply)

    def said_nothing(self) -> None:
        """The model has nothing to say, twice in a row."""
        self._host.engine_failed(EngineError("expected the model to say something, got answers without a sound."))
