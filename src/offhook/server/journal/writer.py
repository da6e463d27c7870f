"""The journal's thread, the only one that touches the file.

It takes what waits as one group, and first writes the events of it, since acknowledgements wait for them. What nobody
waits for comes when nothing is to be written.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from offhook.server.journal.file import JournalFile, Remembered

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from offhook.clock import Clock
    from offhook.server.journal.entries import Retention
    from offhook.server.journal.file import EventRow, Sync

__all__ = ["Changes", "Claim", "Item", "Outcome", "Writer"]

logger = logging.getLogger(__name__)

MOST_IN_A_GROUP = 200
"""So many items are taken at once."""
QUIET_S = 0.005
"""Once nothing was to be written for so long, or after :data:`TIDY_EVERY_S`, the file is looked after."""
TIDY_EVERY_S = 0.5
CHECKPOINT_EVERY = 500
"""After so many entries the file is brought up to date with its log."""
PRUNE_EVERY_S = 60.0
REOPEN_EVERY_S = 1.0
"""How often it is tried to open a file that fails."""


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A call is to be this worker's."""

    call_id: str
    at_ms: float
    stored: bytes
    claimed: asyncio.Future[bool]
    """Who waits for the answer; not touched here."""


Changes = dict[str, tuple[float, bytes] | None]
"""What has become of calls, by id: the time of the entry and the entry, or ``None`` for one that is over."""

Item = list["EventRow"] | Changes | Claim | None
"""Accepted events, calls, or a claim; ``None``: nothing follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of entries."""

    events: int = 0
    """How many more of the events that were handed over are done with, in their order."""
    entries: int = 0
    """Entries that were written, or lost where it fails."""
    claims: tuple[tuple[Claim, bool], ...] = ()
    """Whether calls are this worker's. Where the file cannot say no, they are."""
    failing: str | None = None
    """The type of what the file raised."""


class Writer:
    """Writes what it is given by a queue, for as long as :meth:`run` runs.

    Args:
        path: the file.
        clock: for what is old.
        sync: when what was written is forced to the disk.
        retention: what may be forgotten.
        tell: told of what became of entries; must not block.
    """

    def __init__(
        self, path: Path, clock: Clock, *, sync: Sync, retention: Retention, tell: Callable[[Outcome], None]
    ) -> None:
        self._path = path
        self._clock = clock
        self._sync: Sync = sync
        self._retention = retention
        self._tell = tell
        self._file: JournalFile | None = None
        self._up: dict[str, tuple[float, bytes]] = {}
        self._complete = True  # whether the file has all calls that are up
        self._unsure: list[EventRow] = []  # events that were written since the file was last seen in its place
        self._unchecked = 0
        self._next_open_s = 0.0
        self._next_prune_s = 0.0
        self._tidy_at_s = 0.0  # if nothing is to be written until then
        self._tidy_by_s = 0.0

    def run(self, queue: SimpleQueue[Item], opened: Callable[[Remembered], None]) -> None:
        """Open the file, tell ``opened`` what it holds (nothing, if it cannot be read), and write until ``None``."""
        remembered, failing = Remembered(), None
        try:
            self._file = self._opened()
            remembered = self._file.remember(self._clock.wall_ms())
        except (OSError, sqlite3.Error) as error:
            self._drop_file()
            failing = type(error).__name__
        opened(remembered)
        if failing is not None:
            self._tell(Outcome(failing=failing))
        while self._group(queue):
            pass
        self._tidy(time.monotonic())
        if self._file is not None:
            self._file.close()

    def _group(self, queue: SimpleQueue[Item]) -> bool:
        """Write what waits, as one; whether there may be more."""
        items: list[Item] = []
        with contextlib.suppress(Empty):
            items.append(queue.get(timeout=max(0.0, self._tidy_at_s - time.monotonic())))
            while items[-1] is not None and len(items) < MOST_IN_A_GROUP:
                items.append(queue.get_nowait())
        if rows := [row for item in items if isinstance(item, list) for row in item]:
            self._write_events(rows)
        if others := [item for item in items if isinstance(item, dict | Claim)]:
            self._write_calls(others)
        now_s = time.monotonic()
        if not items or now_s >= self._tidy_by_s:
            self._tidy(now_s)
        else:
            self._tidy_at_s = now_s + QUIET_S
        return None not in items

    # -- entries -----------------------------------------------------------------------------------------------------

    def _write_events(self, rows: list[EventRow]) -> None:
        failing = self._write(lambda file: file.write_events(rows))
        self._told(Outcome(events=len(rows), entries=len(rows), failing=failing))
        self._unsure += rows

    def _write_calls(self, items: list[Changes | Claim]) -> None:
        changes: Changes = {}
        for item in items:
            if isinstance(item, dict):
                changes |= item
        for call_id, entry in changes.items():
            if entry is None:
                self._up.pop(call_id, None)
            else:
                self._up[call_id] = entry
        claims = [item for item in items if isinstance(item, Claim)]
        claimed: list[tuple[Claim, bool]] = []

        def write(file: JournalFile) -> None:
            file.write_calls(changes)
            for claim in claims:
                ours = file.claim(claim.call_id, claim.at_ms, claim.stored)
                if ours:
                    self._up[claim.call_id] = (claim.at_ms, claim.stored)
                claimed.append((claim, ours))

        failing = self._write(write)
        claimed += [(claim, True) for claim in claims[len(claimed) :]]
        self._told(Outcome(entries=len(changes), claims=tuple(claimed), failing=failing))

    def _write(self, write: Callable[[JournalFile], None]) -> str | None:
        """Let ``write`` write into the file; the type of what it or the file raised."""
        try:
            file = self._usable()
            if not self._complete:
                file.write_calls(self._up)
                self._complete = True
            write(file)
        except Exception as error:  # whatever it is: the thread goes on
            self._complete = False
            self._drop_file()
            return type(error).__name__
        return None

    def _told(self, outcome: Outcome) -> None:
        self._tell(outcome)
        if outcome.failing is None:
            self._unchecked += outcome.entries

    # -- the file ----------------------------------------------------------------------------------------------------

    def _tidy(self, now_s: float) -> None:
        """See whether the file is still there, and keep it small."""
        rows, self._unsure = self._unsure, []
        if self._file is not None and self._file.gone:
            # Somebody removed it, and what was written went with it.
            self._drop_file()
            self._complete, self._next_open_s = False, 0.0
            failing = self._write(lambda file: file.write_events(rows))
            if failing is not None:
                self._told(Outcome(entries=len(rows), failing=failing))
        if self._unchecked >= CHECKPOINT_EVERY and self._file is not None:
            self._unchecked = 0
            threading.Thread(target=self._file.checkpoint, name="offhook-journal-checkpoint", daemon=True).start()
        if now_s >= self._next_prune_s:
            self._prune()
        self._tidy_at_s, self._tidy_by_s = self._next_prune_s, time.monotonic() + TIDY_EVERY_S

    def _prune(self) -> None:
        """Forget some of what is old. If there is more of it, what waits to be written comes first."""
        more = False
        if self._file is not None:
            with contextlib.suppress(OSError, sqlite3.Error):
                more = self._file.prune(self._clock.wall_ms())
        self._next_prune_s = time.monotonic() + (0.0 if more else PRUNE_EVERY_S)

    def _usable(self) -> JournalFile:
        """The open file; opened anew, where the old one has failed or is gone."""
        if self._file is None:
            now_s = time.monotonic()
            if now_s < self._next_open_s:
                raise sqlite3.OperationalError("it has failed a moment ago")
            self._next_open_s = now_s + REOPEN_EVERY_S
            self._file = self._opened()
        return self._file

    def _opened(self) -> JournalFile:
        try:
            return JournalFile(self._path, self._sync, self._retention)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # Not a journal, or a broken one: it is kept for whoever wants to look at it, and a new one begun.
            aside = self._path.with_name(self._path.name + ".unreadable")
            self._path.replace(aside)
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            logger.error("the journal cannot be read; it was moved to %s beside it, and a new one begun", aside.name)
            return JournalFile(self._path, self._sync, self._retention)

    def _drop_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
