"""The program's own code while it runs for a call."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from offhook.agent.work import Work, current_work, end_work, uninterrupted, until_begun


async def forever() -> None:
    await asyncio.Event().wait()


def test_uninterrupted_blocks_are_counted_also_when_they_fail() -> None:
    """They may lie in one another; outside of handlers they mean nothing."""
    with uninterrupted():
        pass
    work = Work()
    token = current_work.set(work)
    with suppress(ValueError), uninterrupted(), uninterrupted():
        assert work.holds == 2
        raise ValueError
    assert work.holds == 0
    current_work.reset(token)


@pytest.mark.parametrize("work", [None, Work()])
async def test_a_task_of_a_conversation_that_is_over_is_cancelled(work: Work | None) -> None:
    """Whatever it does."""
    task = asyncio.create_task(forever())
    end_work(task, work)
    await asyncio.wait([task])
    assert task.cancelled()


async def test_work_that_must_finish_goes_on_and_is_kept_until_it_has() -> None:
    """The event loop itself keeps no reference to a task."""
    from offhook.agent.work import _finishing

    gate = asyncio.Event()

    async def book() -> None:
        await gate.wait()

    task = asyncio.create_task(book())
    end_work(task, Work(holds=1))
    assert task in _finishing
    gate.set()
    await task
    assert _finishing == set()


async def test_what_ends_a_conversation_does_not_end_itself() -> None:
    """It still has to tell."""
    task = asyncio.current_task()
    assert task is not None
    end_work(task)
    await asyncio.sleep(0)
    assert task.cancelling() == 0


async def test_the_code_of_a_draft_waits_until_the_turn_is_over() -> None:
    """Any other does not wait, and neither does code that is nobody's."""
    await until_begun()
    for work in (Work(), Work(begins=asyncio.Event())):
        token = current_work.set(work)
        waiting = asyncio.create_task(until_begun())
        current_work.reset(token)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert waiting.done() is (work.begins is None)
        work.begin()
        await waiting
