"""Recording of one leg: what its party said on the left, what it heard on the right."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Final

import numpy as np

from offhook.audio.frames import FRAME_MS, frame_bytes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Recorder"]

_WRITE_EVERY_FRAMES: Final = 50


class Recorder:
    """Writes a stereo WAV file as the call goes on: no more than a second of audio is kept in memory.

    The file appears under its name when it is complete, at :meth:`close`; until then it is ``<name>.part``. Ticks that
    were never written are silence, so the file is as long as the call.

    Args:
        path: the file to write; its folder must exist.
        rate: Hz of the audio.

    Raises:
        OSError: if the file cannot be written; from :meth:`write` and :meth:`close` too.
    """

    def __init__(self, path: Path, rate: int) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")
        # Opened here and not by wave, which leaves half an object behind where that is not possible.
        self._opened = self._part.open("wb")
        self._file = wave.open(self._opened, "wb")  # noqa: SIM115 - it stays open as long as the call
        self._file.setnchannels(2)
        self._file.setsampwidth(2)
        self._file.setframerate(rate)
        self._silence = bytes(frame_bytes(rate))
        self._left: list[bytes] = []
        self._right: list[bytes] = []
        self._next_ms: float | None = None
        self._closed = False
        self._said, self._said_ms = b"", float("-inf")

    def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """What the party says in this tick goes to the left, next to what it hears; of a burst, the last frame."""
        self._said, self._said_ms = pcm, now_ms

    def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """What the party hears in this tick goes to the right."""
        self.write(now_ms, self._said if self._said_ms == now_ms else self._silence, pcm)

    def write(self, now_ms: float, left: bytes, right: bytes) -> None:
        """Add the 20 ms frame of the tick at ``now_ms``; both sides are one whole frame."""
        if self._closed:
            return
        if self._next_ms is not None:
            while self._next_ms < now_ms:
                self._add(self._silence, self._silence)
                self._next_ms += FRAME_MS
        self._next_ms = now_ms + FRAME_MS
        self._add(left, right)

    def close(self) -> None:
        """Finish the file. Closing twice is not an error."""
        if self._closed:
            return
        self._closed = True
        self._flush()
        self._file.close()
        self._opened.close()
        self._part.replace(self.path)

    def _add(self, left: bytes, right: bytes) -> None:
        self._left.append(left)
        self._right.append(right)
        if len(self._left) >= _WRITE_EVERY_FRAMES:
            self._flush()

    def _flush(self) -> None:
        left = np.frombuffer(b"".join(self._left), dtype="<i2")
        right = np.frombuffer(b"".join(self._right), dtype="<i2")
        self._file.writeframesraw(np.column_stack((left, right)).astype("<i2").tobytes())
        self._left.clear()
        self._right.clear()
