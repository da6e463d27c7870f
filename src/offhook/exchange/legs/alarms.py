"""Things to do later, on the exchange's own clock."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.clock import Clock

__all__ = ["Alarm", "Alarms"]


class Alarm:
    """One thing to do later."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Do not do it. Cancelling twice, or after it was done, is no error."""
        self._callback = None

    def ring(self) -> None:
        """Do it, once."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Alarms:
    """All alarms of an exchange. The event loop wakes it; with a manual clock, call :meth:`run_due` after moving it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def set(self, after_ms: float, callback: Callable[[], None]) -> Alarm:
        """Call ``callback`` once, ``after_ms`` from now."""
        alarm = Alarm(callback)
        heapq.heappush(self._heap, (self._clock.now_ms() + after_ms, next(self._order), alarm))
        self._arm()
        return alarm

    def run_due(self) -> None:
        """Ring every alarm whose time has come."""
        while self._heap and self._heap[0][0] <= self._clock.now_ms():
            heapq.heappop(self._heap)[2].ring()
        self._arm()

    def close(self) -> None:
        """Forget all alarms."""
        self._closed = True
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap and not self._closed:
            wait_ms = max(1.0, self._heap[0][0] - self._clock.now_ms())
            self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self.run_due)
