"""The gatherings of digits that are under way, with their clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from offhook.exchange.legs import facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.clock import Clock
    from offhook.exchange.legs.alarms import Alarms
    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.gather import Gather, Gathered

__all__ = ["Gathering"]


class Gathering:
    """Runs the gatherings of all legs, at most one a leg.

    Args:
        clock: the time.
        alarms: time-outs.
        publish: told how each ended.
    """

    def __init__(self, clock: Clock, alarms: Alarms, publish: Callable[[facts.Fact], None]) -> None:
        self._clock = clock
        self._alarms = alarms
        self._publish = publish

    def start(self, circuit: Circuit, gather: Gather) -> None:
        """Collect digits; a gathering that is under way is stopped."""
        self.stop(circuit, "stopped")
        circuit.gather = gather
        self._watch(circuit, gather)

    def stop(self, circuit: Circuit, why: Literal["stopped", "hung_up"]) -> None:
        """End the gathering, if there is one."""
        if circuit.gather is not None:
            self._take(circuit, circuit.gather, circuit.gather.stopped(why))

    def pressed(self, circuit: Circuit, digit: str) -> None:
        """A key for the gathering, if there is one."""
        if circuit.gather is not None:
            self._take(circuit, circuit.gather, circuit.gather.digit(digit, self._clock.now_ms()))

    def _watch(self, circuit: Circuit, gather: Gather) -> None:
        def due() -> None:
            if circuit.gather is gather:
                self._take(circuit, gather, gather.over(self._clock.now_ms()))

        if circuit.gather_alarm is not None:
            circuit.gather_alarm.cancel()
        circuit.gather_alarm = self._alarms.set(gather.due_ms - self._clock.now_ms(), due)

    def _take(self, circuit: Circuit, gather: Gather, gathered: Gathered | None) -> None:
        if gathered is None:
            self._watch(circuit, gather)
            return
        circuit.gather = None
        at_ms = self._clock.wall_ms()
        self._publish(facts.GatherEnded(circuit.leg, at_ms, gather.id, gathered.digits, gathered.outcome))
