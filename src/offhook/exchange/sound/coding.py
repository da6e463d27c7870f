"""The codec of a leg, in one direction: what both ends of a line hear each other through."""

from __future__ import annotations

from typing import Final

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.frames import frame_bytes
from offhook.audio.resample import Resampler
from offhook.exchange.sound.media import announced_rate

__all__ = ["LineCoding"]

_G711: Final = ("PCMU", "PCMA")


class LineCoding:
    """One direction through the leg's codec, and the phone's rate on the phone's side of it.

    Args:
        codec: the leg's.
        phone_rate: Hz of the phone's pcm.

    Raises:
        UnsupportedCodec: this machine cannot both encode and decode it.
    """

    def __init__(self, codec: str, phone_rate: int) -> None:
        announced = announced_rate(codec)
        self._encoder = make_encoder(codec, announced)
        self._decoder = make_decoder(codec, announced)
        self.rate = self._encoder.rate
        self.to_line = Resampler(phone_rate, self.rate).process
        self.to_phone = Resampler(self.rate, phone_rate).process
        # Most frames of a call are silence on one side; where the codec has no state they need no work.
        self._silence = bytes(frame_bytes(self.rate)) if codec in _G711 else None
        self._silent = self._code(self._silence) if self._silence else None

    def through(self, pcm: bytes) -> tuple[bytes, bytes]:
        """The payload of 20 ms, and what the far end makes of it."""
        if self._silent is not None and pcm == self._silence:
            return self._silent
        return self._code(pcm)

    def _code(self, pcm: bytes) -> tuple[bytes, bytes]:
        payload = self._encoder.encode(pcm)
        return payload, self._decoder.decode(payload)
