"""Speech engines for tests: they need no model, and take exactly the time they are told.

Part of the public API: an agent can be tested word for word with :class:`FakeStt`, :class:`FakeTts` and
:class:`FakeVad` in place of real engines.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import numpy as np

from offhook.speech.base import Recognition
from offhook.speech.windows import WINDOW_MS, WINDOW_SAMPLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from offhook.speech.base import VoiceActivityStream

__all__ = ["FakeStt", "FakeTts", "FakeVad", "tone"]


def tone(rate: int, duration_ms: float, *, frequency: float = 440.0, peak: int = 8000) -> bytes:
    """A sine of this length as pcm: what the fakes take for speech."""
    at = np.arange(round(rate * duration_ms / 1000)) / rate
    return (peak * np.sin(2 * math.pi * frequency * at)).astype(np.int16).tobytes()


class FakeStt:
    """Hears what it is told to, whatever the audio is.

    Args:
        texts: what it hears, one per utterance; a plain text has confidence 0.95. When they are used up it hears
            nothing.
        delay_ms: how long each transcription takes.
        sample_rate: in Hz.
        once_per_call: every ``transcribe`` takes the next text. False: only :meth:`next` moves on, as an utterance may
            be transcribed more than once (a draft, then the whole).
    """

    def __init__(
        self,
        texts: Iterable[str | Recognition] = (),
        *,
        delay_ms: float = 0.0,
        sample_rate: int = 16000,
        once_per_call: bool = True,
    ) -> None:
        self._texts = [Recognition(text, 0.95) if isinstance(text, str) else text for text in texts]
        self._delay_ms = delay_ms
        self._sample_rate = sample_rate
        self._once_per_call = once_per_call
        self._at = 0
        self.heard: list[bytes] = []
        """The pcm of every ``transcribe``, also of cancelled ones."""
        self.cancelled = 0
        """How many transcriptions were cancelled."""

    @property
    def sample_rate(self) -> int:
        """The rate of the pcm that ``transcribe`` takes, in Hz."""
        return self._sample_rate

    def next(self) -> None:
        """Go on to the next text."""
        self._at += 1

    async def warm_up(self) -> None:
        """Nothing to do."""

    async def transcribe(self, pcm: bytes) -> Recognition:
        """The next text, after the delay. A cancelled transcription uses up no text."""
        self.heard.append(pcm)
        try:
            await asyncio.sleep(self._delay_ms / 1000)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        text = self._texts[self._at] if self._at < len(self._texts) else Recognition("", 0.0)
        if self._once_per_call:
            self.next()
        return text


class FakeTts:
    """Says everything as a tone of known length.

    Args:
        word_ms: the length of the audio of each word.
        first_ms: how long it takes until the first piece; the rest follows at once.
        piece_ms: the length of a piece.
        sample_rate: in Hz.
    """

    def __init__(
        self, *, word_ms: float = 200.0, first_ms: float = 0.0, piece_ms: float = 100.0, sample_rate: int = 16000
    ) -> None:
        self._word_ms = word_ms
        self._first_ms = first_ms
        self._piece_bytes = 2 * round(sample_rate * piece_ms / 1000)
        self._sample_rate = sample_rate
        self.spoken: list[str] = []
        """Every text that was begun."""
        self.stopped = 0
        """How many were closed before the end."""

    @property
    def sample_rate(self) -> int:
        """The rate of the pcm that ``speak`` yields, in Hz."""
        return self._sample_rate

    async def warm_up(self) -> None:
        """Nothing to do."""

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """A tone of ``word_ms`` for each word of ``text``."""
        self.spoken.append(text)
        ended = False
        try:
            await asyncio.sleep(self._first_ms / 1000)
            pcm = tone(self._sample_rate, self._word_ms * len(text.split()))
            for at in range(0, len(pcm), self._piece_bytes):
                yield pcm[at : at + self._piece_bytes]
            ended = True
        finally:
            self.stopped += not ended


class FakeVad:
    """Takes everything loud for speech: 0.95 where the level is above ``threshold_dbfs``, else 0.02.

    It reports inside ``push``, with no model and no delay.
    """

    def __init__(self, *, threshold_dbfs: float = -40.0) -> None:
        self._least_power = (32768 * 10 ** (threshold_dbfs / 20)) ** 2
        self.open_streams = 0
        """Streams that are not closed yet."""

    async def warm_up(self) -> None:
        """Nothing to do."""

    def open(self, on_probability: Callable[[float, float], None]) -> VoiceActivityStream:
        """Start a stream: see :class:`offhook.speech.base.VoiceActivity`."""
        self.open_streams += 1
        return _FakeStream(self, on_probability, self._least_power)


class _FakeStream:
    def __init__(self, vad: FakeVad, on_probability: Callable[[float, float], None], least_power: float) -> None:
        self._vad: FakeVad | None = vad
        self._on_probability = on_probability
        self._least_power = least_power
        self._buffer = bytearray()
        self._windows = 0

    def push(self, pcm: bytes) -> None:
        self._buffer += pcm
        while self._vad is not None and len(self._buffer) >= 2 * WINDOW_SAMPLES:
            window = np.frombuffer(bytes(self._buffer[: 2 * WINDOW_SAMPLES]), np.int16).astype(np.float64)
            del self._buffer[: 2 * WINDOW_SAMPLES]
            self._windows += 1
            loud = float(np.square(window).mean()) > self._least_power
            self._on_probability(0.95 if loud else 0.02, self._windows * WINDOW_MS)

    def close(self) -> None:
        if self._vad is not None:
            self._vad.open_streams -= 1
            self._vad = None
