"""The quick way of a piece of G.711 through a JSON message, for the media protocols of carriers.

Telnyx and others wrap audio in the same plain JSON. Where there was a C compiler at installation, such a message is
read and written in one step; elsewhere :class:`~offhook.carriers.media.AppMedia` does the same in several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPILED", "AudioMessages", "audio_messages"]

try:
    from offhook.carriers import _audio
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
    read: Callable[[bytes, bytes, int, bytes | None], tuple[int, bytes] | None]
    """``(message, track, chunk, samples) -> (timestamp_ms, audio)``.

    ``None`` if ``message`` is anything but piece number ``chunk`` of ``track``, or is written in an unusual way: then
    the slower way reads it. ``samples`` holds the two bytes of pcm for each of the 256 codes; with ``None`` the codes
    are given as they are. What it takes, and what it makes of it, is what the slower way would.
    """
    write: Callable[[bytes, bytes, int, bytes, bytes], bytes]
    """``(pcm, codes, unused_bits, head, tail) -> message``: ``head``, the code of each sample in base64, ``tail``.

    ``codes`` is indexed by a sample's 16 bits without the lowest ``unused_bits``. Half a sample is a :exc:`ValueError`.
    """


def audio_messages(head: bytes, tail: bytes) -> AudioMessages | None:
    """The quick way, if it is compiled."""
    return AudioMessages(head, tail, _audio.read_audio, _audio.write_audio) if COMPILED else None
