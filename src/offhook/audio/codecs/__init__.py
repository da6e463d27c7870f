"""Codecs, each direction its own coder.

Decode with the encoding that the carrier announced, encode with the one that we asked for: on legs with A-law they
differ.
"""

from __future__ import annotations

from typing import Final

from offhook.audio.codecs import amr_wb, g711, g722, opus
from offhook.audio.codecs.amr_wb import AmrWbDecoder
from offhook.audio.codecs.base import ByteOrder, Decoder, Encoder
from offhook.audio.codecs.g711 import PcmaDecoder, PcmaEncoder, PcmuDecoder, PcmuEncoder
from offhook.audio.codecs.g722 import G722Decoder, G722Encoder
from offhook.audio.codecs.l16 import L16Decoder, L16Encoder, likely_byte_order
from offhook.audio.codecs.opus import OpusDecoder, OpusEncoder
from offhook.audio.resample import RATES
from offhook.errors import UnsupportedCodec

__all__ = [
    "DECODABLE",
    "ENCODABLE",
    "ByteOrder",
    "Decoder",
    "Encoder",
    "likely_byte_order",
    "make_decoder",
    "make_encoder",
]

# The first rate of G722 and AMR-WB: carriers announce the RTP clock for the one and list 8000 for the other. What comes
# out is 16 kHz either way, and `Decoder.rate` says so.
ENCODABLE: Final[dict[str, tuple[int, ...]]] = {
    "PCMU": (g711.RATE,),
    "PCMA": (g711.RATE,),
    "L16": RATES,
    "G722": (8000, g722.RATE),
    "OPUS": opus.RATES,
}
"""What :func:`make_encoder` takes: encoding to the rates that a carrier may announce for it."""

DECODABLE: Final[dict[str, tuple[int, ...]]] = {**ENCODABLE, "AMR-WB": (8000, amr_wb.RATE)}
"""What :func:`make_decoder` takes: encoding to the rates that a carrier may announce for it."""


def make_decoder(encoding: str, sample_rate: int, *, l16_byte_order: ByteOrder = "little") -> Decoder:
    """A decoder for one direction of one call.

    G722, OPUS and AMR-WB import PyAV on first use, which takes a tenth of a second: make one at start.

    Args:
        encoding: as the carrier writes it, one of :data:`DECODABLE`.
        sample_rate: as the carrier announces it. The pcm may be at another rate: ``Decoder.rate``.
        l16_byte_order: for L16, the order of the bytes on the wire.

    Raises:
        UnsupportedCodec: if there is no decoder for this encoding and rate.
    """
    _check("decode", encoding, sample_rate, DECODABLE)
    match encoding:
        case "PCMU":
            return PcmuDecoder()
        case "PCMA":
            return PcmaDecoder()
        case "G722":
            return G722Decoder()
        case "OPUS":
            return OpusDecoder(sample_rate)
        case "AMR-WB":
            return AmrWbDecoder()
        case _:
            return L16Decoder(sample_rate, l16_byte_order)


def make_encoder(encoding: str, sample_rate: int, *, l16_byte_order: ByteOrder = "little") -> Encoder:
    """An encoder for one direction of one call.

    G722 and OPUS import PyAV on first use, which takes a tenth of a second: make one at start.

    Args:
        encoding: as the carrier writes it, one of :data:`ENCODABLE`.
        sample_rate: as asked of the carrier. The pcm may be at another rate: ``Encoder.rate``.
        l16_byte_order: for L16, the order of the bytes on the wire.

    Raises:
        UnsupportedCodec: if there is no encoder for this encoding and rate. AMR-WB has none.
    """
    _check("encode", encoding, sample_rate, ENCODABLE)
    match encoding:
        case "PCMU":
            return PcmuEncoder()
        case "PCMA":
            return PcmaEncoder()
        case "G722":
            return G722Encoder()
        case "OPUS":
            return OpusEncoder(sample_rate)
        case _:
            return L16Encoder(sample_rate, l16_byte_order)


def _check(verb: str, encoding: str, sample_rate: int, supported: dict[str, tuple[int, ...]]) -> None:
    rates = supported.get(encoding)
    if rates is None:
        raise UnsupportedCodec(
            f"expected an encoding that this machine can {verb} ({', '.join(supported)}), got {encoding!r}",
            fix=f"ask the carrier for one of {', '.join(supported)}",
        )
    if sample_rate not in rates:
        raise UnsupportedCodec(
            f"expected {encoding} at {' or '.join(map(str, rates))} Hz to {verb}, got {sample_rate} Hz",
            fix=f"ask the carrier for {encoding} at {rates[0]} Hz",
        )
