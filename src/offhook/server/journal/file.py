"""The journal's file: SQLite. Everything here blocks; :mod:`~offhook.server.journal.journal` keeps it off the loop."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from offhook.ids import new_id
from offhook.server.journal.entries import Retention, decode_call, decode_event
from offhook.server.journal.owners import Owner, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from offhook.carriers.events import CallEvent
    from offhook.server.journal.entries import CallEntry

__all__ = ["EventRow", "JournalFile", "Key", "Remembered", "Sync", "joined", "split"]

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

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    event_id TEXT PRIMARY KEY, call_id TEXT NOT NULL, signature BLOB NOT NULL, at_ms REAL NOT NULL, event BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_time ON events (at_ms);
CREATE INDEX IF NOT EXISTS events_by_call ON events (call_id);
CREATE TABLE IF NOT EXISTS calls (
    call_id TEXT PRIMARY KEY, owner TEXT NOT NULL, at_ms REAL NOT NULL, call BLOB NOT NULL
);
"""
_VERSION = 2
"""Entries of version 1 name no carrier, or no id of our own."""


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
        calls = [(split(key)[0], decode_call(stored)) for key, stored in ours]
        events = [(split(key)[0], decode_event(stored)) for key, *_, stored in kept]
        return Remembered(
            house=house,
            calls=tuple((carrier, call) for carrier, call in calls if call is not None),
            elsewhere=frozenset(split(key) for key, owner, _ in rows if owner in alive),
            events=tuple((carrier, event) for carrier, event in events if event is not None),
            seen=tuple((split(key), signature, at_ms) for key, signature, at_ms, _ in kept if at_ms >= horizon_ms),
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

    def write(self, events: Iterable[EventRow], calls: Mapping[str, tuple[float, bytes] | None]) -> None:
        """Write it all, or nothing.

        Args:
            events: accepted events.
            calls: calls by id, with the time of the entry; ``None`` for one that is over.

        Raises:
            sqlite3.Error: nothing of it was written.
        """
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", events)
            for call_id, entry in calls.items():
                if entry is None:
                    self._db.execute("DELETE FROM calls WHERE call_id = ? AND owner = ?", (call_id, self.owner.id))
                else:
                    self._db.execute(
                        "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?)", (call_id, self.owner.id, *entry)
                    )

    def prune(self, now_ms: float) -> None:
        """Forget what is old, or too much."""
        rules = self.retention
        with self._transaction():
            self._db.execute("DELETE FROM calls WHERE at_ms < ?", (now_ms - rules.calls_ms,))
            self._db.execute(
                "DELETE FROM events WHERE at_ms < ? AND call_id NOT IN (SELECT call_id FROM calls)",
                (now_ms - rules.events_ms,),
            )
            self._db.execute(
                "DELETE FROM events WHERE rowid <= (SELECT max(rowid) FROM events) - ?", (rules.most_events,)
            )

    def close(self) -> None:
        """Let go of the file, and of this worker's calls."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        self.owner.close()

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
