"""Agents that are one model, which hears and speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import FakeCarrier

from offhook.agent import Agent
from offhook.agent.sessions import sessions_of
from offhook.agent.speech_to_speech import RealtimeSessions, load_models
from offhook.calls.call import Call
from offhook.calls.state import CallRecord
from offhook.errors import ConfigError
from offhook.models.testing import FakeModel
from offhook.speech.testing import FakeStt, FakeTts, FakeVad

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "openai:gpt-realtime"


class Parrot:
    """A model of one's own."""

    def __init__(self) -> None:
        self.warm = False
        self.asked: list[Any] = []

    async def warm_up(self) -> None:
        self.warm = True

    def converse(self, host: Any, models: Any, health: Any) -> Any:
        self.asked.append((host.call.id, list(models)))
        return self

    def prepare(self) -> None:
        self.asked.append("prepare")

    def stop(self) -> None:
        self.asked.append("stop")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")


async def test_its_sessions_are_made_by_the_model() -> None:
    """It is had ready before the first call, with the tools of the agent."""
    parrots = [Parrot(), Parrot()]
    agent = Agent("Desk", "Hello.", realtime=parrots)
    sessions = sessions_of(agent)
    assert isinstance(sessions, RealtimeSessions)
    assert sessions.models == parrots
    await sessions.warm_up()
    assert all(parrot.warm for parrot in parrots)
    session = sessions(Call(CallRecord(call_id="v3:call"), FakeCarrier()))  # type: ignore[arg-type]
    await session.aclose()
    assert parrots[0].asked == [("v3:call", parrots), "prepare", "stop"]
    assert repr(agent) == "<Agent 'Desk': a realtime model>"
    assert agent.tools is not None
    assert [tool.name for tool in agent.tools.specs] == ["hang_up"]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: load_models([]), "an empty list"),
        (lambda: load_models("nobody:model"), "a realtime model"),
        (lambda: load_models([7]), "got 7"),  # type: ignore[list-item]
        (lambda: load_models([MODEL, Parrot()]), "one kind"),
        (lambda: Agent("Desk", "", realtime=MODEL, llm=FakeModel("x")), "got llm besides"),
        (lambda: Agent("Desk", "", realtime=MODEL, stt="deepgram", tts="deepgram"), "got stt and tts besides"),
        (lambda: Agent("Desk", "", realtime=MODEL).intent("hours", ["when"], reply="Nine."), "expected intents"),
        (lambda: Agent("Desk", "", realtime=MODEL).digit(lambda call, digit: None), "a function for digits"),
    ],
)
def test_what_cannot_work_is_said_where_it_is_written(make: Callable[[], object], why: str) -> None:
    """Not in the first call."""
    with pytest.raises(ConfigError, match=why) as caught:
        make()
    assert caught.value.fix


def test_an_agent_with_engines_has_sessions_with_engines() -> None:
    """As ever."""
    agent = Agent("Desk", "Hello.", tts=FakeTts(), stt=FakeStt([]), vad=FakeVad())
    agent.intent("hours", ["when are you open"], reply="At nine.")
    assert not isinstance(sessions_of(agent), RealtimeSessions)
