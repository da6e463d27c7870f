"""The journal as a host uses it: nothing here waits for the disk for longer than it says.

One thread owns the file. What is to be written goes to it through a bounded queue; it writes everything that waits as
one group, and tells the event loop. A disk that is slow, full or gone costs entries, which are counted, never a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from offhook import waits
from offhook.server.journal.entries import Retention, encode_call, encode_event
from offhook.server.journal.file import JournalFile, Remembered, joined
from offhook.waiting import WaitOver, within

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offhook.carriers.events import CallEvent
    from offhook.clock import Clock
    from offhook.server.journal.entries import CallEntry
    from offhook.server.journal.file import EventRow, Sync

__all__ = ["Journal", "JournalCounters"]

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000
"""So many entries may wait to be written; further ones are lost."""
MOST_IN_A_GROUP = 1000
"""So many entries are written at once."""
PRUNE_EVERY_S = 60.0
REOPEN_EVERY_S = 1.0
"""How often it is tried to open a file that fails."""

T = TypeVar("T")
_Future = asyncio.Future[bool]


@dataclass(slots=True)
class JournalCounters:
    """What became of the entries since the start."""

    written: int = 0
    late: int = 0
    """Events that were acknowledged before they were written."""
    lost: int = 0
    """Entries that were never written."""
    failures: int = 0
    """How often it began to fail."""


@dataclass(frozen=True, slots=True)
class _Event:
    row: EventRow
    written: _Future


@dataclass(frozen=True, slots=True)
class _Call:
    call_id: str
    at_ms: float
    stored: bytes | None


@dataclass(frozen=True, slots=True)
class _Claim:
    call_id: str
    at_ms: float
    stored: bytes
    claimed: _Future


_Item = _Event | _Call | _Claim | None


class Journal:
    """Writes down what was accepted and who is on the line, and tells after a restart.

    It lives on one event loop. Whatever the disk does, no method raises because of it.

    Args:
        path: the file.
        clock: the time of the entries.
        sync: when what was written is forced to the disk.
        retention: what may be forgotten.
        limit_s: how long the acknowledgement of an event waits for it to be written.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        sync: Sync = "off",
        retention: Retention | None = None,
        limit_s: float = waits.JOURNAL.limit_s,
    ) -> None:
        self.path = path
        self.sync = sync
        self.counters = JournalCounters()
        self._clock = clock
        self._retention = retention or Retention()
        self._limit_s = limit_s
        self._queue: SimpleQueue[_Item] = SimpleQueue()
        self._late = False
        self._failing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._waiting: set[_Future] = set()
        # The rest is the thread's.
        self._file: JournalFile | None = None
        self._up: dict[str, tuple[float, bytes]] = {}
        self._complete = True
        self._next_open_s = 0.0
        self._next_prune_s = 0.0

    # -- life --------------------------------------------------------------------------------------------------------

    async def open(self) -> Remembered:
        """Open the file and read what another process has left; empty if it cannot be read in time."""
        loop = self._loop = asyncio.get_running_loop()
        found: asyncio.Future[Remembered] = loop.create_future()
        self._thread = threading.Thread(target=self._work, args=(found,), name="offhook-journal", daemon=True)
        self._thread.start()
        try:
            return await within(waits.JOURNAL_START, found)
        except WaitOver:
            return Remembered()

    async def close(self) -> None:
        """Write what waits, and let go of the file. A disk that does not answer is left behind."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._queue.put(None)
        with contextlib.suppress(WaitOver):
            await within(waits.CLOSE, asyncio.to_thread(thread.join, waits.CLOSE.limit_s))
        for future in tuple(self._waiting):
            _resolve(future, False)

    def report(self) -> dict[str, object]:
        """What ``/healthz`` tells."""
        state = "failing" if self._failing else "late" if self._late else "ok"
        counters = self.counters
        return {
            "state": state,
            "sync": self.sync,
            "written": counters.written,
            "late": counters.late,
            "lost": counters.lost,
            "waiting": self._queue.qsize(),
        }

    # -- entries -----------------------------------------------------------------------------------------------------

    def accept(self, carrier: str, event: CallEvent, signature: bytes) -> asyncio.Future[bool]:
        """Write an accepted event.

        Returns:
            done once it is written, with ``True``; or, with ``False``, after the time that an acknowledgement may
            wait. An event that is late may be written still.
        """
        assert self._loop is not None, "it is opened first"
        written: _Future = self._loop.create_future()
        key, call_key = joined(carrier, event.event_id), joined(carrier, event.call_id)
        row = (key, call_key, signature, self._clock.wall_ms(), encode_event(event))
        if not self._put(_Event(row, written)):
            written.set_result(False)
        elif self._late or self._failing:
            self.counters.late += 1
            written.set_result(False)
        else:
            self._waiting.add(written)
            timer = self._loop.call_later(self._limit_s, self._is_late, written)
            written.add_done_callback(lambda _: self._waited(written, timer))
        return written

    def note(self, carrier: str, call: CallEntry) -> None:
        """Write what is known of a call that is up."""
        self._put(_Call(joined(carrier, call.record.call_id), self._clock.wall_ms(), encode_call(call)))

    def over(self, carrier: str, call_id: str) -> None:
        """A call is over, or no longer ours."""
        self._put(_Call(joined(carrier, call_id), self._clock.wall_ms(), None))

    async def claim(self, carrier: str, call: CallEntry) -> bool:
        """Make a call this worker's; whether it is. Where the file cannot say no, it is."""
        assert self._loop is not None, "it is opened first"
        claimed: _Future = self._loop.create_future()
        key = joined(carrier, call.record.call_id)
        if not self._put(_Claim(key, self._clock.wall_ms(), encode_call(call), claimed)):
            return True
        try:
            return await within(waits.JOURNAL_START, claimed)
        except WaitOver:
            return True

    def _waited(self, written: _Future, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        self._waiting.discard(written)

    def _put(self, item: _Item) -> bool:
        if self._thread is None or self._queue.qsize() >= MOST_WAITING:
            self.counters.lost += 1
            return False
        self._queue.put(item)
        return True

    def _is_late(self, written: _Future) -> None:
        if written.done():
            return
        if not self._late:
            logger.warning("the journal is slow: webhooks are acknowledged before they are written")
        self._late = True
        self.counters.late += 1
        written.set_result(False)

    def _told(self, futures: list[tuple[_Future, bool]], *, written: int, lost: int, failing: str | None) -> None:
        """The thread tells of a group."""
        self.counters.written += written
        self.counters.lost += lost
        self._late = False
        for future, value in futures:
            _resolve(future, value)
        if failing is not None and not self._failing:
            self.counters.failures += 1
            logger.error(
                "the journal cannot be written (%s): calls go on, but would not survive the end of this process",
                failing,
            )
        elif failing is None and self._failing:
            logger.warning("the journal is written again; %d entries were lost", self.counters.lost)
        self._failing = failing is not None

    # -- the thread --------------------------------------------------------------------------------------------------

    def _work(self, found: asyncio.Future[Remembered]) -> None:
        self._next_prune_s = time.monotonic() + PRUNE_EVERY_S
        remembered, failing = Remembered(), None
        try:
            self._file = self._opened()
            remembered = self._file.remember(self._clock.wall_ms())
            self._file.prune(self._clock.wall_ms())
        except (OSError, sqlite3.Error) as error:
            self._drop_file()
            failing = type(error).__name__
        self._post(lambda: _resolve(found, remembered))
        if failing is not None:
            self._post(lambda: self._told([], written=0, lost=0, failing=failing))
        while self._group():
            pass
        if self._file is not None:
            self._file.close()

    def _group(self) -> bool:
        """Write everything that waits, as one; whether there may be more."""
        items: list[_Item] = []
        with contextlib.suppress(Empty):
            items.append(self._queue.get(timeout=max(0.0, self._next_prune_s - time.monotonic())))
            while items[-1] is not None and len(items) < MOST_IN_A_GROUP:
                items.append(self._queue.get_nowait())
        last = None in items
        if items:
            self._write([item for item in items if item is not None])
        if time.monotonic() >= self._next_prune_s:
            self._prune()
        return not last

    def _write(self, items: list[_Event | _Call | _Claim]) -> None:
        rows: list[EventRow] = []
        calls: dict[str, tuple[float, bytes] | None] = {}
        claims: list[_Claim] = []
        waiting: list[_Future] = []
        for item in items:
            if isinstance(item, _Event):
                rows.append(item.row)
                waiting.append(item.written)
            elif isinstance(item, _Claim):
                claims.append(item)
            elif item.stored is None:
                self._up.pop(item.call_id, None)
                calls[item.call_id] = None
            else:
                self._up[item.call_id] = calls[item.call_id] = (item.at_ms, item.stored)
        failing = None
        answers: list[tuple[_Future, bool]] = []
        try:
            file = self._usable()
            for claim in claims:
                claimed = file.claim(claim.call_id, claim.at_ms, claim.stored)
                if claimed:
                    self._up[claim.call_id] = (claim.at_ms, claim.stored)
                answers.append((claim.claimed, claimed))
            file.write(rows, calls if self._complete else {**self._up, **calls})
            self._complete = True
        except Exception as error:  # whatever it is: the thread goes on
            failing = type(error).__name__
            self._complete = False
            self._drop_file()
        told = {id(future) for future, _ in answers}
        answers += [(claim.claimed, True) for claim in claims if id(claim.claimed) not in told]
        answers += [(written, failing is None) for written in waiting]
        done = len(rows) + len(calls)
        self._post(
            lambda: self._told(answers, written=0 if failing else done, lost=done if failing else 0, failing=failing)
        )

    def _usable(self) -> JournalFile:
        """The open file; opened anew, where the old one has failed or is gone."""
        if self._file is not None and self._file.gone:
            self._complete = False
            self._drop_file()
            self._next_open_s = 0.0
        if self._file is None:
            now_s = time.monotonic()
            if now_s < self._next_open_s:
                raise sqlite3.OperationalError("it has failed a moment ago")
            self._next_open_s = now_s + REOPEN_EVERY_S
            self._file = self._opened()
        return self._file

    def _opened(self) -> JournalFile:
        try:
            return JournalFile(self.path, self.sync, self._retention)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # Not a journal, or a broken one: it is kept for whoever wants to look at it, and a new one begun.
            aside = self.path.with_name(self.path.name + ".unreadable")
            self.path.replace(aside)
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            logger.error("the journal cannot be read; it was moved to %s beside it, and a new one begun", aside.name)
            return JournalFile(self.path, self.sync, self._retention)

    def _drop_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _prune(self) -> None:
        self._next_prune_s = time.monotonic() + PRUNE_EVERY_S
        if self._file is not None:
            with contextlib.suppress(OSError, sqlite3.Error):
                self._file.prune(self._clock.wall_ms())

    def _post(self, tell: Callable[[], object]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(tell)


def _resolve(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
