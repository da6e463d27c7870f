"""What a coder is."""

from __future__ import annotations

from typing import Literal, Protocol

__all__ = ["ByteOrder", "Decoder", "Encoder"]

ByteOrder = Literal["little", "big"]
"""The order of the two bytes of a linear 16-bit sample on the wire."""


class Decoder(Protocol):
    """Turns the payloads of one direction of one call into pcm. It has state: never share one between streams."""

    @property
    def rate(self) -> int:
        """Samples a second of the pcm that :meth:`decode` returns."""
        ...

    def decode(self, payload: bytes) -> bytes:
        """The pcm of one payload: codec bytes as in RTP, without an RTP header.

        Raises:
            CodecError: if the payload is not of this codec. The decoder stays usable for the next one.
        """
        ...


class Encoder(Protocol):
    """Turns the pcm of one direction of one call into payloads. It has state: never share one between streams."""

    @property
    def rate(self) -> int:
        """Samples a second of the pcm that :meth:`encode` takes."""
        ...

    @property
    def frame_per_payload(self) -> bool:
        """Whether a payload holds exactly one frame (OPUS); if not, as many whole frames as one likes."""
        ...

    def encode(self, pcm: bytes) -> bytes:
        """The payload for whole 20 ms frames of pcm.

        Raises:
            CodecError: if ``pcm`` is not of a length that this codec takes. The encoder stays usable.
        """
        ...
