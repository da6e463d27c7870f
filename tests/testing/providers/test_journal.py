"""What clients have sent and were sent, with the time of it."""

from __future__ import annotations

import asyncio

import pytest

from offhook.clock import ManualClock
from offhook.testing.providers.journal import Journal


def test_messages_are_kept_with_their_time_and_audio_as_its_size() -> None:
    """Pieces of audio in a row are one entry."""
    clock = ManualClock(now_ms=1000)
    journal = Journal(clock)
    journal.note("deepgram", "c", "in", "audio", b"123", audio=True)
    clock.advance(20)
    journal.note("deepgram", "c", "in", "audio", b"45", audio=True)
    journal.note("deepgram", "other", "in", "audio", b"6", audio=True)
    journal.note("deepgram", "c", "in", "flush", '{"type":"Finalize"}')
    first, second, third = journal.find()
    assert (first.at_ms, first.last_ms, first.bytes, first.count, first.message) == (1000, 1020, 5, 2, None)
    assert (second.connection, second.bytes) == ("other", 1)
    assert (third.stage, third.message) == ("flush", '{"type":"Finalize"}')
    assert third.to_json()["type"] == "providers.message"


def test_entries_are_found_by_what_they_are() -> None:
    """By all that is asked for."""
    journal = Journal(ManualClock())
    for door, way, stage in (("a", "in", "x"), ("a", "out", "x"), ("b", "in", "x"), ("a", "in", "y")):
        journal.note(door, "c", way, stage)  # type: ignore[arg-type]  # they are ways
    assert len(journal.find("a")) == 3
    assert len(journal.find(way="in", stage="x")) == 2
    assert journal.find("a", connection="d") == []


async def test_an_entry_is_waited_for() -> None:
    """One that is there already is given at once; none that never comes for longer than asked."""
    journal = Journal(ManualClock())
    journal.note("a", "c", "in", "x")
    assert (await journal.wait_for("a")).stage == "x"
    waiting = asyncio.create_task(journal.wait_for("a", stage="y"))
    await asyncio.sleep(0)
    journal.note("a", "c", "in", "z")
    journal.note("a", "c", "in", "y")
    assert (await waiting).stage == "y"
    with pytest.raises(TimeoutError):
        await journal.wait_for("b", limit_s=0.01)


async def test_entries_are_followed_until_the_journal_is_closed() -> None:
    """From now on."""
    journal = Journal(ManualClock())
    journal.note("a", "c", "in", "before")

    async def follow() -> list[str]:
        return [entry.stage async for entry in journal.follow()]

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    journal.note("a", "c", "in", "x")
    journal.note("a", "c", "in", "y")
    journal.close()
    assert await following == ["x", "y"]
    assert await follow() == []
