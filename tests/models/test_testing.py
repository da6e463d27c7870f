"""The language model without a model."""

from __future__ import annotations

import pytest

from offhook.models.base import CallerMessage, Finished, Rules, TextPiece, ToolCall, ToolSpec
from offhook.models.testing import FakeModel

ASK = [CallerMessage("hi")]


async def test_a_text_comes_word_by_word_and_the_last_answer_again() -> None:
    """With the spaces between the words."""
    model = FakeModel("Hello there.", "Bye.")
    first = [event async for event in model.stream(ASK)]
    assert first == [TextPiece("Hello"), TextPiece(" there."), Finished(reason="stop")]
    for _ in range(2):
        assert [event async for event in model.stream(ASK)] == [TextPiece("Bye."), Finished(reason="stop")]


async def test_an_answer_may_use_tools_wait_fail_or_end_in_its_own_way() -> None:
    """Whatever a test wants to see."""
    call = ToolCall("a", "book", "{}")
    model = FakeModel([0.0, call], ["x", Finished(reason="length")], ["x", ValueError()], piece_s=0.001)
    assert [event async for event in model.stream(ASK)] == [call, Finished(reason="tools")]
    assert [event async for event in model.stream(ASK)] == [TextPiece("x"), Finished(reason="length")]
    with pytest.raises(ValueError):  # noqa: PT011  # it has no text
        _ = [event async for event in model.stream(ASK)]
    assert model.given_up == 0


async def test_it_knows_what_it_was_asked_and_whether_it_was_heard_out() -> None:
    """The messages, the tools, and the answers that were closed."""
    model = FakeModel(lambda messages: f"{len(messages)} messages.")
    spec = ToolSpec("book", "", {})
    events = model.stream([Rules("x"), *ASK], tools=[spec])
    assert await anext(events) == TextPiece("2")
    await events.aclose()
    assert model.told() == [("rules", "x"), ("caller", "hi")]
    assert model.offered == [("book",)]
    assert model.given_up == 1
