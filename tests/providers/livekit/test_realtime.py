"""Realtime models of LiveKit's plugins: a real plugin over real sockets, before the stand-in for its vendor."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import WORDS

from offhook import Agent
from offhook.agent import TurnOptions
from offhook.errors import ConfigError, EngineRefused
from offhook.named import SPEECH_TO_SPEECH, make
from offhook.providers.livekit import LiveKitRealtime
from offhook.providers.livekit.realtime_session import LiveKitSession
from offhook.providers.livekit.surroundings import aclose
from offhook.testing.providers import Answer, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.providers.realtime.conftest import Caller

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Plugins leave failed tasks behind that nobody asks for their error."""

NAME = "livekit:openai.realtime.RealtimeModel(model=gpt-realtime, base_url={OPENAI_BASE_URL}, api_key=stand-in)"
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


@pytest.fixture
async def name(plugins: None, standins: StandIns) -> AsyncIterator[str]:
    """The name of the model, which is OpenAI's by LiveKit's plugin."""
    yield NAME.format(**standins.env)
    await aclose()


def agent_of(name: str, **more: Any) -> Agent:
    return Agent("Desk", more.pop("greeting", "Hello there."), instructions="Be short.", realtime=name, **more)


async def test_it_greets_hears_and_answers(name: str, phone: Caller, standins: StandIns) -> None:
    """The record holds both sides in their order."""
    standins.answers.add("We open at nine.")
    call = await phone(agent_of(name))
    await call.heard("Hello there.")
    await call.say()
    await call.heard("We open at nine.")
    assert [text for _, text in call.history] == ["Hello there.", "When are you open?", "We open at nine."]


async def test_it_uses_a_tool_and_is_told_what_came_of_it(name: str, phone: Caller, standins: StandIns) -> None:
    """The tool is ours, and so is its result."""
    agent, used = agent_of(name), asyncio.Event()

    @agent.tool
    async def hours(day: str) -> str:
        """When we open."""
        used.set()
        return f"nine on {day}"

    standins.answers.add(Answer(tools=(("hours", '{"day": "friday"}'),)), "On Friday at nine.")
    call = await phone(agent)
    await call.heard("Hello there.")
    await call.say()
    await call.heard("On Friday at nine.")
    assert used.is_set()
    assert any("nine on friday" in str(entry.message) for entry in standins.journal.find("realtime", way="in"))


async def test_it_is_told_what_was_heard_of_an_answer_that_is_interrupted(
    name: str, phone: Caller, standins: StandIns
) -> None:
    """And goes on from there."""
    standins.answers.add(LONG, "Yes.")
    call = await phone(agent_of(name, turn_taking=TurnOptions()))
    await call.heard("Hello there.")
    await call.say()
    await call.until(lambda: call.stream.audible)
    await call.line(600)
    await call.line(400, WORDS)
    await call.line(700)
    await call.heard("Yes.")
    assert standins.journal.find("realtime", way="in", stage="truncate")
    cut = next(text for text in call.said if text.startswith("one"))
    assert len(cut.split()) < len(LONG.split())


async def test_where_it_is_not_let_in_another_session_is_tried(name: str, phone: Caller, standins: StandIns) -> None:
    """The caller is greeted all the same."""
    standins.fault("realtime", "connect", "refuse", status=503)
    call = await phone(agent_of(name))
    await call.heard("Hello there.")


async def test_a_model_is_asked_once_by_check(name: str, standins: StandIns) -> None:
    """It speaks twice in one session."""
    model = make("a realtime model", SPEECH_TO_SPEECH, name)
    assert isinstance(model, LiveKitRealtime)
    await model.warm_up()
    assert repr(model) == "<LiveKitRealtime livekit:gpt-realtime>"
    standins.answers.add("Good morning.", "Good morning.")
    first_ms, again_ms, said_ms = await model.first_sounds(())
    assert 0 < again_ms < 5000
    assert first_ms > 0
    assert said_ms > 100


def test_one_that_does_not_tell_of_turns_is_refused(plugins: None) -> None:
    """Nobody would know when the caller has finished."""
    with pytest.raises(ConfigError, match="tells when the caller begins"):
        LiveKitRealtime("openai.realtime.RealtimeModel(api_key=k, turn_detection=null)")


async def test_what_a_plugin_raises_ends_the_session_in_our_words(plugins: None) -> None:
    """Once, whatever comes after it; the text of an error is nobody's business."""

    class Refusing:
        def session(self) -> Any:
            error = RuntimeError("canary")
            error.status_code = 401  # type: ignore[attr-defined]
            raise error

        async def aclose(self) -> None:
            return

    lost: list[Exception] = []
    watcher = SimpleNamespace(told=lambda *_: None, lost=lambda _, error: lost.append(error))
    session = LiveKitSession(SimpleNamespace(plugin=Refusing()), [], watcher)
    async with asyncio.timeout(5):
        while not lost:
            await asyncio.sleep(0.01)
    session._anew(None)
    session._failed(SimpleNamespace(recoverable=False, error=RuntimeError()))
    session.audio(b"")
    session.close()
    await aclose()
    (error,) = lost
    assert isinstance(error, EngineRefused)
    assert "canary" not in str(error)
