"""Speech engines for tests: they need no model, and take exactly the time they are told.

Part of the public API: an agent can be tested word for word with :class:`FakeStt` or
:class:`FakeStreamingStt`, :class:`FakeTts` or :class:`FakeStreamingTts`, and :class:`FakeVad` in place of real engines.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import numpy as np

from offhook.audio.formats import PCM_16K, PCMU, AudioFormat, Rewriter
from offhook.errors import EngineError
from offhook.speech._testing_stt import FakeRecognitionStream, FakeStreamingStt
from offhook.speech.base import Recognition
from offhook.speech.streams import Sound, Word
from offhook.speech.windows import WINDOW_MS, WINDOW_SAMPLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from offhook.speech.base import VoiceActivityStream
    from offhook.speech.streams import Sounds

__all__ = [
    "FakeDeed",
    "FakeRecognitionStream",
    "FakeStreamingStt",
    "FakeStreamingTts",
    "FakeStt",
    "FakeTts",
    "FakeVad",
    "FakeVoiceStream",
    "tone",
]


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


FakeDeed = Literal["say", "refuse", "break", "hang", "mute", "silence"]
"""What a :class:`FakeStreamingTts` does with a sentence: say it; fail before or after its first piece; give nothing
more after it, or nothing at all; say it without a sound."""


class FakeStreamingTts:
    """Says everything as a tone of known length, over a connection that it keeps for each call.

    Like a provider it makes the audio of a sentence when it is asked, whether anybody iterates or not, one sentence
    after the other, as fast as it can.

    Args:
        word_ms: the length of the audio of each word.
        first_ms: how long it takes until the first piece of a sentence; the rest follows at once.
        piece_ms: the length of a piece.
        formats: what it gives, best first.
        timed: whether it tells when each word is said.
        deeds: what it does with the sentences that it begins, in their order; when they are used up it says them.
    """

    def __init__(
        self,
        *,
        word_ms: float = 200.0,
        first_ms: float = 0.0,
        piece_ms: float = 100.0,
        formats: tuple[AudioFormat, ...] = (PCMU, PCM_16K),
        timed: bool = True,
        deeds: Iterable[FakeDeed] = (),
    ) -> None:
        self.word_ms = word_ms
        self.first_ms = first_ms
        self.piece_ms = piece_ms
        self.timed = timed
        self.deeds = deque(deeds)
        self._formats = formats
        self.streams: list[FakeVoiceStream] = []
        """Every stream that was opened, in order."""
        self.asked: list[tuple[str, bool]] = []
        """Every text that was asked for, and whether it goes on."""
        self.spoken: list[str] = []
        """Every text that was begun."""
        self.stopped = 0
        """How many were dropped before their end."""

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it gives, best first."""
        return self._formats

    @property
    def open_streams(self) -> int:
        """Streams that are not closed yet."""
        return sum(not stream.closed for stream in self.streams)

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> FakeVoiceStream:
        """Begin to speak on a call: see :class:`offhook.speech.streams.StreamingTextToSpeech`."""
        stream = FakeVoiceStream(self, audio)
        self.streams.append(stream)
        return stream


class FakeVoiceStream:
    """What :meth:`FakeStreamingTts.open` gives."""

    def __init__(self, tts: FakeStreamingTts, audio: AudioFormat) -> None:
        self._tts = tts
        self.audio = audio
        """Its format."""
        self.cancelled = 0
        """How many times it was cancelled."""
        self.closed = False
        """Whether it was closed."""
        self._waiting: deque[_FakeSentence] = deque()
        self._work = asyncio.Event()
        self._provider = asyncio.ensure_future(self._provide())

    def speak(self, text: str, *, goes_on: bool = False) -> Sounds:
        """A tone of ``word_ms`` for each word of ``text``."""
        self._tts.asked.append((text, goes_on))
        sentence = _FakeSentence(self, text)
        self._waiting.append(sentence)
        self._work.set()
        return sentence

    def cancel(self) -> None:
        """Drop everything that is not said."""
        self.cancelled += 1
        for sentence in tuple(self._waiting):
            sentence.drop()

    def close(self) -> None:
        """Drop everything, for good."""
        self.closed = True
        for sentence in tuple(self._waiting):
            sentence.drop()
        self._provider.cancel()

    def dropped(self, sentence: _FakeSentence) -> None:
        """A sentence is not wanted any more."""
        if sentence in self._waiting:
            self._waiting.remove(sentence)
            self._tts.stopped += 1

    async def _provide(self) -> None:
        """The provider's side: one sentence after the other."""
        while True:
            if not self._waiting:
                self._work.clear()
                await self._work.wait()
            sentence = self._waiting[0]
            self._tts.spoken.append(sentence.text)
            await self._say(sentence, self._tts.deeds.popleft() if self._tts.deeds else "say")
            if sentence in self._waiting:
                self._waiting.remove(sentence)
                sentence.end()

    async def _say(self, sentence: _FakeSentence, deed: FakeDeed) -> None:
        tts, per_ms = self._tts, self.audio.bytes_per_ms
        with suppress(TimeoutError):
            await asyncio.wait_for(sentence.over.wait(), tts.first_ms / 1000 if deed != "mute" else None)
        if deed == "refuse":
            sentence.fail()
        words = sentence.text.split()
        rate = self.audio.sample_rate
        pcm = tone(rate, tts.word_ms * len(words), peak=8000 if deed != "silence" else 0)
        audio = Rewriter(AudioFormat("pcm", rate), self.audio).process(pcm)
        step = max(1, round(per_ms * tts.piece_ms))
        for at in range(0, len(audio), step):
            if at and deed == "break":
                sentence.fail()
            if at and deed == "hang":
                await sentence.over.wait()
            if sentence.over.is_set():
                return
            sentence.give(Sound(audio[at : at + step], self._words(words, at / per_ms, (at + step) / per_ms)))
            await asyncio.sleep(0)

    def _words(self, words: list[str], from_ms: float, to_ms: float) -> tuple[Word, ...]:
        """Those that begin in this part of the audio."""
        if not self._tts.timed:
            return ()
        each_ms = self._tts.word_ms
        timed = [Word(word, at * each_ms, (at + 1) * each_ms) for at, word in enumerate(words)]
        return tuple(word for word in timed if from_ms <= word.began_ms < to_ms)


class _FakeSentence:
    def __init__(self, stream: FakeVoiceStream, text: str) -> None:
        self._stream = stream
        self._sounds: asyncio.Queue[Sound | None] = asyncio.Queue()
        self._failed = False
        self.text = text
        self.over = asyncio.Event()

    def give(self, sound: Sound) -> None:
        self._sounds.put_nowait(sound)

    def fail(self) -> None:
        self._failed = True
        self.end()

    def end(self) -> None:
        if not self.over.is_set():
            self.over.set()
            self._sounds.put_nowait(None)

    def drop(self) -> None:
        """What was made of it is not given any more, either."""
        self._stream.dropped(self)
        while not self._sounds.empty():
            self._sounds.get_nowait()
        self.over.set()
        self._sounds.put_nowait(None)

    def __aiter__(self) -> _FakeSentence:
        return self

    async def __anext__(self) -> Sound:
        sound = await self._sounds.get()
        if sound is not None:
            return sound
        self._sounds.put_nowait(None)
        if self._failed:
            raise EngineError("expected audio of the fake voice, got the failure that it was told to have.")
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.drop()


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
