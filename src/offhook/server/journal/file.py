"""The journal's file: SQLite. Everything here blocks; :mod:`~offhook.server.journal.journal` keeps it off the loop."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Literal, TypeVar

from offhook.ids import new_id
from offhook.server.journal.entries import Retention, decode_call, decode_event
from offhook.server.journal.owners import Owner, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from offhook.carriers.events import CallEvent
    from offhook.server.journal.entries import CallEntry

__all__ = ["MOST_ROWS", "EventRow", "JournalFile", "Key", "Remembered", "Sync", "joined", "split"]

T = TypeVar("T")

Sync = Literal["off", "commit"]
"""When what was written is forced to the disk.

* ``off``: never by us. What was written survives the death of the process, however it dies; a power cut, or a crash of
  the operating system, may take the last seconds. The file itself stays whole.
* ``commit``: before a webhook is acknowledged. It survives the power cut too, and every acknowledgement waits for the
  disk.
"""

EventRow = tuple[str, str, bytes, float, bytes]
"""Key of the event, key of its call, signature, when, and the event."""

Key = tuple[str, str]
"""A carrier's name, and its id for an event or a call: two carriers may use the same."""

_BUSY_S = 2.0
"""How long to wait for another worker that writes."""

MOST_ROWS = 199
"""So many rows fit into one statement: it has 999 variables at most where SQLite is old, and an event has five."""

# An acknowledgement waits for the insertion of its event. So events have no index: a row is put behind the last one, in
# the page that was written last. What looks events up does that at the start, or now and then, and reads them all.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    event_id TEXT NOT NULL, call_id TEXT NOT NULL, signature BLOB NOT NULL, at_ms REAL NOT NULL, event BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS calls (
    call_id TEXT PRIMARY KEY, owner TEXT NOT NULL, at_ms REAL NOT NULL, call BLOB NOT NULL
) WITHOUT ROWID;
"""
_VERSION = 3
"""Entries of version 1 name no carrier, or no id of our own; version 2 had indexes."""
_LOG_PAGES = 16_384
"""A commit that finds so many pages in the write-ahead log brings them into the file itself, and waits for the disk. It
comes to that only where :meth:`JournalFile.checkpoint` has not kept up."""
_PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a worker finds when it starts."""

    house: str = ""
    """The journal's own name; it is part of what is hung on the legs that its workers answer and dial."""
    calls: tuple[tuple[str, CallEntry], ...] = ()
    """Calls of workers that are gone, with their carriers' names. They belong to this one now."""
    elsewhere: frozenset[Key] = frozenset()
    """Calls that another worker serves at this moment."""
    events: tuple[tuple[str, CallEvent], ...] = ()
    """The events that were accepted and may still matter, in the order they came, with their carriers' names."""
    seen: tuple[tuple[Key, bytes, float], ...] = ()
    """All accepted events that may come again, the signatures they came with, and when."""
    unreadable: int = 0
    """Entries of a version that wrote otherwise."""


@dataclass(slots=True)
class JournalFile:
    """One open journal.

    Args:
        path: where; its folder is made.
        sync: see :data:`Sync`.

    Raises:
        OSError, sqlite3.Error: it cannot be opened.
    """

    path: Path
    sync: Sync = "off"
    retention: Retention = field(default_factory=Retention)
    owner: Owner = field(init=False)
    _db: sqlite3.Connection = field(init=False)
    _identity: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives the files that it makes beside this one the same rights.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if self.sync == 'commit' else 'NORMAL'}")
            self._db.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError("a journal of another version")
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('house', ?)", (new_id()[:8],))
            self.owner = Owner(self.path)
            self._identity = _identity(self.path)
        except BaseException:
            self._db.close()
            raise

    @property
    def gone(self) -> bool:
        """Whether what is written no longer reaches a file at :attr:`path`: somebody removed or replaced it."""
        try:
            return _identity(self.path) != self._identity
        except OSError:
            return True

    def remember(self, now_ms: float) -> Remembered:
        """Read what there is, and take over the calls of workers that are gone."""
        horizon_ms = now_ms - self.retention.events_ms
        with self._transaction():
            house = self._db.execute("SELECT value FROM meta WHERE name = 'house'").fetchone()[0]
            rows = self._db.execute("SELECT call_id, owner, call FROM calls ORDER BY at_ms").fetchall()
            owners = {owner for _, owner, _ in rows} - {self.owner.id}
            alive = {owner for owner in owners if is_alive(self.path, owner)}
            ours = [(call_id, stored) for call_id, owner, stored in rows if owner not in alive]
            self._db.executemany(
                "UPDATE calls SET owner = ? WHERE call_id = ?", [(self.owner.id, call_id) for call_id, _ in ours]
            )
            kept = self._db.execute(
                "SELECT event_id, signature, at_ms, event FROM events "
                "WHERE at_ms >= ? OR call_id IN (SELECT call_id FROM calls WHERE owner = ?) ORDER BY rowid",
                (horizon_ms, self.owner.id),
            ).fetchall()
        first: dict[str, tuple[str, bytes, float, bytes]] = {}
        for row in kept:  # one that was repeated to another worker is there twice
            first.setdefault(row[0], row)
        calls = [(split(key)[0], decode_call(stored)) for key, stored in ours]
        events = [(split(key)[0], decode_event(stored)) for key, *_, stored in first.values()]
        seen = [(split(key), signature, at_ms) for key, signature, at_ms, _ in first.values() if at_ms >= horizon_ms]
        return Remembered(
            house=house,
            calls=tuple((carrier, call) for carrier, call in calls if call is not None),
            elsewhere=frozenset(split(key) for key, owner, _ in rows if owner in alive),
            events=tuple((carrier, event) for carrier, event in events if event is not None),
            seen=tuple(seen),
            unreadable=sum(entry is None for _, entry in (*calls, *events)),
        )

    def claim(self, call_id: str, at_ms: float, stored: bytes) -> bool:
        """Make a call this worker's, unless it belongs to another one that runs; whether it is this worker's now."""
        with self._transaction():
            row = self._db.execute("SELECT owner FROM calls WHERE call_id = ?", (call_id,)).fetchone()
            if row is not None and row[0] != self.owner.id and is_alive(self.path, row[0]):
                return False
            self._db.execute(
                "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?)", (call_id, self.owner.id, at_ms, stored)
            )
        return True

    def write_events(self, events: Sequence[EventRow]) -> None:
        """Write all these accepted events, or none.

        Raises:
            sqlite3.Error: none of them was written.
        """
        self._run((_insertion("INSERT INTO events", 5, len(rows)), chain(*rows)) for rows in _pieces(events))

    def write_calls(self, calls: Mapping[str, tuple[float, bytes] | None]) -> None:
        """Write what has become of all these calls, or of none.

        Args:
            calls: by id, with the time of the entry; ``None`` for one that is over.

        Raises:
            sqlite3.Error: nothing of it was written.
        """
        owner = self.owner.id
        up = [(call_id, owner, *entry) for call_id, entry in calls.items() if entry is not None]
        over = [(call_id, owner) for call_id, entry in calls.items() if entry is None]
        inserted = ((_insertion("INSERT OR REPLACE INTO calls", 4, len(rows)), chain(*rows)) for rows in _pieces(up))
        deleted = (("DELETE FROM calls WHERE call_id = ? AND owner = ?", key) for key in over)
        self._run(chain(inserted, deleted))

    def prune(self, now_ms: float) -> bool:
        """Forget some of what is old, or too much; whether there may be more of it."""
        rules = self.retention
        with self._transaction():
            self._db.execute("DELETE FROM calls WHERE at_ms < ?", (now_ms - rules.calls_ms,))
            (last,) = self._db.execute("SELECT ifnull(max(rowid), 0) FROM events").fetchone()
            # They are there in the order of their times: the first that is young enough ends the search.
            found = self._db.execute(
                "SELECT rowid FROM events WHERE at_ms >= ? ORDER BY rowid LIMIT 1", (now_ms - rules.events_ms,)
            ).fetchone()
            young, surplus = found[0] if found else last + 1, last - rules.most_events
            forgotten = self._db.execute(
                "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events WHERE rowid < ? AND "
                "(rowid <= ? OR rowid < ? AND call_id NOT IN (SELECT call_id FROM calls)) ORDER BY rowid LIMIT ?)",
                (max(young, surplus + 1), surplus, young, _PRUNED_AT_ONCE),
            ).rowcount
        return forgotten == _PRUNED_AT_ONCE

    def checkpoint(self) -> bool:
        """Bring what is in the write-ahead log into the file itself; whether it was all of it.

        It waits for the disk and holds no write up: to be called in another thread than everything else here.
        """
        try:
            db = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
            with contextlib.closing(db):
                _, pages, done = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:  # a disk that fails shows in the next write, too
            return False
        return bool(pages == done)

    def close(self) -> None:
        """Let go of the file, and of this worker's calls."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        self.owner.close()

    def _run(self, statements: Iterable[tuple[str, Iterable[object]]]) -> None:
        """Run statements as one transaction. A single one needs no other around it: each time that the thread goes into
        SQLite and comes back it has to get the interpreter again, which may be busy."""
        run = [(statement, tuple(values)) for statement, values in statements]
        if len(run) == 1:
            self._db.execute(*run[0])
        elif run:
            with self._transaction():
                for statement, values in run:
                    self._db.execute(statement, values)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise


@lru_cache(maxsize=4 * MOST_ROWS)
def _insertion(into: str, columns: int, rows: int) -> str:
    return f"{into} VALUES {', '.join([_variables(columns)] * rows)}"


def _variables(count: int) -> str:
    return f"({', '.join('?' * count)})"


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[at : at + MOST_ROWS] for at in range(0, len(rows), MOST_ROWS))


def joined(carrier: str, id_: str) -> str:
    """How a key is stored."""
    return f"{carrier}/{id_}"


def split(key: str) -> Key:
    """The key that was stored: a carrier's name is part of a path, and has no slash."""
    carrier, _, id_ = key.partition("/")
    return carrier, id_


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
