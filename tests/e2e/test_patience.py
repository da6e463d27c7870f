"""What a caller hears through sockets while code or engines of the agent hang."""

from __future__ import annotations

from typing import Any

import pytest

QUIET_MS = [400, 2000, 400, 2000, 1500, 1500, 400, 2000]
"""After the greeting and each answer but the last: longer than any silence of the agent's within it."""
SPOKEN = {
    "the greeting": [("greeting", "Hello.")],
    "a dialog that hangs": [("filler", "One moment."), ("apology", "Sorry about that.")],
    "the turn after it": [("reply", "All is well.")],
    "a stream that stops": [("reply", "I open"), ("filler", "One moment."), ("apology", "Sorry about that.")],
    "a voice that hangs at the start": [("reply", "First this. Now hush. Then that.")],
    "a voice that dies in mid-sentence": [("reply", "First this. Now I mumble some longer words to you. Then that.")],
    "a recogniser that hangs": [("question", "What was that?")],
    "a person who does not answer": [
        ("handover", "To a person."),
        ("filler", "It rings."),
        ("filler", "It rings."),
        ("filler", "It rings."),
        ("apology", "Nobody is there."),
    ],
    "the end": [("reply", "Goodbye.")],
}


@pytest.fixture(scope="module")
def call(make_office: Any) -> tuple[Any, str]:
    """One caller, and everything goes wrong."""
    office = make_office("patience:agent").ready()
    waits = [{"wait_agent": True, "quiet_ms": quiet_ms, "timeout_s": 20} for quiet_ms in QUIET_MS]
    call = office.place(*[step for wait in waits for step in (wait, {"say": "hours"})])
    office.agent.event("session.ended", call=call, timeout_s=100)
    office.over(call)
    return office, call


def test_no_caller_is_left_in_silence(call: tuple[Any, str]) -> None:
    """Each thing that hangs is bridged, apologised for or replaced, and the conversation goes on to its end."""
    office, call_id = call
    assert office.spoken(call_id) == [said for each in SPOKEN.values() for said in each]
    assert office.told(call_id, "session.ended")[0]["reason"] == "hangup"


def test_what_a_voice_broke_off_is_not_said_again(call: tuple[Any, str]) -> None:
    """The record holds what was heard: the sentence up to there, what the next voice says of it, and the next one."""
    office, call_id = call
    (heard,) = [e["heard"] for e in office.told(call_id, "agent.speech_ended") if "mumble" in e["text"]]
    assert heard.startswith("First this. Now")
    assert heard.endswith("to you. Then that.")
    said = iter(["First", "this.", "Now", "I", "mumble", "some", "longer", "words", "to", "you.", "Then", "that."])
    assert all(word in said for word in heard.split())


def test_the_log_has_one_warning_for_each_wait_that_was_over(call: tuple[Any, str]) -> None:
    """What was waited for, how long, and what became of it; no words of anybody."""
    office, call_id = call
    log = office.agent.log
    waits = {
        "a handler or the dialog": 1,
        "the next piece": 1,
        "a sound of a voice that is one of several": 2,
        "the words of the caller": 1,
    }
    assert {wait: log.count(f"call {call_id}: {wait}") for wait in waits} == waits
    assert "mumble" not in log
