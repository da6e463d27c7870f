"""An event loop on a machine of its own: idle time is skipped, and work takes the processor time that it takes.

What is measured on it is what a core that does nothing else would show, whatever this machine does beside.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Never sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is not None and timeout > 0:
            self.skipped_s += timeout
        return ready


class OwnTimeLoop(asyncio.SelectorEventLoop):
    """The loop; a clock of sessions, too."""

    def __init__(self) -> None:
        self._own_selector = _Selector()
        super().__init__(self._own_selector)

    def time(self) -> float:
        return time.process_time() + self._own_selector.skipped_s

    def now_ms(self) -> float:
        return self.time() * 1000

    def wall_ms(self) -> float:
        return self.time() * 1000


def run_in_own_time(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end."""
    with asyncio.Runner(loop_factory=OwnTimeLoop) as runner:
        return runner.run(work)
