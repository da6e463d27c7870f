"""One stream of acts, whatever the program answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.dialog.acts import HandOver, HangUp, Say, Understood, UseTool, acts_of, close
from offhook.dialog.base import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def pieces(*what: Any) -> AsyncIterator[Any]:
    for piece in what:
        yield piece


async def later(what: Any) -> Any:
    return what


ANSWERS: list[tuple[Any, list[Any]]] = [
    ("At nine.", [Say("At nine.", whole=True)]),
    ("", []),
    (None, []),
    (HangUp(), [HangUp()]),
    (Reply("At nine."), [Understood(), Say("At nine.", whole=True)]),
    (Reply(None, intent="hours", confidence=0.4), [Understood("hours", 0.4)]),
    (Reply("Bye.", hangup=True), [Understood(), Say("Bye.", whole=True), HangUp()]),
    (Reply(None, handover="asked", hangup=True), [Understood(), HandOver("asked")]),
    (Reply("", handover=""), [Understood(), HandOver("")]),
]


@pytest.mark.parametrize(("answer", "acts"), ANSWERS, ids=repr)
async def test_every_simple_answer_is_a_stream_of_acts(answer: Any, acts: list[Any]) -> None:
    """At once, or after a wait."""
    assert [act async for act in acts_of(answer)] == acts
    assert [act async for act in acts_of(later(answer))] == acts


async def test_pieces_of_text_are_said_as_they_come() -> None:
    """Acts may be among them, and nothing is skipped but ``None``."""
    mixed = ["At ", None, "nine.", Understood("hours", 0.9), UseTool("book", {"day": "Monday"}), "Done.", HangUp()]
    acts = [Say("At "), Say("nine."), Understood("hours", 0.9), UseTool("book", {"day": "Monday"})]
    assert [act async for act in acts_of(pieces(*mixed))] == [*acts, Say("Done."), HangUp()]
    assert [act async for act in acts_of(later(pieces("At ", "nine.")))] == [Say("At "), Say("nine.")]
    reply = Reply(pieces("Bye."), hangup=True)
    assert [act async for act in acts_of(reply)] == [Understood(), Say("Bye."), HangUp()]


@pytest.mark.parametrize("answer", [12, [], Reply(12), {"text": "x"}])  # type: ignore[arg-type]
async def test_anything_else_is_an_error_that_says_whose_it_is(answer: Any) -> None:
    """Silence would hide the mistake."""
    with pytest.raises(TypeError, match="expected the function for digits to return str, Reply, None or an async"):
        assert [act async for act in acts_of(answer, source="the function for digits")] == []


async def test_a_piece_that_is_nothing_to_say_is_an_error_after_what_came_before() -> None:
    """What was said until then was said."""
    acts = acts_of(pieces("Well. ", 12))
    assert await anext(acts) == Say("Well. ")
    with pytest.raises(TypeError, match="expected pieces of text to say, or acts, got int"):
        await anext(acts)


async def test_the_programs_generator_is_closed_with_the_stream() -> None:
    """It can clean up, and what that raises is nobody's answer."""
    closed = []

    async def answer() -> AsyncIterator[str]:
        try:
            yield "At nine."
            yield "never"
        finally:
            closed.append(1)
            raise OSError

    acts = acts_of(answer())
    assert await anext(acts) == Say("At nine.")
    await close(acts)
    assert closed == [1]
    await close(iter(()))
