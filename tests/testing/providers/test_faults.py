"""What goes wrong on request, and when."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.errors import ConfigError
from offhook.testing.providers.faults import GARBAGE, Fault, Faults, garbled


def kinds(faults: Faults, door: str, stage: str, **more: bool) -> list[str]:
    return [fault.kind for fault in faults.due(door, stage, **more)]


def test_a_fault_happens_at_its_stage_of_its_door_as_often_as_it_is_to() -> None:
    """Once, unless it is said."""
    faults = Faults()
    faults.add(Fault("deepgram", "final", "drop"))
    assert kinds(faults, "aura", "final") == kinds(faults, "deepgram", "partial") == []
    assert kinds(faults, "deepgram", "final") == ["drop"]
    assert kinds(faults, "deepgram", "final") == []
    faults.add(Fault("deepgram", "final", "drop", times=None))
    assert [kinds(faults, "deepgram", "final") for _ in range(3)] == [["drop"]] * 3
    faults.clear()
    assert kinds(faults, "deepgram", "final") == []


def test_some_messages_are_let_through_before() -> None:
    """They are counted at that stage alone."""
    faults = Faults()
    faults.add(Fault("aura", "audio", "silence", after=2))
    seen = [kinds(faults, "aura", stage) for stage in ("begin", "audio", "audio", "audio", "audio")]
    assert seen == [[], [], [], ["silence"], []]


def test_a_star_is_any_door_and_any_message_that_is_about_to_be_sent() -> None:
    """Not one that was received."""
    faults = Faults()
    faults.add(Fault("*", "*", "close", times=None))
    assert kinds(faults, "aura", "cancel") == []
    assert kinds(faults, "aura", "audio", outgoing=True) == ["close"]


def test_one_message_is_spoilt_in_one_way_but_may_be_slow_besides() -> None:
    """The next fault is for the next message."""
    faults = Faults()
    for kind in ("slow", "garbage", "drop", "slow"):
        faults.add(Fault("deepgram", "final", kind))
    assert kinds(faults, "deepgram", "final") == ["slow", "garbage", "slow"]
    assert kinds(faults, "deepgram", "final") == ["drop"]


def test_what_is_still_to_come_is_told_with_how_often_it_was() -> None:
    """What is over is not."""
    faults = Faults()
    faults.add(Fault("deepgram", "final", "drop", times=2))
    faults.add(Fault("deepgram", "partial", "drop"))
    faults.due("deepgram", "final")
    faults.due("deepgram", "partial")
    (one,) = faults.planned()
    assert (one["stage"], one["happened"], one["times"]) == ("final", 1, 2)


@pytest.mark.parametrize(
    "values",
    [
        {"door": "deepgram", "stage": "final", "kind": "explode"},
        {"door": "deepgram", "stage": "final", "kind": "garbage", "garbage": "confetti"},
        {"door": "deepgram", "stage": "final", "kind": "hang"},
        {"door": "deepgram", "stage": "final"},
        {"door": "deepgram", "stage": "final", "kind": "drop", "colour": "red"},
        {"door": "deepgram", "stage": 5, "kind": "drop"},
        {"door": "deepgram", "stage": "final", "kind": "drop", "times": True},
        {"door": "deepgram", "stage": "final", "kind": "drop", "status": "401"},
        {},
    ],
)
def test_what_is_no_fault_is_refused(values: dict[str, Any]) -> None:
    """It would never happen, and the test that relies on it would pass."""
    with pytest.raises(ConfigError):
        Fault.of(values)


def test_garbage_comes_as_an_event_where_events_are_sent() -> None:
    """Else whoever reads the stream would pass over it."""
    assert garbled('data: {"a": 1}\n\n', "json") == f"data: {GARBAGE['json']!s}\n\n"
    assert garbled('data: {"a": 1}\n\n', "binary") == GARBAGE["binary"]
    assert garbled('{"a": 1}', "text") == GARBAGE["text"]
    assert garbled(b"data: ", "text") == GARBAGE["text"]
    assert garbled(None, "text") == GARBAGE["text"]


def test_a_fault_is_read_from_json_as_it_is_written() -> None:
    """``null`` is always."""
    fault = Fault("*", "audio", "slow", times=None, after=3, delay_ms=20)
    assert Fault.of(fault.to_json()) == fault
