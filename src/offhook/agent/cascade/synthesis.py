"""From what an agent says to audio: sentence by sentence, with the first of its voices that speaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from offhook.agent.cascade.ahead import Ahead
from offhook.agent.cascade.in_time import SentencesInTime
from offhook.agent.failures import InARow
from offhook.agent.voices import NoVoice
from offhook.logs import describe
from offhook.speech.sentence_audio import SentenceAudio
from offhook.speech.text import joined
from offhook.waiting import WaitOver, take_each, within
from offhook.waits import VOICE_FIRST, VOICE_NEXT, VOICE_OF_SEVERAL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.agent.cascade.call_voices import Asked, CallVoices
    from offhook.agent.cascade.recording import Recording
    from offhook.agent.cascade.speech import Speech
    from offhook.agent.options import Limits
    from offhook.clock import Clock
    from offhook.speech.streams import Sound, StreamingTextToSpeech
    from offhook.speech.text import Spoken, Wording

__all__ = ["Synthesis"]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Line:
    """A sentence of a speech on its way to audio."""

    sentence: Spoken
    asked: Asked | None = None
    """The voice that was asked for it ahead."""
    begun: bool = False
    """Whether anything of it can be heard."""


class Synthesis:
    """Makes audio of what is said on one call.

    Args:
        voices: the voices of the call.
        wording: how texts are said.
        clock: what time it is.
        feed: takes the audio of a speech, as it comes.
        limits: how long to wait for a voice.
        call_id: for the log.
    """

    def __init__(
        self,
        voices: CallVoices,
        *,
        wording: Wording,
        clock: Clock,
        feed: Callable[[Speech, bytes], None],
        limits: Limits,
        call_id: str | None,
    ) -> None:
        self._voices = voices
        self._wording = wording
        self._clock = clock
        self._feed = feed
        self._limits = limits
        self._call_id = call_id
        self._unsaid = InARow()
        self._letter_ms: dict[int, float] = {}  # what a letter takes a voice, by its id

    async def synthesise(self, speech: Speech) -> None:
        """Make all of its audio. Where the source of its words fails, that is its end, and ``speech.error``.

        Raises:
            NoVoice: no voice says it.
        """
        if isinstance(speech.words, (str, AsyncIterator)):
            await self._say_all(speech, self._lines_of(speech, speech.words))
        else:
            await self._play(speech, speech.words)

    def drop(self, speech: Speech) -> None:
        """Nothing more of it is wanted: the voice is told at once."""
        self._voices.drop(speech)

    async def _say_all(self, speech: Speech, lines: AsyncIterator[_Line]) -> None:
        """Say one sentence after the other; the voice is asked for the next while it says the one before."""
        ahead = Ahead(lines)
        try:
            while (line := await ahead.next()) is not None:
                await speech.room.wait()
                speech.making = True
                await self._say(speech, line, ahead)
                speech.making = False
        finally:
            ahead.close()

    async def _lines_of(self, speech: Speech, words: str | AsyncIterator[str]) -> AsyncIterator[_Line]:
        """The sentences of a speech, as they become known. The failure of their source is their end, and the
        speech's."""
        if isinstance(words, str):
            for spoken in self._wording.sentences(words):
                yield _Line(spoken)
            return

        def failed(error: BaseException) -> None:
            speech.error = error

        stream, clock = self._wording.stream(), self._clock
        in_time = SentencesInTime(words, stream, clock=clock, alarm=speech.alarm, dry=speech.is_dry, failed=failed)
        async with aclosing(in_time) as sentences:
            async for spoken in sentences:
                yield _Line(spoken)

    async def _say(self, speech: Speech, line: _Line, ahead: Ahead[_Line]) -> None:
        """Say a sentence, with the first voice that does.

        Raises:
            NoVoice: none does; or none has said this one and the one before to its end.
        """
        playout = speech.playout
        error: Exception | None = None
        tried: StreamingTextToSpeech | None = None
        voices = self._voices_for(speech, line)
        for at, voice in enumerate(voices, 1):
            if voice is tried and isinstance(error, WaitOver):
                break  # it was not there a moment ago
            tried = voice
            _begin(speech, line.sentence)
            other = voices[at] if at < len(voices) and voices[at] is not voice and self._voices.shared.alike else None
            try:
                await self._speak(voice, speech, line, ahead, other)
            except Exception as failure:
                error = failure
                self._failed(voice, speech, failure)
                again = at < len(voices) and not (voices[at] is voice and isinstance(failure, WaitOver))
                if not line.begun or (again and playout.unheard()):
                    line.begun = False
                    playout.void()
                    continue
                # What is lost of it is said by the next voice.
                if (rest := playout.cut(self._letter_ms.get(id(voice)))) is None:
                    break
                line.sentence = rest
            else:
                if line.begun:
                    self._voices.shared.worked(voice)
                    self._unsaid.worked()
                    return
                playout.void()
        if error is None:
            size = len(line.sentence.text)
            logger.warning("the voice made no sound of a sentence of %d characters: is it of its language?", size)
        if self._unsaid.failed() or (error is not None and not line.begun):
            raise NoVoice("expected a voice to speak, got none that does.", call_id=self._call_id) from error

    def _voices_for(self, speech: Speech, line: _Line) -> list[StreamingTextToSpeech]:
        """The voices to try: first the one that was asked already, last those that have failed in this speech; one that
        is alone twice."""
        voices = self._voices.shared.order()
        if len(voices) == 1:
            return voices * 2
        asked = line.asked.voice if line.asked is not None and not line.asked.dropped else None
        return sorted(voices, key=lambda voice: (voice is not asked, voice in speech.failed))

    def _failed(self, voice: StreamingTextToSpeech, speech: Speech, error: Exception) -> None:
        if not isinstance(error, WaitOver):  # which has told of itself
            logger.error("call %s: the voice raised %s", self._call_id, describe(error))
        speech.failed.append(voice)
        self._voices.give_up(voice, speech)
        self._voices.shared.failed(voice, error)

    async def _speak(
        self,
        voice: StreamingTextToSpeech,
        speech: Speech,
        line: _Line,
        ahead: Ahead[_Line],
        other: StreamingTextToSpeech | None,
    ) -> None:
        """Have a sentence said by one voice. ``other``: the one that is tried if it takes long."""
        wanted, asked, line.asked = speech.playout.audio, line.asked, None
        if asked is None or asked.dropped or asked.voice is not voice:
            asked = self._ask(voice, speech, line)
        audio = SentenceAudio(line.sentence.voice, asked.written, wanted)

        def take(sound: Sound) -> bool:
            piece = audio.take(sound)
            line.begun = line.begun or audio.sounds
            if sound.words:
                speech.playout.time_words(audio.words(sound))
            self._feed(speech, piece)
            return audio.sounds and bool(sound.audio)

        limits = self._limits
        first_s, next_s, waits = limits.voice_first_s, limits.voice_next_s, (VOICE_FIRST, VOICE_NEXT)
        connect: Callable[[], None] | None = None
        if other is not None:
            several_s = limits.voice_of_several_s
            first_s, next_s, waits = min(first_s, several_s), min(next_s, several_s), (VOICE_OF_SEVERAL,) * 2
            connect = partial(self._voices.connect, other, wanted)
        ahead.when_known(partial(self._ask_ahead, voice, speech))
        try:
            await take_each(
                *waits,
                asked.sounds,
                take,
                first_s=first_s,
                following_s=next_s,
                on_late=connect,
                call_id=self._call_id,
            )
            self._feed(speech, audio.flush())
            if audio.sounds:
                self._letter_ms[id(voice)] = audio.made_ms / len(line.sentence.voice)
        finally:
            self._voices.over(asked)

    def _ask(self, voice: StreamingTextToSpeech, speech: Speech, line: _Line) -> Asked:
        sentence, wanted = line.sentence, speech.playout.audio
        return self._voices.ask(voice, sentence.voice, wanted=wanted, goes_on=sentence.goes_on, owner=speech)

    def _ask_ahead(self, voice: StreamingTextToSpeech, speech: Speech, line: _Line) -> None:
        """The next sentence is known while a voice says the one before: if there is room, it is asked for now."""
        asked_already = line.asked is not None and not line.asked.dropped
        if asked_already or speech.over or not speech.room.is_set():
            return
        try:
            line.asked = self._ask(voice, speech, line)
        except Exception as error:
            logger.debug("call %s: asking a voice ahead raised %s", self._call_id, type(error).__name__)

    async def _play(self, speech: Speech, words: Awaitable[Recording]) -> None:
        """Play a recording, or have said what is to be said instead."""
        try:
            recording = await within(VOICE_FIRST, words, limit_s=self._limits.voice_first_s, call_id=self._call_id)
        except Exception as error:
            if not isinstance(error, WaitOver):
                logger.error("call %s: recording raised %s", self._call_id, describe(error))
            speech.failed.append(self._voices.shared.likely)
            speech.text = self._wording.shown(speech.instead)
            await self._say_all(speech, self._lines_of(speech, speech.instead))
            return
        speech.text = joined([recorded.sentence.text for recorded in recording])
        for recorded in recording:
            speech.playout.begin(recorded.sentence)
            speech.playout.time_words(recorded.words)
            self._feed(speech, recorded.audio)
            await asyncio.sleep(0)


def _begin(speech: Speech, spoken: Spoken) -> None:
    speech.playout.begin(spoken)
    if isinstance(speech.words, AsyncIterator):
        speech.text = speech.playout.text
