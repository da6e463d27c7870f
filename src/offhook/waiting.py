"""How a call waits for what is not ours: in time, whatever happens.

Code that is not ours (a handler, a voice, a recogniser, a carrier) may take for ever, may ignore that it is cancelled,
and may raise what would end more than a call. So nothing of a call awaits it directly: it awaits :func:`within` a
:class:`~offhook.waits.Wait`, takes its pieces from a :class:`Stream`, or has them taken as they come
(:func:`take_each`). All of these come back in time whatever happens, with a result, an :exc:`Exception` or
:exc:`WaitOver`.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from offhook.errors import OffhookError
from offhook.logs import describe
from offhook.patience import Patience
from offhook.waits import CLOSE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from offhook.waits import Wait

__all__ = [
    "Ended",
    "Stream",
    "WaitOver",
    "as_failure",
    "close",
    "each_within",
    "is_own_end",
    "left_running",
    "take_each",
    "within",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class WaitOver(OffhookError):
    """Something was waited for in vain."""

    code = "wait_over"
    retryable = True

    def __init__(self, wait: Wait, waited_s: float, *, call_id: str | None = None) -> None:
        super().__init__(f"expected {wait.name} within {waited_s:g} s, got nothing.", call_id=call_id)
        self.wait = wait
        self.waited_s = waited_s


class Ended(RuntimeError):
    """Code that is not ours was cancelled by itself, or wished to end the process: no result, and no matter of ours.

    What it was is the cause.
    """


def as_failure(error: BaseException) -> Exception:
    """``error`` as something that can be raised again without cancelling anybody, or ending the process."""
    if isinstance(error, Exception):
        return error
    failure = Ended(f"expected a result, got {type(error).__name__}")
    failure.__cause__ = error
    return failure


def is_own_end(error: BaseException) -> bool:
    """Whether ``error`` is the cancellation of the running task, and not a failure of what the task does."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


_AT_ONCE = 64
"""So many pieces of an iterator are taken without a turn for others."""

_left: set[asyncio.Future[object]] = set()


def left_running() -> int:
    """How many pieces of work did not end when their time was over, and still have not."""
    return len(_left)


async def within(
    wait: Wait,
    work: Awaitable[T],
    *,
    limit_s: float | None = None,
    on_long: Callable[[], object] | None = None,
    long_s: float | None = None,
    keep: Callable[[], bool] | None = None,
    call_id: str | None = None,
) -> T:
    """The result of ``work``, or :exc:`WaitOver` when it takes too long. Never waits any longer than that.

    When the time is over, or whoever waits is cancelled, ``work`` is cancelled and left to itself: it may ignore that.
    Time in which the event loop stood still does not count, nor does time in :func:`uncounted`.

    Args:
        wait: what this is.
        work: what is waited for; it runs in a task of its own.
        limit_s: another limit than the wait's own.
        on_long: called each time that another ``long_s`` are over. It must not block.
        long_s: another one than the wait's own.
        keep: asked when the time is over: whether the work must go on to its end, unseen.
        call_id: for the line in the log, which is written when the time is over.

    Raises:
        WaitOver: the time is over.
        Ended: the work was cancelled, or wished to end the process, of its own accord.
        Exception: what the work raised.
    """
    limit = wait.limit_s if limit_s is None else limit_s
    patience = Patience()
    task = asyncio.ensure_future(_run(work, patience))
    stop_telling = _tell_again(on_long, wait.long_s if long_s is None else long_s)
    try:
        await patience.wait_for(task, limit)
    except asyncio.CancelledError:
        _leave(task, cancel=keep is None or not keep())
        raise
    finally:
        stop_telling()
    if task.done():
        return _result(task)
    _leave(task, cancel=keep is None or not keep())
    raise _over(wait, limit, call_id)


class Stream(Generic[T]):
    """The pieces of an async iterator that is not ours, each awaited as :func:`within` does.

    The iterator runs in one task from its first piece to its closing, as a time limit or a task group in it wants, and
    is asked for a piece when one is wanted, not before. Whoever makes it has to :meth:`aclose` it.

    Args:
        pieces: what is iterated over.
        keep: asked when the time is over, or nobody wants any more: whether it must go on to its end, unseen.
        call_id: for the log.
    """

    def __init__(
        self, pieces: AsyncIterator[T], *, keep: Callable[[], bool] | None = None, call_id: str | None = None
    ) -> None:
        self._pieces = pieces
        self._keep = keep or (lambda: False)
        self._call_id = call_id
        self._patience = Patience()
        self._wanted = asyncio.Event()
        self._piece: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._closing = False
        self._task = asyncio.ensure_future(self._run())

    async def next(self, wait: Wait, *, limit_s: float | None = None) -> T:
        """The next piece. Once it has raised, there is no other.

        Raises:
            StopAsyncIteration: there is none.
            WaitOver: it did not come in time.
            Ended: as :func:`within`.
            Exception: what the iterator raised.
        """
        if self._closing or self._task.done():
            raise StopAsyncIteration
        limit = wait.limit_s if limit_s is None else limit_s
        piece: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._piece = piece
        self._wanted.set()
        try:
            await self._patience.wait_for(piece, limit)
        except asyncio.CancelledError:
            self._leave()
            raise
        if not piece.done():
            self._leave()
            raise _over(wait, limit, self._call_id)
        if piece.cancelled():
            raise StopAsyncIteration
        return piece.result()

    async def aclose(self) -> None:
        """Close the iterator, within :data:`CLOSE`, unless it is at its end or was left."""
        if self._closing:
            if not self._task.done():
                _leave(self._task, cancel=False)  # it closes what it has come to the end of
            return
        self._closing = True
        self._wanted.set()
        try:
            await self._patience.wait_for(self._task, CLOSE.limit_s)
        except asyncio.CancelledError:
            self._leave()
            raise
        if not self._task.done():
            self._leave()
            _over(CLOSE, CLOSE.limit_s, self._call_id)

    def _leave(self) -> None:
        """Nobody waits any more."""
        self._closing = True
        self._wanted.set()
        self._piece.cancel()
        _leave(self._task, cancel=not self._keep())

    async def _run(self) -> None:
        self._patience.begin()
        try:
            while await self._is_wanted():
                piece = self._piece
                try:
                    given = await anext(self._pieces)
                except BaseException as error:
                    if is_own_end(error):
                        raise
                    _fail(piece, error)
                    return
                if not piece.done():
                    piece.set_result(given)
        finally:
            self._closing = True
            await close(self._pieces)

    async def _is_wanted(self) -> bool:
        if not self._closing:
            await self._wanted.wait()
            self._wanted.clear()
        return not self._closing or self._keep()


async def each_within(
    first: Wait,
    following: Wait,
    pieces: AsyncIterator[T],
    *,
    first_s: float | None = None,
    following_s: float | None = None,
    counts: Callable[[T], bool] | None = None,
    call_id: str | None = None,
) -> AsyncGenerator[T]:
    """The pieces of a :class:`Stream`, the first and every next one within its own time; closed in the end.

    Args:
        first: for the first piece.
        following: for every other.
        pieces: the iterator.
        first_s: another limit for the first piece.
        following_s: another one for every other.
        counts: whether a piece is one. Others are skipped, and win no time.
        call_id: for the log.

    Raises:
        WaitOver: a piece did not come.
        Ended: as :func:`within`.
        Exception: what the iterator raised.
    """
    stream = Stream(pieces, call_id=call_id)
    wait, limit_s = first, first.limit_s if first_s is None else first_s
    clock = asyncio.get_running_loop().time
    try:
        while True:
            began_s = clock()
            left_s = limit_s
            try:
                while True:
                    piece = await stream.next(wait, limit_s=left_s)
                    if counts is None or counts(piece):
                        break
                    left_s = max(0.0, limit_s - (clock() - began_s))
            except StopAsyncIteration:
                return
            yield piece
            wait, limit_s = following, following.limit_s if following_s is None else following_s
    finally:
        await stream.aclose()


async def take_each(
    first: Wait,
    following: Wait,
    pieces: AsyncIterator[T],
    take: Callable[[T], bool],
    *,
    first_s: float | None = None,
    following_s: float | None = None,
    on_late: Callable[[], object] | None = None,
    call_id: str | None = None,
) -> None:
    """As :func:`each_within`, for pieces that come many times a second: ``take`` is called with each as it comes, and
    there is one task for all of them, and no timer of their own. Returns at their end; they are closed in any case.

    Args:
        first: for the first piece.
        following: for every other.
        pieces: the iterator. It runs in one task from its first piece to its closing.
        take: called as a piece comes; must not block. Whether it counts as one: others win no time.
        first_s: another limit for the first piece.
        following_s: another one for every other.
        on_late: called when half of the time for a piece is over, once for each. It must not block.
        call_id: for the log.

    Raises:
        WaitOver: a piece did not come.
        Ended: as :func:`within`.
        Exception: what the iterator or ``take`` raised.
    """
    taking = _Taking(pieces, take)
    wait, limit_s = first, first.limit_s if first_s is None else first_s
    seen, late = 0, on_late
    try:
        while not await taking.ended_by(limit_s if late is None else limit_s / 2):
            if taking.counted > seen:
                wait, limit_s = following, following.limit_s if following_s is None else following_s
                seen, late = taking.counted, on_late
            elif late is not None:
                late()
                late = None
            else:
                raise _over(wait, limit_s, call_id)
    except BaseException:
        taking.leave()
        raise
    taking.result()


class _Taking(Generic[T]):
    """An iterator whose pieces are taken in a task of its own."""

    def __init__(self, pieces: AsyncIterator[T], take: Callable[[T], bool]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces = pieces
        self._take = take
        self._patience = Patience()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._since_s = self._loop.time()
        self.counted = 0
        """Pieces that were some."""
        self._task = asyncio.ensure_future(self._run())

    async def ended_by(self, limit_s: float) -> bool:
        """Wait for its end, until so long after the last piece that was known then; whether it has come."""
        await self._patience.wait_for(self._over, max(0.0, self._since_s + limit_s - self._loop.time()))
        return self._over.done()

    def result(self) -> None:
        """It has ended; it still closes what it has come to the end of."""
        _leave(self._task, cancel=False)
        self._over.result()

    def leave(self) -> None:
        """Nobody waits any more."""
        if not self._over.cancel():
            _seen(self._over)
        _leave(self._task, cancel=True)

    async def _run(self) -> None:
        self._patience.begin()
        try:
            await self._take_all()
            _set(self._over)
        except BaseException as error:
            if is_own_end(error):
                raise
            _fail(self._over, error)
        finally:
            await close(self._pieces)

    async def _take_all(self) -> None:
        number = 0
        async for piece in self._pieces:
            if self._over.done():
                return  # it was left, and ignores that
            if self._take(piece):
                self.counted += 1
                self._since_s = self._loop.time()
            number += 1
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)  # an iterator that never waits would hold up everybody else


async def close(pieces: object) -> None:
    """Close an async iterator in the running task, which has iterated over it, if it can be closed.

    Nobody's answer comes of it any more, so what it raises is worth a debug line.
    """
    aclose = getattr(pieces, "aclose", None)
    if aclose is None:
        return
    try:
        await aclose()
    except BaseException as error:
        if is_own_end(error):
            raise
        logger.debug("closing a stream raised %s", type(error).__name__)


# -- what is left to itself ----------------------------------------------------------------------------------------


async def _run(work: Awaitable[T], patience: Patience) -> T:
    patience.begin()
    try:
        return await work
    except (KeyboardInterrupt, SystemExit) as error:  # a task that raises these ends the event loop
        raise as_failure(error) from error


def _result(task: asyncio.Future[T]) -> T:
    try:
        return task.result()
    except Exception:
        raise
    except BaseException as error:
        raise as_failure(error) from error


def _fail(piece: asyncio.Future[Any], error: BaseException) -> None:
    if piece.done():
        _unseen(error)
    elif isinstance(error, StopAsyncIteration):
        piece.cancel()
    else:
        piece.set_exception(as_failure(error))


def _set(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


def _tell_again(tell: Callable[[], object] | None, after_s: float | None) -> Callable[[], None]:
    """Call ``tell`` each time that ``after_s`` are over, until what is returned is called."""
    if tell is None or after_s is None:
        return lambda: None
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def told() -> None:
        nonlocal timer
        timer = loop.call_later(after_s, told)
        tell()

    timer = loop.call_later(after_s, told)
    return lambda: timer.cancel()


def _over(wait: Wait, limit_s: float, call_id: str | None) -> WaitOver:
    logger.warning("call %s: %s took longer than %g s: %s", call_id or "-", wait.name, limit_s, wait.outcome)
    return WaitOver(wait, limit_s, call_id=call_id)


def _leave(task: asyncio.Future[T], *, cancel: bool) -> None:
    if task.done():
        _seen(task)
        return
    if cancel:
        task.cancel()
    _left.add(task)  # type: ignore[arg-type]  # the loop itself keeps no reference to a task
    task.add_done_callback(_ended)


def _ended(task: asyncio.Future[T]) -> None:
    _left.discard(task)
    _seen(task)


def _seen(task: asyncio.Future[T]) -> None:
    """Look at the result, so that nobody is told that it was never looked at."""
    with suppress(asyncio.CancelledError):
        error = task.exception()
        if error is not None:
            _unseen(error)


def _unseen(error: BaseException) -> None:
    logger.warning("work that nobody waits for any more raised %s", describe(error))
