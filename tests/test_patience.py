"""How long a wait lasts."""

from __future__ import annotations

import asyncio
import time

import pytest

from offhook.patience import uncounted
from offhook.waiting import WaitOver, within
from offhook.waits import Wait

SHORT = Wait(name="a test to answer", limit_s=0.02, outcome="the test goes on")


async def _settled() -> None:
    """Give work that was left a few turns of the loop to end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_time_in_which_others_are_waited_for_does_not_count() -> None:
    """Neither for the work itself nor for work that it is part of; what is left of the time counts afterwards."""

    async def asking() -> str:
        with uncounted():
            await asyncio.sleep(0.05)
        return "answer"

    async def part() -> str:
        return await within(SHORT, asking())

    assert await within(SHORT, part()) == "answer"

    async def slow() -> None:
        await asking()
        await asyncio.Event().wait()

    with pytest.raises(WaitOver):
        await within(SHORT, slow())
    with uncounted():  # nobody waits
        pass


async def test_time_in_which_the_loop_stood_still_does_not_count() -> None:
    """What has come meanwhile is on its way; but only once in a wait, as a loop may be late for ever."""
    loop = asyncio.get_running_loop()

    async def thread() -> int:
        result: asyncio.Future[int] = loop.create_future()
        loop.call_later(0.2, result.set_result, 7)
        return await result

    waiting = asyncio.ensure_future(within(SHORT, thread(), limit_s=0.15))
    await _settled()
    time.sleep(0.3)
    assert await waiting == 7
    never = asyncio.ensure_future(within(SHORT, asyncio.Event().wait(), limit_s=0.01))
    for _ in range(2):
        await asyncio.sleep(0)
        time.sleep(0.15)
    with pytest.raises(WaitOver):
        await never


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_wait_that_has_no_time_left_is_over(loop: str) -> None:
    """On either event loop."""
    make = pytest.importorskip(loop).new_event_loop

    async def main() -> None:
        with pytest.raises(WaitOver):
            await within(SHORT, asyncio.Event().wait(), limit_s=0.0)

    with asyncio.Runner(loop_factory=make) as runner:
        runner.run(main())
