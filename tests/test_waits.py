"""Every wait of a call: its limit, and what becomes of the call when it is over."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from offhook.waits import ALL, Wait, WaitOver, close, each_within, left_running, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SHORT = Wait(name="a test to answer", limit_s=0.02, long_s=0.005, outcome="the test goes on")
AMPLE = Wait(name="a test to answer", limit_s=30.0, outcome="the test has failed")


async def _settled() -> None:
    """Give work that was left a few turns of the loop to end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_in_time_is_given_back() -> None:
    """The result of the work is the result of the wait."""

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await within(AMPLE, work()) == 7


async def test_what_is_raised_in_time_is_raised() -> None:
    """An error of the work is the error of the wait."""

    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await within(AMPLE, work())


async def test_work_that_takes_too_long_is_cancelled_and_named(caplog: pytest.LogCaptureFixture) -> None:
    """The error and one warning say what was waited for, how long, and of which call; the work is cancelled."""
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with caplog.at_level(logging.WARNING), pytest.raises(WaitOver) as caught:
        await within(SHORT, work(), call_id="c1")
    assert caught.value.wait is SHORT
    assert caught.value.call_id == "c1"
    assert [record.getMessage() for record in caplog.records] == [
        "call c1: a test to answer took longer than 0.02 s: the test goes on"
    ]
    await cancelled.wait()
    await _settled()
    assert left_running() == 0


async def test_work_that_ignores_its_cancellation_holds_nobody_up() -> None:
    """The wait comes back in time, and the work is counted until it ends."""
    let_go = asyncio.Event()

    async def work() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(WaitOver):
        await within(SHORT, work())
    await _settled()
    assert left_running() == 1
    let_go.set()
    await _settled()
    assert left_running() == 0


async def test_work_that_must_finish_is_left_to_finish() -> None:
    """It is not cancelled when the time is over, and what it raises later disturbs nobody."""
    let_go, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await let_go.wait()
        done.set()
        raise ValueError("nobody listens any more")

    with pytest.raises(WaitOver):
        await within(SHORT, work(), keep=lambda: True)
    let_go.set()
    await done.wait()
    await _settled()
    assert left_running() == 0


async def test_long_work_is_told_of_once() -> None:
    """Whoever waits hears of it while the work goes on, once."""
    told: list[int] = []
    let_go = asyncio.Event()

    def tell() -> None:
        told.append(1)
        let_go.set()

    assert await within(AMPLE, let_go.wait(), on_long=tell, long_s=0.001)
    assert told == [1]


async def test_quick_work_is_not_called_long() -> None:
    """The timer goes with the wait."""
    told: list[int] = []
    await within(SHORT, asyncio.sleep(0), on_long=lambda: told.append(1))
    await asyncio.sleep(0.01)
    assert told == []


async def test_who_is_cancelled_waits_no_longer() -> None:
    """The cancellation goes through at once, and the work is cancelled with it."""
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.create_task(within(AMPLE, work()))
    await began.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await cancelled.wait()


async def test_work_that_must_finish_survives_the_cancellation_of_who_waits() -> None:
    """A booking goes through though the caller has hung up."""
    began, let_go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        await let_go.wait()
        done.set()

    waiting = asyncio.create_task(within(AMPLE, work(), keep=lambda: True))
    await began.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    let_go.set()
    await done.wait()


async def test_a_stream_is_given_back_piece_by_piece_and_closed() -> None:
    """All pieces come, in order, and the source is closed."""
    closed: list[bool] = []

    async def pieces() -> AsyncIterator[int]:
        try:
            for number in range(3):
                yield number
        finally:
            closed.append(True)

    assert [piece async for piece in each_within(AMPLE, AMPLE, pieces())] == [0, 1, 2]
    assert closed == [True]


@pytest.mark.parametrize("before", [0, 1])
async def test_a_stream_that_stops_coming_is_over_in_time(before: int) -> None:
    """The first piece and every next one have their own limit; the stream is closed when one is over."""

    async def pieces() -> AsyncIterator[int]:
        for number in range(before):
            yield number
        await asyncio.Event().wait()

    got: list[int] = []
    waits = (SHORT, AMPLE) if before == 0 else (AMPLE, SHORT)

    async def take() -> None:
        async for piece in each_within(*waits, pieces()):
            got.append(piece)  # noqa: PERF401  (what came before the error counts)

    with pytest.raises(WaitOver) as caught:
        await take()
    assert caught.value.wait is SHORT
    assert got == list(range(before))


async def test_closing_a_stream_never_raises() -> None:
    """A stream that raises when it is closed, or cannot be closed, is let go."""

    class Broken:
        async def aclose(self) -> None:
            raise OSError("no")

    await close(Broken())
    await close(object())


async def test_closing_a_stream_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that takes for ever to close is left behind."""
    monkeypatch.setattr("offhook.waits.CLOSE", SHORT)

    class Slow:
        async def aclose(self) -> None:
            await asyncio.Event().wait()

    await close(Slow())
    await _settled()


def test_every_wait_has_a_limit_and_an_outcome_of_its_own() -> None:
    """No wait is without an end, none is listed twice, and a filler comes before the limit."""
    assert len({wait.name for wait in ALL}) == len(ALL)
    for wait in ALL:
        assert 0 < wait.limit_s < 120
        assert wait.outcome
        assert wait.long_s is None or wait.long_s < wait.limit_s
