"""What was sent, as long as its echo may come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from offhook.audio._audioop import audioop
from offhook.speech.echo.signal import whitened

if TYPE_CHECKING:
    from offhook.speech.echo.signal import Floats

__all__ = ["Sent"]

_SOUND: Final = 30
"""A peak of -61 dBFS: what is sent more softly leaves no echo that matters."""


class Sent:
    """What was sent in the last seconds, as it is and pre-emphasised, by the sample at which it is played."""

    def __init__(self) -> None:
        self._raw: Floats = np.zeros(1 << 15, np.float32)
        self._white: Floats = np.zeros(1 << 15, np.float32)
        self._base = -1  # the time of the first sample that is kept
        self._end = 0
        self.sound_end = -(1 << 40)
        """Where the last sound ends."""

    def add(self, pcm: bytes, at: int, *, keep_from: int) -> None:
        """Put pcm at ``at``, or behind what is there; all before ``keep_from`` may be forgotten."""
        samples = np.frombuffer(pcm, np.int16)
        begin = max(at, self._end, self._base + 1)
        self._end = end = begin + len(samples)
        if end - self._base > len(self._raw):
            self._make_room(min(keep_from, begin), end)
        first, last = begin - self._base, end - self._base
        self._raw[first:last] = samples
        self._white[first:last] = whitened(self._raw[first - 1 : last])[1:]
        if audioop.max(pcm, 2) > _SOUND:
            self.sound_end = end

    def cut(self, at: int) -> None:
        """Forget what lies behind ``at``."""
        at = max(at, self._base)
        if at < self._end:
            self._raw[at - self._base : self._end - self._base] = 0
            self._white[at - self._base : self._end - self._base] = 0
            self._end = at
            self.sound_end = min(self.sound_end, at)

    def raw(self, begin: int, end: int) -> Floats:
        """The samples of this time; silence where nothing was sent."""
        return self._slice(self._raw, begin, end)

    def white(self, begin: int, end: int) -> Floats:
        """The same, pre-emphasised."""
        return self._slice(self._white, begin, end)

    def sounds(self, begin: int, end: int) -> bool:
        """Whether there is anything in it that could be heard."""
        raw = self.raw(begin, end)
        return float(raw @ raw) > _SOUND**2 * 10

    def _slice(self, samples: Floats, begin: int, end: int) -> Floats:
        first, last = begin - self._base, end - self._base
        if first >= 0 and last <= len(samples):
            return samples[first:last]
        padded = np.zeros(end - begin, np.float32)
        low, high = max(first, 0), min(last, len(samples))
        if low < high:
            padded[low - first : high - first] = samples[low:high]
        return padded

    def _make_room(self, keep_from: int, end: int) -> None:
        base = max(self._base, keep_from - 1)
        size = len(self._raw)
        while end - base > size:
            size *= 2
        for name in ("_raw", "_white"):
            kept: Floats = getattr(self, name)[base - self._base :]
            moved = np.zeros(size, np.float32)
            moved[: len(kept)] = kept
            setattr(self, name, moved)
        self._base = base
