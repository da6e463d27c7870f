"""The client and its dialog on the stand-in of a chat model, which shares no code with them: answers, tools, faults."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls import Call, CallRecord
from offhook.dialog.acts import Say
from offhook.dialog.base import Heard
from offhook.dialog.model import ModelDialog
from offhook.models.base import CallerMessage, Finished, TextPiece, ToolCall
from offhook.models.openai import OpenAIModel, aclose_connections
from offhook.models.testing import FakeModel
from offhook.testing.providers import Answer, Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.models.base import ModelEvent

ANSWER = "We open at nine every weekday."


@pytest.fixture
async def standins(require: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIns]:
    """Stand-ins, found by the environment that they name."""
    require(find_spec("openai") is not None, "the extra openai")
    async with StandIns(Scripted()) as standins:
        for name, value in standins.env.items():
            monkeypatch.setenv(name, value)
        yield standins
        await aclose_connections()


async def events_of(model: OpenAIModel) -> list[ModelEvent]:
    return [event async for event in model.stream([CallerMessage("hi")]) if event != TextPiece("")]


async def said_by(dialog: ModelDialog) -> str:
    call = Call(CallRecord(call_id="v3:call"), Any)  # type: ignore[arg-type]
    return "".join([act.text async for act in dialog.respond(call, Heard("hi")) if isinstance(act, Say)])


async def test_words_tools_and_their_end_are_read(standins: StandIns) -> None:
    """By the name of a model, and with the address and the key of the environment."""
    tools = (("book", '{"day": "Sunday"}'), ("look", "{"))
    standins.answers.add(Answer(text=ANSWER, tools=tools), Answer(text="At ni", finish="length"))
    events = await events_of(OpenAIModel("openai:gpt-5-mini"))
    assert "".join(event.text for event in events if isinstance(event, TextPiece)) == ANSWER
    *_, first, second, end = events
    assert first == ToolCall("call_1", "book", '{"day": "Sunday"}')
    assert second == ToolCall("call_2", "look", "{")
    assert isinstance(end, Finished)
    assert end.reason == "tools"
    assert end.tokens_out
    end = (await events_of(OpenAIModel("gpt-5-mini")))[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.tokens_out) == ("length", 2)


FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    *[("connect", "refuse", {"status": status}) for status in (400, 401, 404, 429, 500, 503)],
    ("connect", "hang", {}),
    *[
        (stage, kind, {"after": after})
        for kind in ("silence", "reset", "close")
        for stage, after in (("role", 0), ("text", 0), ("text", 2), ("finish", 0))
    ],
    ("finish", "drop", {}),
    ("text", "slow", {"delay_ms": 2000.0, "after": 2}),
]


@pytest.mark.parametrize(("stage", "kind", "more"), FAULTS, ids=str)
async def test_whatever_happens_to_the_first_model_the_caller_hears_one_whole_answer(
    standins: StandIns, stage: str, kind: str, more: dict[str, Any]
) -> None:
    """The other one gives it, or goes on with it, and no word is said twice."""
    standins.answers.add(ANSWER)
    standins.fault("chat", stage, kind, **more)
    first = OpenAIModel("openai:gpt-4.1-mini")
    assert await said_by(ModelDialog([first, FakeModel(ANSWER)], first_s=0.4, next_s=0.4)) == ANSWER


@pytest.mark.parametrize("garbage", ["json", "array", "huge", "shape", "text", "empty", "binary"])
async def test_a_line_that_is_no_event_is_passed_over(standins: StandIns, garbage: Any) -> None:
    """As the format of events wants it: the words that it stood for, and those it ran into, are lost, and no others."""
    standins.answers.add(ANSWER)
    standins.fault("chat", "text", "garbage", garbage=garbage, after=2)
    said = await said_by(ModelDialog([OpenAIModel("openai:gpt-4.1-mini"), FakeModel(ANSWER)]))
    assert said.startswith("We open ")
    assert said.endswith(" every weekday.")
