"""Codecs, each direction its own coder.

Decode with the encoding that the carrier announced, encode with the one that we asked for: on legs with A-law they
differ.
"""

from __future__ import annotations

from typing import Final

from offhook.audio.codecs.base import ByteOrder, Decoder, Encoder
from offhook.audio.codecs.g711 import PcmaDecoder, PcmaEncoder, PcmuDecoder, PcmuEncoder
from offhook.audio.codecs.l16 import L16Decoder, L16Encoder, likely_byte_order
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

_L16_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)

DECODABLE: Final[dict[str, tuple[int, ...]]] = {
    "PCMU": (8000,),
    "PCMA": (8000,),
    "L16": _L16_RATES,
}
"""What :func:`make_decoder` takes: encoding to announced rates."""

ENCODABLE: Final[dict[str, tuple[int, ...]]] = DECODABLE
"""What :func:`make_encoder` takes: encoding to announced rates."""


def make_decoder(encoding: str, sample_rate: int, *, l16_byte_order: ByteOrder = "little") -> Decoder:
    """A decoder for one direction of one call.

    Args:
        encoding: as the carrier writes it: ``PCMU``, ``PCMA``, ``L16``.
        sample_rate: as the carrier announces it.
        l16_byte_order: for L16, the order of the bytes on the wire.

    Raises:
        UnsupportedCodec: if there is no decoder for this encoding and rate.
    """
    _check("decode", encoding, sample_rate, DECODABLE)
    if encoding == "PCMU":
        return PcmuDecoder()
    if encoding == "PCMA":
        return PcmaDecoder()
    return L16Decoder(sample_rate, l16_byte_order)


def make_encoder(encoding: str, sample_rate: int, *, l16_byte_order: ByteOrder = "little") -> Encoder:
    """An encoder for one direction of one call.

    Args:
        encoding: as the carrier writes it: ``PCMU``, ``PCMA``, ``L16``.
        sample_rate: as asked of the carrier.
        l16_byte_order: for L16, the order of the bytes on the wire.

    Raises:
        UnsupportedCodec: if there is no encoder for this encoding and rate.
    """
    _check("encode", encoding, sample_rate, ENCODABLE)
    if encoding == "PCMU":
        return PcmuEncoder()
    if encoding == "PCMA":
        return PcmaEncoder()
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
