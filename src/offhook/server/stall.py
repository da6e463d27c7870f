"""How long the event loop, and so every call, was held up around the start of a call."""

from __future__ import annotations

import asyncio
import time

__all__ = ["StallProbe"]

_EVERY_MS = 1


class StallProbe:
    """Watches the event loop for a while after :meth:`watch` and keeps the worst it saw.

    A timer is due every millisecond; how much later it comes is how long the loop did something else, or how long the
    machine let the thread wait: a kernel with a tick of 4 ms does so for up to 4 ms, with nothing else to do. So
    ``worst_cpu_ms`` counts the processor time that this thread itself used between two timers.

    Args:
        window_ms: how long to watch after each start of a call.
    """

    def __init__(self, window_ms: int = 1000) -> None:
        self.window_ms = window_ms
        self.worst_ms = 0.0
        """The longest the loop was held up, wall clock."""
        self.worst_cpu_ms = 0.0
        """The most processor time that passed between two timers."""
        self.watched = 0
        """How many starts of calls were watched."""
        self._until_ms = 0
        self._wall_ns = 0
        self._cpu_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """A call starts: watch from now on."""
        loop = asyncio.get_running_loop()
        now_ms = int(loop.time() * 1000)
        self.watched += 1
        self._until_ms = now_ms + self.window_ms
        if self._timer is None:
            self._wall_ns, self._cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
            self._arm(loop, now_ms)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def report(self) -> dict[str, float]:
        """The worst so far."""
        return {
            "starts_watched": self.watched,
            "worst_ms": round(self.worst_ms, 2),
            "worst_cpu_ms": round(self.worst_cpu_ms, 2),
        }

    def _arm(self, loop: asyncio.AbstractEventLoop, now_ms: int) -> None:
        self._timer = loop.call_at((now_ms + _EVERY_MS) / 1000, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        # Not the loop's own time, which some loops keep in whole milliseconds.
        wall_ns, cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
        self.worst_ms = max(self.worst_ms, (wall_ns - self._wall_ns) / 1e6 - _EVERY_MS)
        self.worst_cpu_ms = max(self.worst_cpu_ms, (cpu_ns - self._cpu_ns) / 1e6)
        self._wall_ns, self._cpu_ns = wall_ns, cpu_ns
        now_ms = int(loop.time() * 1000)
        if now_ms < self._until_ms:
            self._arm(loop, now_ms)
        else:
            self._timer = None
