"""One clock for all calls."""

from __future__ import annotations

import asyncio
import time

import pytest

from offhook.clock import ManualClock, SystemClock
from offhook.server.ticker import Ticker


async def test_everyone_is_called_every_ten_milliseconds() -> None:
    """With the host's own time, from one timer, without drift."""
    clock = SystemClock()
    ticker = Ticker(clock)
    heard: list[float] = []
    other: list[float] = []
    ticker.add(heard.append)
    ticker.add(other.append)
    assert len(ticker) == 2
    begun = time.perf_counter()
    while len(heard) < 30:
        await asyncio.sleep(0.005)
    took_ms = (time.perf_counter() - begun) * 1000
    ticker.remove(heard.append)
    ticker.remove(other.append)
    ticker.remove(other.append)
    assert len(ticker) == 0
    # 30 ticks and those left out fill the time: none is early, none is made up for.
    assert abs(took_ms - (len(heard) + ticker.missed) * 10) < 25
    assert heard == other
    assert heard == sorted(heard)


async def test_ticks_fall_on_whole_milliseconds() -> None:
    """A remainder below one would make uvloop spin."""
    ticker = Ticker(ManualClock())
    due: list[float] = []
    ticker.add(lambda _: None)
    for _ in range(5):
        assert ticker._timer is not None
        due.append(ticker._timer.when() * 1000)
        await asyncio.sleep(0.012)
    for when in due:
        assert abs(when - round(when)) < 1e-6


async def test_a_busy_loop_leaves_ticks_out() -> None:
    """They are counted, not made up for in a burst."""
    ticker = Ticker(ManualClock())
    ticks = 0

    def slow(_: float) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            time.sleep(0.055)

    ticker.add(slow)
    while ticks < 2:
        await asyncio.sleep(0.001)
    assert 4 <= ticker.missed <= 8
    ticker.remove(slow)


async def test_who_raises_is_called_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """The others are."""
    ticker = Ticker(ManualClock())
    heard: list[float] = []

    def broken(_: float) -> None:
        raise ValueError("canary")

    ticker.add(broken)
    ticker.add(heard.append)
    while len(heard) < 2:
        await asyncio.sleep(0.001)
    assert caplog.text.count("ValueError") == 1
    assert "canary" not in caplog.text
    ticker.remove(heard.append)


async def test_callbacks_may_come_and_go_within_a_tick() -> None:
    """One timer, never two, and none when nobody is left."""
    ticker = Ticker(ManualClock())
    heard: list[str] = []

    def second(_: float) -> None:
        heard.append("second")
        ticker.remove(second)

    def first(_: float) -> None:
        heard.append("first")
        ticker.remove(first)
        ticker.add(second)

    ticker.add(first)
    while len(heard) < 2:
        await asyncio.sleep(0.001)
    assert heard == ["first", "second"]
    assert ticker._timer is None
    ticker.add(first)
    ticker.remove(first)
    assert ticker._timer is None


def test_an_interval_below_a_millisecond_is_a_mistake() -> None:
    """It would spin."""
    with pytest.raises(ValueError, match="1 ms or more, got 0"):
        Ticker(ManualClock(), 0)
