"""G.711, both laws: a byte a sample at 8 kHz (ITU-T G.711; RTP payload types 0 and 8 of RFC 3551 §4.5.14)."""

from __future__ import annotations

from offhook.audio._audioop import audioop
from offhook.audio.frames import SAMPLE_BYTES, half_sample

try:
    from offhook.audio.codecs._g711 import encode_a_law, encode_mu_law
except ImportError:  # installed without a C compiler

    def encode_mu_law(pcm: bytes, /) -> bytes:
        """The μ-law codes of ``pcm``."""
        return audioop.lin2ulaw(pcm, SAMPLE_BYTES)

    def encode_a_law(pcm: bytes, /) -> bytes:
        """The A-law codes of ``pcm``."""
        return audioop.lin2alaw(pcm, SAMPLE_BYTES)

    COMPILED = False
else:
    COMPILED = True

__all__ = ["COMPILED", "RATE", "PcmaDecoder", "PcmaEncoder", "PcmuDecoder", "PcmuEncoder"]

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
            return encode_mu_law(pcm)
        except (ValueError, audioop.error):
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
            return encode_a_law(pcm)
        except (ValueError, audioop.error):
            raise half_sample(pcm) from None
