"""Putting frames back in order: carriers do not promise that chunks arrive in the order of their numbers.

Frames in order pass at once. Only while a number is missing do those after it wait, and only for a few frames: what has
not come by then is lost, and its place is kept so that it can be concealed.
"""

from __future__ import annotations

from dataclasses import dataclass

from offhook.audio.frames import FRAME_MS

__all__ = ["Reorder", "ReorderCounters"]

_WINDOW_MS = 1000


@dataclass(slots=True)
class ReorderCounters:
    """What has happened on one stream so far, in frames."""

    received: int = 0
    """All frames that came, used or not."""
    reordered: int = 0
    """Came after a frame with a higher number, and were put in their place."""
    lost: int = 0
    """Did not come, or not in time."""
    late: int = 0
    """Came after they were given up: dropped."""
    duplicates: int = 0
    """Came a second time: dropped."""
    restarts: int = 0
    """How often the numbers jumped by more than a second, so that counting started anew."""


class Reorder:
    """Puts the numbered frames of one stream in order.

    A number more than a second away from the expected one is not a loss: the sender began to count anew. Then what is
    held goes out, nothing is concealed, and counting starts at that number.

    Args:
        frame_ms: the length of a frame.
        depth: for how many frames after the first out of order a missing one is waited for; 0 does not wait.

    Raises:
        ValueError: if ``frame_ms`` is not positive or ``depth`` negative.
    """

    __slots__ = ("_depth", "_given_up", "_window", "counters", "expected", "held")

    def __init__(self, frame_ms: int = FRAME_MS, depth: int = 3) -> None:
        if frame_ms <= 0 or depth < 0:
            raise ValueError(f"expected a frame_ms above 0 and a depth of 0 or more, got {frame_ms} and {depth}")
        self._depth = depth
        self._window = max(_WINDOW_MS // frame_ms, depth + 1)
        self.expected = -1
        """The number of the next frame in order; -1 before the first frame."""
        self.held: dict[int, bytes] = {}
        """Frames after a missing one, by number. While there are none, the expected frame goes straight on: whoever
        knows that it is that one may take it by counting :attr:`expected` and ``counters.received`` up."""
        self._given_up: set[int] = set()
        self.counters = ReorderCounters()

    def passes(self, chunk: int) -> bool:
        """Whether the frame with number ``chunk`` goes straight on: it is the expected one, and none is held back.

        If so, it is taken; if not, :meth:`push` it. Nearly every frame passes, and needs no list to do so.
        """
        if chunk != self.expected or self.held:
            return False
        self.expected = chunk + 1
        self.counters.received += 1
        return True

    def push(self, chunk: int, payload: bytes) -> list[bytes | None]:
        """Take the frame with number ``chunk``; return what can go on, in order, ``None`` for each lost frame."""
        if self.passes(chunk):
            return [payload]
        self.counters.received += 1
        if self.expected < 0:
            self.expected = chunk + 1
            return [payload]
        ahead = chunk - self.expected
        if ahead == 0:
            self.expected = chunk + 1
            self.counters.reordered += 1
            return [payload, *self._run()]
        if abs(ahead) > self._window:
            return self._restart(chunk, payload)
        if ahead < 0:
            self._drop(chunk)
            return []
        return self._hold(chunk, payload)

    def flush(self) -> list[bytes | None]:
        """End the stream: return what is held, in order, ``None`` for each frame missing between."""
        out: list[bytes | None] = []
        while self.held:
            out += self._give_up()
        return out

    def _run(self) -> list[bytes | None]:
        """Take the held frames that follow without a gap."""
        out: list[bytes | None] = []
        while (payload := self.held.pop(self.expected, None)) is not None:
            out.append(payload)
            self.expected += 1
        return out

    def _hold(self, chunk: int, payload: bytes) -> list[bytes | None]:
        if chunk in self.held:
            self.counters.duplicates += 1
            return []
        if self.held and chunk < max(self.held):
            self.counters.reordered += 1
        self.held[chunk] = payload
        out: list[bytes | None] = []
        while len(self.held) > self._depth:
            out += self._give_up()
        return out

    def _give_up(self) -> list[bytes | None]:
        """Declare the frames of the first gap lost, and take those after it."""
        first = min(self.held)
        missing = range(self.expected, first)
        self.counters.lost += len(missing)
        # Remembered only to tell late frames from duplicates, so only as long as they would not count as a restart.
        self._given_up = {number for number in self._given_up if number >= first - self._window}.union(missing)
        self.expected = first
        return [None] * len(missing) + self._run()

    def _drop(self, chunk: int) -> None:
        if chunk in self._given_up:
            self._given_up.discard(chunk)
            self.counters.late += 1
        else:
            self.counters.duplicates += 1

    def _restart(self, chunk: int, payload: bytes) -> list[bytes | None]:
        self.counters.restarts += 1
        held = [self.held[number] for number in sorted(self.held)]
        self.held.clear()
        self._given_up.clear()
        self.expected = chunk + 1
        return [*held, payload]
