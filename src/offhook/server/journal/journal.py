"""The journal as a host uses it: nothing here waits for the disk for longer than it says.

One thread owns the file (:mod:`~offhook.server.journal.writer`). What is accepted in one turn of the event loop goes to
it as one item, and what it has written comes back as one callback, so that a burst of webhooks wakes each of them once.
A disk that is slow, full or gone costs entries, which are counted, never a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from offhook import waits
from offhook.server.journal.entries import Retention, encode_call, encode_event
from offhook.server.journal.file import Remembered, joined
from offhook.server.journal.writer import Changes, Claim, Item, Outcome, Writer
from offhook.waiting import WaitOver, within

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.carriers.events import CallEvent
    from offhook.clock import Clock
    from offhook.server.journal.entries import CallEntry
    from offhook.server.journal.file import EventRow, Sync

__all__ = ["Journal", "JournalCounters"]

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000
"""So many events may wait to be written, and so many calls; further ones are lost."""
GATHER_S = 0.01
"""So long what becomes of calls is gathered before it is written. Nobody waits for it, and the thread has the more time
for events: these tell the next process most of it, too."""

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
        self._limit_s = limit_s
        self._late = False
        self._failing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer = Writer(path, clock, sync=sync, retention=retention or Retention(), tell=self._tell)
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._accepted: list[EventRow] = []  # in this turn of the loop
        self._unwritten: deque[tuple[float, _Future]] = deque()  # each with the time at which it is late
        self._watch: asyncio.TimerHandle | None = None
        self._changes: Changes = {}
        self._gathering: asyncio.TimerHandle | None = None

    # -- life --------------------------------------------------------------------------------------------------------

    async def open(self) -> Remembered:
        """Open the file and read what another process has left; empty if it cannot be read in time."""
        loop = self._loop = asyncio.get_running_loop()
        found: asyncio.Future[Remembered] = loop.create_future()

        def opened(remembered: Remembered) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_resolve, found, remembered)

        self._thread = threading.Thread(
            target=self._writer.run, args=(self._queue, opened), name="offhook-journal", daemon=True
        )
        self._thread.start()
        try:
            return await within(waits.JOURNAL_START, found)
        except WaitOver:
            return Remembered()

    async def close(self) -> None:
        """Write what waits, and let go of the file. A disk that does not answer is left behind."""
        if self._thread is None:
            return
        self._hand_over()
        thread, self._thread = self._thread, None
        self._queue.put(None)
        with contextlib.suppress(WaitOver):
            await within(waits.CLOSE, asyncio.to_thread(thread.join, waits.CLOSE.limit_s))
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._unwritten:
            _resolve(self._unwritten.popleft()[1], False)

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
            "waiting": len(self._unwritten) + len(self._changes),
        }

    # -- entries -----------------------------------------------------------------------------------------------------

    def accept(self, carrier: str, event: CallEvent, signature: bytes) -> asyncio.Future[bool]:
        """Write an accepted event.

        Returns:
            done once it is written, with ``True``; or, with ``False``, after the time that an acknowledgement may
            wait. An event that is late may be written still.
        """
        loop = self._loop
        assert loop is not None, "it is opened first"
        written: _Future = loop.create_future()
        if self._thread is None or len(self._unwritten) >= MOST_WAITING:
            self.counters.lost += 1
            written.set_result(False)
            return written
        if not self._accepted:
            loop.call_soon(self._hand_over_events)
        key, call_key = joined(carrier, event.event_id), joined(carrier, event.call_id)
        self._accepted.append((key, call_key, signature, self._clock.wall_ms(), encode_event(event)))
        self._unwritten.append((time.monotonic() + self._limit_s, written))
        if self._late or self._failing:
            self.counters.late += 1
            written.set_result(False)
        elif self._watch is None:
            self._watch = loop.call_later(self._limit_s, self._look)
        return written

    def note(self, carrier: str, call: CallEntry) -> None:
        """Write what is known of a call that is up. It is written soon, and nobody is told."""
        self._change(joined(carrier, call.record.call_id), (self._clock.wall_ms(), encode_call(call)))

    def over(self, carrier: str, call_id: str) -> None:
        """A call is over, or no longer ours."""
        self._change(joined(carrier, call_id), None)

    async def claim(self, carrier: str, call: CallEntry) -> bool:
        """Make a call this worker's; whether it is. Where the file cannot say no, it is."""
        assert self._loop is not None, "it is opened first"
        if self._thread is None:
            self.counters.lost += 1
            return True
        self._hand_over()
        claimed: _Future = self._loop.create_future()
        key = joined(carrier, call.record.call_id)
        self._queue.put(Claim(key, self._clock.wall_ms(), encode_call(call), claimed))
        try:
            return await within(waits.JOURNAL_START, claimed)
        except WaitOver:
            return True

    # -- to the thread -----------------------------------------------------------------------------------------------

    def _change(self, key: str, entry: tuple[float, bytes] | None) -> None:
        if self._thread is None or (len(self._changes) >= MOST_WAITING and key not in self._changes):
            self.counters.lost += 1
            return
        self._changes[key] = entry
        if self._gathering is None:
            self._gather()

    def _gather(self) -> None:
        assert self._loop is not None
        self._gathering = self._loop.call_later(GATHER_S, self._gathered)

    def _gathered(self) -> None:
        if self._queue.empty():
            self._hand_over()
        else:  # the disk is slow: however often a call changes until it has time, that is one entry
            self._gather()

    def _hand_over(self) -> None:
        """Give the thread all there is."""
        self._hand_over_events()
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._changes:
            self._queue.put(self._changes)
            self._changes = {}

    def _hand_over_events(self) -> None:
        if self._accepted:
            self._queue.put(self._accepted)
            self._accepted = []

    # -- from the thread ---------------------------------------------------------------------------------------------

    def _tell(self, outcome: Outcome) -> None:
        """Called by the thread."""
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._told, outcome)

    def _told(self, outcome: Outcome) -> None:
        failing = outcome.failing
        for _ in range(min(outcome.events, len(self._unwritten))):
            _resolve(self._unwritten.popleft()[1], failing is None)
        for claim, ours in outcome.claims:
            _resolve(claim.claimed, ours)
        if failing is None:
            self.counters.written += outcome.entries
        else:
            self.counters.lost += outcome.entries
        self._late = False
        if failing is not None and not self._failing:
            self.counters.failures += 1
            logger.error(
                "the journal cannot be written (%s): calls go on, but would not survive the end of this process",
                failing,
            )
        elif failing is None and self._failing:
            logger.warning("the journal is written again; %d entries were lost", self.counters.lost)
        self._failing = failing is not None

    # -- what is late ------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """See whether an event waits for too long. One timer is enough: they are written in their order."""
        assert self._loop is not None
        self._watch = None
        due_s = next((due_s for due_s, written in self._unwritten if not written.done()), None)
        if due_s is None:
            return
        left_s = due_s - time.monotonic()
        if left_s > 0:
            self._watch = self._loop.call_later(left_s, self._look)
        else:
            # It may be the loop that was held up: what the thread has told then comes first.
            self._watch = self._loop.call_later(0, self._let_go)

    def _let_go(self) -> None:
        """If the disk is too slow for the first that waits, none waits any longer."""
        self._watch = None
        waiting = [(due_s, written) for due_s, written in self._unwritten if not written.done()]
        if not waiting or waiting[0][0] > time.monotonic():
            self._look()
            return
        if not self._late:
            logger.warning("the journal is slow: webhooks are acknowledged before they are written")
        self._late = True
        self.counters.late += len(waiting)
        for _, written in waiting:
            written.set_result(False)


def _resolve(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
