"""The 20 ms clock: absolute, without drift, without bursts."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from offhook.clock import ManualClock, SystemClock
from offhook.exchange.sound.pacer import Pacer, Schedule

if TYPE_CHECKING:
    import pytest


class Recorder:
    """Writes down what it is asked to do."""

    def __init__(self, log: list[tuple[str, str, int]], name: str = "a") -> None:
        self.log = log
        self.name = name

    def talk(self, now_ms: int) -> None:
        self.log.append((self.name, "talk", now_ms))

    def listen(self, now_ms: int) -> None:
        self.log.append((self.name, "listen", now_ms))

    def failed(self, error: Exception) -> None:
        self.log.append((self.name, f"failed {type(error).__name__}", 0))


class TestSchedule:
    def test_nothing_is_due_before_its_time(self) -> None:
        """The schedule says how long to sleep instead."""
        schedule = Schedule(100)
        assert schedule.due(99.9) == (range(0), 0)
        assert schedule.wait_ms(99.9) == 1
        assert schedule.wait_ms(80.5) == 20

    def test_a_tick_that_is_late_moves_none_of_the_later_ones(self) -> None:
        """Ticks lie on a grid, so that lateness does not add up."""
        schedule = Schedule(100)
        assert list(schedule.due(117.3)[0]) == [100]
        assert schedule.next_ms == 120

    def test_late_ticks_are_made_up_for(self) -> None:
        """Every 20 ms of a call are played, even when the machine was busy for a few of them."""
        schedule = Schedule(100)
        assert [list(ticks) for ticks in (schedule.due(141)[0],)] == [[100, 120, 140]]

    def test_after_a_long_stall_the_oldest_ticks_are_skipped(self) -> None:
        """No burst of old audio is sent: what was skipped is counted."""
        schedule = Schedule(100, max_catch_up=3)
        ticks, skipped = schedule.due(1105)
        assert list(ticks) == [1060, 1080, 1100]
        assert skipped == 48
        assert schedule.next_ms == 1120

    def test_a_timer_is_never_set_for_less_than_a_millisecond(self) -> None:
        """A loop that sleeps for less spins."""
        assert Schedule(100).wait_ms(250) == 1

    @given(st.lists(st.floats(0, 500), max_size=50))
    def test_however_the_process_is_scheduled_ticks_are_20_ms_apart_and_none_comes_early_or_twice(
        self, steps: list[float]
    ) -> None:
        """The grid holds for any pattern of delays, and skipped ticks are the only gaps in it."""
        schedule = Schedule(20)
        now_ms, last = 0.0, 0
        for step in steps:
            now_ms += step
            ticks, skipped = schedule.due(now_ms)
            for tick in ticks:
                assert tick <= now_ms
                assert tick == last + 20 * (1 + skipped)
                last, skipped = tick, 0
            assert now_ms < schedule.next_ms <= now_ms + 20


class TestPacer:
    def test_all_talk_before_any_listens(self) -> None:
        """Nobody is a tick behind because of the order in which lines joined."""
        log: list[tuple[str, str, int]] = []
        pacer = Pacer(ManualClock())

        async def run() -> None:
            pacer.add(Recorder(log, "a"))
            pacer.add(Recorder(log, "b"))
            pacer.tick(20)
            pacer.close()

        asyncio.run(run())
        assert log == [("a", "talk", 20), ("b", "talk", 20), ("a", "listen", 20), ("b", "listen", 20)]

    async def test_whoever_was_removed_in_the_same_tick_is_not_called_any_more(self) -> None:
        """A line may close another in the middle of a tick, and joining twice counts once."""
        log: list[tuple[str, str, int]] = []
        pacer = Pacer(ManualClock())
        victim = Recorder(log, "victim")

        class Killer(Recorder):
            def talk(self, now_ms: int) -> None:
                pacer.remove(victim)
                pacer.remove(victim)

        pacer.add(Killer(log, "killer"))
        pacer.add(victim)
        pacer.add(victim)
        pacer.tick(20)
        pacer.close()
        assert [name for name, _, _ in log] == ["killer"]

    async def test_one_that_fails_is_removed_and_told_and_the_others_go_on(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A line that raises leaves the ticks once, hears why, and takes nobody with it."""
        log: list[tuple[str, str, int]] = []
        pacer = Pacer(ManualClock())

        class Broken(Recorder):
            def talk(self, now_ms: int) -> None:
                raise RuntimeError("no microphone")

        pacer.add(Broken(log, "broken"))
        pacer.add(Recorder(log, "sound"))
        with caplog.at_level(logging.ERROR):
            pacer.tick(20)
            pacer.tick(40)
        pacer.close()
        assert pacer.counters.failures == 1
        assert [entry for entry in log if entry[0] == "broken"] == [("broken", "failed RuntimeError", 0)]
        assert [at_ms for name, _, at_ms in log if name == "sound"] == [20, 20, 40, 40]
        assert len(caplog.records) == 1

    async def test_the_log_says_what_failed_and_where_but_not_in_whose_words(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The text of an error may hold what was said; its type and its place do not."""
        pacer = Pacer(ManualClock())

        class Broken(Recorder):
            def listen(self, now_ms: int) -> None:
                raise ValueError("my card is 4111")

            def failed(self, error: Exception) -> None:
                raise KeyError("my card is 4111")

        pacer.add(Broken([]))
        with caplog.at_level(logging.ERROR):
            pacer.tick(20)
        pacer.close()
        assert "ValueError at test_pacer.py:" in caplog.text
        assert "KeyError at test_pacer.py:" in caplog.text
        assert "4111" not in caplog.text

    async def test_it_runs_on_the_loop_while_somebody_takes_part_and_starts_again_later(self) -> None:
        """With nobody on the phone no timer wakes the process."""
        pacer = Pacer(SystemClock())
        done: asyncio.Event = asyncio.Event()
        log: list[tuple[str, str, int]] = []

        class Counting(Recorder):
            def listen(self, now_ms: int) -> None:
                super().listen(now_ms)
                if len(self.log) % 6 == 0:
                    pacer.remove(self)
                    done.set()

        for _ in range(2):
            done.clear()
            pacer.add(Counting(log))
            await asyncio.wait_for(done.wait(), 5)
        times = [at_ms for _, verb, at_ms in log if verb == "talk"]
        assert len(times) == 6
        assert all(later - earlier == 20 for earlier, later in itertools.pairwise(times[:3]))
        pacer.close()

    async def test_after_close_nothing_ticks_and_nobody_can_join(self) -> None:
        """A pacer that was closed holds no loop awake."""
        log: list[tuple[str, str, int]] = []
        pacer = Pacer(SystemClock())
        pacer.add(Recorder(log))
        pacer.close()
        pacer.add(Recorder(log))
        await asyncio.sleep(0.05)
        assert log == []

    async def test_closing_in_the_middle_of_a_tick_ends_it(self) -> None:
        """A tick that closes the pacer sets no further timer."""
        pacer = Pacer(SystemClock())
        closed = asyncio.Event()

        class Closing(Recorder):
            def talk(self, now_ms: int) -> None:
                pacer.close()
                closed.set()

        pacer.add(Closing([]))
        await asyncio.wait_for(closed.wait(), 5)
        assert pacer.counters.ticks == 1
