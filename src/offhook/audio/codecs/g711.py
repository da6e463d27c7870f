"""G.711, both laws: a byte a sample at 8 kHz (ITU-T G.711; RTP payload types 0 and 8 of RFC 3551 §4.5.14)."""

from __future__ import annotations

from offhook.audio._audioop import audioop
from offhook.audio.frames import SAMPLE_BYTES, half_sample

__all__ = ["RATE", "PcmaDecoder", "PcmaEncoder", "PcmuDecoder", "PcmuEncoder"]

RATE = 8000


class PcmuDecoder:
    """μ-law to pcm. Every byte is a sample, so no payload is wrong."""

    __slots__ = ()
    rate = RATE

    def decode(self, payload: bytes) -> bytes:
        """The pcm of ``payload``."""
        return audioop.ulaw2lin(payload, SAMPLE_BYTES)


class PcmuEncoder:
    """Pcm to μ-law."""

    __slots__ = ()
    rate = RATE
    frame_per_payload = False

    def encode(self, pcm: bytes) -> bytes:
        """The payload for ``pcm``, any whole number of samples."""
        try:
            return audioop.lin2ulaw(pcm, SAMPLE_BYTES)
        except audioop.error:
            raise half_sample(pcm) from None


class PcmaDecoder:
    """A-law to pcm. Every byte is a sample, so no payload is wrong."""

    __slots__ = ()
    rate = RATE

    def decode(self, payload: bytes) -> bytes:
        """The pcm of ``payload``."""
        return audioop.alaw2lin(payload, SAMPLE_BYTES)


class PcmaEncoder:
    """Pcm to A-law."""

    __slots__ = ()
    rate = RATE
    frame_per_payload = False

    def encode(self, pcm: bytes) -> bytes:
        """The payload for ``pcm``, any whole number of samples."""
        try:
            return audioop.lin2alaw(pcm, SAMPLE_BYTES)
        except audioop.error:
            raise half_sample(pcm) from None
