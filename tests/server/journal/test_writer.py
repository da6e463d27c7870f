"""The journal's thread, run to its end on what it is given."""

from __future__ import annotations

import sqlite3
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.state import CallRecord
from offhook.carriers.events import CallAnswered
from offhook.clock import ManualClock
from offhook.server.journal import writer as module
from offhook.server.journal.entries import CallEntry, Retention, encode_call, encode_event
from offhook.server.journal.file import JournalFile, Remembered
from offhook.server.journal.writer import Claim, Outcome, Writer

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from offhook.server.journal.file import EventRow
    from offhook.server.journal.writer import Item


NOW_MS = ManualClock().wall_ms()


def row(name: str) -> EventRow:
    event = CallAnswered(event_id=name, event_type="call.answered", occurred_at="", call_id="v3:1")
    return (f"telnyx/{name}", "telnyx/v3:1", b"", NOW_MS, encode_event(event))


def stored(call_id: str) -> bytes:
    return encode_call(CallEntry(record=CallRecord(call_id=call_id), since_ms=0.0))


def claim(call_id: str) -> Claim:
    future: asyncio.Future[bool] = None  # type: ignore[assignment]
    return Claim(f"telnyx/{call_id}", NOW_MS, stored(call_id), future)


class Desk:
    """A writer, what it was told to do, and what it has told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[Outcome] = []
        self.opened: list[Remembered] = []
        self.writer = Writer(path, ManualClock(), sync="off", retention=Retention(), tell=self.told.append)

    def run(self, *items: Item) -> list[Outcome]:
        queue: SimpleQueue[Item] = SimpleQueue()
        for item in (*items, None):
            queue.put(item)
        self.writer.run(queue, self.opened.append)
        return self.told

    def found(self) -> Remembered:
        file = JournalFile(self.path)
        try:
            return file.remember(0)
        finally:
            file.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "journal.db")


def events(found: Remembered) -> list[str]:
    return [event.event_id for _, event in found.events]


def calls(found: Remembered) -> set[str]:
    return {call.record.call_id for _, call in found.calls}


def test_events_that_wait_are_one_group_and_come_first(desk: Desk) -> None:
    """Acknowledgements wait for them, and nobody for what becomes of a call."""
    told = desk.run({"telnyx/c1": (NOW_MS, stored("c1"))}, [row("e1")], {"telnyx/c1": None}, [row("e2"), row("e3")])
    assert told == [Outcome(events=3, entries=3), Outcome(entries=1)]
    assert (events(desk.found()), calls(desk.found())) == (["e1", "e2", "e3"], set())


def test_a_claim_is_answered(desk: Desk) -> None:
    """The call is this worker's, unless it belongs to another one that runs."""
    other = JournalFile(desk.path)
    other.write_calls({"telnyx/theirs": (NOW_MS, stored("theirs"))})
    ours, theirs = claim("ours"), claim("theirs")
    assert desk.run(ours, theirs) == [Outcome(claims=((ours, True), (theirs, False)))]
    other.close()
    assert calls(desk.found()) == {"ours", "theirs"}


def test_a_file_that_cannot_be_opened_claims_all_and_writes_nothing(desk: Desk) -> None:
    """Calls go on; it is told before anything is asked."""
    desk.path.mkdir()
    ours = claim("ours")
    told = desk.run([row("e1")], ours)
    assert desk.opened == [Remembered()]
    assert told == [
        Outcome(failing="IsADirectoryError"),
        Outcome(events=1, entries=1, failing="IsADirectoryError"),
        Outcome(claims=((ours, True),), failing="OperationalError"),  # it is not tried again at once
    ]


def test_calls_that_are_up_are_written_again_after_a_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the failure cost, and those that the old file had."""
    monkeypatch.setattr(module, "REOPEN_EVERY_S", 0.0)
    monkeypatch.setattr(module, "MOST_IN_A_GROUP", 1)
    write, fails = JournalFile.write_events, iter([sqlite3.OperationalError("disk I/O error"), None])

    def sometimes(self: JournalFile, rows: Any) -> None:
        if (error := next(fails)) is not None:
            self.path.unlink()  # what was there is lost
            raise error
        write(self, rows)

    monkeypatch.setattr(JournalFile, "write_events", sometimes)
    told = desk.run({"telnyx/c1": (NOW_MS, stored("c1"))}, [row("e1")], [row("e2")])
    assert [outcome.failing for outcome in told] == [None, "OperationalError", None]
    assert (events(desk.found()), calls(desk.found())) == (["e2"], {"c1"})


def test_what_went_with_a_removed_file_is_written_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for when nothing is to be written: an acknowledgement would wait for that."""
    write = JournalFile.write_events

    def then_removed(self: JournalFile, rows: Any) -> None:
        write(self, rows)
        self.path.unlink()
        monkeypatch.setattr(JournalFile, "write_events", write)

    monkeypatch.setattr(JournalFile, "write_events", then_removed)
    told = desk.run([row("e1")], {"telnyx/c1": (NOW_MS, stored("c1"))})
    assert told == [Outcome(events=1, entries=1), Outcome(entries=1)]
    assert (events(desk.found()), calls(desk.found())) == (["e1"], {"c1"})


def test_what_cannot_be_written_again_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was acknowledged, so it is counted and told."""

    def then_removed(self: JournalFile, rows: Any) -> None:
        monkeypatch.setattr(JournalFile, "write_events", fails)
        self.path.unlink()

    def fails(self: JournalFile, rows: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(JournalFile, "write_events", then_removed)
    told = desk.run([row("e1"), row("e2")])
    assert told == [Outcome(events=2, entries=2), Outcome(entries=2, failing="OperationalError")]


def test_the_log_is_brought_into_the_file_beside_the_thread(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many entries, once nothing is to be written; it waits for the disk, and the thread does not."""
    began: SimpleQueue[str] = SimpleQueue()
    monkeypatch.setattr(module, "CHECKPOINT_EVERY", 2)
    monkeypatch.setattr(JournalFile, "checkpoint", lambda self: began.put(threading.current_thread().name))
    desk.run([row("e1")])
    assert began.empty()
    desk.run([row("e2")])
    assert began.get(timeout=5) == "offhook-journal-checkpoint"


def test_what_is_old_is_forgotten_after_what_waits_was_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy day's events are forgotten little by little, with room between for those that come."""
    order: list[str] = []
    write, queue = JournalFile.write_events, SimpleQueue[Any]()
    queue.put([row("e1")])

    def prune(self: JournalFile, now_ms: float) -> bool:
        order.append("prune")
        queue.put([row("e2")] if order.count("prune") == 1 else None)
        return True

    def logged(self: JournalFile, rows: Any) -> None:
        order.append("write")
        write(self, rows)

    monkeypatch.setattr(JournalFile, "prune", prune)
    monkeypatch.setattr(JournalFile, "write_events", logged)
    desk.writer.run(queue, desk.opened.append)
    assert order[:4] == ["write", "prune", "write", "prune"]
