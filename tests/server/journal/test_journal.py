"""The journal beside the loop: whatever the disk does, an acknowledgement waits no longer than it says."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.state import CallRecord
from offhook.carriers.events import CallAnswered
from offhook.clock import SystemClock
from offhook.server.journal import journal as journal_module
from offhook.server.journal import writer as writer_module
from offhook.server.journal.entries import CallEntry
from offhook.server.journal.file import JournalFile
from offhook.server.journal.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def event(name: str) -> CallAnswered:
    return CallAnswered(event_id=name, event_type="call.answered", occurred_at="", call_id="v3:1")


def entry(call_id: str = "v3:1") -> CallEntry:
    return CallEntry(record=CallRecord(call_id=call_id), since_ms=0.0)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    journal = Journal(path, SystemClock(), limit_s=5.0)
    await journal.open()
    yield journal
    await journal.close()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``disk.stop()`` and ``disk.go()``; ``disk.fails`` raises."""

    class Disk:
        def __init__(self) -> None:
            self.free = threading.Event()
            self.free.set()
            self.fails: Exception | None = None
            self.writes = 0

        def before(self) -> None:
            self.free.wait(5)
            self.writes += 1
            if self.fails is not None:
                raise self.fails

    disk = Disk()

    def slowly(write: Callable[..., None]) -> Callable[..., None]:
        def slow(self: JournalFile, *arguments: Any) -> None:
            disk.before()
            write(self, *arguments)

        return slow

    monkeypatch.setattr(JournalFile, "write_events", slowly(JournalFile.write_events))
    monkeypatch.setattr(JournalFile, "write_calls", slowly(JournalFile.write_calls))
    monkeypatch.setattr(writer_module, "REOPEN_EVERY_S", 0.0)
    yield disk
    disk.free.set()


async def test_an_event_is_in_the_file_when_its_acknowledgement_goes_out(path: Path, journal: Journal) -> None:
    """Whoever opens the file at that moment finds it, without anything having been closed."""
    assert await journal.accept("telnyx", event("e1"), b"signature")
    other = JournalFile(path)
    assert other.remember(0).seen[0][:2] == (("telnyx", "e1"), b"signature")
    other.close()


async def test_what_comes_together_is_written_together(journal: Journal, disk: Any) -> None:
    """Many webhooks at once cost one commit, not one each."""
    disk.free.clear()
    accepting = [journal.accept("telnyx", event(f"e{number}"), b"") for number in range(200)]
    await asyncio.sleep(0)
    disk.free.set()
    assert all(await asyncio.gather(*accepting))
    assert disk.writes <= 2
    assert journal.counters.written == 200


async def test_a_process_that_comes_after_finds_what_this_one_knew(path: Path, journal: Journal) -> None:
    """Calls that are up, but not those that are over."""
    journal.note("telnyx", entry("up"))
    journal.note("telnyx", entry("over"))
    journal.over("telnyx", "over")
    await journal.close()
    after = Journal(path, SystemClock())
    assert (await after.open()).calls == (("telnyx", entry("up")),)
    await after.close()


async def test_a_slow_disk_holds_up_neither_the_acknowledgement_nor_the_next(
    path: Path, disk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """After the limit the event counts as late; it is said once; the next ones do not wait at all."""
    journal = Journal(path, SystemClock(), limit_s=0.02)
    await journal.open()
    disk.free.clear()
    began_s = time.monotonic()
    assert not await journal.accept("telnyx", event("e1"), b"")
    assert time.monotonic() - began_s < 1.0
    assert [await journal.accept("telnyx", event(f"e{number}"), b"") for number in range(2, 50)] == [False] * 48
    assert journal.report()["state"] == "late"
    disk.free.set()
    await until(lambda: journal.counters.written == 49)
    assert journal.report() == {
        "state": "ok",
        "sync": "off",
        "written": 49,
        "late": 49,
        "lost": 0,
        "waiting": 0,
    }
    assert caplog.text.count("the journal is slow") == 1
    await journal.close()


async def test_a_full_disk_costs_entries_and_is_said_once(
    path: Path, journal: Journal, disk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything that is up is written again as soon as there is room."""
    caplog.set_level(logging.WARNING)
    disk.fails = sqlite3.OperationalError("database or disk is full")
    journal.note("telnyx", entry("up"))
    for number in range(20):
        assert not await journal.accept("telnyx", event(f"e{number}"), b"")
    await until(lambda: journal.counters.lost == 21)
    assert journal.report()["state"] == "failing"
    assert caplog.text.count("cannot be written (OperationalError)") == 1
    disk.fails = None
    await journal.accept("telnyx", event("e20"), b"")
    await until(lambda: journal.report()["state"] == "ok")
    assert caplog.text.count("is written again; 21 entries were lost") == 1
    await journal.close()
    after = JournalFile(path)
    assert after.remember(0).calls == (("telnyx", entry("up")),)
    after.close()


async def test_a_file_that_is_removed_is_made_anew_with_all_calls_that_are_up(path: Path, journal: Journal) -> None:
    """Somebody cleans a folder up; the calls go on, and so does their journal, with what had just been acknowledged."""
    journal.note("telnyx", entry("up"))
    assert await journal.accept("telnyx", event("e1"), b"")
    for each in path.parent.glob("journal.db*"):
        each.unlink()
    assert await journal.accept("telnyx", event("e2"), b"")
    assert await journal.claim("telnyx", entry("claimed"))
    await journal.close()
    after = JournalFile(path)
    found = after.remember(0)
    assert {call.record.call_id for _, call in found.calls} == {"up", "claimed"}
    assert found.events[-1][1].event_id == "e2"
    after.close()


async def test_a_file_that_is_no_journal_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of it is lost, and the telephone works."""
    path.write_bytes(b"not a database at all" * 100)
    journal = Journal(path, SystemClock(), limit_s=5.0)
    await journal.open()
    assert await journal.accept("telnyx", event("e1"), b"")
    await journal.close()
    assert path.with_name("journal.db.unreadable").read_bytes().startswith(b"not a database")
    assert "moved to journal.db.unreadable" in caplog.text


async def test_a_place_that_cannot_be_written_to_costs_the_journal_not_the_calls(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said at the start, and in every report."""
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "journal.db", SystemClock())
    remembered = await journal.open()
    assert remembered.calls == ()
    await until(lambda: journal.report()["state"] == "failing")
    assert not await journal.accept("telnyx", event("e1"), b"")
    assert await journal.claim("telnyx", entry())
    assert "cannot be written" in caplog.text
    await journal.close()


async def test_no_more_waits_to_be_written_than_there_is_room_for(
    journal: Journal, disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stands still for long costs no memory without end."""
    monkeypatch.setattr(journal_module, "MOST_WAITING", 10)
    disk.free.clear()
    for number in range(30):
        journal.note("telnyx", entry(f"c{number}"))
        journal.note("telnyx", entry("c0"))  # what changes again takes no more room
    assert journal.counters.lost == 20
    events = [journal.accept("telnyx", event(f"e{number}"), b"") for number in range(30)]
    assert journal.counters.lost == 40
    assert [written.done() for written in events] == [False] * 10 + [True] * 20
    assert journal.report()["waiting"] == 20
    disk.free.set()
    assert [await written for written in events] == [True] * 10 + [False] * 20


async def test_a_call_that_changes_often_is_written_once(journal: Journal, disk: Any) -> None:
    """However slow the disk is: what a call was in between is of no use to anybody."""
    disk.free.clear()
    stuck = journal.accept("telnyx", event("e1"), b"")
    for number in range(5):
        journal.note("telnyx", entry(f"c{number}"))
    await until(lambda: not journal._changes)
    for _ in range(3):
        for number in range(5):
            journal.note("telnyx", entry(f"c{number}"))
        await asyncio.sleep(3 * journal_module.GATHER_S)
    disk.free.set()
    assert await stuck
    await until(lambda: journal.report()["waiting"] == 0)
    await journal.close()
    assert journal.counters.written == 1 + 5 + 5


async def test_a_loop_that_was_held_up_is_not_taken_for_a_slow_disk(path: Path) -> None:
    """What was written meanwhile is told first."""
    journal = Journal(path, SystemClock(), limit_s=0.02)
    await journal.open()
    written = journal.accept("telnyx", event("e1"), b"")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    deadline = time.monotonic() + 5
    while journal._writer._unsure == [] and time.monotonic() < deadline:
        time.sleep(0.05)  # the loop stands still, longer than the acknowledgement may wait
    assert await written
    assert journal.report()["late"] == 0
    await journal.close()


async def test_a_call_that_another_worker_serves_cannot_be_claimed(path: Path, journal: Journal) -> None:
    """Two workers on one machine share a journal, and one of them has the call."""
    other = Journal(path, SystemClock())
    await other.open()
    assert await journal.claim("telnyx", entry())
    assert not await other.claim("telnyx", entry())
    await journal.close()
    assert await other.claim("telnyx", entry())
    await other.close()


async def test_what_is_old_is_forgotten_while_it_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file does not grow with the days."""
    again = threading.Semaphore(0)
    monkeypatch.setattr(writer_module, "PRUNE_EVERY_S", 0.01)
    monkeypatch.setattr(JournalFile, "prune", lambda *_: again.release())
    journal = Journal(path, SystemClock())
    await journal.open()
    assert await asyncio.to_thread(again.acquire, timeout=30)
    assert await asyncio.to_thread(again.acquire, timeout=30)
    await journal.close()


async def test_one_that_is_closed_or_was_never_opened_takes_nothing(path: Path) -> None:
    """And nobody waits for it."""
    journal = Journal(path, SystemClock())
    await journal.close()
    await journal.open()
    await journal.close()
    assert not await journal.accept("telnyx", event("e1"), b"")
    assert journal.counters.lost == 1
