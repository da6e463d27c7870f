"""What is not ours is waited for, and comes back in time whatever happens."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from offhook.waiting import (
    Ended,
    Stream,
    WaitOver,
    as_failure,
    close,
    each_within,
    is_own_end,
    left_running,
    take_each,
    within,
)
from offhook.waits import Wait

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


async def test_long_work_is_told_of_again_and_again() -> None:
    """Whoever waits hears of it for as long as the work goes on."""
    told: list[int] = []
    let_go = asyncio.Event()

    def tell() -> None:
        told.append(1)
        if len(told) == 3:
            let_go.set()

    assert await within(AMPLE, let_go.wait(), on_long=tell, long_s=0.001)
    await asyncio.sleep(0.01)
    assert told == [1, 1, 1]


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


async def test_pieces_are_taken_as_they_come_in_one_task_and_closed() -> None:
    """All pieces come, in order, and the source is closed in the task that it ran in."""
    tasks, taken = set(), []

    async def pieces() -> AsyncIterator[int]:
        try:
            async with asyncio.timeout(30):
                for number in range(3):
                    tasks.add(asyncio.current_task())
                    yield number
                    await asyncio.sleep(0)
        finally:
            tasks.add(asyncio.current_task())
            taken.append(-1)

    def take(piece: int) -> bool:
        taken.append(piece)
        return True

    await take_each(AMPLE, AMPLE, pieces(), take)
    await _settled()
    assert taken == [0, 1, 2, -1]
    assert len(tasks) == 1
    assert left_running() == 0


@pytest.mark.parametrize("before", [0, 1, 3])
async def test_pieces_that_stop_coming_are_over_in_time(before: int, caplog: pytest.LogCaptureFixture) -> None:
    """The first piece and every next one have their own limit; the source is closed when one is over."""
    closed: list[bool] = []

    async def pieces() -> AsyncIterator[int]:
        try:
            for number in range(before):
                yield number
                await asyncio.sleep(0)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    got: list[int] = []

    def take(piece: int) -> bool:
        got.append(piece)
        return True

    waits = (SHORT, AMPLE) if before == 0 else (AMPLE, SHORT)
    with pytest.raises(WaitOver) as caught:
        await take_each(*waits, pieces(), take, first_s=0.02, call_id="c1")
    await _settled()
    assert caught.value.wait is SHORT
    assert got == list(range(before))
    assert closed == [True]
    assert [record.message for record in caplog.records] == [
        "call c1: a test to answer took longer than 0.02 s: the test goes on"
    ]


async def test_a_piece_that_is_late_is_told_of_once() -> None:
    """When half of its time is over; each piece anew, and none that comes in time."""
    told: list[int] = []
    got: list[int] = []
    go_on = [asyncio.Event() for _ in range(3)]

    async def pieces() -> AsyncIterator[int]:
        for number in range(3):
            await go_on[number].wait()
            yield number

    def late() -> None:
        told.append(len(got))
        go_on[len(got)].set()

    def take(piece: int) -> bool:
        got.append(piece)
        if piece == 0:
            go_on[1].set()
        return True

    brief = Wait(name="a test to answer", limit_s=0.4, outcome="the test goes on")
    await take_each(brief, brief, pieces(), take, on_late=late)
    assert got == [0, 1, 2]
    assert told == [0, 2]


async def test_a_piece_that_does_not_count_wins_no_time() -> None:
    """Nothing at all, again and again, is nothing; and a source that ignores that it is left is taken no more of."""
    let_go, taken = asyncio.Event(), []

    async def pieces() -> AsyncIterator[int]:
        for number in range(10_000):
            yield number
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                await let_go.wait()

    def take(piece: int) -> bool:
        taken.append(piece)
        return piece == 0

    with pytest.raises(WaitOver):
        await take_each(AMPLE, SHORT, pieces(), take, first_s=0.001)
    count = len(taken)
    await _settled()
    assert (left_running(), count > 1) == (1, True)
    let_go.set()
    await _settled()
    assert len(taken) == count
    assert left_running() == 0


async def test_what_a_source_of_pieces_raises_comes_out_and_what_takes_them() -> None:
    """What would end more than a call is a plain error."""

    async def pieces(error: BaseException | None = None) -> AsyncIterator[int]:
        yield 1
        if error is not None:
            raise error

    with pytest.raises(OSError, match="no"):
        await take_each(AMPLE, AMPLE, pieces(OSError("no")), bool)
    with pytest.raises(Ended):
        await take_each(AMPLE, AMPLE, pieces(SystemExit()), bool)
    with pytest.raises(ZeroDivisionError):
        await take_each(AMPLE, AMPLE, pieces(), lambda piece: bool(piece // 0))
    assert left_running() == 0


async def test_who_waits_for_pieces_no_more_leaves_their_source(caplog: pytest.LogCaptureFixture) -> None:
    """It is cancelled at once, and what it raises then is in the log."""

    async def pieces() -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError from None
        yield 1

    waiting = asyncio.ensure_future(take_each(AMPLE, AMPLE, pieces(), bool))
    await _settled()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await _settled()
    assert left_running() == 0
    (line,) = [record.message for record in caplog.records]
    assert line.startswith("work that nobody waits for any more raised ValueError at ")


async def test_a_source_that_fails_while_who_waits_is_cancelled_disturbs_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Both in the same turn of the loop."""
    fail = asyncio.Event()

    async def pieces() -> AsyncIterator[int]:
        yield await fail.wait()
        raise ValueError("late")

    waiting = asyncio.ensure_future(take_each(AMPLE, AMPLE, pieces(), bool))
    await _settled()
    fail.set()
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await _settled()
    assert "ValueError" in caplog.text


async def test_a_source_of_pieces_may_take_its_time_to_close_after_its_end() -> None:
    """Nobody waits for that, and it is counted."""
    let_go = asyncio.Event()

    class Ending:
        def __aiter__(self) -> Ending:
            return self

        async def __anext__(self) -> int:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            await let_go.wait()

    await take_each(AMPLE, SHORT, Ending(), bool)
    assert left_running() == 1
    let_go.set()
    await _settled()
    assert left_running() == 0


async def test_closing_a_stream_never_raises() -> None:
    """A stream that raises when it is closed, or cannot be closed, is let go."""

    class Broken:
        async def aclose(self) -> None:
            raise OSError("no")

    await close(Broken())
    await close(object())


async def test_the_end_of_ones_own_task_is_no_failure() -> None:
    """The cancellation of something that was waited for is one."""
    seen = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            seen.append(is_own_end(error))
            raise

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert seen == [True]
    assert not is_own_end(asyncio.CancelledError())
    assert not is_own_end(ValueError())


def test_what_would_end_more_than_a_call_becomes_a_plain_error() -> None:
    """With what it was as its cause."""
    error = ValueError()
    assert as_failure(error) is error
    failure = as_failure(SystemExit(1))
    assert isinstance(failure, RuntimeError)
    assert isinstance(failure.__cause__, SystemExit)
    with pytest.raises(RuntimeError, match="got CancelledError"):
        raise as_failure(asyncio.CancelledError())


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
async def test_what_would_end_more_than_the_work_ends_the_work(error: type[BaseException]) -> None:
    """Whoever waits sees a plain error and the event loop goes on, with the pieces of a stream, too."""

    async def work() -> None:
        raise error

    with pytest.raises(Ended) as caught:
        await within(AMPLE, work())
    assert type(caught.value.__cause__) is error

    async def pieces() -> AsyncIterator[int]:
        yield 1
        raise error

    stream = Stream(pieces())
    assert await stream.next(AMPLE) == 1
    with pytest.raises(Ended):
        await stream.next(AMPLE)
    with pytest.raises(StopAsyncIteration):
        await stream.next(AMPLE)
    await stream.aclose()


async def test_a_stream_runs_in_one_task_and_is_asked_when_a_piece_is_wanted() -> None:
    """From its first piece to its closing: a time limit may span its pieces."""
    tasks, asked = set(), []

    async def pieces() -> AsyncIterator[int]:
        try:
            async with asyncio.timeout(30):
                for number in range(3):
                    tasks.add(asyncio.current_task())
                    asked.append(number)
                    yield number
        finally:
            tasks.add(asyncio.current_task())

    stream = Stream(pieces())
    assert await stream.next(AMPLE) == 0
    await _settled()
    assert asked == [0]
    assert await stream.next(AMPLE) == 1
    await stream.aclose()
    await stream.aclose()
    assert len(tasks) == 1


async def test_a_stream_that_must_finish_does_so_unseen() -> None:
    """It is asked for its pieces for as long as it must, and closed then."""
    let_go, must, seen = asyncio.Event(), [True], []

    async def pieces() -> AsyncIterator[int]:
        try:
            await let_go.wait()
            for number in range(5):
                seen.append(number)
                must[0] = number < 1
                yield number
        finally:
            seen.append(-1)

    stream = Stream(pieces(), keep=lambda: must[0])
    with pytest.raises(WaitOver):
        await stream.next(SHORT)
    await stream.aclose()
    assert left_running() == 1
    let_go.set()
    await _settled()
    assert seen == [0, 1, -1]
    assert left_running() == 0


async def test_who_no_longer_waits_for_a_piece_leaves_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    """It is cancelled, and what it raises then is in the log; one that ignores it holds nobody up."""

    async def pieces() -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError from None
        yield 1

    stream = Stream(pieces())
    waiting = asyncio.ensure_future(stream.next(AMPLE))
    await _settled()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await stream.aclose()
    await _settled()
    assert left_running() == 0
    (line,) = [record.message for record in caplog.records]
    assert line.startswith("work that nobody waits for any more raised ValueError at ")


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_stream_that_takes_for_ever_to_close_is_left(monkeypatch: pytest.MonkeyPatch, cancelled: bool) -> None:
    """Closing is a wait as well."""
    monkeypatch.setattr("offhook.waiting.CLOSE", AMPLE if cancelled else SHORT)

    class Slow:
        async def __anext__(self) -> int:
            return 1

        async def aclose(self) -> None:
            await asyncio.Event().wait()

    stream: Stream[int] = Stream(Slow())  # type: ignore[arg-type]
    assert await stream.next(AMPLE) == 1
    closing = asyncio.ensure_future(stream.aclose())
    await _settled()
    if cancelled:
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
    else:
        await closing
    await _settled()
    assert left_running() == 0


async def test_a_stream_may_take_its_time_to_close_after_its_end() -> None:
    """Nobody waits for that, and it is counted."""
    let_go = asyncio.Event()

    class Ending:
        async def __anext__(self) -> int:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            await let_go.wait()

    stream: Stream[int] = Stream(Ending())  # type: ignore[arg-type]
    with pytest.raises(StopAsyncIteration):
        await stream.next(AMPLE)
    await stream.aclose()
    assert left_running() == 1
    let_go.set()
    await _settled()
    assert left_running() == 0
