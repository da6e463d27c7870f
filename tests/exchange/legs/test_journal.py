"""The journal and its live views."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from offhook.clock import ManualClock
from offhook.exchange.legs.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_subscription_begins_with_the_past_and_goes_on(tmp_path: Path) -> None:
    """Of one call, or of all; events are dicts with at_ms, source and type."""
    clock = ManualClock(wall_ms=1000)
    journal = Journal(clock, path=tmp_path / "logs" / "journal.ndjson")
    journal.append("leg.state", "a", state="parked")
    journal.append("leg.state", "b")
    watching, everything = journal.subscribe("a"), journal.subscribe(history=False)
    clock.advance(20)
    journal.append("leg.state", "b")
    journal.append("leg.state", "a", state="ended", at_ms=1010.0)
    journal.close()
    assert [event async for event in watching] == [
        {"at_ms": 1000, "source": "exchange", "type": "leg.state", "call": "a", "state": "parked"},
        {"at_ms": 1010, "source": "exchange", "type": "leg.state", "call": "a", "state": "ended"},
    ]
    assert [event["call"] async for event in everything] == ["b", "a"]
    lines = (tmp_path / "logs" / "journal.ndjson").read_text().splitlines()
    assert [json.loads(line) for line in lines] == journal.history()


async def test_a_reader_waits_for_what_comes() -> None:
    """And ends when it is closed; events after that are not for it."""
    journal = Journal(ManualClock())
    subscription = journal.subscribe()
    reading = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    journal.append("exchange.started")
    assert (await reading)["type"] == "exchange.started"
    subscription.close()
    subscription.offer({"type": "late"})
    assert [event async for event in subscription] == []
    journal.close()
    assert [event["type"] async for event in journal.subscribe()] == ["exchange.started"]


async def test_a_slow_reader_loses_the_oldest() -> None:
    """Bounded memory; it can tell how many."""
    journal = Journal(ManualClock())
    subscription = journal.subscribe(limit=2)
    for number in range(5):
        journal.append("x", number=number)
    journal.close()
    assert [event["number"] async for event in subscription] == [3, 4]
    assert subscription.missed == 3


def test_old_events_are_forgotten() -> None:
    """Only the latest are remembered."""
    journal = Journal(ManualClock(), keep=2)
    for number in range(3):
        journal.append("x", number=number)
    assert [event["number"] for event in journal.history()] == [1, 2]
