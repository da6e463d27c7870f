"""From what an agent says to audio: sentence by sentence, with the first of its voices that speaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from offhook.agent.cascade.sentences import Sentences, split_sentences
from offhook.agent.failures import InARow
from offhook.agent.voices import NoVoice
from offhook.audio.resample import Resampler
from offhook.errors import EngineError
from offhook.logs import describe
from offhook.waiting import WaitOver, close, each_within, is_own_end, within
from offhook.waits import VOICE_FIRST, VOICE_NEXT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.agent.cascade.recording import Recording
    from offhook.agent.cascade.speech import Speech
    from offhook.agent.conversant import SpeechOutlet
    from offhook.agent.options import Limits
    from offhook.agent.voices import Voices
    from offhook.speech.base import TextToSpeech

__all__ = ["Synthesis"]

logger = logging.getLogger(__name__)

_LONGEST_MS = 10_000
_LONGEST_LETTER_MS = 500
"""No sentence takes longer than the first, and the second for each of its letters: a voice that goes on is broken."""
_PIECE_MS = 200
"""A recording is taken in pieces of this length, with other calls' work in between."""


class Synthesis:
    """Makes audio of what is said on one call.

    Args:
        line: the call's stream, for the rate of the audio.
        voices: the voices.
        feed: takes the audio of a speech, as it comes.
        room: set while there is room for another sentence.
        limits: how long to wait for a voice.
        call_id: for the log.
    """

    def __init__(
        self,
        line: SpeechOutlet,
        voices: Voices,
        *,
        feed: Callable[[Speech, bytes], None],
        room: asyncio.Event,
        limits: Limits,
        call_id: str | None,
    ) -> None:
        self._line = line
        self._voices = voices
        self._feed = feed
        self._room = room
        self._limits = limits
        self._call_id = call_id
        self._unsaid = InARow()

    async def synthesise(self, speech: Speech) -> None:
        """Make all of its audio. Where the source of its words fails, that is its end, and ``speech.error``.

        Raises:
            NoVoice: no voice says it.
        """
        if isinstance(speech.words, str):
            for sentence in split_sentences(speech.words):
                await self._say(speech, sentence)
        elif isinstance(speech.words, AsyncIterator):
            await self._say_pieces(speech, speech.words)
        else:
            await self._play(speech, speech.words)

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
        _begin(speech, sentence)
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
                    raise EngineError(f"expected at most {longest} bytes of audio of a voice for a sentence, got more.")
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
            _begin(speech, sentence)
            resampler = Resampler(rate, self._line.output_rate)
            for start in range(0, len(pcm), step):
                self._feed(speech, resampler.process(pcm[start : start + step]))
                await asyncio.sleep(0)
            self._feed(speech, resampler.flush())


def _begin(speech: Speech, sentence: str) -> None:
    speech.playout.begin(sentence)
    if isinstance(speech.words, AsyncIterator):
        speech.text = speech.playout.text


def _is_sound(pcm: bytes) -> bool:
    """Whether a voice has given audio.

    Raises:
        EngineError: it has given something else.
    """
    if not isinstance(pcm, (bytes, bytearray, memoryview)):
        raise EngineError(
            f"expected pcm of a voice, as bytes, got {type(pcm).__name__}.",
            fix="yield bytes of 16-bit samples from speak.",
        )
    return len(pcm) > 0
