"""The journal's file: what one process writes, the next one finds."""

from __future__ import annotations

import sqlite3
import stat
from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.state import CallRecord
from offhook.carriers.events import CallAnswered
from offhook.server.journal.entries import CallEntry, Retention, encode_call, encode_event
from offhook.server.journal.file import JournalFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def event(number: int, call_id: str = "v3:1") -> CallAnswered:
    return CallAnswered(event_id=f"e{number}", event_type="call.answered", occurred_at="", call_id=call_id)


def row(number: int, call_id: str = "v3:1", at_ms: float = 0.0) -> Any:
    return (f"telnyx/e{number}", f"telnyx/{call_id}", b"s%d" % number, at_ms, encode_event(event(number, call_id)))


def call(call_id: str = "v3:1", at_ms: float = 0.0) -> dict[str, Any]:
    return {f"telnyx/{call_id}": (at_ms, encode_call(entry(call_id)))}


def entry(call_id: str = "v3:1") -> CallEntry:
    return CallEntry(record=CallRecord(call_id=call_id), since_ms=0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[JournalFile]:
    file = JournalFile(path)
    yield file
    file.close()


def test_the_next_process_finds_calls_events_and_what_was_seen(path: Path, journal: JournalFile) -> None:
    """In the order they came; a second copy of an event adds nothing."""
    journal.write([row(2), row(1), row(2)], call())
    journal.close()
    after = JournalFile(path)
    found = after.remember(1000.0)
    after.close()
    assert found.calls == (("telnyx", entry()),)
    assert found.events == (("telnyx", event(2)), ("telnyx", event(1)))
    assert found.seen == ((("telnyx", "e2"), b"s2", 0.0), (("telnyx", "e1"), b"s1", 0.0))
    assert (found.elsewhere, found.unreadable) == (frozenset(), 0)


def test_a_journal_keeps_its_name(path: Path, journal: JournalFile) -> None:
    """It is hung on legs, and must be known again when they are found."""
    name = journal.remember(0).house
    journal.close()
    after = JournalFile(path)
    assert after.remember(0).house == name
    after.close()


def test_only_the_user_can_read_it(path: Path, journal: JournalFile) -> None:
    """It holds numbers of callers: the file, those that SQLite makes beside it, and the folder."""
    journal.write([row(1)], call())
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) >= 3
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_calls_of_a_worker_that_runs_are_left_to_it(path: Path, journal: JournalFile) -> None:
    """Two workers on one journal never serve a call twice."""
    journal.write([], call())
    other = JournalFile(path)
    found = other.remember(0)
    assert found.calls == ()
    assert found.elsewhere == {("telnyx", "v3:1")}
    assert not other.claim("telnyx/v3:1", 0.0, encode_call(entry()))
    other.close()


def test_calls_of_a_worker_that_is_gone_belong_to_who_comes_first(path: Path, journal: JournalFile) -> None:
    """And to nobody else."""
    journal.write([], call())
    journal.close()
    first, second = JournalFile(path), JournalFile(path)
    assert first.remember(0).calls == (("telnyx", entry()),)
    assert second.remember(0).calls == ()
    first.close()
    assert second.claim("telnyx/v3:1", 0.0, encode_call(entry()))
    second.close()


def test_a_call_that_is_over_is_forgotten_by_its_own_worker_only(path: Path, journal: JournalFile) -> None:
    """What one worker says of another one's call is not heard."""
    journal.write([], call())
    other = JournalFile(path)
    other.write([], {"telnyx/v3:1": None})
    assert other.remember(0).elsewhere == {("telnyx", "v3:1")}
    journal.write([], {"telnyx/v3:1": None})
    assert other.remember(0).elsewhere == frozenset()
    other.close()


def test_a_write_that_fails_writes_nothing(journal: JournalFile) -> None:
    """An event without its call would be acted on alone."""
    with pytest.raises(sqlite3.Error):
        journal.write([row(1), ("e2", "v3:1", object(), 0.0, b"")], call())  # type: ignore[list-item]
    assert journal.remember(0).events == ()


def test_what_is_old_or_too_much_is_forgotten_but_not_of_calls_that_are_up(path: Path) -> None:
    """The file does not grow with the calls of the day."""
    file = JournalFile(path, retention=Retention(events_ms=100, calls_ms=1000, most_events=3))
    file.write([row(1, "up"), row(2, "over"), row(3, "over", at_ms=150)], call("up", 150) | call("lost", -2000))
    file.prune(200)
    assert [each.event_id for _, each in file.remember(200).events] == ["e1", "e3"]
    assert file.remember(200).calls == (("telnyx", entry("up")),)
    file.write([row(number, at_ms=200) for number in range(4, 9)], {})
    file.prune(200)
    assert [each.event_id for _, each in file.remember(200).events] == ["e6", "e7", "e8"]
    file.close()


def test_entries_of_another_version_are_counted(journal: JournalFile) -> None:
    """They are not read as something that they are not."""
    journal.write([("telnyx/e1", "telnyx/v3:1", b"", 0.0, b"?")], {"telnyx/v3:1": (0.0, b"?")})
    found = journal.remember(0)
    assert (found.calls, found.events, found.unreadable) == ((), (), 2)


@pytest.mark.parametrize("version", [1, 99])
def test_a_journal_of_another_version_is_not_touched(path: Path, journal: JournalFile, version: int) -> None:
    """The newer program may still need it."""
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={version}")
    db.close()
    with pytest.raises(sqlite3.DatabaseError):
        JournalFile(path)


def test_it_notices_that_its_file_is_gone(path: Path, journal: JournalFile) -> None:
    """What is written to a file without a name is lost."""
    gone = [journal.gone]
    path.unlink()
    gone.append(journal.gone)
    path.touch()
    gone.append(journal.gone)
    assert gone == [False, True, True]


@pytest.mark.parametrize(("sync", "level"), [("off", 1), ("commit", 2)])
def test_it_is_forced_to_the_disk_as_it_is_told(path: Path, sync: Any, level: int) -> None:
    """SQLite's NORMAL forces nothing in a commit of the write-ahead log, FULL each."""
    file = JournalFile(path, sync)
    assert file._db.execute("PRAGMA synchronous").fetchone() == (level,)
    assert file._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()
