"""The quick way of a piece of G.711 through a JSON message, for the media protocols of carriers.

Telnyx and others wrap audio in the same plain JSON. Where there was a C compiler at installation, such a message is
read and written in one step; elsewhere :class:`~offhook.carriers.media.AppMedia` does the same in several.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPILED", "AudioMessages", "audio_messages"]

try:
    from offhook.carriers import _audio_messages
except ImportError:  # installed without a C compiler
    COMPILED = False
else:
    COMPILED = True


@dataclass(frozen=True, slots=True)
class AudioMessages:
    """How a carrier's messages of audio are read and written in one step."""

    head: bytes
    """What a message to the carrier holds before its audio in base64."""
    tail: bytes
    """What it holds after it."""

    def reader(self, track: bytes, samples: bytes | None) -> Callable[[int, bytes], tuple[int, bytes] | None]:
        """``(chunk, message) -> (timestamp_ms, audio)``, for one track.

        ``None`` if ``message`` is anything but piece number ``chunk`` of the track, or is written in an unusual way:
        then the slower way reads it. What it takes, and what it makes of it, is what the slower way would.

        Args:
            track: as the carrier writes it.
            samples: the two bytes of pcm for each of the 256 codes; with ``None`` the codes are given as they are.
        """
        return partial(_audio_messages.read_audio, track, samples)

    def writer(self, codes: bytes, unused_bits: int) -> Callable[[bytes], bytes]:
        """``(pcm) -> message``: :attr:`head`, the code of each sample in base64, :attr:`tail`.

        Half a sample is a :exc:`ValueError`.

        Args:
            codes: the code of each sample, by its 16 bits without the lowest ``unused_bits``.
            unused_bits: how many.
        """
        return partial(_audio_messages.write_audio, codes, unused_bits, self.head, self.tail)


def audio_messages(head: bytes, tail: bytes) -> AudioMessages | None:
    """The quick way, if it is compiled."""
    return AudioMessages(head, tail) if COMPILED else None
