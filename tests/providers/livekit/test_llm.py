"""Language models of LiveKit's plugins: a real plugin over real sockets, before a stand-in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from offhook.errors import EngineError, EngineRefused, EngineUnavailable
from offhook.models.base import (
    AssistantMessage,
    CallerMessage,
    Finished,
    Rules,
    TextPiece,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from offhook.models.loading import load_model
from offhook.providers.livekit import LiveKitModel
from offhook.testing.providers import Answer, StandIns

if TYPE_CHECKING:
    from offhook.models.base import LanguageModel, ModelEvent

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Plugins leave failed tasks behind that nobody asks for their error."""

RULES = Rules("You are the receptionist.")
BOOK = ToolSpec(
    "book", "Book a table.", {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}
)


@pytest.fixture
def model(vendors: StandIns) -> LanguageModel:
    """OpenAI's, by LiveKit's plugin."""
    return load_model("livekit:openai.LLM(model=gpt-4.1-mini)")


async def answer(model: LanguageModel, *messages: object, tools: tuple[ToolSpec, ...] = ()) -> list[ModelEvent]:
    async with asyncio.timeout(10):
        return [event async for event in model.stream([RULES, *messages], tools=tools)]  # type: ignore[list-item]


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


async def test_an_answer_comes_in_pieces(vendors: StandIns, model: LanguageModel) -> None:
    """With what it cost at the end."""
    vendors.answers.add("We open at nine.")
    assert isinstance(model, LiveKitModel)
    await model.warm_up()
    events = await answer(model, CallerMessage("When do you open?"))
    assert text_of(events) == "We open at nine."
    assert len(events) > 3
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "stop"
    assert events[-1].tokens_out
    (asked,) = vendors.journal.find("chat", way="in", stage="request")
    assert repr(model) == "<LiveKitModel livekit:127.0.0.1/gpt-4.1-mini>" or "gpt-4.1-mini" in model.name
    assert asked


async def test_tools_are_asked_for_and_their_results_told(vendors: StandIns, model: LanguageModel) -> None:
    """The model sees the conversation as it was: what it said, what it wanted used, and what came of that."""
    vendors.answers.add(Answer(text="One moment.", tools=(("book", '{"day": "friday"}'),)))
    vendors.answers.add("It is booked.")
    events = await answer(model, CallerMessage("Friday please."), tools=(BOOK,))
    (call,) = (event for event in events if isinstance(event, ToolCall))
    assert (call.name, call.arguments) == ("book", '{"day": "friday"}')
    assert text_of(events) == "One moment."
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "tools"
    said = AssistantMessage("One moment.", (call,))
    done = await answer(model, CallerMessage("Friday please."), said, ToolResult(call.id, "done"), tools=(BOOK,))
    assert text_of(done) == "It is booked."


async def test_an_answer_that_is_not_wanted_any_more_ends_the_request(vendors: StandIns, model: LanguageModel) -> None:
    """The provider's socket is told within 50 ms."""
    vendors.answers.add(Answer(text="one two three four five six seven eight", piece_ms=100))
    stream = model.stream([RULES, CallerMessage("Count.")])
    assert await anext(stream)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await stream.aclose()  # type: ignore[attr-defined]
    await vendors.journal.wait_for("chat", way="in", stage="gone")
    assert loop.time() - began_s < 0.05


@pytest.mark.parametrize(("status", "kind"), [(401, EngineRefused), (404, EngineRefused), (503, EngineUnavailable)])
async def test_a_refusal_is_told_in_our_words(
    vendors: StandIns, model: LanguageModel, status: int, kind: type[EngineError]
) -> None:
    """Once: another model may answer sooner."""
    vendors.fault("chat", "connect", "refuse", status=status)
    with pytest.raises(kind) as refused:
        await answer(model, CallerMessage("canary"))
    assert "canary" not in str(refused.value)
    assert vendors.env["OPENAI_API_KEY"] not in str(refused.value)


async def test_an_answer_that_breaks_off_is_an_error(vendors: StandIns, model: LanguageModel) -> None:
    """Another model goes on."""
    vendors.answers.add("one two three four five")
    vendors.fault("chat", "text", "reset", after=2)
    with pytest.raises(EngineUnavailable):
        await answer(model, CallerMessage("Count."))
