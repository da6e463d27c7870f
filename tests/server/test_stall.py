"""How long the loop is held up when a call starts."""

from __future__ import annotations

import asyncio
import time

from offhook.server.stall import StallProbe


async def test_a_quiet_loop_shows_next_to_nothing() -> None:
    """The timer's own grain, and what the machine adds."""
    probe = StallProbe(window_ms=60)
    probe.watch()
    await asyncio.sleep(0.1)
    assert probe._timer is None
    assert probe.worst_cpu_ms < 5
    assert probe.report()["starts_watched"] == 1


async def test_a_stall_is_seen_for_what_it_is() -> None:
    """Work of our own counts as processor time, waiting does not."""
    probe = StallProbe(window_ms=200)
    probe.watch()
    await asyncio.sleep(0.005)
    time.sleep(0.03)
    await asyncio.sleep(0.005)
    assert probe.worst_ms >= 25
    assert probe.worst_cpu_ms < 20
    until = time.thread_time() + 0.03
    while time.thread_time() < until:
        pass
    await asyncio.sleep(0.005)
    assert probe.worst_cpu_ms >= 25
    probe.stop()


async def test_calls_that_start_together_are_watched_together() -> None:
    """By one timer, for as long as the last of them needs."""
    probe = StallProbe(window_ms=50)
    probe.watch()
    first = probe._timer
    probe.watch()
    assert probe._timer is first
    assert probe.watched == 2
    probe.stop()
    probe.stop()
    assert probe._timer is None
