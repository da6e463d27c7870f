"""One item is fetched while the one before is worked on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.agent.conftest import settle

from offhook.agent.cascade.ahead import Ahead

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Source:
    """Numbers, and what becomes of whoever gives them."""

    def __init__(self, count: int = 3, error: Exception | None = None) -> None:
        self.count = count
        self.error = error
        self.given: list[int] = []
        self.tasks: set[object] = set()
        self.closed = False

    async def numbers(self) -> AsyncIterator[int]:
        try:
            for number in range(self.count):
                self.tasks.add(asyncio.current_task())
                self.given.append(number)
                yield number
            if self.error is not None:
                raise self.error
        finally:
            self.tasks.add(asyncio.current_task())
            self.closed = True


async def test_all_items_come_in_order_and_no_more_than_one_ahead() -> None:
    """The source runs in one task to its end."""
    source = Source()
    ahead = Ahead(source.numbers())
    await settle()
    assert source.given == [0]
    assert await ahead.next() == 0
    await settle()
    assert source.given == [0, 1]
    assert [await ahead.next(), await ahead.next(), await ahead.next(), await ahead.next()] == [1, 2, None, None]
    assert source.closed
    assert len(source.tasks) == 1
    ahead.close()


async def test_what_comes_next_is_told_as_soon_as_it_is_known() -> None:
    """Also where it is known already; the end is nothing to tell."""
    go_on = asyncio.Event()
    told: list[int] = []

    async def numbers() -> AsyncIterator[int]:
        yield 0
        await go_on.wait()
        yield 1

    ahead = Ahead(numbers())
    assert await ahead.next() == 0
    ahead.when_known(told.append)
    await settle()
    assert told == []
    go_on.set()
    await settle()
    assert told == [1]
    ahead.when_known(told.append)
    assert told == [1, 1]
    assert await ahead.next() == 1
    ahead.when_known(told.append)
    await settle()
    ahead.when_known(told.append)
    assert told == [1, 1]
    assert await ahead.next() is None


async def test_who_takes_an_item_is_not_told_of_it() -> None:
    """Whoever waits for it has it."""
    told: list[int] = []
    ahead = Ahead(Source().numbers())
    assert await ahead.next() == 0
    ahead.when_known(told.append)
    assert await ahead.next() == 1
    await settle()
    assert told == []
    ahead.close()


async def test_what_the_source_raises_comes_when_its_turn_has_come() -> None:
    """And disturbs nobody if it never does."""
    ahead = Ahead(Source(1, OSError("no")).numbers())
    assert await ahead.next() == 0
    await settle()
    ahead.when_known(print)
    with pytest.raises(OSError, match="no"):
        await ahead.next()
    ahead.close()
    unseen = Ahead(Source(0, OSError("no")).numbers())
    await settle()
    unseen.close()


async def test_who_closes_it_closes_its_source_at_once() -> None:
    """Whether that waits for somebody to want, or for something of its own."""
    source = Source()
    ahead = Ahead(source.numbers())
    await settle()
    ahead.close()
    await settle()
    assert source.closed

    cancelled = []

    async def waiting() -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        yield 1

    ahead = Ahead(waiting())
    await settle()
    ahead.close()
    await settle()
    assert cancelled == [True]
