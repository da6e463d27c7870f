"""An agent as a host knows it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.agent.conftest import FakeCarrier, settle

from offhook.agent.agent import Agent, Texts
from offhook.agent.engines import Engines
from offhook.agent.sessions import AgentSessions
from offhook.calls.call import Call
from offhook.calls.state import CallRecord
from offhook.clock import ManualClock
from offhook.errors import ConfigError
from offhook.speech.testing import FakeStt, FakeTts, FakeVad

GREETING = "Front desk. How can I help?"


def sessions_of(agent: Agent, tts: Any) -> AgentSessions:
    return AgentSessions(agent, Engines(FakeVad(), FakeStt([]), tts), clock=ManualClock())


def ringing_call() -> Call:
    return Call(CallRecord(call_id="v3:call"), FakeCarrier())  # type: ignore[arg-type]


def greeter(greeting: str = GREETING) -> Agent:
    agent = Agent("Front desk", greeting)
    agent.intent("hours", examples=["when are you open"])(lambda call: "At nine.")
    return agent


class Counted(FakeStt):
    """A recogniser on this machine."""

    at_once = 1


class CountedVoice(FakeTts):
    """A voice on this machine."""

    at_once = 1


async def test_a_dialog_that_needs_it_is_had_ready_before_the_first_call() -> None:
    """A model's connection is made then."""
    ready = []

    class Dialog:
        def respond(self, call: Call, heard: object) -> str:
            return "x"

        async def warm_up(self) -> None:
            ready.append(1)

    await sessions_of(Agent("Front desk", GREETING, dialog=Dialog()), FakeTts()).warm_up()
    assert ready == [1]


async def test_the_greeting_is_said_before_the_first_call_and_never_again() -> None:
    """It is the same for every caller."""
    tts = FakeTts()
    sessions = sessions_of(greeter(), tts)
    await sessions.warm_up()
    spoken = list(tts.spoken)
    assert spoken == ["Front desk.", "How can I help?"]
    for _ in range(2):
        session = sessions(ringing_call())
        await settle()
        await session.aclose()
    assert tts.spoken == spoken


async def test_without_a_warm_up_it_is_said_while_the_first_phone_rings() -> None:
    """A host of one's own may not warm up."""
    tts = FakeTts(first_ms=0, word_ms=0)
    session = sessions_of(greeter(), tts)(ringing_call())
    await settle()
    assert tts.spoken == ["Front desk.", "How can I help?"]
    await session.aclose()


async def test_another_greeting_is_said_anew() -> None:
    """Programs may set it by the time of day."""
    tts, agent = FakeTts(), greeter()
    sessions = sessions_of(agent, tts)
    await sessions.warm_up()
    agent.greeting = "We are closed."
    await sessions.warm_up()
    assert tts.spoken[2:] == ["We are closed."]


async def test_a_greeting_that_could_not_be_said_is_tried_again() -> None:
    """The failure is not kept."""

    class Hoarse(FakeTts):
        broken = True

        def speak(self, text: str) -> Any:
            if self.broken:
                raise OSError
            return super().speak(text)

    tts = Hoarse()
    sessions = sessions_of(greeter(), tts)
    with pytest.raises(OSError):  # noqa: PT011 - it is the class that counts
        await sessions.warm_up()
    tts.broken = False
    await sessions.warm_up()
    assert tts.spoken == ["Front desk.", "How can I help?"]


async def test_an_agent_without_a_greeting_says_nothing() -> None:
    """The caller begins."""
    tts = FakeTts()
    sessions = sessions_of(greeter(""), tts)
    await sessions.warm_up()
    session = sessions(ringing_call())
    await settle()
    await session.aclose()
    assert tts.spoken == []


def test_an_agent_with_nothing_to_answer_is_refused_now() -> None:
    """And not in its first call."""
    with pytest.raises(ConfigError):
        sessions_of(Agent("Front desk", GREETING), FakeTts())


async def test_engines_that_compute_here_are_measured_before_the_first_call() -> None:
    """The voice says something of a usual length, and the recogniser hears it; whatever the agent's texts are."""
    stt, tts = Counted(["hello"] * 3, once_per_call=False), CountedVoice()
    agent = greeter("")
    agent.texts = Texts(clarify="")
    sessions = AgentSessions(agent, Engines(FakeVad(), stt, tts), clock=ManualClock())
    await sessions.warm_up()
    assert [cost.engine for cost in sessions.metering.costs] == ["voice", "recognition"]
    assert all(cost.at_once == 1 for cost in sessions.metering.costs)
    assert len(stt.heard) == 1
    assert sessions.metering.costs[0].audio_ms > 1000


async def test_engines_elsewhere_are_asked_for_nothing() -> None:
    """A request costs money: they are seen at work, and a recogniser here can hear their greeting."""
    stt = FakeStt(["hello"])
    sessions = AgentSessions(greeter(), Engines(FakeVad(), stt, FakeTts()), clock=ManualClock())
    await sessions.warm_up()
    assert sessions.metering.costs == ()
    assert stt.heard == []
    here = AgentSessions(greeter(), Engines(FakeVad(), Counted(["hello"]), FakeTts()), clock=ManualClock())
    await here.warm_up()
    assert [cost.engine for cost in here.metering.costs] == ["recognition"]


async def test_an_engine_that_takes_for_ever_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that wait for it are what counts then."""
    monkeypatch.setattr("offhook.agent.sessions._MEASURE_S", 0.01)
    stt = Counted(["hello"], delay_ms=60_000)
    sessions = AgentSessions(greeter(), Engines(FakeVad(), stt, FakeTts()), clock=ManualClock())
    await sessions.warm_up()
    assert sessions.metering.costs == ()
