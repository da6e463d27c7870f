"""Every wait of a call: its limit, and what becomes of the call when it is over.

Code that is not ours (a handler, a voice, a recogniser, a carrier) may take for ever, may ignore that it is cancelled,
and may raise what would end more than a call. So nothing of a call awaits it directly: it awaits :func:`within` a
:class:`Wait`, or takes its pieces from a :class:`Stream`. Both come back in time whatever happens, with a result, an
:exc:`Exception` or :exc:`WaitOver`. All waits are listed here, with their outcome, and docs/failures.md shows the same
table.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from offhook.errors import OffhookError
from offhook.logs import describe

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator

__all__ = [
    "ALL",
    "ANSWER",
    "APOLOGY",
    "CLOSE",
    "COMMAND",
    "DIALLED",
    "GOODBYE",
    "HANDLER",
    "HANGUP",
    "HANGUP_REPORT",
    "JOURNAL",
    "JOURNAL_START",
    "MEDIA_RESTART",
    "MEDIA_SILENCE",
    "MEDIA_START",
    "RECOGNITION",
    "REPLY_NEXT",
    "SESSION_END",
    "TRANSFER",
    "VOICE_FIRST",
    "VOICE_NEXT",
    "Ended",
    "Stream",
    "Wait",
    "WaitOver",
    "as_failure",
    "close",
    "each_within",
    "is_own_end",
    "left_running",
    "uncounted",
    "within",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LATE_S = 0.1
"""A timer that is later than this means that the event loop stood still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something that a call waits for."""

    name: str
    """What is waited for: "a handler"."""
    limit_s: float
    """How long at most, unless whoever waits says otherwise."""
    long_s: float | None = None
    """After how long the caller is told to be patient; ``None``: never."""
    outcome: str
    """What becomes of the call when it is over."""


# -- the program's own code ------------------------------------------------------------------------------------------

HANDLER = Wait(
    name="a handler or the dialog to answer",
    limit_s=30.0,
    long_s=3.0,
    outcome="the caller hears a filler from time to time, then an apology; twice in a row: a person takes over",
)
REPLY_NEXT = Wait(
    name="the next piece of a reply",
    limit_s=10.0,
    long_s=3.0,
    outcome="what there is is said, then a filler, then an apology; the second time in a row a person takes over",
)

# -- speech ----------------------------------------------------------------------------------------------------------

RECOGNITION = Wait(
    name="the words of the caller",
    limit_s=5.0,
    outcome="nothing was heard, and the caller is asked again; the second time in a row a person takes over, or the "
    "carrier's voice apologises and the call ends",
)
VOICE_FIRST = Wait(
    name="the first sound of a sentence",
    limit_s=2.5,
    outcome="another voice says the sentence; where there is none, a person takes over, or the carrier's voice "
    "apologises and the call ends",
)
VOICE_NEXT = Wait(
    name="the next sound of a sentence",
    limit_s=2.0,
    outcome="another voice goes on with the next sentence, or this one where there is no other; the second time in a "
    "row: as for the first sound",
)

# -- the carrier -----------------------------------------------------------------------------------------------------

COMMAND = Wait(
    name="the carrier's answer to a command",
    limit_s=30.0,
    outcome="the command counts as failed: what was to follow from it is undone, and the call is told or hung up",
)
DIALLED = Wait(
    name="the leg of a dial that was interrupted",
    limit_s=10.0,
    outcome="the program ends without it; another process of this connection hangs the leg up when it hears of it",
)
ANSWER = Wait(
    name="the carrier to answer an incoming call",
    limit_s=45.0,
    outcome="it is tried for as long as the phone rings, then the call is rejected",
)
HANGUP = Wait(
    name="the carrier to hang up",
    limit_s=60.0,
    outcome="it is tried again and again; then the call is given up, its slot is free, and the log says so",
)
HANGUP_REPORT = Wait(
    name="the report that a call is over",
    limit_s=15.0,
    outcome="the carrier is asked whether the call lives; if not, or if it does not say, the slot of the call is free",
)
TRANSFER = Wait(
    name="a person to answer a transfer",
    limit_s=45.0,
    long_s=6.0,
    outcome="the caller hears from time to time that it still rings, then that nobody can take the call, and the agent "
    "goes on",
)

# -- the disk --------------------------------------------------------------------------------------------------------

JOURNAL = Wait(
    name="an accepted event to be written down",
    limit_s=0.02,
    outcome="the webhook is acknowledged all the same, and counted: would the process die now, the event would be lost",
)
JOURNAL_START = Wait(
    name="the journal to be read, or asked whose a call is",
    limit_s=3.0,
    outcome="calls are taken without it; what an earlier process left is found by asking the carrier",
)

# -- media -----------------------------------------------------------------------------------------------------------

MEDIA_START = Wait(
    name="the audio of an answered call",
    limit_s=10.0,
    outcome="a new stream is asked for once; then the carrier's voice apologises and the call ends",
)
MEDIA_RESTART = Wait(
    name="a new stream in place of one that was lost",
    limit_s=8.0,
    outcome="the carrier's voice apologises and the call ends",
)
MEDIA_SILENCE = Wait(
    name="the next piece of the caller's audio",
    limit_s=1.0,
    outcome="what the caller was saying counts as said, and is answered",
)

# -- the end ---------------------------------------------------------------------------------------------------------

APOLOGY = Wait(
    name="the carrier's voice to apologise",
    limit_s=12.0,
    outcome="the call is hung up",
)
GOODBYE = Wait(
    name="a goodbye to be heard",
    limit_s=15.0,
    outcome="the call is hung up",
)
SESSION_END = Wait(
    name="a session to end after its call",
    limit_s=8.0,
    outcome="it is cancelled and left behind; the call's slot is free",
)
CLOSE = Wait(
    name="an engine to let go of what it was doing",
    limit_s=1.0,
    outcome="it is left behind",
)

ALL = (
    HANDLER,
    REPLY_NEXT,
    RECOGNITION,
    VOICE_FIRST,
    VOICE_NEXT,
    COMMAND,
    DIALLED,
    ANSWER,
    HANGUP,
    HANGUP_REPORT,
    TRANSFER,
    JOURNAL,
    JOURNAL_START,
    MEDIA_START,
    MEDIA_RESTART,
    MEDIA_SILENCE,
    APOLOGY,
    GOODBYE,
    SESSION_END,
    CLOSE,
)
"""Every wait there is."""


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


_left: set[asyncio.Future[object]] = set()


def left_running() -> int:
    """How many pieces of work did not end when their time was over, and still have not."""
    return len(_left)


@contextmanager
def uncounted() -> Iterator[None]:
    """Around what others are waited for in, within work that is waited for: that time is not the work's own.

    A handler that asks the caller something takes as long as the caller does.
    """
    patience = _current.get()
    if patience is None:
        yield
        return
    patience.pause()
    try:
        yield
    finally:
        patience.resume()


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
    patience = _Patience()
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
        self._patience = _Patience()
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
        _current.set(self._patience)
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
            await _aclose(self._pieces)

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


async def close(pieces: object) -> None:
    """Close a stream, if it can be closed, within :data:`CLOSE`; what it raises is not worth more than a debug line."""
    with suppress(WaitOver):
        await within(CLOSE, _aclose(pieces))


async def _aclose(pieces: object) -> None:
    aclose = getattr(pieces, "aclose", None)
    if aclose is None:
        return
    try:
        await aclose()
    except BaseException as error:
        if is_own_end(error):
            raise
        logger.debug("closing a stream raised %s", type(error).__name__)


# -- how it is waited -------------------------------------------------------------------------------------------------


class _Patience:
    """The time of one wait after the other. It stands still while the work is :func:`uncounted`."""

    def __init__(self) -> None:
        self._outer = _current.get()
        self._pauses = 0
        self._left_s = 0.0
        self._grace = False
        self._over: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def wait_for(self, work: asyncio.Future[Any], limit_s: float) -> None:
        """Wait until ``work`` is done, or ``limit_s`` are over."""
        self._over = over = asyncio.get_running_loop().create_future()
        self._left_s = limit_s
        self._grace = False
        if not self._pauses:
            self._arm(over)
        try:
            await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._disarm()
            self._over = None

    def pause(self) -> None:
        """The work waits for somebody else."""
        self._pauses += 1
        self._disarm()
        if self._outer is not None:
            self._outer.pause()

    def resume(self) -> None:
        """It goes on."""
        self._pauses -= 1
        if not self._pauses and self._over is not None:
            self._arm(self._over)
        if self._outer is not None:
            self._outer.resume()

    def _arm(self, over: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._left_s, self._rung, over, loop.time() + self._left_s)

    def _disarm(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            self._left_s = max(0.0, timer.when() - asyncio.get_running_loop().time())

    def _rung(self, over: asyncio.Future[None], due_s: float) -> None:
        late_s = asyncio.get_running_loop().time() - due_s
        if late_s > _LATE_S and not self._grace:
            # Something held up the loop, and so the work: what has come meanwhile is still on its way.
            self._grace = True
            self._left_s = min(late_s, self._left_s)
            self._arm(over)
        elif not over.done():
            over.set_result(None)


_current: ContextVar[_Patience | None] = ContextVar("_current", default=None)
"""The time of the work that is running."""


async def _run(work: Awaitable[T], patience: _Patience) -> T:
    _current.set(patience)
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
