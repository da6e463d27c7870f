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

    __slots__ = ("_depth", "_given_up", "_held", "_next", "_window", "counters")

    def __init__(self, frame_ms: int = FRAME_MS, depth: int = 3) -> None:
        if frame_ms <= 0 or depth < 0:
            raise ValueError(f"expected a frame_ms above 0 and a depth of 0 or more, got {frame_ms} and {depth}")
        self._depth = depth
        self._window = max(_WINDOW_MS // frame_ms, depth + 1)
        self._next: int | None = None
        self._held: dict[int, bytes] = {}
        self._given_up: set[int] = set()
        self.counters = ReorderCounters()

    @property
    def expected(self) -> int:
        """The number of the frame that would go straight on; -1 if none would."""
        return -1 if self._next is None or self._held else self._next

    def passes(self, chunk: int) -> bool:
        """Whether the frame with number ``chunk`` goes straight on: it is the expected one, and none is held back.

        If so, it is taken; if not, :meth:`push` it. Nearly every frame passes, and needs no list to do so.
        """
        if chunk != self._next or self._held:
            return False
        self._next = chunk + 1
        self.counters.received += 1
        return True

    def pass_on(self) -> None:
        """Take the frame with the number :attr:`expected`: as :meth:`passes`, of a number that is known."""
        assert self._next is not None, "only of a frame that is expected"
        self._next += 1
        self.counters.received += 1

    def push(self, chunk: int, payload: bytes) -> list[bytes | None]:
        """Take the frame with number ``chunk``; return what can go on, in order, ``None`` for each lost frame."""
        if self.passes(chunk):
            return [payload]
        self.counters.received += 1
        expected = self._next
        if expected is None:
            self._next = chunk + 1
            return [payload]
        ahead = chunk - expected
        if ahead == 0:
            self._next = chunk + 1
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
        while self._held:
            out += self._give_up()
        return out

    def _run(self) -> list[bytes | None]:
        """Take the held frames that follow without a gap."""
        out: list[bytes | None] = []
        assert self._next is not None
        while (payload := self._held.pop(self._next, None)) is not None:
            out.append(payload)
            self._next += 1
        return out

    def _hold(self, chunk: int, payload: bytes) -> list[bytes | None]:
        if chunk in self._held:
            self.counters.duplicates += 1
            return []
        if self._held and chunk < max(self._held):
            self.counters.reordered += 1
        self._held[chunk] = payload
        out: list[bytes | None] = []
        while len(self._held) > self._depth:
            out += self._give_up()
        return out

    def _give_up(self) -> list[bytes | None]:
        """Declare the frames of the first gap lost, and take those after it."""
        assert self._next is not None
        first = min(self._held)
        missing = range(self._next, first)
        self.counters.lost += len(missing)
        # Remembered only to tell late frames from duplicates, so only as long as they would not count as a restart.
        self._given_up = {number for number in self._given_up if number >= first - self._window}.union(missing)
        self._next = first
        return [None] * len(missing) + self._run()

    def _drop(self, chunk: int) -> None:
        if chunk in self._given_up:
            self._given_up.discard(chunk)
            self.counters.late += 1
        else:
            self.counters.duplicates += 1

    def _restart(self, chunk: int, payload: bytes) -> list[bytes | None]:
        self.counters.restarts += 1
        held = [self._held[number] for number in sorted(self._held)]
        self._held.clear()
        self._given_up.clear()
        self._next = chunk + 1
        return [*held, payload]
