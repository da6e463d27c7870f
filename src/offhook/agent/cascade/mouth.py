"""How an agent speaks: sentences through its voice into playouts, one speech after the other, onto the call."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol

from offhook.agent.cascade.playout import Audio, Playout
from offhook.agent.cascade.sentences import Sentences, split_sentences
from offhook.agent.failures import InARow
from offhook.agent.options import Limits
from offhook.agent.voices import NoVoice
from offhook.audio.resample import Resampler
from offhook.dialog.acts import close
from offhook.logs import describe
from offhook.waiting import WaitOver, as_failure, each_within, is_own_end, within
from offhook.waits import VOICE_FIRST, VOICE_NEXT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.agent.cascade.playout import PlayoutOptions
    from offhook.agent.cascade.recording import Recording
    from offhook.agent.cascade.turn import Turn
    from offhook.agent.conversant import SpeechOutlet
    from offhook.agent.voices import Voices
    from offhook.clock import Clock
    from offhook.speech.base import TextToSpeech

__all__ = ["Mouth", "Speech", "SpeechWatcher"]

logger = logging.getLogger(__name__)

_AHEAD_MS = 3000
"""A sentence is not begun while this much waits: the voice is shared with other calls."""
_LONGEST_MS = 10_000
_LONGEST_LETTER_MS = 500
"""No sentence takes longer than the first, and the second for each of its letters: a voice that goes on is broken."""
_PIECE_MS = 200
"""A recording is taken in pieces of this length, with other calls' work in between."""


class SpeechWatcher(Protocol):
    """Who is told of speeches. Called on the event loop."""

    def speech_begins(self, speech: Speech) -> None:
        """The first audio is about to be sent. The mouth may be paused from here: then it is not."""
        ...

    def speech_sent(self, speech: Speech) -> None:
        """The first audio was sent."""
        ...

    def speech_ended(self, speech: Speech) -> None:
        """It is over: heard, interrupted or failed."""
        ...

    def voice_failed(self, error: Exception) -> None:
        """No voice says it; the speech is over."""
        ...


class Speech:
    """One thing the agent says."""

    def __init__(
        self, words: str | AsyncIterator[str] | Awaitable[Recording], kind: str, playout: Playout, turn: Turn | None
    ) -> None:
        self.words = words
        self.kind = kind
        self.playout = playout
        self.turn = turn
        self.instead = ""
        """What is said where a recording is not to be had."""
        self.failed: list[TextToSpeech] = []
        """The voices that have failed in it."""
        self.protected = False
        self.announced = False
        self.sent = False
        self.sent_at_ms = 0.0
        """When its first audio was sent, on the clock of the session."""
        self.complete = False
        """Whether all of its words are known."""
        self.text = ""
        """What was to be said, as far as it is known."""
        self.heard = ""
        """What of it was heard; set at its end."""
        self.interrupted = False
        self.error: BaseException | None = None
        """What the source of its words raised."""
        self.pump: asyncio.Task[None] | None = None
        self.on_over: Callable[[], None] | None = None
        """Called at its end: for whoever thinks of more words."""
        self._over = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether it is heard, interrupted or failed."""
        return self._over.is_set()

    async def wait(self) -> bool:
        """Wait for its end; whether all of it was heard."""
        await self._over.wait()
        return not self.interrupted and self.error is None

    def end(self) -> None:
        """It is over."""
        self._over.set()
        if self.on_over is not None:
            self.on_over()


class Mouth:
    """Says one speech after the other on one call.

    Args:
        line: the call's stream.
        voices: the voices.
        limits: how long to wait for them.
        call_id: for the log.
        clock: what time it is.
        watcher: who is told.
        options: how audio is sent.
    """

    def __init__(
        self,
        line: SpeechOutlet,
        voices: Voices,
        *,
        clock: Clock,
        watcher: SpeechWatcher,
        options: PlayoutOptions | None = None,
        limits: Limits | None = None,
        call_id: str | None = None,
    ) -> None:
        self._line = line
        self._voices = voices
        self._limits = limits or Limits()
        self._call_id = call_id
        self._unsaid = InARow()
        self._clock = clock
        self._watcher = watcher
        self._options = options
        self._queue: deque[Speech] = deque()
        self._room = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._held = False  # the caller seems to interrupt
        self._lost = False  # the line has no audio
        self.current: Speech | None = None
        """What is being said, or prepared to be said."""
        self.last: Speech | None = None
        """What was said before."""

    # -- what to say --------------------------------------------------------------------------------------------------

    def speak(
        self,
        words: str | AsyncIterator[str] | Awaitable[Recording],
        kind: str,
        *,
        turn: Turn | None = None,
        protected: bool = False,
        instead: str = "",
    ) -> Speech:
        """Say ``words``, after what is being said already; in place of it, if that is a filler. ``instead`` is said
        where ``words`` is a recording that is not to be had."""
        speech = Speech(words, kind, Playout(self._line.output_rate, self._options), turn)
        speech.protected = protected
        speech.instead = instead
        if isinstance(words, str):
            speech.text = words
        self._queue.append(speech)
        self._idle.clear()
        if kind != "filler":
            self._drop_fillers()
        self._next()
        return speech

    def _drop_fillers(self) -> None:
        """There is something to say now. One that the caller has interrupted waits for what comes of that."""
        for speech in [waiting for waiting in self._queue if waiting.kind == "filler"]:
            self._queue.remove(speech)
            speech.interrupted = True
            speech.end()
        if self.current is not None and self.current.kind == "filler" and not self._held:
            self._silence(clear=True)
            self._end(self.current, interrupted=True)

    async def idle(self) -> None:
        """Wait until nothing is being said."""
        await self._idle.wait()

    def pause(self) -> None:
        """Fall silent at once; :meth:`resume` goes on from what was heard."""
        self._held = self.current is not None
        self._silence(clear=True)

    def resume(self) -> None:
        """Go on."""
        self._held = False
        self._go_on()

    def line_lost(self) -> None:
        """The line has no audio any more: what was sent and not played is lost, as after a clear."""
        self._silence(clear=False)
        self._lost = True

    def line_back(self) -> None:
        """The line has audio again: go on from what was heard."""
        self._lost = False
        self._go_on()

    def stop(self) -> None:
        """Fall silent at once, and forget what was to be said."""
        queued = list(self._queue)
        self._queue.clear()
        if self.current is not None:
            self._silence(clear=True)
            self._end(self.current, interrupted=True)
        for speech in queued:
            speech.interrupted = True
            speech.end()

    def _silence(self, *, clear: bool) -> None:
        speech = self.current
        if speech is None or speech.playout.paused:
            return
        if clear and speech.playout.started and not self._lost:
            self._line.clear()
        speech.playout.pause(self._clock.now_ms())

    def _go_on(self) -> None:
        if self.current is not None and not self._held and not self._lost:
            self.current.playout.resume()
            self._send(self.current)

    def tick(self) -> None:
        """Send what is due."""
        if self.current is not None:
            self._send(self.current)

    def mark_returned(self, name: str) -> None:
        """The carrier returned a mark."""
        if self.current is not None:
            self.current.playout.mark_returned(name, self._clock.now_ms())
            self._check_end(self.current)

    # -- saying it ----------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self.current is None and self._queue:
            self.current = speech = self._queue.popleft()
            self._room.set()
            speech.pump = asyncio.create_task(self._pump(speech))

    async def _pump(self, speech: Speech) -> None:
        """From words to audio."""
        try:
            if isinstance(speech.words, str):
                for sentence in split_sentences(speech.words):
                    await self._say(speech, sentence)
            elif isinstance(speech.words, AsyncIterator):
                await self._say_pieces(speech, speech.words)
            else:
                await self._play(speech, speech.words)
        except BaseException as error:
            if is_own_end(error):
                raise
            if speech.over:
                logger.debug("a speech that was over failed: %s", type(error).__name__)
                return
            speech.complete = True
            speech.playout.finish()
            self._watcher.voice_failed(as_failure(error))
            self._end(speech, interrupted=True)
            return
        speech.complete = True
        speech.playout.finish()
        self._send(speech)

    async def _say_pieces(self, speech: Speech, pieces: AsyncIterator[str]) -> None:
        sentences = Sentences()
        try:
            while (piece := await self._piece(speech, pieces)) is not None:
                for sentence in sentences.push(piece):
                    await self._say(speech, sentence)
            for sentence in sentences.flush():
                await self._say(speech, sentence)
        finally:
            await close(pieces)

    async def _piece(self, speech: Speech, pieces: AsyncIterator[str]) -> str | None:
        """The next piece of text, ``None`` at its end; the end of it, too, where the source of the words fails."""
        try:
            return await anext(pieces, None)
        except BaseException as error:
            if is_own_end(error):
                raise
            speech.error = error
            return None

    async def _say(self, speech: Speech, sentence: str) -> None:
        """Say a sentence, with the first voice that does.

        Raises:
            NoVoice: none does; or none has said this one and the one before to its end.
        """
        await self._room.wait()
        self._begin(speech, sentence)
        began_ms = speech.playout.fed_ms
        error: Exception | None = None
        tried: TextToSpeech | None = None
        for voice in self._voices_for(speech):
            if voice is tried and isinstance(error, WaitOver):
                break  # it was not there a moment ago
            tried = voice
            try:
                spoke = await self._speak(voice, speech, sentence)
            except Exception as failure:
                error = failure
                self._failed(voice, speech, failure)
                if speech.playout.fed_ms > began_ms:
                    speech.playout.cut()  # the rest of it is lost: said again, it would be heard twice
                    break
            else:
                if spoke:
                    self._voices.worked(voice)
                    self._unsaid.worked()
                    return
        begun = speech.playout.fed_ms > began_ms
        if error is None:
            size = len(sentence)
            logger.warning("the voice made no sound of a sentence of %d characters: is it of its language?", size)
        if self._unsaid.failed() or (error is not None and not begun):
            raise NoVoice("expected a voice to speak, got none that does.", call_id=self._call_id) from error

    def _voices_for(self, speech: Speech) -> list[TextToSpeech]:
        """The voices to try: those that have failed in this speech come last; one that is alone is tried twice."""
        voices = self._voices.order()
        if len(voices) == 1:
            return voices * 2
        return sorted(voices, key=lambda voice: voice in speech.failed)

    def _failed(self, voice: TextToSpeech, speech: Speech, error: Exception) -> None:
        if not isinstance(error, WaitOver):  # which has told of itself
            logger.error("call %s: the voice raised %s", self._call_id, describe(error))
        speech.failed.append(voice)
        self._voices.failed(voice)

    async def _speak(self, voice: TextToSpeech, speech: Speech, sentence: str) -> bool:
        """Have a sentence said by one voice; whether there was a sound."""
        rate = voice.sample_rate
        resampler = Resampler(rate, self._line.output_rate)
        longest = rate * 2 * (_LONGEST_MS + _LONGEST_LETTER_MS * len(sentence)) // 1000
        made, odd = 0, b""
        pieces = each_within(
            VOICE_FIRST,
            VOICE_NEXT,
            voice.speak(sentence),
            first_s=self._limits.voice_first_s,
            following_s=self._limits.voice_next_s,
            counts=_is_sound,
            call_id=self._call_id,
        )
        try:
            async for pcm in pieces:
                made += len(pcm)
                if made > longest:
                    raise ValueError(f"expected at most {longest} bytes of audio, got more")
                whole = odd + pcm
                odd = whole[len(whole) & ~1 :]
                self._feed(speech, resampler.process(whole[: len(whole) & ~1]))
        finally:
            await pieces.aclose()
        if made:
            self._feed(speech, resampler.flush())
        return made > 0

    async def _play(self, speech: Speech, words: Awaitable[Recording]) -> None:
        """Play a recording, or have said what is to be said instead."""
        try:
            recording = await within(VOICE_FIRST, words, limit_s=self._limits.voice_first_s, call_id=self._call_id)
        except Exception as error:
            self._failed(self._voices.first, speech, error)
            speech.text = speech.instead
            for sentence in split_sentences(speech.instead):
                await self._say(speech, sentence)
            return
        speech.text = " ".join(sentence for sentence, _ in recording)
        rate = self._voices.first.sample_rate
        step = rate * 2 * _PIECE_MS // 1000
        for sentence, pcm in recording:
            self._begin(speech, sentence)
            resampler = Resampler(rate, self._line.output_rate)
            for start in range(0, len(pcm), step):
                self._feed(speech, resampler.process(pcm[start : start + step]))
                await asyncio.sleep(0)
            self._feed(speech, resampler.flush())

    def _begin(self, speech: Speech, sentence: str) -> None:
        speech.playout.begin(sentence)
        if isinstance(speech.words, AsyncIterator):
            speech.text = speech.playout.text

    def _feed(self, speech: Speech, pcm: bytes) -> None:
        if pcm and not speech.over:
            speech.playout.feed(pcm)
            self._send(speech)

    def _send(self, speech: Speech) -> None:
        playout = speech.playout
        now_ms = self._clock.now_ms()
        if self._lost:
            playout.pause(now_ms)
        if playout.ready and not speech.announced:
            speech.announced = True
            self._watcher.speech_begins(speech)
        for message in playout.due(now_ms):
            if isinstance(message, Audio):
                self._line.send_audio(message.pcm)
            else:
                self._line.send_mark(message.name)
        if playout.started and not speech.sent:
            speech.sent = True
            self._watcher.speech_sent(speech)
        if playout.waiting_ms > _AHEAD_MS:
            self._room.clear()
        else:
            self._room.set()
        self._check_end(speech)

    def _check_end(self, speech: Speech) -> None:
        if not speech.over and speech.playout.done(self._clock.now_ms()):
            self._end(speech, interrupted=False)

    def _end(self, speech: Speech, *, interrupted: bool) -> None:
        if speech.over:
            return
        speech.interrupted = interrupted
        now_ms = self._clock.now_ms()
        speech.playout.stop(now_ms)
        speech.heard = speech.playout.heard_text(now_ms) if interrupted else speech.playout.text
        if speech.pump is not None and speech.pump is not asyncio.current_task():
            speech.pump.cancel()
        self.last, self.current, self._held = speech, None, False
        speech.end()
        self._next()
        self._watcher.speech_ended(speech)
        if self.current is None:
            self._idle.set()


def _is_sound(pcm: bytes) -> bool:
    """Whether a voice has given audio.

    Raises:
        TypeError: it has given something else.
    """
    if not isinstance(pcm, (bytes, bytearray, memoryview)):
        raise TypeError(f"expected pcm as bytes, got {type(pcm).__name__}")
    return len(pcm) > 0
