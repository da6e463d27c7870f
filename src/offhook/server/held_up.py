"""Who holds the event loop up: code that blocks in an ``async def`` freezes every call of the process."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time

from offhook.logs import place_of

__all__ = ["HeldUp"]

logger = logging.getLogger(__name__)

_LOOKS = 4
"""How often in its limit the loop has to show itself."""
_BENEFIT_S = 0.05
"""A process that was stopped and goes on shows itself within this time."""


class HeldUp:
    """Notices, from a thread, that the event loop does not come round, and logs where it is.

    Args:
        limit_s: longer than that is told, once each time.
    """

    def __init__(self, limit_s: float = 1.0) -> None:
        self.limit_s = limit_s
        self.times = 0
        """How often it was held up for longer than that."""
        self.worst_s = 0.0
        """The longest."""
        self._seen_s = 0.0
        self._loop_thread = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Watch the running loop."""
        self._loop_thread = threading.get_ident()
        self._stopped.clear()
        self._seen_s = time.monotonic()
        self._show(asyncio.get_running_loop())
        threading.Thread(target=self._watch, name="offhook loop watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def report(self) -> dict[str, float]:
        """What was seen."""
        return {"held_up": self.times, "held_up_worst_s": round(self.worst_s, 2)}

    def _show(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = time.monotonic()
        gone_s = now_s - self._seen_s
        self._seen_s = now_s
        if gone_s > self.limit_s:
            self.times += 1
            self.worst_s = max(self.worst_s, gone_s)
        self._timer = loop.call_later(self.limit_s / _LOOKS, self._show, loop)

    def _watch(self) -> None:
        told_s = 0.0
        while not self._stopped.wait(self.limit_s / _LOOKS):
            seen_s = self._seen_s
            if time.monotonic() - seen_s <= self.limit_s or seen_s == told_s:
                continue
            if self._stopped.wait(_BENEFIT_S) or self._seen_s != seen_s:
                continue
            told_s = seen_s
            place = place_of(sys._current_frames().get(self._loop_thread))
            logger.warning(
                "all calls have been held up for more than %g s by code that blocks: %s", self.limit_s, place
            )
