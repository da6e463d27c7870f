"""Concealing lost frames: the last pitch period goes on and fades out (after ITU-T G.711 Appendix I).

The Appendix delays all audio by 3.75 ms so that it can blend into the first lost frame. Here nothing is delayed: the
step between the last good sample and the repeated period is spread over a quarter of the period instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from offhook.audio.frames import SAMPLE_BYTES, frame_bytes, whole_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FADED_MS", "Conceal"]

FADED_MS = 60
"""After so much loss in a row the line is silent."""

_FULL_MS = 10
_SHORTEST_PERIOD_MS = 5.0
_LONGEST_PERIOD_MS = 15.0
_COMPARED_MS = 20
_OVERLAP_OF_LOSS = 0.4
_LONGEST_OVERLAP_MS = 10


class Conceal:
    """Fills the losses of one stream of pcm.

    Args:
        rate: samples a second.

    Raises:
        CodecError: if 20 ms are not a whole number of samples at this rate.
    """

    __slots__ = ("_before", "_frame", "_frame_bytes", "_keep", "_latest", "_lost", "_period", "_rate")

    def __init__(self, rate: int) -> None:
        self._frame_bytes = frame_bytes(rate)
        self._frame = self._frame_bytes // SAMPLE_BYTES
        self._rate = rate
        self._keep = SAMPLE_BYTES * self._samples(_LONGEST_PERIOD_MS + _COMPARED_MS + 1)
        # What was heard last: two frames are more than is kept. They stay as they came until one is lost: cutting and
        # joining them each time cost more than all else that is done with a frame here.
        self._before, self._latest = b"", bytes(self._keep)
        self._period: NDArray[np.float32] = np.zeros(1, dtype=np.float32)
        self._lost = 0

    @property
    def filling(self) -> bool:
        """Whether the last frame did not come: the next good one is blended with what filled it."""
        return self._lost > 0

    def good(self, pcm: bytes) -> bytes:
        """Take a frame that came, of any length; return it, after a loss blended with the end of what filled it.

        Raises:
            CodecError: if half a sample is left over.
        """
        if self._lost or len(pcm) != self._frame_bytes:
            return self._blend(pcm)
        self._before, self._latest = self._latest, pcm
        return pcm

    def lost(self) -> bytes:
        """Return 20 ms in place of a frame that did not come."""
        if self._lost == 0:
            self._period, step = self._find_period()
            filled = self._repeated(self._frame)
            easing = len(self._period) // 4
            filled[:easing] += step * np.linspace(1.0, 0.0, easing, endpoint=False, dtype=np.float32)
        else:
            filled = self._repeated(self._frame)
        self._lost += self._frame
        pcm = _to_pcm(filled)
        self._remember(pcm)
        return pcm

    def _blend(self, pcm: bytes) -> bytes:
        samples = whole_samples(pcm)
        if self._lost and samples:
            wanted = len(self._period) // 4 + round(_OVERLAP_OF_LOSS * self._lost)
            overlap = min(wanted, self._samples(_LONGEST_OVERLAP_MS), samples)
            rising = (np.arange(overlap, dtype=np.float32) + 1.0) / (overlap + 1.0)
            fresh = np.frombuffer(pcm, dtype="<i2", count=overlap)
            pcm = _to_pcm(fresh * rising + self._repeated(overlap) * (1.0 - rising)) + pcm[overlap * SAMPLE_BYTES :]
            self._lost = 0
        self._remember(pcm)
        return pcm

    def _remember(self, pcm: bytes) -> None:
        """Keep a piece of any length."""
        self._before, self._latest = b"", (self._before + self._latest + pcm)[-self._keep :]

    def _samples(self, ms: float) -> int:
        return int(self._rate * ms / 1000)

    def _repeated(self, count: int) -> NDArray[np.float32]:
        """The next ``count`` samples of the repeated period: at full level for 10 ms, then falling, silent at 60 ms."""
        at = self._lost + np.arange(count)
        fading = (FADED_MS - at * (1000.0 / self._rate)) / (FADED_MS - _FULL_MS)
        repeated: NDArray[np.float32] = self._period[at % len(self._period)] * np.clip(fading, 0.0, 1.0)
        return repeated.astype(np.float32)

    def _find_period(self) -> tuple[NDArray[np.float32], np.float32]:
        """The last pitch period, made to join itself end to start, and the step from the last sample to its start."""
        heard = np.frombuffer((self._before + self._latest)[-self._keep :], dtype="<i2").astype(np.float32)
        compared = self._samples(_COMPARED_MS)
        shortest, longest = self._samples(_SHORTEST_PERIOD_MS), self._samples(_LONGEST_PERIOD_MS)
        # Row n is the stretch as long as the compared one that began longest - n samples before it.
        earlier = sliding_window_view(heard[-compared - longest : -shortest], compared)
        energy = np.einsum("ij,ij->i", earlier, earlier)
        likeness = (earlier @ heard[-compared:]) / np.sqrt(energy + 1.0)
        length = longest - int(np.argmax(likeness))
        period = heard[-length:].copy()
        joint = length // 4
        rising = (np.arange(joint, dtype=np.float32) + 1.0) / (joint + 1.0)
        period[-joint:] = period[-joint:] * (1.0 - rising) + heard[-length - joint : -length] * rising
        return period, heard[-1] - heard[-length - 1]


def _to_pcm(samples: NDArray[np.float32]) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()
