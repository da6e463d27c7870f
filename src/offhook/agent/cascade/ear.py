"""How an agent hears: the caller's audio to voice activity, to word evidence, and into the utterance under way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from offhook.audio.resample import Resampler
from offhook.speech.hum import WordEvidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.base import VoiceActivity

__all__ = ["Ear"]

_VAD_RATE = 8000
_KEEP_MS = 600
"""Audio kept while nobody speaks: voice activity is known late."""
_BEFORE_MS = 240
"""Audio of before the detected beginning that belongs to an utterance: the beginning is detected late."""
_LONGEST_MS = 30_000
"""What a recogniser takes (:class:`offhook.speech.base.SpeechToText`)."""


class Ear:
    """The caller's audio of one call.

    Args:
        vad: the worker's detector.
        rate: of the audio that comes, in Hz.
        stt_rate: of :meth:`utterance`, in Hz.
        on_words: told, for every piece of audio, when it ended and how many milliseconds of it sound like words.
        on_window: told when a window of audio ended, and the probability that it is speech.
    """

    def __init__(
        self,
        vad: VoiceActivity,
        *,
        rate: int,
        stt_rate: int,
        on_words: Callable[[float, float], None],
        on_window: Callable[[float, float], None],
    ) -> None:
        self._rate = rate
        self._stt_rate = stt_rate
        self._on_words = on_words
        self._on_window = on_window
        self._to_vad = Resampler(rate, _VAD_RATE)
        self._evidence = WordEvidence()
        self._recent: deque[tuple[float, bytes]] = deque()
        self._recent_ms = 0.0
        self._to_stt: Resampler | None = None
        self._utterance = bytearray()
        self._pushed_ms = 0.0
        self._zero_ms = 0.0  # when the audio began, by when the last of it came
        self._stream = vad.open(self._window)

    def hear(self, pcm: bytes, now_ms: float) -> None:
        """Take a piece of audio, usually 20 ms, that came at ``now_ms``."""
        length_ms = len(pcm) * 500 / self._rate
        narrow = self._to_vad.process(pcm)
        self._pushed_ms += len(narrow) * 500 / _VAD_RATE
        self._zero_ms = now_ms - self._pushed_ms
        self._recent.append((now_ms, pcm))
        self._recent_ms += length_ms
        while self._recent_ms > _KEEP_MS:
            self._recent_ms -= len(self._recent.popleft()[1]) * 500 / self._rate
        if self._to_stt is not None:
            self._keep(self._to_stt.process(pcm))
        self._on_words(now_ms, self._words_in(narrow))
        self._stream.push(narrow)

    def begin(self, at_ms: float) -> None:
        """An utterance began at ``at_ms``: keep everything from a little before."""
        self._to_stt = Resampler(self._rate, self._stt_rate)
        self._utterance.clear()
        pieces = [pcm for ended_ms, pcm in self._recent if ended_ms > at_ms - _BEFORE_MS]
        self._keep(self._to_stt.process(b"".join(pieces)))

    def utterance(self) -> bytes:
        """The utterance so far, at the recogniser's rate."""
        return bytes(self._utterance)

    def end(self) -> None:
        """The utterance is over."""
        self._to_stt = None
        self._utterance.clear()

    def close(self) -> None:
        """Hear nothing more."""
        self.end()
        self._stream.close()

    def _words_in(self, pcm: bytes) -> float:
        before_ms = self._evidence.words_ms
        after_ms = self._evidence.push(pcm)
        return after_ms - before_ms if after_ms >= before_ms else after_ms  # it counts anew after a silence

    def _keep(self, pcm: bytes) -> None:
        room = self._stt_rate * 2 * _LONGEST_MS // 1000 - len(self._utterance)
        self._utterance += pcm[:room]

    def _window(self, probability: float, audio_ms: float) -> None:
        self._on_window(self._zero_ms + audio_ms, probability)
