"""The items of an async iterator, of which the next is fetched while the one before is worked on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from offhook.waiting import as_failure, close, is_own_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Ahead"]

T = TypeVar("T")


class Ahead(Generic[T]):
    """Fetches one item ahead, and none before the one before was taken. Whoever makes it has to :meth:`close` it.

    The iterator runs in one task from its first item to its end.

    Args:
        items: the iterator.
    """

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._coming: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._tell: Callable[[T], None] | None = None
        self._task = asyncio.ensure_future(self._run())

    async def next(self) -> T | None:
        """The next item, ``None`` at the end; the one after it is fetched from now on.

        Raises:
            Exception: what the iterator raised.
        """
        self._tell = None
        item = await self._coming
        if item is not None:
            self._coming = asyncio.get_running_loop().create_future()
            self._wanted.set()
        return item

    def when_known(self, tell: Callable[[T], None]) -> None:
        """Have ``tell`` called with the item after the one that was taken last, as soon as it is known, if it is not
        taken before. It must not block."""
        self._tell = tell
        if self._coming.done() and self._coming.exception() is None:
            self._known(self._coming.result())

    def close(self) -> None:
        """Nobody wants any more: the iterator is cancelled, and closed. Returns at once."""
        self._tell = None
        self._task.cancel()
        if not self._coming.cancel():
            self._coming.exception()  # which nobody will ask for any more

    async def _run(self) -> None:
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                item = await anext(self._items, None)
                self._coming.set_result(item)
                if item is None:
                    return
                self._known(item)
        except BaseException as error:
            if is_own_end(error):
                raise
            self._coming.set_exception(as_failure(error))
        finally:
            await close(self._items)

    def _known(self, item: T | None) -> None:
        tell, self._tell = self._tell, None
        if tell is not None and item is not None:
            tell(item)
