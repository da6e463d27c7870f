"""Run a plain function beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from offhook.threads import in_thread
from offhook.waiting import Ended

name: ContextVar[str] = ContextVar("name")


async def test_it_runs_beside_the_loop_with_its_context() -> None:
    """It may block, and knows what it works for."""
    name.set("front desk")
    let_go = threading.Event()

    def work(number: int) -> tuple[str, int, bool]:
        return name.get(), number, let_go.wait(30) and threading.current_thread().daemon

    working = asyncio.ensure_future(in_thread(work, 7))
    await asyncio.sleep(0)
    let_go.set()
    assert await working == ("front desk", 7, True)


@pytest.mark.parametrize(
    ("error", "seen"), [(ValueError, ValueError), (StopIteration, RuntimeError), (SystemExit, Ended)]
)
async def test_what_it_raises_is_raised(error: type[BaseException], seen: type[BaseException]) -> None:
    """As something that a coroutine can raise."""

    def work() -> None:
        raise error

    with pytest.raises(seen):
        await in_thread(work)


@pytest.mark.parametrize("fails", [False, True])
async def test_who_waits_no_longer_is_not_told(fails: bool) -> None:
    """The function goes on, as nothing can stop it."""
    let_go, over = threading.Event(), threading.Event()

    def work() -> None:
        let_go.wait(30)
        over.set()
        if fails:
            raise ValueError

    working = asyncio.ensure_future(in_thread(work))
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    let_go.set()
    assert over.wait(30)
    await asyncio.sleep(0.01)


def test_a_function_may_outlive_the_loop() -> None:
    """It then tells nobody."""
    let_go = threading.Event()

    async def begin() -> None:
        working = asyncio.ensure_future(in_thread(let_go.wait, 30))
        await asyncio.sleep(0)
        working.cancel()

    asyncio.run(begin())
    let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("offhook wait"):
            thread.join(30)
