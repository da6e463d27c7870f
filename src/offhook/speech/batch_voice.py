"""Voices that say a sentence and hold no connection, adapted once to what all voices are asked through."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

from offhook.audio.formats import AudioFormat
from offhook.errors import ConfigError, EngineError, kind_of
from offhook.speech.streams import Sound
from offhook.waiting import close

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.speech.base import TextToSpeech
    from offhook.speech.streams import Sounds, StreamingTextToSpeech, VoiceStream

__all__ = ["AnyVoice", "BatchVoice", "as_streaming", "say_whole"]

AnyVoice: TypeAlias = "TextToSpeech | StreamingTextToSpeech"
"""One of either kind."""


def as_streaming(voice: AnyVoice) -> StreamingTextToSpeech:
    """``voice`` as one that streams: itself if it does.

    Raises:
        ConfigError: it is no voice.
    """
    if hasattr(voice, "open") and hasattr(voice, "formats"):
        return cast("StreamingTextToSpeech", voice)
    if hasattr(voice, "speak") and hasattr(voice, "sample_rate"):
        return BatchVoice(voice)
    raise ConfigError(
        f"expected a voice, got {kind_of(voice)}.",
        fix="an object with formats and open, or with sample_rate and speak: see docs/engines.md",
    )


async def say_whole(voice: StreamingTextToSpeech, text: str, audio: AudioFormat) -> bytes:
    """All of the audio of ``text``, in ``audio``, one of the voice's formats. It takes as long as the voice does.

    Raises:
        Exception: what the voice raises.
    """
    stream = voice.open(audio)
    try:
        return b"".join([sound.audio async for sound in stream.speak(text)])
    finally:
        stream.close()


class BatchVoice:
    """A :class:`~offhook.speech.base.TextToSpeech` that is asked as a
    :class:`~offhook.speech.streams.StreamingTextToSpeech` is.

    A sentence is begun when it is iterated over, not when it is asked for: an engine on this machine is shared with
    other calls, and a request that has left cannot be taken back.

    Args:
        tts: the voice.
    """

    def __init__(self, tts: TextToSpeech) -> None:
        self.tts = tts

    def __repr__(self) -> str:
        return f"<BatchVoice of {type(self.tts).__name__}>"

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Pcm at the rate of the voice."""
        return (AudioFormat("pcm", self.tts.sample_rate),)

    @property
    def at_once(self) -> int | None:
        """How many sentences it says at a time, where it is an engine that computes here."""
        return getattr(self.tts, "at_once", None)

    async def warm_up(self) -> None:
        """As the voice does, if it does."""
        warm_up = getattr(self.tts, "warm_up", None)
        if warm_up is not None:
            await warm_up()

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> VoiceStream:
        """Begin to speak on a call: there is nothing to connect to."""
        return _BatchStream(self.tts)


class _BatchStream:
    """The voice on one call."""

    def __init__(self, tts: TextToSpeech) -> None:
        self._tts = tts
        self._asked: set[_Sentence] = set()

    def speak(self, text: str, *, goes_on: bool = False) -> Sounds:
        sentence = _Sentence(self._tts, text, self._asked)
        self._asked.add(sentence)
        return sentence

    def cancel(self) -> None:
        for sentence in self._asked:
            sentence.dropped = True
        self._asked.clear()

    def close(self) -> None:
        self.cancel()


class _Sentence:
    """A sentence that is said once somebody iterates. Whoever does so closes it: a voice may then be in the middle of a
    piece."""

    def __init__(self, tts: TextToSpeech, text: str, asked: set[_Sentence]) -> None:
        self._tts = tts
        self._text = text
        self._asked = asked
        self._pieces: AsyncIterator[bytes] | None = None
        self.dropped = False

    def __aiter__(self) -> _Sentence:
        return self

    async def __anext__(self) -> Sound:
        if self._pieces is None and not self.dropped:
            self._pieces = self._tts.speak(self._text)
        while not self.dropped:
            assert self._pieces is not None
            try:
                pcm = await anext(self._pieces)
            except BaseException:
                self._asked.discard(self)
                raise
            if not isinstance(pcm, (bytes, bytearray, memoryview)):
                raise EngineError(
                    f"expected pcm of a voice, as bytes, got {type(pcm).__name__}.",
                    fix="yield bytes of 16-bit samples from speak.",
                )
            if not self.dropped:
                return Sound(bytes(pcm))
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.dropped = True
        self._asked.discard(self)
        pieces, self._pieces = self._pieces, None
        await close(pieces)
