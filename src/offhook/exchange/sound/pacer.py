"""The 20 ms clock of the exchange."""

from __future__ import annotations

import asyncio
import logging
import math
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.clock import Clock

__all__ = ["Paced", "Pacer", "PacerCounters", "Schedule"]

TICK_MS: Final = 20
MAX_CATCH_UP: Final = 5
"""Ticks made up for at once after a stall: 100 ms. A phone network does not deliver a second of audio in a burst."""

_logger = logging.getLogger(__name__)


class Paced(Protocol):
    """Something that takes part in every tick. All talk before any listens, so that nobody is a frame behind."""

    def talk(self, now_ms: int) -> None:
        """Produce this tick's audio."""
        ...

    def listen(self, now_ms: int) -> None:
        """Take in this tick's audio."""
        ...

    def failed(self, error: Exception) -> None:
        """One of the two raised ``error``: this was the last tick."""
        ...


@dataclass(slots=True)
class PacerCounters:
    """How well the schedule was kept."""

    ticks: int = 0
    late: int = 0
    """Ticks that ran more than one tick after their time."""
    skipped: int = 0
    """Ticks given up because the process stood still for too long."""
    failures: int = 0
    """Participants removed because they raised."""


class Schedule:
    """An absolute schedule of ticks, without a clock of its own.

    Args:
        start_ms: the time of the first tick; whole milliseconds, as all ticks are.
        tick_ms: the distance of two ticks.
        max_catch_up: how many ticks :meth:`due` gives back at most.
    """

    def __init__(self, start_ms: int, *, tick_ms: int = TICK_MS, max_catch_up: int = MAX_CATCH_UP) -> None:
        self.next_ms = start_ms
        self._tick_ms = tick_ms
        self._max_catch_up = max_catch_up

    def due(self, now_ms: float) -> tuple[range, int]:
        """The times of the ticks that are due by ``now_ms``, the newest last, and how many older ones were skipped."""
        if now_ms < self.next_ms:
            return range(0), 0
        behind = int((now_ms - self.next_ms) // self._tick_ms) + 1
        skipped = max(0, behind - self._max_catch_up)
        first = self.next_ms + skipped * self._tick_ms
        self.next_ms += behind * self._tick_ms
        return range(first, self.next_ms, self._tick_ms), skipped

    def wait_ms(self, now_ms: float) -> int:
        """Whole milliseconds until the next tick is due, at least one.

        A timer that is given a fraction of a millisecond fires early on some event loops and then spins.
        """
        return max(1, math.ceil(self.next_ms - now_ms))


class Pacer:
    """One absolute 20 ms schedule for all lines. It stands still while nobody takes part.

    Args:
        clock: whose monotonic reading the schedule follows.
    """

    def __init__(self, clock: Clock) -> None:
        self.counters = PacerCounters()
        self._clock = clock
        self._paced: dict[Paced, None] = {}
        self._round: tuple[Paced, ...] = ()
        self._schedule: Schedule | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def add(self, paced: Paced) -> None:
        """Take part from the next tick on."""
        if self._closed or paced in self._paced:
            return
        self._paced[paced] = None
        self._round = tuple(self._paced)
        if self._timer is None and self._schedule is None:
            now_ms = self._clock.now_ms()
            self._schedule = Schedule(math.ceil(now_ms) + TICK_MS)
            self._arm(self._schedule, now_ms)

    def remove(self, paced: Paced) -> None:
        """Take part no more; removing twice is not an error."""
        if paced in self._paced:
            del self._paced[paced]
            self._round = tuple(self._paced)

    def close(self) -> None:
        """Stop ticking for good."""
        self._closed = True
        self._paced.clear()
        self._round = ()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, schedule: Schedule, now_ms: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(schedule.wait_ms(now_ms) / 1000, self._wake, schedule)

    def _wake(self, schedule: Schedule) -> None:
        self._timer = None
        due, skipped = schedule.due(self._clock.now_ms())
        self.counters.skipped += skipped
        self.counters.late += max(0, len(due) - 1)
        for at_ms in due:
            self.tick(at_ms)
        if self._paced and not self._closed:
            self._arm(schedule, self._clock.now_ms())
        else:
            self._schedule = None

    def tick(self, now_ms: int) -> None:
        """One tick: everybody talks, then everybody listens. Whoever raises is removed; the others go on."""
        self.counters.ticks += 1
        round_ = self._round
        for paced in round_:
            if paced in self._paced:
                self._run(paced, paced.talk, now_ms)
        for paced in round_:
            if paced in self._paced:
                self._run(paced, paced.listen, now_ms)

    def _run(self, paced: Paced, step: Callable[[int], None], now_ms: int) -> None:
        try:
            step(now_ms)
        except Exception as error:
            self.counters.failures += 1
            # Not the traceback: it ends with the error's text, which may hold what nobody is to read in a log.
            _logger.error("a line failed and takes no more part in the ticks (%s)", _where(error))
            self.remove(paced)
            try:
                paced.failed(error)
            except Exception as again:
                _logger.error("the end of a line that failed could not be told (%s)", _where(again))


def _where(error: Exception) -> str:
    """The type of an error and the place that raised it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
