"""What is heard, piece by piece, and where in its stream each lies."""

from __future__ import annotations

from typing import Final, NamedTuple

from offhook.speech.echo.signal import PER_MS

__all__ = ["Heard", "Piece", "StreamClock"]

_GAP: Final = 60 * PER_MS
"""Audio of this length that is missing never comes."""


class Heard(NamedTuple):
    """A piece of what the caller says, and when it ended."""

    at_ms: float
    pcm: bytes
    changed: bool = False
    """Whether it is other than it came."""


class Piece(NamedTuple):
    """A piece as it came: when, and at which sample of the stream it ends."""

    at_ms: float
    pcm: bytes
    end: int

    @property
    def begin(self) -> int:
        """The sample at which it begins."""
        return self.end - len(self.pcm) // 2


class StreamClock:
    """Where in the stream a piece lies: by counting samples, since their times are rounded, from gap to gap."""

    def __init__(self) -> None:
        self.end = 0
        self._count = 0
        self._least_late = 0

    def next(self, samples: int, at: int) -> int:
        """A piece came at ``at``: where it ends."""
        end = self.end + samples
        late = at - end
        if late < 0 or late > _GAP or not self.end:
            end, late = at, 0
        if self._count == 0 or late < self._least_late:
            self._least_late = late
        self._count += 1
        if self._count == 50:  # what all pieces of a second were late by is no rounding: the clocks drift
            end += self._least_late
            self._count = 0
        self.end = end
        return end
