"""The quick way of a piece of G.711 through a JSON message, for the media protocols of carriers.

Telnyx and others wrap audio in the same plain JSON. Both functions are compiled where there was a C compiler at
installation, and ``None`` elsewhere: then :class:`~offhook.carriers.media.AppMedia` does the same in several steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPILED", "read_audio", "write_audio"]

try:
    from offhook.carriers import _audio
except ImportError:  # installed without a C compiler
    COMPILED = False
else:
    COMPILED = True

read_audio: Final[Callable[[bytes, bytes, int, bytes | None], tuple[int, bytes] | None] | None] = (
    _audio.read_audio if COMPILED else None
)
"""``(message, track, chunk, samples) -> (timestamp_ms, audio)``; ``None`` if ``message`` is anything but piece number
``chunk`` of ``track``, or is written in an unusual way: then the slower way reads it.

``samples`` holds the two bytes of pcm for each of the 256 codes; with ``None`` the codes are given as they are. What it
takes, and what it makes of it, is what the slower way would.
"""

write_audio: Final[Callable[[bytes, bytes, int, bytes, bytes], bytes] | None] = _audio.write_audio if COMPILED else None
"""``(pcm, codes, unused_bits, head, tail) -> message``: ``head``, the code of each sample in base64, ``tail``.

``codes`` is indexed by a sample's 16 bits without the lowest ``unused_bits``. Half a sample is a :exc:`ValueError`.
"""
