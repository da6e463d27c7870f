"""Time, injected: everything that decides takes a :class:`Clock` or a ``now_ms`` and never asks the machine."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """Two readings of time, both in milliseconds."""

    def now_ms(self) -> float:
        """Monotonic milliseconds since an arbitrary start: for durations and deadlines."""
        ...

    def wall_ms(self) -> float:
        """Milliseconds since the Unix epoch: for timestamps that other processes and people read."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> float:
        """Monotonic milliseconds."""
        return time.monotonic_ns() / 1e6

    def wall_ms(self) -> float:
        """Milliseconds since the Unix epoch."""
        return time.time_ns() / 1e6


class ManualClock:
    """A clock that stands still until it is told to move; for tests and replays.

    Args:
        now_ms: the first reading of the monotonic clock.
        wall_ms: the first reading of the wall clock.
    """

    def __init__(self, now_ms: float = 0.0, wall_ms: float = 1_767_225_600_000.0) -> None:
        self._now_ms = now_ms
        self._wall_ms = wall_ms

    def now_ms(self) -> float:
        """The monotonic reading."""
        return self._now_ms

    def wall_ms(self) -> float:
        """The wall reading."""
        return self._wall_ms

    def advance(self, ms: float) -> None:
        """Move both readings ahead by ``ms`` milliseconds.

        Raises:
            ValueError: if ``ms`` is negative.
        """
        if ms < 0:
            raise ValueError(f"expected a step of 0 ms or more, got {ms}")
        self._now_ms += ms
        self._wall_ms += ms
