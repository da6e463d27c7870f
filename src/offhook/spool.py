"""What leaves the process while calls are up: log lines, events, recordings. Nobody waits for a pipe or a disk.

A :class:`Spool` is one place that is written to. What is put into it waits in a bounded queue, and a thread writes it.
A place that takes nothing (a pipe that nobody reads, a full disk, a folder that is gone) costs what was meant for it,
and nothing else: no call, and no other place. What is lost is counted, told once when it begins and once when it is
over, and reported (:func:`report`).

A thread is busy with one place at a time, and there are as many threads as places that are being written to at that
moment: mostly one. They are daemons: a write that never ends does not keep the process from ending.
"""

from __future__ import annotations

import _thread
import asyncio
import errno
import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CLOSED", "NOT_READ", "Loss", "Sink", "Spool", "flush", "log_loss", "report"]

logger = logging.getLogger(__name__)

DEFAULT_LIMIT_BYTES: Final = 8 * 1024 * 1024
"""What may wait for one place: some twenty thousand events, or four minutes of a stereo recording at 8 kHz."""

NOT_READ: Final = "not_read"
"""The reason of a loss: too much is waiting already, because the place takes nothing or too little."""

CLOSED: Final = "closed"
"""The reason of a loss: the place was finished before."""


class Sink(Protocol):
    """Where a spool writes to. Its methods are called by one thread at a time, and may take as long as they like."""

    def write(self, data: bytes) -> None:
        """Write all of ``data``.

        Raises:
            Exception: it could not be written; it is lost, and the next is tried all the same.
        """

    def close(self) -> None:
        """Finish: nothing comes after this.

        Raises:
            Exception: it could not be finished; counted as a loss.
        """


@dataclass(frozen=True, slots=True)
class Loss:
    """Told when a place begins to lose what is meant for it, and when that is over."""

    place: str
    """The name of the spool."""
    reason: str
    """Why it began: ``not_read``, ``closed``, an errno's name (``ENOSPC``), or the type of what the sink raised."""
    lost: int
    """How many things are lost, of this spell."""
    over: bool
    """Whether the place has taken everything again that was waiting for it, or is closed."""


class Spool:
    """One place that is written to, in order, by a thread.

    Args:
        sink: the place.
        name: what it is called in reports; spools of one name are counted together.
        limit_bytes: when so much is waiting nothing more is taken. The last thing may be of any size.
        on_loss: is told of losses, by whichever thread notices; it must not block. Without it they are logged.
    """

    def __init__(
        self,
        sink: Sink,
        name: str,
        *,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        on_loss: Callable[[Loss], None] | None = None,
    ) -> None:
        self.name = name
        self._sink = sink
        self._limit_bytes = limit_bytes
        self._on_loss = on_loss or log_loss
        # A lock that the same thread may take twice: a finalizer or a signal handler may log while something is put.
        self._lock = threading.RLock()
        self._waiting: deque[bytes | _Mark] = deque()
        self._waiting_bytes = 0
        self._due = False
        self._closing = False
        self._written = 0
        self._lost = 0
        self._spell = 0
        self._reason: str | None = None
        with _registry_lock:
            _open.add(self)

    @property
    def lost(self) -> int:
        """How many things were lost since the beginning."""
        return self._lost

    @property
    def failing(self) -> str | None:
        """Why things are being lost now; ``None`` while all is well."""
        return self._reason

    def put(self, data: bytes | str) -> bool:
        """Have ``data`` written; never waits, never raises.

        Returns:
            whether it was taken. What was taken can still be lost, if the place then refuses it.
        """
        if isinstance(data, str):
            data = data.encode("utf-8", "replace")
        with self._lock:
            if self._waiting_bytes < self._limit_bytes and not self._closing:
                self._waiting_bytes += len(data)
                self._waiting.append(data)
                if self._wake():
                    return True
                self._waiting.pop()
                self._waiting_bytes -= len(data)
            loss = self._lose(CLOSED if self._closing else NOT_READ)
        self._tell(loss)
        return False

    def flush(self, timeout_s: float | None) -> bool:
        """Wait until everything that was put is written or lost; returns whether it is.

        Blocks the thread: on an event loop use :meth:`flushed`.

        Args:
            timeout_s: how long to wait; ``None`` for as long as it takes.
        """
        try:
            self._mark(_Mark()).done.result(timeout_s)
        except TimeoutError:
            return False
        return True

    async def flushed(self, timeout_s: float) -> bool:
        """The same, for an event loop."""
        return await _within(self._mark(_Mark()).done, timeout_s)

    def close(self) -> None:
        """Finish the place once everything that waits is written; never waits. What is put after this is lost."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        self._mark(_Mark(end=True))

    async def closed(self, timeout_s: float) -> bool:
        """:meth:`close`, and wait until the place is finished; returns whether it is."""
        self.close()
        return await self.flushed(timeout_s)

    def report(self) -> dict[str, Any]:
        """``written`` and ``lost`` things, ``waiting_bytes``, and why it is ``failing``, if it is."""
        with self._lock:
            return {
                "written": self._written,
                "lost": self._lost,
                "waiting_bytes": self._waiting_bytes,
                "failing": self._reason,
            }

    # -- the thread ----------------------------------------------------------------------------------------------------

    def write_waiting(self) -> None:
        """Write what waits, until nothing does. For the threads of this module."""
        while (item := self._take()) is not None:
            if isinstance(item, _Mark):
                self._pass(item)
                continue
            try:
                self._sink.write(item)
            except Exception as error:  # whatever a place has against it
                self._took(item, lost=_reason(error))
            else:
                self._took(item)

    def _take(self) -> bytes | _Mark | None:
        """The next thing; it counts as waiting until it is written."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._due = False
            return None

    def _took(self, data: bytes, *, lost: str | None = None) -> None:
        with self._lock:
            self._waiting_bytes -= len(data)
            if lost is not None:
                loss = self._lose(lost)
            else:
                self._written += 1
                loss = self._recover() if self._waiting_bytes == 0 else None
        self._tell(loss)

    def _pass(self, mark: _Mark) -> None:
        """Everything before the mark is written or lost."""
        if mark.end:
            loss = None
            try:
                self._sink.close()
            except Exception as error:
                with self._lock:
                    loss = self._lose(_reason(error))
            self._tell(loss)
            with self._lock:
                loss = self._recover()
            self._tell(loss)
            _leave(self)
        if mark.done.set_running_or_notify_cancel():  # who waited for it may have given up
            mark.done.set_result(None)

    def _mark(self, mark: _Mark) -> _Mark:
        with self._lock:
            self._waiting.append(mark)
            if not self._wake():  # no thread can be had: nothing more will be written
                self._waiting.pop()
                mark.done.set_exception(TimeoutError())
        return mark

    def _wake(self) -> bool:
        """See to it that a thread comes by; whether one will."""
        if not self._due:
            self._due = _writers.send_to(self)
        return self._due

    # -- what is lost --------------------------------------------------------------------------------------------------

    def _lose(self, reason: str) -> Loss | None:
        """Count a loss; what to tell, if it is the first of a spell."""
        self._lost += 1
        self._spell += 1
        if self._reason is not None:
            return None
        self._reason = reason
        return Loss(self.name, reason, self._spell, over=False)

    def _recover(self) -> Loss | None:
        if self._reason is None:
            return None
        loss = Loss(self.name, self._reason, self._spell, over=True)
        self._reason, self._spell = None, 0
        return loss

    def _tell(self, loss: Loss | None) -> None:
        """Outside of the lock: who is told may put something here."""
        if loss is not None:
            with suppress(Exception):  # who puts something is not to blame for who listens
                self._on_loss(loss)


def log_loss(loss: Loss) -> None:
    """Log a loss: what a spool does that was not told otherwise."""
    if loss.over:
        logger.warning("%s: written again; %d things were lost (%s)", loss.place, loss.lost, loss.reason)
    else:
        logger.warning("%s: cannot be written (%s): what is meant for it is dropped", loss.place, loss.reason)


def report() -> dict[str, dict[str, Any]]:
    """What :meth:`Spool.report` says, by name: spools of one name summed up, closed ones included."""
    with _registry_lock:
        spools = list(_open)
        total = {name: dict(past) for name, past in _past.items()}
    for spool in spools:
        _add(total, spool)
    return total


def flush(timeout_s: float) -> bool:
    """Wait until everything is written or lost, everywhere; returns whether it is. All together take ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    with _registry_lock:
        spools = list(_open)
    late = [spool for spool in spools if not spool.flush(max(0.0, deadline - time.monotonic()))]
    return not late


class _Mark:
    """A place in the queue: passed once everything before it is written or lost."""

    __slots__ = ("done", "end")

    def __init__(self, *, end: bool = False) -> None:
        self.end = end
        self.done: Future[None] = Future()


class _Writers:
    """The threads: one that has nothing to do is taken, or another one is started."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._due: SimpleQueue[Spool] = SimpleQueue()
        self._idle = 0

    def send_to(self, spool: Spool) -> bool:
        """Send a thread to ``spool``; whether there is one."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                try:  # not Thread.start(), which waits until the new thread runs
                    _thread.start_new_thread(self._run, ())
                except RuntimeError:  # too many of them, or Python is ending
                    return False
            self._due.put(spool)
        return True

    def _run(self) -> None:
        while True:
            self._due.get().write_waiting()
            with self._lock:
                self._idle += 1


_writers: Final = _Writers()
_registry_lock: Final = threading.RLock()
_open: Final[set[Spool]] = set()
_past: Final[dict[str, dict[str, Any]]] = {}


def _leave(spool: Spool) -> None:
    with _registry_lock:
        if spool in _open:
            _open.discard(spool)
            _add(_past, spool)


def _add(total: dict[str, dict[str, Any]], spool: Spool) -> None:
    mine = spool.report()
    sum_ = total.setdefault(spool.name, {"written": 0, "lost": 0, "waiting_bytes": 0, "failing": None})
    for count in ("written", "lost", "waiting_bytes"):
        sum_[count] += mine[count]
    sum_["failing"] = sum_["failing"] or mine["failing"]


def _reason(error: Exception) -> str:
    """The errno's name, or the type: no text, which may hold anything."""
    number = error.errno if isinstance(error, OSError) else None
    return errno.errorcode.get(number or 0) or type(error).__name__


async def _within(future: Future[None], timeout_s: float) -> bool:
    try:
        await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
    except TimeoutError:
        return False
    return True
