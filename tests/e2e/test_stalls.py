"""Audio that stalls, and audio that comes back: recorded callers, a real server, and its engines."""

from __future__ import annotations

from typing import Any

import pytest

WAIT = {"wait_agent": True, "quiet_ms": 500, "timeout_s": 12}
SAY, OVER = {"say": "hours"}, {"hang_up": True}

STALLS: dict[str, list[dict[str, Any]]] = {
    "short": [WAIT, {"stop_audio_s": 0.7, "after_ms": 500, "burst": True}, SAY, WAIT, {"wait_s": 1}, OVER],
    "whole": [WAIT, {"stop_audio_s": 4, "burst": True}, SAY, WAIT, {"wait_s": 1}, OVER],
    "early": [WAIT, {"stop_audio_s": 3, "after_ms": 450, "burst": True}, SAY, {"wait_s": 5.5}, OVER],
    "at the end": [WAIT, {"stop_audio_s": 2, "after_ms": 1400, "burst": True}, SAY, WAIT, {"wait_s": 2}, OVER],
    "for good": [WAIT, {"stop_audio_s": 30, "after_ms": 1000}, SAY, WAIT, WAIT, OVER],
}
"""When the audio of a caller stops, counted from before a question of a second and a half."""
ECHOES: dict[str, dict[str, float]] = {
    "loud and soon": {"echo_db": -20, "echo_ms": 80},
    "usual": {"echo_db": -30, "echo_ms": 200},
    "late": {"echo_db": -45, "echo_ms": 600},
}
NOISY: dict[str, dict[str, float]] = {
    "loud, on a noisy line": {"echo_db": -20, "echo_ms": 150, "noise_dbfs": -50},
    "late, on a line with some noise": {"echo_db": -25, "echo_ms": 600, "noise_dbfs": -60},
}


@pytest.fixture(scope="module")
def stalled(office: Any) -> dict[str, str]:
    """All of them call at the same time."""
    return {name: office.place(*steps) for name, steps in STALLS.items()}


def heard(office: Any, call: str) -> list[str]:
    """The words of each turn."""
    return ["".join(filter(str.isalpha, turn["text"])).lower() for turn in office.told(call, "turn.heard")]


@pytest.mark.parametrize("name", ["short", "whole"])
def test_words_that_come_in_a_burst_are_one_turn(office: Any, stalled: dict[str, str], name: str) -> None:
    """Whether the stall was shorter than a silence that ends a turn, or longer than all of the words."""
    report = office.over(stalled[name])
    turns = heard(office, stalled[name])
    assert len(turns) == 1
    assert turns[0].endswith("whenareyouopen")
    assert report["caller"]["missed_steps"] == []


def test_what_was_cut_off_by_a_stall_is_heard_with_the_rest(office: Any, stalled: dict[str, str]) -> None:
    """The first syllable was answered; the whole is answered when it is known."""
    office.over(stalled["early"])
    *_, last = heard(office, stalled["early"])
    assert last.endswith("whenareyouopen")
    assert office.told(stalled["early"], "turn.reply")[-1]["intent"] == "opening hours"


def test_the_last_sound_of_a_question_is_no_second_question(office: Any, stalled: dict[str, str]) -> None:
    """It comes when the question is answered already, and the answer is heard to its end."""
    office.over(stalled["at the end"])
    assert len(heard(office, stalled["at the end"])) == 1
    assert office.spoken(stalled["at the end"])[-1] == ("reply", "We open at nine.")
    assert not office.told(stalled["at the end"], "agent.speech_ended")[-1]["interrupted"]


def test_a_caller_whose_audio_stops_in_a_word_is_answered_and_reminded(office: Any, stalled: dict[str, str]) -> None:
    """Within two and a half seconds of the last sound, and after eight seconds of silence."""
    office.over(stalled["for good"])
    turn = office.told(stalled["for good"], "turn.heard")[0]
    _, answer, reminder, *_ = office.told(stalled["for good"], "agent.speech_began")
    assert 1000 <= answer["at_ms"] - turn["speech_ended_at_ms"] < 2500
    over = office.told(stalled["for good"], "agent.speech_ended")[1]
    assert reminder["kind"] == "reminder"
    assert 7900 < reminder["at_ms"] - over["at_ms"] < 8600


def test_the_agents_own_words_are_no_turn(office: Any) -> None:
    """Nor do they interrupt it; a caller who does is heard over them."""
    not_a_turn(office, ECHOES)


def test_nor_are_they_on_a_line_with_noise(office: Any) -> None:
    """Which hides some of what comes back, and some of the caller."""
    not_a_turn(office, NOISY)


def not_a_turn(office: Any, lines: dict[str, dict[str, float]]) -> None:
    steps = [WAIT, SAY, {"barge_in": "hours", "after_ms": 700}, WAIT, {"wait_s": 1.5}, OVER]
    calls = [office.place(*steps, line=line) for line in lines.values()]
    for call in calls:
        report = office.over(call)
        turns = heard(office, call)
        assert [turn.endswith("open") for turn in turns] == [True, True], turns
        assert len(office.told(call, "barge_in.paused")) == 1
        assert report["caller"]["barge_in"]["stop_ms"] < 700
