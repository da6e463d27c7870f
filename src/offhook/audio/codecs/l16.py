"""L16: linear 16-bit samples as they are.

RFC 3551 §4.5.11 puts the upper byte first. Telnyx sends and expects the lower byte first (its own code passes the
payload unswapped into 16-bit PCM), so that is the default here, the order is an argument, and
:func:`likely_byte_order` finds out from the audio itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.audio._audioop import audioop
from offhook.audio.frames import SAMPLE_BYTES, dbfs, whole_samples

if TYPE_CHECKING:
    from offhook.audio.codecs.base import ByteOrder

__all__ = ["L16Decoder", "L16Encoder", "likely_byte_order"]

_AUDIBLE_DBFS = -55.0
_CLEARLY = 4.0


class L16Decoder:
    """L16 to pcm.

    Args:
        rate: samples a second.
        byte_order: the order of the bytes in the payload.
    """

    def __init__(self, rate: int, byte_order: ByteOrder = "little") -> None:
        self.rate = rate
        self._swap = byte_order == "big"

    def decode(self, payload: bytes) -> bytes:
        """The pcm of ``payload``.

        Raises:
            CodecError: if half a sample is left over.
        """
        whole_samples(payload)
        return audioop.byteswap(payload, SAMPLE_BYTES) if self._swap else payload


class L16Encoder:
    """Pcm to L16.

    Args:
        rate: samples a second.
        byte_order: the order of the bytes in the payload.
    """

    frame_per_payload = False

    def __init__(self, rate: int, byte_order: ByteOrder = "little") -> None:
        self.rate = rate
        self._swap = byte_order == "big"

    def encode(self, pcm: bytes) -> bytes:
        """The payload for ``pcm``, any whole number of samples.

        Raises:
            CodecError: if half a sample is left over.
        """
        whole_samples(pcm)
        return audioop.byteswap(pcm, SAMPLE_BYTES) if self._swap else pcm


def likely_byte_order(payload: bytes) -> ByteOrder | None:
    """The byte order that an L16 payload of speech is in, or ``None`` where it cannot be told.

    Speech changes little from sample to sample; read with its bytes swapped it is noise, and its first difference is
    far stronger than its level. Ask with 20 ms or more; a quiet payload gives no answer.

    Raises:
        CodecError: if half a sample is left over.
    """
    if whole_samples(payload) < 2:
        return None
    swapped = audioop.byteswap(payload, SAMPLE_BYTES)
    if max(dbfs(payload), dbfs(swapped)) < _AUDIBLE_DBFS:
        return None
    as_little, as_big = _roughness(payload), _roughness(swapped)
    if as_big > _CLEARLY * as_little:
        return "little"
    if as_little > _CLEARLY * as_big:
        return "big"
    return None


def _roughness(pcm: bytes) -> float:
    """The power of the first difference over the power of the samples: near 0 for speech, near 2 for noise."""
    # Halved first, so that a difference of two samples fits 16 bits.
    half = audioop.mul(pcm, SAMPLE_BYTES, 0.5)
    level = audioop.rms(half, SAMPLE_BYTES)
    difference = audioop.add(half[SAMPLE_BYTES:], audioop.mul(half[:-SAMPLE_BYTES], SAMPLE_BYTES, -1), SAMPLE_BYTES)
    return float((audioop.rms(difference, SAMPLE_BYTES) / level) ** 2) if level else 0.0
