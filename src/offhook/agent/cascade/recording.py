"""What an agent says in the same words on every call, said by its voice ahead of time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.agent.cascade.call_voices import CallVoices
from offhook.audio.formats import PCMU
from offhook.logs import describe
from offhook.speech.sentence_audio import SentenceAudio
from offhook.waiting import WaitOver, take_each
from offhook.waits import VOICE_FIRST, VOICE_NEXT

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.agent.cascade.call_voices import Asked
    from offhook.agent.voices import Voices
    from offhook.audio.formats import AudioFormat
    from offhook.speech.streams import Sound, StreamingTextToSpeech, Word
    from offhook.speech.text import Spoken

__all__ = ["Greeting", "Recorded", "Recording"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A sentence, its audio as a line takes it, and when its words are said in it, as far as the voice has told."""

    sentence: Spoken
    audio: bytes
    words: tuple[Word, ...] = ()


Recording = list[Recorded]


class Greeting:
    """An agent's greeting, recorded once: the next call costs the voice nothing and starts without a wait.

    Lines take audio in different formats, so there is a recording for each that there has been. It is recorded anew
    when the text changes, and when another voice had to say it and the first one works again.

    Args:
        agent: whose greeting, and how long a voice may take.
        voices: its voices: the first that says all of it.
    """

    def __init__(self, agent: Agent, voices: Voices) -> None:
        self._agent = agent
        self._voices = voices
        self._text = ""
        self._recordings: dict[AudioFormat, tuple[StreamingTextToSpeech, Recording]] = {}
        self._recording = asyncio.Lock()

    async def recording(self, audio: AudioFormat = PCMU) -> Recording:
        """The greeting as a line of ``audio`` takes it, empty if the agent has none.

        Raises:
            WaitOver: the voice takes too long; the next call tries again.
            Exception: what the voice raised; the next call tries again.
        """
        async with self._recording:  # calls that begin at once need it once
            text = self._agent.greeting
            if text != self._text:
                self._text = text
                self._recordings.clear()
            voice, recording = self._recordings.get(audio, (None, []))
            if voice is None or (voice is not self._voices.first and voice is not self._voices.likely):
                if not (sentences := list(self._agent.wording.sentences(text))):
                    return []
                voice, recording = await self._recorded(sentences, audio)
                self._recordings[audio] = voice, recording
            return recording

    async def _recorded(self, sentences: list[Spoken], audio: AudioFormat) -> tuple[StreamingTextToSpeech, Recording]:
        voices = self._voices.order()
        for voice in voices[:-1]:
            with suppress(Exception):  # which all have been told of
                return await self._tried(voice, sentences, audio)
        return await self._tried(voices[-1], sentences, audio)

    async def _tried(
        self, voice: StreamingTextToSpeech, sentences: list[Spoken], audio: AudioFormat
    ) -> tuple[StreamingTextToSpeech, Recording]:
        """What a voice makes of it; whether it works is known to all."""
        connections = CallVoices(self._voices)
        try:
            recording = await self._said_by(voice, connections, sentences, audio)
        except Exception as error:
            if not isinstance(error, WaitOver):  # which has told of itself
                logger.error("recording the greeting, the voice raised %s", describe(error))
            self._voices.failed(voice, error)
            raise
        finally:
            connections.close()
        self._voices.worked(voice)
        return voice, recording

    async def _said_by(
        self, voice: StreamingTextToSpeech, connections: CallVoices, sentences: list[Spoken], audio: AudioFormat
    ) -> Recording:
        """All of it by one voice. A sentence that it has no sound for is left out."""
        recording: Recording = []
        asked = [
            connections.ask(voice, sentence.voice, wanted=audio, goes_on=sentence.goes_on, owner=self)
            for sentence in sentences
        ]
        for sentence, sounds in zip(sentences, asked, strict=True):
            recorded = await self._one(sentence, sounds, audio)
            if recorded is not None:
                recording.append(recorded)
            else:
                size = len(sentence.text)
                logger.warning("the voice made no sound of a sentence of %d characters: is it of its language?", size)
        return recording

    async def _one(self, sentence: Spoken, asked: Asked, wanted: AudioFormat) -> Recorded | None:
        audio = SentenceAudio(sentence.voice, asked.written, wanted)
        pieces: list[bytes] = []
        words: list[Word] = []

        def take(sound: Sound) -> bool:
            pieces.append(audio.take(sound))
            words.extend(audio.words(sound))
            return audio.sounds and bool(sound.audio)

        limits = self._agent.limits
        first_s, next_s = limits.voice_first_s, limits.voice_next_s
        await take_each(VOICE_FIRST, VOICE_NEXT, asked.sounds, take, first_s=first_s, following_s=next_s)
        pieces.append(audio.flush())
        return Recorded(sentence, b"".join(pieces), tuple(words)) if audio.sounds else None
