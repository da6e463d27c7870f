"""G.711, both laws: a byte a sample at 8 kHz (ITU-T G.711; RTP payload types 0 and 8 of RFC 3551 §4.5.14)."""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING

from offhook.audio._audioop import audioop
from offhook.audio.frames import SAMPLE_BYTES, half_sample

if TYPE_CHECKING:
    from offhook.audio.codecs.base import Decoder, Encoder

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

__all__ = ["COMPILED", "RATE", "PcmaDecoder", "PcmaEncoder", "PcmuDecoder", "PcmuEncoder", "codes_of", "samples_of"]

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


@functools.cache
def _samples(mu_law: bool) -> bytes:
    return (PcmuDecoder() if mu_law else PcmaDecoder()).decode(bytes(range(256)))


@functools.cache
def _codes(mu_law: bool, unused_bits: int) -> bytes:
    pcm = struct.pack(f"<{65536 >> unused_bits}H", *range(0, 65536, 1 << unused_bits))
    return (PcmuEncoder() if mu_law else PcmaEncoder()).encode(pcm)


def samples_of(decoder: Decoder) -> bytes | None:
    """The two bytes of pcm for each of the 256 codes, if ``decoder`` is of G.711."""
    return _samples(isinstance(decoder, PcmuDecoder)) if isinstance(decoder, PcmuDecoder | PcmaDecoder) else None


def codes_of(encoder: Encoder) -> tuple[bytes, int] | None:
    """The code of each sample, by its 16 bits without the lowest, and how many of those do not count; if ``encoder`` is
    of G.711: 14 bits count in its one law, 13 in the other."""
    if isinstance(encoder, PcmuEncoder):
        return _codes(True, 2), 2
    return (_codes(False, 3), 3) if isinstance(encoder, PcmaEncoder) else None
