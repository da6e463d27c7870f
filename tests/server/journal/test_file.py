"""The journal's file: what one process writes, the next one finds."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.state import CallRecord
from offhook.carriers.events import CallAnswered
from offhook.server.journal import file as file_module
from offhook.server.journal.entries import CallEntry, Retention, encode_call, encode_event
from offhook.server.journal.file import MOST_ROWS, JournalFile

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
    journal.write_calls(call())
    journal.write_events([row(2), row(1)])
    journal.write_events([row(2)])
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
    journal.write_events([row(1)])
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) >= 3
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_calls_of_a_worker_that_runs_are_left_to_it(path: Path, journal: JournalFile) -> None:
    """Two workers on one journal never serve a call twice."""
    journal.write_calls(call())
    other = JournalFile(path)
    found = other.remember(0)
    assert found.calls == ()
    assert found.elsewhere == {("telnyx", "v3:1")}
    assert not other.claim("telnyx/v3:1", 0.0, encode_call(entry()))
    other.close()


def test_calls_of_a_worker_that_is_gone_belong_to_who_comes_first(path: Path, journal: JournalFile) -> None:
    """And to nobody else."""
    journal.write_calls(call())
    journal.close()
    first, second = JournalFile(path), JournalFile(path)
    assert first.remember(0).calls == (("telnyx", entry()),)
    assert second.remember(0).calls == ()
    first.close()
    assert second.claim("telnyx/v3:1", 0.0, encode_call(entry()))
    second.close()


def test_a_call_that_is_over_is_forgotten_by_its_own_worker_only(path: Path, journal: JournalFile) -> None:
    """What one worker says of another one's call is not heard."""
    journal.write_calls(call())
    other = JournalFile(path)
    other.write_calls({"telnyx/v3:1": None})
    assert other.remember(0).elsewhere == {("telnyx", "v3:1")}
    journal.write_calls({"telnyx/v3:1": None})
    assert other.remember(0).elsewhere == frozenset()
    other.close()


@pytest.mark.parametrize("before", [0, 1, MOST_ROWS, 3 * MOST_ROWS])
def test_a_write_that_fails_writes_nothing(journal: JournalFile, before: int) -> None:
    """However many entries there are: what was acknowledged is then known of all of them."""
    rows = [row(number) for number in range(before)]
    with pytest.raises(sqlite3.Error):
        journal.write_events([*rows, ("e2", "v3:1", object(), 0.0, b"")])  # type: ignore[list-item]
    with pytest.raises(sqlite3.Error):
        journal.write_calls({f"v3:{number}": (0.0, b"") for number in range(before)} | {"v3:x": (0.0, object())})  # type: ignore[dict-item]
    found = journal.remember(0)
    assert (found.events, found.calls, found.unreadable) == ((), (), 0)


def test_more_than_fits_into_a_statement_is_written(journal: JournalFile) -> None:
    """After a stall all that waits is one group."""
    journal.write_events([row(number) for number in range(2 * MOST_ROWS + 1)])
    journal.write_calls({key: entry for number in range(2 * MOST_ROWS + 1) for key, entry in call(f"{number}").items()})
    journal.write_events([])
    journal.write_calls({"telnyx/0": None, "telnyx/1": None})
    found = journal.remember(0)
    assert [each.event_id for _, each in found.events] == [f"e{number}" for number in range(2 * MOST_ROWS + 1)]
    assert len(found.seen) == 2 * MOST_ROWS + 1
    names = [name for (name,) in journal._db.execute("SELECT call_id FROM calls ORDER BY call_id")]
    assert names == sorted(f"telnyx/{number}" for number in range(2, 2 * MOST_ROWS + 1))


def test_an_event_changes_one_page(journal: JournalFile) -> None:
    """The acknowledgement waits for each page that a commit writes: events have no index, and lie in their order."""
    for number in range(3):
        journal.write_events([row(number)])
    (_, before, _) = journal._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    journal.write_events([row(3)])
    journal.write_events([row(4)])
    (_, after, _) = journal._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert before >= 3
    assert after == 2


def test_what_is_old_or_too_much_is_forgotten_but_not_of_calls_that_are_up(path: Path) -> None:
    """The file does not grow with the calls of the day."""
    file = JournalFile(path, retention=Retention(events_ms=100, calls_ms=1000, most_events=3))
    file.prune(200)
    file.write_events([row(1, "up"), row(2, "over"), row(3, "over", at_ms=150)])
    file.write_calls(call("up", 150) | call("lost", -2000))
    file.prune(200)
    assert [each.event_id for _, each in file.remember(200).events] == ["e1", "e3"]
    assert file.remember(200).calls == (("telnyx", entry("up")),)
    file.write_events([row(number, at_ms=200) for number in range(4, 9)])
    file.prune(200)
    assert [each.event_id for _, each in file.remember(200).events] == ["e6", "e7", "e8"]
    file.write_calls({"telnyx/up": None})
    file.prune(400)
    assert file.remember(0).events == ()
    file.close()


def test_much_is_forgotten_little_by_little(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An acknowledgement never waits for all of what was written on a busy day to be removed."""
    monkeypatch.setattr(file_module, "_PRUNED_AT_ONCE", 2)
    file = JournalFile(path, retention=Retention(events_ms=100))
    file.write_events([row(number) for number in range(5)] + [row(5, at_ms=200)])
    assert [file.prune(200), file.prune(200), file.prune(200)] == [True, True, False]
    assert [each.event_id for _, each in file.remember(200).events] == ["e5"]
    file.close()


def test_the_log_is_brought_into_the_file_while_others_write(path: Path, journal: JournalFile) -> None:
    """No commit does it, nor waits for the disk because of it; the log then begins anew, and does not grow."""
    assert journal._db.execute("PRAGMA wal_autocheckpoint").fetchone()[0] > 10_000
    journal.write_events([row(1)])
    assert journal.checkpoint()
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as alone:
        assert alone.execute("SELECT count(*) FROM events").fetchone() == (1,)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    journal.write_events([row(2)])
    assert path.with_name(f"{path.name}-wal").stat().st_size == size


def test_a_checkpoint_makes_no_file(path: Path, journal: JournalFile) -> None:
    """One that somebody has removed is the writer's to make anew, with all that belongs into it."""
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    assert not journal.checkpoint()
    assert not path.exists()


def test_entries_of_another_version_are_counted(journal: JournalFile) -> None:
    """They are not read as something that they are not."""
    journal.write_events([("telnyx/e1", "telnyx/v3:1", b"", 0.0, b"?")])
    journal.write_calls({"telnyx/v3:1": (0.0, b"?")})
    found = journal.remember(0)
    assert (found.calls, found.events, found.unreadable) == ((), (), 2)


@pytest.mark.parametrize("version", [1, 2, 99])
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
