"""Callers who say nothing, and callers who say too much."""

from __future__ import annotations

from typing import Any

import pytest

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 10}
REMINDER, GOODBYE = "Are you still there?", "Thank you for calling. Goodbye."


@pytest.fixture(scope="module")
def quiet(make_office: Any) -> Any:
    """An agent that reminds after 0.6 s of silence, twice, and talks for 6.5 s at most."""
    return make_office("quiet:agent").ready()


@pytest.fixture(scope="module")
def calls(quiet: Any) -> dict[str, str]:
    """Two calls at the same time."""
    return {
        "silent": quiet.place(record=True),
        "talkative": quiet.place(*[WAIT, {"say": "hours"}] * 8),
    }


def test_a_caller_who_never_speaks_is_reminded_twice_then_told_goodbye(quiet: Any, calls: dict[str, str]) -> None:
    """Reminder, reminder, goodbye, in full, and the agent hangs up."""
    report = quiet.over(calls["silent"])
    said = [("greeting", "Hello."), ("reminder", REMINDER), ("reminder", REMINDER), ("goodbye", GOODBYE)]
    assert quiet.spoken(calls["silent"]) == said
    ended = quiet.told(calls["silent"], "agent.speech_ended")
    assert [event["heard"] for event in ended] == [text for _, text in said]
    assert [event["count"] for event in quiet.told(calls["silent"], "silence.reminder")] == [1, 2]
    assert quiet.told(calls["silent"], "session.ended")[0]["reason"] == "silence"
    assert report["call"]["hangup_source"] == "callee"
    began = [event["at_ms"] for event in quiet.told(calls["silent"], "agent.speech_began")]
    quiet_ms = [later - event["at_ms"] for event, later in zip(ended, began[1:], strict=False)]
    assert all(550 < ms < 4000 for ms in quiet_ms), quiet_ms


def test_a_call_that_lasts_too_long_is_ended_with_a_goodbye(quiet: Any, calls: dict[str, str]) -> None:
    """Whatever is being said then; not before, and the goodbye is heard in full."""
    report = quiet.over(calls["talkative"])
    kind, text = quiet.spoken(calls["talkative"])[-1]
    assert (kind, text) == ("goodbye", GOODBYE)
    assert quiet.told(calls["talkative"], "agent.speech_ended")[-1]["heard"] == GOODBYE
    started = quiet.told(calls["talkative"], "session.started")[0]["at_ms"]
    ended = quiet.told(calls["talkative"], "session.ended")[0]
    assert ended["reason"] == "max_duration"
    assert 6500 < ended["at_ms"] - started < 12_000
    assert report["call"]["hangup_source"] == "callee"
