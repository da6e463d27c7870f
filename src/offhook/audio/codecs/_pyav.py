"""PyAV's coders behind bytes: one packet, one frame, and every failure a CodecError.

PyAV takes a tenth of a second to import, so nobody pays for it before the first codec that needs it. Make one coder at
start, not in the first call.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from offhook.errors import CodecError, UnsupportedCodec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PyavDecoder", "PyavEncoder"]


def _load(encoding: str) -> Any:
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise UnsupportedCodec(
            f"expected PyAV, which codes {encoding}, got an import error ({error})",
            fix="pip install --force-reinstall av",
        ) from error


def _open(av: Any, encoding: str, names: tuple[str, ...], mode: str, rate: int, options: Mapping[str, str]) -> Any:
    """The first coder of ``names`` that this build of FFmpeg has, opened."""
    for name in names:
        try:
            context = av.CodecContext.create(name, mode)
        except ValueError:  # av.error.UnknownCodecError is one; the next name may be known
            continue
        context.sample_rate = rate
        context.layout = "mono"
        if mode == "w":
            context.format = "s16"
            context.options = dict(options)
        context.open()
        return context
    verb = "encode" if mode == "w" else "decode"
    raise UnsupportedCodec(
        f"expected an FFmpeg that can {verb} {encoding} ({' or '.join(names)}), got one that cannot",
        fix="pip install --force-reinstall av, whose wheels can",
    )


class PyavDecoder:
    """One direction's decoder: a packet to the pcm in it.

    Args:
        encoding: what errors call it.
        names: FFmpeg's decoders to try, in this order.
        rate: what the decoder is told; what comes out may differ (OPUS is always 48 kHz).

    Raises:
        UnsupportedCodec: if this build of FFmpeg has none of them.
    """

    __slots__ = ("_av", "_context", "_encoding")

    def __init__(self, encoding: str, names: tuple[str, ...], rate: int) -> None:
        self._encoding = encoding
        self._av = _load(encoding)
        self._context = _open(self._av, encoding, names, "r", rate, {})

    @property
    def name(self) -> str:
        """FFmpeg's name of the decoder that was found."""
        return str(self._context.name)

    def decode(self, packet: bytes) -> bytes:
        """The pcm of one packet, mono.

        Raises:
            CodecError: if the packet is empty (to FFmpeg that is the end of the stream) or not of this codec.
        """
        if not packet:
            raise CodecError(f"expected a packet of {self._encoding}, got no bytes")
        try:
            frames = self._context.decode(self._av.Packet(packet))
            return b"".join(_samples(frame) for frame in frames)
        except self._av.FFmpegError as error:
            raise CodecError(
                f"expected a packet of {self._encoding}, got {len(packet)} bytes that are not one"
            ) from error


def _samples(frame: Any) -> bytes:
    if frame.format.name == "s16":
        # The plane may be padded for alignment.
        return bytes(frame.planes[0])[: frame.samples * 2]
    floats = frame.to_ndarray()[0]
    samples: bytes = np.clip(np.rint(floats * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return samples


class PyavEncoder:
    """One direction's encoder: whole frames of pcm to the packets of them.

    Args:
        encoding: what errors call it.
        names: FFmpeg's encoders to try, in this order.
        rate: samples a second.
        options: FFmpeg's options of this encoder; ``b`` is the bit rate.

    Raises:
        UnsupportedCodec: if this build of FFmpeg has none of them.
    """

    __slots__ = ("_av", "_context", "_encoding", "_rate")

    def __init__(self, encoding: str, names: tuple[str, ...], rate: int, options: Mapping[str, str]) -> None:
        self._encoding = encoding
        self._rate = rate
        self._av = _load(encoding)
        self._context = _open(self._av, encoding, names, "w", rate, options)

    def encode(self, pcm: bytes) -> list[bytes]:
        """The packets of ``pcm``, which is whole frames.

        Raises:
            CodecError: if FFmpeg refuses it.
        """
        try:
            frame = self._av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
            frame.sample_rate = self._rate
            frame.planes[0].update(pcm)
            return [bytes(packet) for packet in self._context.encode(frame)]
        except self._av.FFmpegError as error:
            raise CodecError(
                f"expected pcm that {self._encoding} takes, got {len(pcm)} bytes that it refuses"
            ) from error
