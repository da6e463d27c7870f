"""How long the event loop, and so every call, was held up around the start of a call."""

from __future__ import annotations

import asyncio
import time

__all__ = ["StallProbe"]


class StallProbe:
    """Watches the event loop for a while after :meth:`watch` and keeps the worst it saw.

    A timer is due every millisecond; how late it comes is how long the loop did something else, up to the timer's own
    grain of about 1 ms. A machine that is busy with other programs delays it too: ``cpu_ms`` counts only the processor
    time that this thread itself used in between, which is what our own code can be blamed for.

    Args:
        window_ms: how long to watch after each start of a call.
    """

    def __init__(self, window_ms: int = 1500) -> None:
        self.window_ms = window_ms
        self.worst_ms = 0.0
        """The longest the loop was held up, wall clock."""
        self.worst_cpu_ms = 0.0
        """The most processor time that passed between two timers."""
        self.watched = 0
        """How many starts of calls were watched."""
        self._until_ms = 0
        self._due_ms = 0
        self._cpu_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """A call starts: watch from now on."""
        loop = asyncio.get_running_loop()
        now_ms = int(loop.time() * 1000)
        self.watched += 1
        self._until_ms = now_ms + self.window_ms
        if self._timer is None:
            self._cpu_ns = time.thread_time_ns()
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
        self._due_ms = now_ms + 1
        self._timer = loop.call_at(self._due_ms / 1000, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time() * 1000
        cpu_ns = time.thread_time_ns()
        self.worst_ms = max(self.worst_ms, now - self._due_ms)
        self.worst_cpu_ms = max(self.worst_cpu_ms, (cpu_ns - self._cpu_ns) / 1e6)
        self._cpu_ns = cpu_ns
        if now < self._until_ms:
            self._arm(loop, int(now))
        else:
            self._timer = None
