"""Frames of 20 ms: their size, cutting audio into them, and how loud they are."""

from __future__ import annotations

import math

from offhook.audio._audioop import audioop
from offhook.errors import CodecError

__all__ = [
    "FRAME_MS",
    "SAMPLE_BYTES",
    "SILENCE_DBFS",
    "Framer",
    "dbfs",
    "frame_bytes",
    "half_sample",
    "rms",
    "silence",
    "whole_samples",
]

FRAME_MS = 20
"""The length of one frame in milliseconds."""

SAMPLE_BYTES = 2
"""The size of one sample: signed 16-bit little-endian."""

SILENCE_DBFS = -100.0
"""What :func:`dbfs` answers for digital silence: below the smallest level that 16 bits can hold (-90.3 dBFS)."""

_FULL_SCALE = 32768.0


def frame_bytes(rate: int) -> int:
    """The size of one 20 ms frame at ``rate`` samples a second.

    Raises:
        CodecError: if 20 ms are not a whole number of samples at this rate.
    """
    samples, rest = divmod(rate * FRAME_MS, 1000)
    if samples <= 0 or rest:
        raise CodecError(
            f"expected a rate with a whole number of samples in {FRAME_MS} ms, got {rate} Hz",
            fix="use 8000, 16000, 22050, 24000, 32000, 44100 or 48000",
        )
    return samples * SAMPLE_BYTES


def whole_samples(pcm: bytes) -> int:
    """The number of samples in ``pcm``.

    Raises:
        CodecError: if half a sample is left over.
    """
    samples, rest = divmod(len(pcm), SAMPLE_BYTES)
    if rest:
        raise half_sample(pcm)
    return samples


def half_sample(pcm: bytes) -> CodecError:
    """The error for ``pcm`` that ends within a sample."""
    return CodecError(
        f"expected whole 16-bit samples, got {len(pcm)} bytes",
        fix="pass signed 16-bit little-endian mono pcm, or cut the stream with Framer, which holds half samples",
    )


def silence(rate: int, ms: float) -> bytes:
    """``ms`` milliseconds of digital silence, to the nearest sample.

    Raises:
        CodecError: if ``ms`` is negative.
    """
    if ms < 0:
        raise CodecError(f"expected 0 ms or more of silence, got {ms} ms")
    return bytes(round(rate * ms / 1000) * SAMPLE_BYTES)


def rms(pcm: bytes) -> int:
    """The root mean square of the samples, 0 to 32768; 0 for no audio at all.

    Raises:
        CodecError: if half a sample is left over.
    """
    return audioop.rms(pcm, SAMPLE_BYTES) if whole_samples(pcm) else 0


def dbfs(pcm: bytes) -> float:
    """The level in dB below full scale: 0.0 for a full-scale square wave, -3.0 for a full-scale sine.

    Digital silence and no audio at all are :data:`SILENCE_DBFS`, not minus infinity, so that the answer can be
    compared, averaged and written as JSON.

    Raises:
        CodecError: if half a sample is left over.
    """
    level = rms(pcm)
    return 20.0 * math.log10(level / _FULL_SCALE) if level else SILENCE_DBFS


class Framer:
    """Cuts a stream of pcm, in pieces of any size, into whole 20 ms frames.

    Args:
        rate: samples a second.

    Raises:
        CodecError: if 20 ms are not a whole number of samples at this rate.
    """

    __slots__ = ("_held", "_size")

    def __init__(self, rate: int) -> None:
        self._size = frame_bytes(rate)
        self._held = b""

    @property
    def held_bytes(self) -> int:
        """How much is held back for the next frame; always less than a frame."""
        return len(self._held)

    def push(self, pcm: bytes) -> list[bytes]:
        """Take any amount of pcm, half samples included; return the frames that are now whole, in order."""
        size = self._size
        if not self._held and len(pcm) == size:
            return [pcm]
        data = self._held + pcm
        end = len(data) - len(data) % size
        self._held = data[end:]
        return [data[at : at + size] for at in range(0, end, size)]

    def flush(self) -> bytes:
        """Return what is held back, padded with silence to one whole frame, or ``b""`` if nothing is.

        Raises:
            CodecError: if the stream ended in the middle of a sample. Nothing is held back afterwards.
        """
        held, self._held = self._held, b""
        whole_samples(held)
        return held.ljust(self._size, b"\0") if held else b""

    def clear(self) -> None:
        """Forget what is held back."""
        self._held = b""
