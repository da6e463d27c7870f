"""A model at its host, or at the stand-in for it: ``OFFHOOK_TEST_REAL=1 OPENAI_API_KEY=… pytest tests/models``."""

from __future__ import annotations

import asyncio
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from offhook.models.base import CallerMessage, Finished, Rules, TextPiece, ToolCall, ToolSpec
from offhook.models.openai import OpenAIModel, aclose_connections
from offhook.testing.providers import Answer, Scripted, StandIns

if TYPE_CHECKING:
    import pytest

DAY = {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}
HOURS = ToolSpec("hours", "When we open on a day.", DAY)


async def test_it_answers_and_asks_for_a_tool(monkeypatch: pytest.MonkeyPatch, require: Any) -> None:
    """The host itself, where its key is there."""
    require(find_spec("openai") is not None, "the extra openai")
    async with StandIns(Scripted()) as standins:
        standins.answers.add("Yes.", Answer(tools=(("hours", '{"day": "friday"}'),)))
        if not (os.environ.get("OFFHOOK_TEST_REAL") and os.environ.get("OPENAI_API_KEY")):
            for variable, value in standins.env.items():
                monkeypatch.setenv(variable, value)
        model = OpenAIModel("openai:gpt-4.1-mini")
        async with asyncio.timeout(30):
            said = [event async for event in model.stream([Rules("Answer with one word."), CallerMessage("Say yes.")])]
            asked = [
                event
                async for event in model.stream(
                    [Rules("Use your tools, never guess."), CallerMessage("When do you open on friday?")], tools=[HOURS]
                )
            ]
        await aclose_connections()
    assert "yes" in "".join(event.text for event in said if isinstance(event, TextPiece)).lower()
    assert isinstance(said[-1], Finished)
    assert [event.name for event in asked if isinstance(event, ToolCall)] == ["hours"]
