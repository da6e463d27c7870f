"""What the checks of demonstrations look at."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.demo.demonstration import Told
from offhook.demo.looking import (
    asked,
    gap_after,
    heard_before_interruption,
    heard_by_caller,
    milliseconds,
    said,
    used,
)
from offhook.testing.providers.journal import Entry


def told(*events: tuple[str, float], **more: Any) -> Told:
    return Told(
        {}, [{"type": f"caller.{type_}", "at_ms": at_ms, "source": "exchange"} for type_, at_ms in events], **more
    )


HEARS, SILENT, SPEAKS = "hears_speech", "hears_silence", "speech_started"


@pytest.mark.parametrize(
    ("events", "gap_ms"),
    [
        ([(HEARS, 1500)], 500),
        ([(HEARS, 500), (SILENT, 800), (HEARS, 1500)], 500),
        ([(HEARS, 500), (SILENT, 1200), (HEARS, 1500)], 300),
        ([(HEARS, 500), (SPEAKS, 3000), (HEARS, 4000)], 0),
        ([(HEARS, 500)], 0),
        ([(HEARS, 500), (SILENT, 1200)], None),
        ([], None),
    ],
)
def test_a_gap_is_what_the_caller_hears_of_a_fault(events: list[tuple[str, float]], gap_ms: float | None) -> None:
    """From the fault, or from when the agent fell silent after it, until something is heard."""
    assert gap_after(told(*events), 1000) == gap_ms


@pytest.mark.parametrize(
    ("events", "heard_ms"),
    [
        ([(HEARS, 100), (SILENT, 300), (HEARS, 1500), (SILENT, 2600), (HEARS, 4000), (SILENT, 5000)], 1100),
        ([(HEARS, 1500), (SILENT, 1900), (HEARS, 2000), (SILENT, 2600)], 1100),
        ([(HEARS, 1500)], None),
        ([(SILENT, 1500)], None),
        ([], None),
    ],
)
def test_what_was_heard_before_an_interruption_is_what_the_ear_had(
    events: list[tuple[str, float]], heard_ms: float | None
) -> None:
    """From its first sound to the silence after it, pauses included."""
    call = told(*events)
    assert heard_before_interruption(call) is None
    cut = {"type": "agent.speech_ended", "interrupted": True, "began_at_ms": 1450, "at_ms": 2500, "source": "agent"}
    assert heard_before_interruption(Told({}, [*call.events, cut])) == heard_ms


def test_what_the_agent_tells_is_no_gap() -> None:
    """The caller's ear counts."""
    events = [{"type": "caller.hears_speech", "at_ms": 1100, "source": "agent"}]
    assert gap_after(Told({}, events), 1000) is None


def test_what_was_heard_is_compared_without_marks() -> None:
    """In the order in which it was said."""
    events: list[dict[str, Any]] = [
        {"type": "agent.speech_ended", "heard": "Well, it is"},
        {"type": "agent.speech_ended", "heard": "sixty dollars."},
        {"type": "tool.used", "name": "price", "failed": False},
    ]
    call = Told({}, events)
    assert heard_by_caller(call) == "well it is sixty dollars"
    assert said(call, "Sixty", "dollars")
    assert not said(call, "well", "sixty")
    assert len(used(call, "price")) == 1
    assert used(call, "price", failed=True) == []


def test_what_models_were_asked_is_read_from_their_requests() -> None:
    """Of other doors nothing."""
    body = '{"messages": [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": null}]}'
    entries = [
        Entry(0, "chat", "c", "in", "connect", "/v1/chat/completions"),
        Entry(0, "chat", "c", "in", "request", body),
        Entry(0, "speech", "c", "in", "request", body),
    ]
    assert asked(entries) == [[("user", "Hello."), ("assistant", "")]]


def test_a_time_that_is_not_known_is_shown_so() -> None:
    """With a dash."""
    assert [milliseconds(value) for value in (None, 12.6)] == ["-", "13 ms"]
