"""Who is let in: :mod:`~offhook.server.capacity` decides, and here it is told what happens, and said what follows."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from offhook.clock import Clock
    from offhook.server.capacity import Capacity, Scarce
    from offhook.server.live import LiveCall
    from offhook.speech.metering import EngineName, EngineUse, Metering

__all__ = ["Admission"]

logger = logging.getLogger(__name__)

EVERY_S = 0.25
"""How often it is looked how the calls are."""


class Admission:
    """Whether one more call is taken (:class:`~offhook.speech.metering.EngineListener`).

    Args:
        capacity: what decides.
        clock: what time it is.
        live: the calls there are.
        measures: whether capacity follows what is measured; else only the number of calls counts.
    """

    def __init__(
        self, capacity: Capacity, *, clock: Clock, live: Callable[[], Collection[LiveCall]], measures: bool
    ) -> None:
        self.capacity = capacity
        self._clock = clock
        self._live = live
        self._measures = measures
        self._metering: Metering | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._processor_ns = 0
        self._side_ms = 0.0

    def begin(self, metering: Metering | None) -> None:
        """Measure from now on; ``metering``: where the engines of the calls tell what they take, if there are any."""
        if not self._measures:
            return
        if metering is not None:
            self._metering, metering.listener = metering, self
            self.capacity.measured(metering.costs)
        self._processor_ns = time.process_time_ns()
        loop = asyncio.get_running_loop()
        self._due_s = loop.time() + EVERY_S
        self._timer = loop.call_at(self._due_s, self._look, loop)
        logger.info("there is room for %d calls at once", self.capacity.limit().calls)

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._metering is not None:
            self._metering.listener = None

    @property
    def full(self) -> bool:
        """Whether calls are being turned away."""
        return self.capacity.full

    def report(self) -> dict[str, object]:
        """What ``/healthz`` tells of it."""
        return self.capacity.report(self._clock.now_ms())

    def refuses(self, call_id: str, others: int) -> Scarce | None:
        """Whether a call is refused beside ``others`` that are up: ``None``, or what there is too little of."""
        if not self._measures:
            return "max_calls" if others >= self.capacity.max_calls else None
        full = self.capacity.full
        scarce = self.capacity.admit(self._clock.now_ms(), others)
        if scarce is not None:
            if not full:
                logger.warning("full with %d calls (%s): further ones are turned away", others, scarce)
            logger.info("call %s is turned away: %d calls are up (%s)", call_id, others, scarce)
        return scarce

    def ring_s(self) -> float:
        """How long the phone of a call that was just let in rings, before it is answered."""
        return self.capacity.ring_ms(self._clock.now_ms()) / 1000 if self._measures else 0.0

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s, now_ms, used_ns = loop.time(), self._clock.now_ms(), time.process_time_ns()
        settled_ms = now_ms - self.capacity.options.settle_ms
        up = [live.began_ms for live in self._live() if live.busy]
        over = self.capacity.tick(
            now_ms,
            calls=len(up),
            settled=sum(began_ms <= settled_ms for began_ms in up),
            late_ms=(now_s - self._due_s) * 1000,
            processor_ms=max(0.0, (used_ns - self._processor_ns) / 1e6 - self._on_the_side()),
        )
        if over is not None:
            logger.warning("not full any more: %d calls were turned away", over.refused)
        self._processor_ns = used_ns
        self._due_s = loop.time() + EVERY_S
        self._timer = loop.call_at(self._due_s, self._look, loop)

    def _on_the_side(self) -> float:
        """Processor time since it was last asked for, in milliseconds, of what no call would miss."""
        before, self._side_ms = self._side_ms, self._metering.side_ms if self._metering is not None else 0.0
        return self._side_ms - before

    # -- what the engines do (EngineListener) -------------------------------------------------------------------------

    def asked(self, engine: EngineName, audio_ms: float) -> None:
        """A call asks something of an engine."""
        self.capacity.asked(engine)

    def answered(self, use: EngineUse) -> None:
        """It has answered."""
        self.capacity.answered(use, self._clock.now_ms())

    def done(self, engine: EngineName, audio_ms: float, *, dropped: bool) -> None:
        """It is done, or what was asked is not wanted any more."""
        self.capacity.done(engine, audio_ms)
