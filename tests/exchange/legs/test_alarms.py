"""Alarms."""

from __future__ import annotations

from offhook.clock import ManualClock
from offhook.exchange.legs.alarms import Alarms


async def test_alarms_ring_in_order_on_the_exchanges_clock() -> None:
    """Once, unless they are cancelled."""
    clock, rung = ManualClock(), []
    alarms = Alarms(clock)
    alarms.set(200, lambda: rung.append("b"))
    alarms.set(100, lambda: rung.append("a"))
    cancelled = alarms.set(150, lambda: rung.append("x"))
    cancelled.cancel()
    clock.advance(199)
    alarms.run_due()
    assert rung == ["a"]
    clock.advance(1)
    alarms.run_due()
    cancelled.ring()
    assert rung == ["a", "b"]
    alarms.set(10, lambda: rung.append("never"))
    alarms.close()
    alarms.set(10, lambda: rung.append("never"))
    clock.advance(20)
    assert rung == ["a", "b"]
