"""Recognisers that hear along, in a program of their own: recorded callers, a real line, a real server."""

from __future__ import annotations

from typing import Any

WAIT = {"wait_agent": True, "quiet_ms": 500, "timeout_s": 12}
SAY, OVER = {"say": "bicycle"}, {"hang_up": True}


def test_a_recogniser_says_when_the_turn_is_over(make_office: Any) -> None:
    """It hears the codes of the line, tells words while they are said, and decides, though a silence would have."""
    office = make_office("hearing_along:agent").ready()
    call = office.place(WAIT, SAY, WAIT, OVER)
    office.over(call)
    (heard,) = office.told(call, "turn.heard")
    so_far = [event["text"] for event in office.told(call, "caller.words")]
    assert len(so_far) >= 3
    assert all(heard["text"].startswith(words) for words in so_far)
    assert office.spoken(call)[-1] == ("reply", f"I heard {heard['text']}.")
    (answered,) = office.told(call, "turn.answered")
    assert answered["endpoint_ms"] >= 550
    assert office.told(call, "turn.draft") == []


def test_recognisers_that_break_and_fall_silent_cost_no_turn(make_office: Any) -> None:
    """The words are there within a second and a half; each turn is answered once; and the third failure never comes."""
    office = make_office("hearing_along:broken").ready()
    call = office.place(WAIT, SAY, WAIT, SAY, WAIT, SAY, WAIT, SAY, WAIT, OVER)
    report = office.over(call)
    assert [event["text"] for event in office.told(call, "turn.heard")] == ["one", "two", "three", "four"]
    said = [text for kind, text in office.spoken(call) if kind == "reply"]
    assert said == ["I heard one.", "I heard two.", "I heard three.", "I heard four."]
    one, broke, silent, alone = (event["words_ms"] for event in office.told(call, "turn.answered"))
    assert max(one, alone) < 1000
    assert broke < 160 + 1500
    assert silent < 160 + 1200 + 1500
    assert report["caller"]["missed_steps"] == []
    assert "canary" not in office.agent.log
    assert office.agent.log.count("does not work") == 1
