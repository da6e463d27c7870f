"""Adding voices and changing their level; both saturate, as an analogue line does, and never wrap around."""

from __future__ import annotations

import math

import numpy as np

from offhook.audio._audioop import audioop
from offhook.audio.frames import SAMPLE_BYTES, whole_samples
from offhook.errors import CodecError

__all__ = ["gain", "mix"]


def mix(*pcm: bytes) -> bytes:
    """The sum of all of ``pcm``, clipped once to 16 bits; shorter ones are silent at their end.

    Clipping comes after the whole sum, so the result does not depend on the order. No voices are no audio.

    Raises:
        CodecError: if one of them holds half a sample.
    """
    for voice in pcm:
        whole_samples(voice)
    voices = [voice for voice in pcm if voice]
    if len(voices) <= 1:
        return voices[0] if voices else b""
    length = max(map(len, voices))
    if len(voices) == 2:  # one addition that clips, the common case, needs no wide sum
        return audioop.add(voices[0].ljust(length, b"\0"), voices[1].ljust(length, b"\0"), SAMPLE_BYTES)
    total = np.zeros(length // SAMPLE_BYTES, dtype=np.int32)
    for voice in voices:
        total[: len(voice) // SAMPLE_BYTES] += np.frombuffer(voice, dtype="<i2")
    return np.clip(total, -32768, 32767).astype("<i2").tobytes()


def gain(pcm: bytes, factor: float) -> bytes:
    """``pcm`` with every sample multiplied by ``factor`` (1.0 changes nothing, 0.5 is -6 dB), clipped to 16 bits.

    Raises:
        CodecError: if half a sample is left over, or if the factor is not a finite number.
    """
    whole_samples(pcm)
    if not math.isfinite(factor):
        raise CodecError(f"expected a finite factor, got {factor}")
    return audioop.mul(pcm, SAMPLE_BYTES, factor)
