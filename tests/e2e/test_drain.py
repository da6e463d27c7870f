"""How ``offhook serve`` stops."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 10}
GOODBYE = "I am sorry, I have to end this call now. Please call again. Goodbye."


@pytest.fixture(scope="module")
def offices(make_office: Any) -> dict[str, Any]:
    """One for each test, started at the same time; what the audio is coded with makes no difference to the end."""
    environments = {
        "long": {"OFFHOOK_CODEC": "OPUS", "OFFHOOK_SAMPLE_RATE": "16000"},
        "short": {"OFFHOOK_CODEC": "G722", "OFFHOOK_DRAIN_TIMEOUT_S": "0.3"},
        "now": {"OFFHOOK_CODEC": "L16", "OFFHOOK_SAMPLE_RATE": "16000"},
    }
    started = {name: make_office("desk:agent", environment) for name, environment in environments.items()}
    return {name: office.ready() for name, office in started.items()}


@pytest.fixture(scope="module")
def long_call(offices: dict[str, Any]) -> str:
    """A caller who stays on the line when the agent is to stop; they go on while other tests run."""
    office = offices["short"]
    call_id: str = office.place()
    office.agent.event("agent.speech_ended", call=call_id)
    office.agent.signal(signal.SIGTERM)
    return call_id


def test_a_running_call_goes_on_after_sigterm_and_no_new_one_is_taken(offices: dict[str, Any], long_call: str) -> None:
    """The caller gets an answer; a new call's webhook is answered 503, and tried again; then exit code 0."""
    office = offices["long"]
    call_id = office.place(WAIT, {"say": "hours"}, WAIT, {"hang_up": True})
    office.exchange.happens(call_id, "caller.hears_speech")
    office.agent.signal(signal.SIGTERM)
    while (health := office.health())[1]["status"] != "draining":
        time.sleep(0.02)
    assert health[0] == 503
    refused = office.place()
    for attempt in (1, 2):
        failed = office.exchange.happens(refused, "webhook.attempt_failed", attempt=attempt)
        assert (failed["status"], failed["event_type"]) == (503, "call.initiated")
    office.exchange.hang_up(refused)
    report = office.over(call_id)
    assert report["caller"]["turns"][0]["latency_ms"] is not None
    assert report["webhooks"]["failed"] == 0
    assert [text for _, text in office.spoken(call_id)] == ["Front desk.", "We open at nine."]
    assert office.told(call_id, "session.started")[0]["codec"] == "OPUS"
    assert office.agent.wait() == 0
    assert office.agent.left_behind() == []
    assert office.told(refused) == []
    assert "Traceback" not in office.agent.log
    assert "ERROR" not in office.agent.log


def test_a_call_that_goes_on_too_long_is_told_goodbye(offices: dict[str, Any], long_call: str) -> None:
    """After the drain's time the caller hears a goodbye to its end, and is hung up; exit code 0."""
    office, call_id = offices["short"], long_call
    report = office.over(call_id)
    last = office.told(call_id, "agent.speech_ended")[-1]
    assert last["heard"] == last["text"] == GOODBYE
    assert report["call"]["hangup_source"] == "callee"
    assert office.agent.wait() == 0
    assert office.agent.left_behind() == []


def test_a_second_signal_ends_at_once(offices: dict[str, Any]) -> None:
    """Whatever call is up is left to the carrier; exit code 130, as of everything that Ctrl-C ends."""
    office = offices["now"]
    call_id = office.place()
    office.agent.event("agent.speech_began", call=call_id)
    office.agent.signal(signal.SIGINT)
    while office.health()[1]["status"] != "draining":
        time.sleep(0.02)
    assert office.agent.process.poll() is None
    began = time.monotonic()
    office.agent.signal(signal.SIGINT)
    assert office.agent.wait() == 130
    assert time.monotonic() - began < 5
    assert office.agent.left_behind() == []
    assert "Traceback" not in office.agent.log
    assert office.exchange.report(call_id)["call"]["is_alive"]
    office.exchange.hang_up(call_id)
