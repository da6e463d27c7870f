"""Recognisers and a voice over the network, on the phone: ``serve``, the exchange, a recorded caller, and stand-ins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = {"wait_agent": True, "quiet_ms": 500, "timeout_s": 15}
SAY, OVER = {"say": "hours"}, {"hang_up": True}


class StandIns:
    """``offhook providers up``, in a process of its own."""

    def __init__(self, launch: Any) -> None:
        self.program = launch("providers", "up", "--port", "0", "--json")
        started = self.program.started("providers.started")
        self.env: dict[str, str] = started["env"]
        self.http = httpx.Client(base_url=started["origin"], trust_env=False)

    def fault(self, door: str, stage: str, kind: str, **more: object) -> None:
        reply = self.http.post("/providers/faults", json={"door": door, "stage": stage, "kind": kind, **more})
        assert reply.status_code == 200, reply.text

    def sent(self, door: str, stage: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.http.get(
            "/providers/journal", params={"door": door, "stage": stage}
        ).json()["entries"]
        return entries


@pytest.fixture(scope="module")
def standins(launch_for_module: Any, speech_engines: None) -> Iterator[StandIns]:
    started = StandIns(launch_for_module)
    yield started
    started.http.close()


def words_in(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


@pytest.mark.parametrize(
    ("recogniser", "door"),
    [("assemblyai", "assemblyai"), ("deepgram", "deepgram"), ("flux", "flux"), ("telnyx", "telnyx-stt")],
)
def test_a_caller_is_heard_by_each_of_them(make_office: Any, standins: StandIns, recogniser: str, door: str) -> None:
    """What was said is answered; the line's own codes reach the service, and it is told of the end."""
    office = make_office(f"networked:{recogniser}", standins.env).ready()
    call = office.place(WAIT, SAY, WAIT, OVER)
    report = office.over(call)
    assert report["caller"]["missed_steps"] == []
    (heard,) = office.told(call, "turn.heard")
    assert {"open", "sunday"} & {*words_in(heard["text"])}
    assert ("reply", f"I heard {heard['text']}.") in office.spoken(call)
    assert sum(entry["bytes"] for entry in standins.sent(door, "audio")) > 8 * 2000
    office.agent.until(lambda: standins.sent(door, "end"), "the end of the stream")


def test_where_one_breaks_in_a_turn_the_next_hears_all_of_it(make_office: Any, standins: StandIns) -> None:
    """The caller is answered as if nothing had been."""
    office = make_office("networked:two", standins.env).ready()
    standins.fault("deepgram", "partial", "reset")
    call = office.place(WAIT, SAY, WAIT, OVER)
    report = office.over(call)
    assert report["caller"]["missed_steps"] == []
    (heard,) = office.told(call, "turn.heard")
    assert {"open", "sunday"} & {*words_in(heard["text"])}
    assert "EngineUnavailable" in office.agent.log
    assert json.dumps(standins.env["DEEPGRAM_API_KEY"]) not in office.agent.log


def test_a_caller_is_spoken_to_by_a_voice_whose_audio_is_mp3(make_office: Any, standins: StandIns) -> None:
    """It is decoded on its way to the line; where the connection breaks under it the caller is answered, too."""
    office = make_office("networked:spoken", standins.env).ready()
    for kind in (None, "reset"):
        if kind is not None:
            standins.fault("telnyx-tts", "audio", kind, times=None)
        call = office.place(WAIT, SAY, WAIT, OVER)
        report = office.over(call)
        assert report["caller"]["missed_steps"] == []
        (heard,) = office.told(call, "turn.heard")
        assert ("reply", f"I heard {heard['text']}.") in office.spoken(call)
        asked = standins.sent("telnyx-tts", "flush")[-1]
        assert json.loads(asked["message"]) == {"text": f"I heard {heard['text']}.", "flush": True}
    assert sum(entry["bytes"] for entry in standins.sent("telnyx-tts", "audio")) > 8 * 1000
    assert "EngineUnavailable" in office.agent.log


def test_without_a_key_nothing_is_started(launch: Any, exchange: Any) -> None:
    """It says which one is missing."""
    program = launch("serve", "networked:deepgram", "--port", "0", env=exchange.env)
    assert program.runs() == 2
    assert "expected a key for the recogniser deepgram, got none" in program.log
    assert "set DEEPGRAM_API_KEY" in program.log
