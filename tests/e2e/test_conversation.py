"""Whole conversations: ``offhook exchange up`` and ``offhook serve``, each in a process, and recorded callers."""

from __future__ import annotations

import io
import re
import time
import wave
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from offhook.audio.resample import resample
from offhook.speech.engines import default_tts

if TYPE_CHECKING:
    from pathlib import Path

Samples = np.ndarray[Any, Any]
WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 10}
LONG_WAIT = {"wait_agent": True, "quiet_ms": 1200, "timeout_s": 15}
"""The agent tries to reach somebody, and will say how that went."""
APOLOGY, HANDOVER, NOBODY = "Sorry, please try again.", "One moment, please.", "Nobody is there."

CALLS: dict[str, list[dict[str, Any]]] = {
    "goodbye": [WAIT, {"say": "hours"}, WAIT, {"say": "thanks"}],
    "failing": [WAIT, {"say": "prices"}, WAIT, {"say": "hours"}, WAIT, {"hang_up": True}],
    "failing twice": [WAIT, {"say": "prices"}, WAIT, {"say": "prices"}, {"expect_person": True}, {"hang_up": True}],
    "busy": [WAIT, {"say": "book"}, LONG_WAIT, {"say": "hours"}, WAIT, {"hang_up": True}],
    "no answer": [WAIT, {"say": "location"}, WAIT, LONG_WAIT, {"say": "hours"}, WAIT, {"hang_up": True}],
    "greeting": [{"barge_in": "hours", "after_ms": 200}, WAIT, {"hang_up": True}],
    "keys": [WAIT, {"press": "4"}, WAIT, {"press": "#"}, WAIT, {"hang_up": True}],
    "person": [WAIT, {"say": "bicycle"}, WAIT, {"say": "bicycle2"}, {"expect_person": True}, WAIT, {"hang_up": True}],
    "A-law": [WAIT, {"say": "hours"}, WAIT, {"hang_up": True}],
    "impatient": [{"wait_s": 0.5}, {"hang_up": True}],
    "wrong number": [{"hang_up": True}],
}
"""What the callers of these tests do."""
CODECS = {"A-law": "PCMA"}


@pytest.fixture(scope="module")
def program(office: Any, launch_for_module: Any, tmp_path_factory: Any) -> tuple[Any, Path]:
    """Somebody at a terminal calls."""
    wav = tmp_path_factory.mktemp("recording") / "call.wav"
    words = ["exchange", "call", "--to", office.number, "--port", str(office.exchange.port), "--recording", str(wav)]
    return launch_for_module(*words), wav


@pytest.fixture(scope="module")
def calls(office: Any, program: tuple[Any, Path]) -> dict[str, str]:
    """So does everybody else, at the same time; what each goes through takes as long as it takes."""
    return {name: office.place(*steps, record=True, codec=CODECS.get(name, "PCMU")) for name, steps in CALLS.items()}


def test_a_caller_is_answered(office: Any, calls: dict[str, str]) -> None:
    """A question is heard, understood and answered, as measured at the caller's ear."""
    report = office.over(calls["goodbye"])
    caller = report["caller"]
    assert caller["finished"]
    assert caller["missed_steps"] == []
    assert 0 < caller["greeting_ms"] < 5000
    assert all(turn["latency_ms"] is not None for turn in caller["turns"])
    heard = office.told(calls["goodbye"], "turn.heard")
    assert ["open" in turn["text"].lower() for turn in heard] == [True, False]
    assert office.told(calls["goodbye"], "turn.reply")[0]["intent"] == "opening hours"
    assert report["webhooks"]["failed"] == 0


def test_a_call_ends_after_the_last_word(office: Any, calls: dict[str, str]) -> None:
    """The agent hangs up once its goodbye was played to the end: nothing of it is missing at the caller's ear."""
    report = office.over(calls["goodbye"])
    assert (report["call"]["hangup_cause"], report["call"]["hangup_source"]) == ("normal_clearing", "callee")
    last = office.told(calls["goodbye"], "agent.speech_ended")[-1]
    assert last["heard"] == last["text"] == "Thank you for calling, and goodbye."
    assert not last["interrupted"]
    assert_heard_to_the_end(office.exchange.recording(calls["goodbye"]), last["text"])


def test_a_handler_that_raises_is_apologised_for_and_the_call_goes_on(office: Any, calls: dict[str, str]) -> None:
    """The next question is answered."""
    office.over(calls["failing"])
    assert [text for _, text in office.spoken(calls["failing"])] == ["Front desk.", APOLOGY, "We open at nine."]
    assert [event["error"] for event in office.told(calls["failing"], "handler.failed")] == ["LookupError"]


def test_a_handler_that_raises_twice_in_a_row_hands_over(office: Any, calls: dict[str, str]) -> None:
    """The caller hears a person."""
    report = office.over(calls["failing twice"])
    assert report["caller"]["heard_person"]
    assert report["caller"]["missed_steps"] == []
    assert [kind for kind, _ in office.spoken(calls["failing twice"])] == ["greeting", "apology", "handover"]
    assert len(office.told(calls["failing twice"], "handover.done")) == 1


def test_what_a_handler_raises_is_logged_once_for_each_failure(office: Any, calls: dict[str, str]) -> None:
    """With the call that it happened on, its type and the line; not with what it says."""
    for name in ("failing", "failing twice"):
        office.over(calls[name])
    log = office.agent.log
    for name, failures in (("failing", 1), ("failing twice", 2)):
        assert log.count(f"call {calls[name]}: the program's own code raised") == failures
    failures = log.count(": the program's own code raised")
    assert log.count(": LookupError at desk.py:") == failures
    assert "price list" not in log


def test_a_busy_person_is_told_and_the_agent_goes_on(office: Any, calls: dict[str, str]) -> None:
    """The caller learns that nobody can take the call, asks something else and is answered."""
    report = office.over(calls["busy"])
    assert [text for _, text in office.spoken(calls["busy"])] == ["Front desk.", HANDOVER, NOBODY, "We open at nine."]
    assert [event["cause"] for event in office.told(calls["busy"], "handover.failed")] == ["user_busy"]
    assert not report["caller"]["heard_person"]


def test_a_person_who_does_not_answer_is_told_and_the_agent_goes_on(office: Any, calls: dict[str, str]) -> None:
    """The same when it has rung for as long as the agent lets it ring."""
    report = office.over(calls["no answer"])
    said = [text for _, text in office.spoken(calls["no answer"])]
    assert said == ["Front desk.", HANDOVER, NOBODY, "We open at nine."]
    assert [event["cause"] for event in office.told(calls["no answer"], "handover.failed")] == ["timeout"]
    assert [leg["state"] for leg in report["legs"]] == ["ended"]


def test_the_greeting_can_be_interrupted(office: Any, calls: dict[str, str]) -> None:
    """A caller who knows what they want need not wait."""
    report = office.over(calls["greeting"])
    assert report["caller"]["turns"][0]["kind"] == "barge_in"
    assert report["caller"]["turns"][0]["latency_ms"] is not None
    assert office.told(calls["greeting"], "turn.reply")[-1]["intent"] == "opening hours"
    greeting = office.told(calls["greeting"], "agent.speech_ended", kind="greeting")[0]
    assert greeting["interrupted"]
    assert greeting["text"].startswith(greeting["heard"])
    assert greeting["text"] != greeting["heard"]


def test_a_caller_on_an_a_law_line_is_answered(office: Any, calls: dict[str, str]) -> None:
    """The line's codec is not the stream's: nothing but the answer is heard."""
    report = office.over(calls["A-law"])
    assert report["call"]["codec"] == "PCMA"
    assert report["caller"]["missed_steps"] == []
    assert [text for _, text in office.spoken(calls["A-law"])] == ["Front desk.", "We open at nine."]


def test_a_caller_who_hangs_up_is_not_talked_to_any_more(office: Any, calls: dict[str, str]) -> None:
    """In the middle of the greeting, or before it has begun: the session ends, and nothing is said of it."""
    for name in ("impatient", "wrong number"):
        report = office.over(calls[name])
        assert (report["call"]["hangup_cause"], report["call"]["hangup_source"]) == ("normal_clearing", "caller")
        assert office.told(calls[name], "call.media_lost") == []
    assert office.told(calls["impatient"], "session.ended")[0]["reason"] == "media_stopped"


def test_somebody_at_a_terminal_can_call(office: Any, program: tuple[Any, Path], calls: dict[str, str]) -> None:
    """``offhook exchange call`` shows the conversation, keeps its recording, and ends with exit code 0."""
    shown, wav = program
    assert shown.runs() == 0, shown.log
    lines = shown.said.splitlines()
    assert lines[0].endswith(f"calls {office.number}  PCMU")
    assert "“Hi, when are you open?”" in shown.said
    assert "ended: normal clearing" in shown.said
    assert "answered after" in shown.said
    assert shown.log == ""
    with wave.open(str(wav)) as file:
        assert file.getnframes() > 3 * 8000


def test_keys_reach_the_agent(office: Any, calls: dict[str, str]) -> None:
    """Each key once, though the carrier reports it by webhook and in the audio; the answer is heard."""
    report = office.over(calls["keys"])
    assert [event["digit"] for event in office.told(calls["keys"], "digit.pressed")] == ["4", "#"]
    assert [text for _, text in office.spoken(calls["keys"])] == ["Front desk.", "You pressed 4.", "You pressed #."]
    assert report["caller"]["missed_steps"] == []


def test_a_caller_who_is_not_understood_is_handed_over_after_the_last_word(office: Any, calls: dict[str, str]) -> None:
    """One question back, then a person, who is dialled once the caller has heard all of the message before."""
    report = office.over(calls["person"])
    assert [kind for kind, _ in office.spoken(calls["person"])] == ["greeting", "reply", "handover"]
    assert report["caller"]["heard_person"]
    message = office.told(calls["person"], "agent.speech_ended", kind="handover")[0]
    assert message["heard"] == message["text"] == HANDOVER
    assert_heard_to_the_end(office.exchange.recording(calls["person"]), HANDOVER)


def test_the_person_stays_when_the_agent_has_gone(office: Any, calls: dict[str, str]) -> None:
    """After the hand-over the agent's audio is over, the call is not: the caller ends it."""
    report = office.over(calls["person"])
    assert (report["call"]["hangup_cause"], report["call"]["hangup_source"]) == ("normal_clearing", "caller")
    assert office.told(calls["person"], "session.ended")[0]["reason"] == "handover"
    stopped, ended = (
        office.exchange.journal(calls["person"], kind)[0]["at_ms"] for kind in ("media.stopped", "call.ended")
    )
    assert stopped < ended


def test_many_calls_at_once_are_all_answered_and_nothing_is_left_of_them(
    office: Any, program: tuple[Any, Path], calls: dict[str, str]
) -> None:
    """No call counts as up, no task and no socket is left, nothing but the handlers' failures was logged."""
    assert program[0].runs() == 0
    reports = {name: office.over(call_id) for name, call_id in calls.items()}
    until_idle = time.monotonic() + 10
    while (health := office.health())[1]["tasks"] and time.monotonic() < until_idle:
        time.sleep(0.05)
    status, health = health
    assert status == 200
    assert (health["status"], health["calls_up"], health["tasks"]) == ("ok", 0, 0)
    assert health["calls"] > len(calls)
    assert health["media"]["open"] == 0
    assert health["webhooks"]["refused"] == {}
    # The audio of a caller who hangs up as soon as they are answered may come when the call is over.
    assert health["media"]["refused"] in ({}, {"expired": 1})
    stopped = [event["call"] for event in office.exchange.program.events("media.stopped")]
    assert all(stopped.count(call_id) == 1 for name, call_id in calls.items() if name != "wrong number")
    errors = [line for line in office.agent.log.splitlines() if re.search(r"\b(WARNING|ERROR|CRITICAL)\b", line)]
    assert [
        line
        for line in errors
        if not re.search("the program's own code raised|token is expired|the journal is slow", line)
    ] == []
    assert office.exchange.program.log == ""
    turns = [turn for report in reports.values() for turn in report["caller"]["turns"]]
    answers = sorted(turn["latency_ms"] for turn in turns if turn["latency_ms"] is not None)
    print(f"{len(calls) + 1} calls at once: {len(answers)} answers after {answers[0]:.0f} to {answers[-1]:.0f} ms,")
    print(f"median {answers[len(answers) // 2]:.0f} ms; event loop: {health['loop_stall']}")


# -- helpers ----------------------------------------------------------------------------------------------------------


@cache
def rendered(text: str) -> Samples:
    """``text`` by the agent's voice, at 8 kHz."""
    import asyncio

    async def speak() -> tuple[bytes, int]:
        voice = default_tts()
        return b"".join([piece async for piece in voice.speak(text)]), voice.sample_rate

    pcm, rate = asyncio.run(speak())
    return np.frombuffer(resample(pcm, rate, 8000), np.int16).astype(float)


def find(heard: Samples, said: Samples) -> tuple[int, float]:
    """Where ``said`` is in ``heard``, and how well it fits, at most 1."""
    product = np.correlate(heard, said, "valid")
    power = np.sqrt(np.convolve(heard**2, np.ones(len(said)), "valid").clip(1))
    fit = product / power / np.linalg.norm(said)
    return int(fit.argmax()), float(fit.max())


def assert_heard_to_the_end(wav: bytes, text: str) -> None:
    """The last 300 ms of ``text`` are in the right channel of the recording, as the voice says them.

    They are looked for in pieces of 60 ms, one after the other: a machine with more to do than it can may leave holes.
    What counts is that most of them are there, and the end of the last word.
    """
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        heard = np.frombuffer(file.readframes(file.getnframes()), np.int16)[1::2].astype(float)
    speech = rendered(text)
    end = np.flatnonzero(np.abs(speech) > 300)[-1]
    at, _ = find(heard, speech[end - 4800 : end - 2400])
    at += 2400
    found = []
    for begin in range(end - 2400, end, 480):
        where, fit = find(heard[at : at + 2 * 1600], speech[begin : begin + 480])
        if fit > 0.8:
            found.append(end - begin)
            at += where + 480
    assert len(found) >= 3
    assert found[-1] <= 960
