"""Texts on their way to audio, one after the other, in the format that a client asked for."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from offhook.audio.codecs import make_encoder
from offhook.audio.resample import Resampler
from offhook.testing.providers.hearing import spread
from offhook.testing.providers.session import Piece, Spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.streams import AudioFormat
    from offhook.testing.providers.engines import Engines
    from offhook.testing.providers.session import EngineEvent, Speak

__all__ = ["Mouth"]


class Mouth:
    """One connection's texts.

    Args:
        engines: what to speak with.
        tell: is told of pieces and ends, in order, on the loop.
        fail: is told that there is no voice, or that it raised.
    """

    def __init__(
        self, engines: Engines, tell: Callable[[EngineEvent], None], fail: Callable[[Exception], None]
    ) -> None:
        self._engines = engines
        self._tell = tell
        self._fail = fail
        self._texts: deque[tuple[Speak, int]] = deque()
        self._task: asyncio.Task[None] | None = None

    def speak(self, speak: Speak, *, rate_factor: int = 1) -> None:
        """Say a text after those before it. ``rate_factor``: how much the rate is off, for a fault."""
        self._texts.append((speak, rate_factor))
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def hush(self) -> None:
        """Say nothing any more."""
        self._texts.clear()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    close = hush

    async def _run(self) -> None:
        try:
            while self._texts:
                await self._say(*self._texts.popleft())
        except Exception as error:
            self._fail(error)
        self._task = None

    async def _say(self, speak: Speak, rate_factor: int) -> None:
        voice = self._engines.voice()
        audio = speak.audio
        resampler = Resampler(voice.sample_rate, min(48000, audio.sample_rate * rate_factor))
        encode = _encoder(audio)
        encoded = [encode(resampler.process(pcm)) async for pcm in voice.speak(speak.text)]
        encoded.append(encode(resampler.flush()))
        # Made whole before it is given, so that it is known which words are in a piece.
        audio_ms = sum(map(len, encoded)) / audio.bytes_per_ms
        words, at_ms = deque(spread(speak.text, 0.0, audio_ms, 1.0)), 0.0
        for piece in filter(None, encoded):
            at_ms += len(piece) / audio.bytes_per_ms
            begun = []
            while words and words[0].began_ms < at_ms:
                begun.append(words.popleft())
            self._tell(Piece(speak.id, piece, tuple(begun)))
        self._tell(Spoken(speak.id, audio_ms))


def _encoder(audio: AudioFormat) -> Callable[[bytes], bytes]:
    if audio.encoding == "pcm":
        return lambda pcm: pcm
    return make_encoder("PCMU" if audio.encoding == "pcmu" else "PCMA", audio.sample_rate).encode
