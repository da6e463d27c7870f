"""One clock for all calls of a process."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offhook.logs import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.clock import Clock

__all__ = ["Ticker"]

logger = logging.getLogger(__name__)


class Ticker:
    """Calls everyone who asks every ``interval_ms``, from one timer.

    The timer is re-armed for whole milliseconds on a fixed grid: a remainder below one millisecond makes some event
    loops fire at once, again and again, and a delay counted from the last tick drifts. Ticks that a busy loop has
    missed are left out, not made up for. While nobody listens there is no timer.

    Args:
        clock: what the callbacks are told as ``now_ms``.
        interval_ms: whole milliseconds between two ticks.
    """

    def __init__(self, clock: Clock, interval_ms: int = 10) -> None:
        if interval_ms < 1:
            raise ValueError(f"expected an interval of 1 ms or more, got {interval_ms}")
        self.interval_ms = interval_ms
        self.missed = 0
        """Ticks that were left out because the loop was busy."""
        self._clock = clock
        self._callbacks: dict[Callable[[float], None], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ticking = False
        self._due_ms = 0

    def __len__(self) -> int:
        """How many callbacks are called."""
        return len(self._callbacks)

    def add(self, callback: Callable[[float], None]) -> None:
        """Call ``callback(now_ms)`` at every tick from now on."""
        self._callbacks[callback] = None
        if self._timer is None and not self._ticking:
            loop = asyncio.get_running_loop()
            self._due_ms = int(loop.time() * 1000) + self.interval_ms
            self._arm(loop)

    def remove(self, callback: Callable[[float], None]) -> None:
        """Call ``callback`` no more."""
        self._callbacks.pop(callback, None)
        if not self._callbacks and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_at(self._due_ms / 1000, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._ticking = True
        now_ms = self._clock.now_ms()
        for callback in tuple(self._callbacks):
            try:
                callback(now_ms)
            except Exception as error:
                # One call's fault must not stop the others' clock; it will not get better by repeating it.
                logger.error("a session's tick raised %s; it gets no more ticks", describe(error))
                self._callbacks.pop(callback, None)
        self._ticking = False
        self._due_ms += self.interval_ms
        late_ms = int(loop.time() * 1000) - self._due_ms
        if late_ms >= 0:
            skipped = late_ms // self.interval_ms + 1
            self.missed += skipped
            self._due_ms += skipped * self.interval_ms
        if self._callbacks:
            self._arm(loop)
