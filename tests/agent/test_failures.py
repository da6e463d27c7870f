"""What is done when something fails that is not ours."""

from __future__ import annotations

import asyncio

import pytest

from offhook.agent.failures import ANY_FAILURE, InARow, as_failure, is_own_end


def test_two_failures_in_a_row_are_one_too_many() -> None:
    """What worked in between starts the count again, and so does the verdict."""
    voice = InARow()
    assert not voice.failed()
    voice.worked()
    assert [voice.failed() for _ in range(4)] == [False, True, False, True]


async def test_the_end_of_ones_own_task_is_no_failure() -> None:
    """The cancellation of something that was waited for is one."""
    seen = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except ANY_FAILURE as error:
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
