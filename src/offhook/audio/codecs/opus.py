"""OPUS, one packet of 20 ms to a payload (RFC 6716; RTP payload of RFC 7587, which holds exactly one packet)."""

from __future__ import annotations

from typing import Final

from offhook.audio.codecs._pyav import PyavDecoder, PyavEncoder
from offhook.audio.frames import frame_bytes
from offhook.audio.resample import Resampler
from offhook.errors import CodecError

__all__ = ["RATES", "OpusDecoder", "OpusEncoder"]

RATES: Final = (8000, 16000, 24000, 48000)
"""The rates that the codec takes and the resampler knows."""

_DECODED_RATE = 48000
_BIT_RATE = "24000"


class OpusDecoder:
    """OPUS to pcm.

    FFmpeg decodes OPUS at 48 kHz whatever was sent; the resampler that follows adds its delay (0.9 ms at 16 kHz).

    Args:
        rate: samples a second of the pcm.

    Raises:
        UnsupportedCodec: if this build of FFmpeg lacks OPUS.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._decoder = PyavDecoder("OPUS", ("libopus", "opus"), _DECODED_RATE)
        self._resampler = Resampler(_DECODED_RATE, rate)

    def decode(self, payload: bytes) -> bytes:
        """The pcm of one packet: as long as the packet says, 20 ms as a rule.

        Raises:
            CodecError: if the payload is not one packet of OPUS.
        """
        return self._resampler.process(self._decoder.decode(payload))


class OpusEncoder:
    """Pcm to OPUS: 24 kbit/s, tuned for speech, 6.5 ms of look-ahead.

    Args:
        rate: samples a second of the pcm.

    Raises:
        UnsupportedCodec: if this build of FFmpeg lacks OPUS.
    """

    frame_per_payload = True

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._frame_bytes = frame_bytes(rate)
        options = {"b": _BIT_RATE, "application": "voip", "frame_duration": "20"}
        self._encoder = PyavEncoder("OPUS", ("libopus",), rate, options)

    def encode(self, pcm: bytes) -> bytes:
        """The packet for one 20 ms frame.

        Raises:
            CodecError: if ``pcm`` is not exactly one frame.
        """
        if len(pcm) != self._frame_bytes:
            raise CodecError(
                f"expected one 20 ms frame of {self._frame_bytes} bytes for OPUS, got {len(pcm)} bytes",
                fix=f"cut the stream with Framer({self.rate}) and send each frame in a payload of its own",
            )
        packets = self._encoder.encode(pcm)
        if len(packets) != 1:
            raise CodecError(f"expected one OPUS packet for one frame, got {len(packets)}")
        return packets[0]
