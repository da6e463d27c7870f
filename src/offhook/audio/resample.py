"""Changing the sample rate without holding audio back.

A windowed-sinc low-pass (Kaiser window, 14 zero crossings of the lower rate on each side) in polyphase form, written as
one matrix for each pair of rates: a block of input with the history before it, times the matrix, is a block of output.
The matrix is shared by all streams; a stream owns only its history.

With ``low`` the lower of the two rates:

* pass band: 0 to 0.425 ``low``, flat within 0.02 dB (3.4 kHz at 8 kHz, the edge of the telephone band);
* stop band: from 0.575 ``low``, at least 60 dB down. What lies between 0.5 and 0.575 ``low`` folds to 0.425 ``low`` or
  above, so the pass band holds no alias and no image of it is heard;
* delay: 14 / ``low`` seconds: 1.75 ms where one side is 8 kHz, 0.875 ms at 16 kHz, 0.58 ms at 24 kHz;
* whole 20 ms frames in, whole 20 ms frames out, at once.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import as_strided

from offhook.audio.frames import FRAME_MS, SAMPLE_BYTES, whole_samples
from offhook.errors import CodecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RATES", "Resampler", "resample"]

RATES: Final = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
"""The rates that can be changed into each other."""

_CROSSINGS = 14
_KAISER_BETA = 6.2
_BLOCK_MS = 2.5


class _Plan:
    """What all streams of one pair of rates share: the block sizes and the matrix."""

    __slots__ = ("delay_s", "history", "matrix", "step_in", "step_out")

    def __init__(self, rate_in: int, rate_out: int) -> None:
        divisor = math.gcd(rate_in, rate_out)
        unit_in, unit_out = rate_in // divisor, rate_out // divisor
        low = min(rate_in, rate_out)
        self.delay_s = _CROSSINGS / low
        # As many units as fit about 2.5 ms: longer blocks multiply more zeros, shorter ones copy more history.
        units_per_frame = rate_in * FRAME_MS // 1000 // unit_in
        wanted = max(1, round(_BLOCK_MS / 1000 * rate_in / unit_in))
        units = max(count for count in range(1, wanted + 1) if units_per_frame % count == 0)
        self.step_in, self.step_out = units * unit_in, units * unit_out
        # The kernel of output k reaches back two delays from k / rate_out.
        self.history = math.ceil(2 * self.delay_s * rate_in)
        at_in = (np.arange(self.history + self.step_in) - self.history) / rate_in
        at_out = np.arange(self.step_out) / rate_out - self.delay_s
        distance = (at_in[:, None] - at_out[None, :]) * low
        taps = np.sinc(distance) * _kaiser(distance / _CROSSINGS)
        # Each output's taps sum to one, so a steady level passes unchanged at every phase.
        taps /= taps.sum(axis=0)
        self.matrix: NDArray[np.float32] = np.ascontiguousarray(taps, dtype=np.float32)


def _kaiser(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Kaiser window over -1 to 1, zero outside."""
    inside: NDArray[np.float64] = np.i0(_KAISER_BETA * np.sqrt(np.clip(1.0 - position**2, 0.0, None)))
    return np.where(np.abs(position) <= 1.0, inside, 0.0)


@lru_cache(maxsize=len(RATES) ** 2)
def _plan(rate_in: int, rate_out: int) -> _Plan:
    return _Plan(rate_in, rate_out)


class Resampler:
    """Changes the rate of one stream of pcm; a pair of equal rates passes it unchanged.

    Args:
        rate_in: samples a second that come.
        rate_out: samples a second that go.

    Raises:
        CodecError: if a rate is not one of :data:`RATES`.
    """

    __slots__ = ("_held", "_history", "_plan", "rate_in", "rate_out")

    def __init__(self, rate_in: int, rate_out: int) -> None:
        for rate in (rate_in, rate_out):
            if rate not in RATES:
                raise CodecError(
                    f"expected a rate of {', '.join(map(str, RATES))} Hz, got {rate} Hz",
                    fix="ask the speech engine or the carrier for one of these rates",
                )
        self.rate_in = rate_in
        self.rate_out = rate_out
        self._plan = _plan(rate_in, rate_out) if rate_in != rate_out else None
        self._held = b""
        self._history: NDArray[np.float32] = np.zeros(self._plan.history if self._plan else 0, dtype=np.float32)

    @property
    def block_ms(self) -> float:
        """The least audio that comes out at once; 20 ms is always a whole number of blocks. 0.0 for equal rates."""
        return self._plan.step_in * 1000 / self.rate_in if self._plan else 0.0

    @property
    def delay_ms(self) -> float:
        """By how much the output lags behind the input: 0.0 for equal rates, at most 1.75 ms."""
        return self._plan.delay_s * 1000 if self._plan else 0.0

    def process(self, pcm: bytes) -> bytes:
        """Take pcm of any length and return what can be made of it.

        Whole 20 ms frames come out at once and in exact proportion. What does not fill a block of :attr:`block_ms`,
        half samples included, is held back for the next call.
        """
        plan = self._plan
        step = plan.step_in * SAMPLE_BYTES if plan else SAMPLE_BYTES
        if self._held:
            pcm = self._held + pcm
        whole = len(pcm) - len(pcm) % step
        self._held = pcm[whole:]
        if plan is None:
            return pcm[:whole]
        if not whole:
            return b""
        return self._run(plan, np.frombuffer(pcm, dtype="<i2", count=whole // SAMPLE_BYTES))

    def _run(self, plan: _Plan, samples: NDArray[np.int16]) -> bytes:
        history, step = plan.history, plan.step_in
        line = np.empty(history + len(samples), dtype=np.float32)
        line[:history] = self._history
        line[history:] = samples
        self._history = line[len(samples) :].copy()
        blocks = len(samples) // step
        stride = line.strides[0]
        windows = as_strided(line, (blocks, history + step), (step * stride, stride), writeable=False)
        # The windows overlap, which BLAS does not take: copy them.
        out = np.ascontiguousarray(windows) @ plan.matrix
        np.rint(out, out=out)
        np.clip(out, -32768, 32767, out=out)
        return out.astype("<i2").tobytes()

    def flush(self) -> bytes:
        """Return the end of the stream: what is held back and what the delay still owes. The stream then starts anew.

        All output together lasts as long as all input and the delay, to the next sample.

        Raises:
            CodecError: if the stream ended in the middle of a sample.
        """
        held, self._held = self._held, b""
        plan = self._plan
        samples = whole_samples(held)
        if plan is None:
            return b""
        owed = math.ceil(samples * self.rate_out / self.rate_in + plan.delay_s * self.rate_out)
        blocks = math.ceil(owed / plan.step_out)
        line = np.zeros(blocks * plan.step_in, dtype=np.int16)
        line[:samples] = np.frombuffer(held, dtype="<i2")
        out = self._run(plan, line)
        self._history = np.zeros(plan.history, dtype=np.float32)
        return out[: owed * SAMPLE_BYTES]


def resample(pcm: bytes, rate_in: int, rate_out: int) -> bytes:
    """A whole clip at another rate, with the delay taken out to the nearest sample: a sound at 300 ms stays there.

    The output has ``ceil(samples * rate_out / rate_in)`` samples.

    Raises:
        CodecError: if a rate is not one of :data:`RATES`, or if half a sample is left over.
    """
    samples = whole_samples(pcm)
    resampler = Resampler(rate_in, rate_out)
    skip = round(resampler.delay_ms / 1000 * rate_out)
    length = -(-samples * rate_out // rate_in)
    out = resampler.process(pcm) + resampler.flush()
    return out[skip * SAMPLE_BYTES : (skip + length) * SAMPLE_BYTES].ljust(length * SAMPLE_BYTES, b"\0")
