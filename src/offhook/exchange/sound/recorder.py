"""Recording of one leg: what its party said on the left, what it heard on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from offhook.audio.frames import FRAME_MS, frame_bytes
from offhook.audio.wav import WavFile
from offhook.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offhook.spool import Loss

__all__ = ["Recorder"]

_WRITE_EVERY_FRAMES: Final = 50


class Recorder:
    """A tap that writes a stereo WAV file as the call goes on, a second at a time, in a thread that nobody waits for.

    The file appears under its name when it is complete, after :meth:`close`; until then it is ``<name>.part``. Ticks
    that never came and seconds that could not be written are silence, so the file is as long as the call.

    Args:
        path: the file to write; its folder must exist.
        rate: Hz of the audio.
        on_loss: told when the file cannot be written, and when it can again; by any thread, and it must not block.
    """

    def __init__(self, path: Path, rate: int, *, on_loss: Callable[[Loss], None] | None = None) -> None:
        self.path = path
        self._spool = Spool(WavFile(path, rate, 2), "recording", on_loss=on_loss)
        self._silence = bytes(frame_bytes(rate))
        self._left: list[bytes] = []
        self._right: list[bytes] = []
        self._next_ms: float | None = None
        self._said, self._said_ms = b"", float("-inf")
        self._owed_bytes = 0  # of silence, for what was not taken
        self._closed = False

    def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """What the party says in this tick goes to the left, next to what it hears; of a burst, the last frame."""
        self._said, self._said_ms = pcm, now_ms

    def missed(self, duration_ms: int) -> None:
        """Nothing: the file goes by the ticks."""

    def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """What the party hears in this tick goes to the right."""
        if self._closed:
            return
        if self._next_ms is not None:
            while self._next_ms < now_ms:
                self._add(self._silence, self._silence)
                self._next_ms += FRAME_MS
        self._next_ms = now_ms + FRAME_MS
        self._add(self._said if self._said_ms == now_ms else self._silence, pcm)

    def close(self) -> None:
        """Let the file be finished, without waiting for it. Closing twice is not an error."""
        if not self._closed:
            self._closed = True
            self._write()
            self._spool.close()

    async def closed(self, timeout_s: float) -> bool:
        """:meth:`close`, and wait until nothing more will be written; returns whether that is so."""
        self.close()
        return await self._spool.closed(timeout_s)

    def _add(self, left: bytes, right: bytes) -> None:
        self._left.append(left)
        self._right.append(right)
        if len(self._left) >= _WRITE_EVERY_FRAMES:
            self._write()

    def _write(self) -> None:
        left = np.frombuffer(b"".join(self._left), dtype="<i2")
        right = np.frombuffer(b"".join(self._right), dtype="<i2")
        woven = np.column_stack((left, right)).tobytes()
        if self._spool.put(bytes(self._owed_bytes) + woven):
            self._owed_bytes = 0
        else:
            self._owed_bytes += len(woven)
        self._left.clear()
        self._right.clear()
