"""One stream of acts, whatever the program answers with."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from offhook.dialog.acts import HandOver, HangUp, Say, Understood, UseTool, acts_of, answer_of
from offhook.dialog.base import Reply
from offhook.errors import AnswerInvalid

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
    with pytest.raises(AnswerInvalid, match="expected the function for digits to return str, Reply, an act, None"):
        assert [act async for act in acts_of(answer, source="the function for digits")] == []


async def test_a_piece_that_is_nothing_to_say_is_an_error_after_what_came_before() -> None:
    """What was said until then was said."""
    acts = acts_of(pieces("Well. ", 12))
    assert await anext(acts) == Say("Well. ")
    with pytest.raises(AnswerInvalid, match="expected pieces of text to say, or acts, got int"):
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
    await acts.aclose()
    assert closed == [1]


# -- what the program's functions answer ------------------------------------------------------------------------------


def where_it_runs(*_: object) -> int:
    return threading.get_ident()


async def where_it_waits(*_: object) -> int:
    return threading.get_ident()


class Counting:
    """A callable of the program's own: answers how often it was asked, and where."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, step: int) -> tuple[int, int]:
        """On the loop, as every ``async`` function."""
        self.times += step
        return self.times, threading.get_ident()


async def test_a_plain_function_runs_in_a_thread_and_an_async_one_on_the_loop() -> None:
    """The first may block; the second may touch what lives on the loop."""
    here = threading.get_ident()
    assert await answer_of(where_it_runs, 1, 2) != here
    assert await answer_of(where_it_waits, 1, 2) == here
    assert await answer_of(lambda step: step + 1, 1) == 2


async def test_what_runs_on_the_loop_waits_for_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions that block may have taken all of them."""

    async def no_thread(*_: object) -> object:
        raise AssertionError("a thread was asked for")

    monkeypatch.setattr("offhook.threads.in_thread", no_thread)
    assert await answer_of(where_it_waits) == threading.get_ident()
    assert await answer_of(Counting(), 1) == (1, threading.get_ident())
    assert [piece async for piece in await answer_of(pieces, "At nine.")] == ["At nine."]  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="a thread"):
        await answer_of(where_it_runs)


async def test_an_object_that_can_be_called_is_a_function() -> None:
    """It is its call that says whether it runs on the loop; a method is what it is."""
    counting = Counting()
    here = threading.get_ident()
    assert await answer_of(counting, 2) == (2, here)
    assert await answer_of(counting.__call__, 3) == (5, here)


async def test_pieces_are_begun_on_the_loop_and_given_back_as_they_are() -> None:
    """Whoever iterates closes them."""
    ran_in: list[int] = []

    async def answer(first: str) -> AsyncIterator[str]:
        ran_in.append(threading.get_ident())
        yield first

    assert [piece async for piece in await answer_of(answer, "At nine.")] == ["At nine."]  # type: ignore[attr-defined]
    assert ran_in == [threading.get_ident()]


async def test_a_plain_function_may_answer_with_what_has_to_be_waited_for() -> None:
    """Such as one that wraps another."""
    assert await answer_of(lambda: later("At nine.")) == "At nine."


def test_a_piece_of_text_is_not_the_whole_unless_it_says_so() -> None:
    """What follows belongs to the same speech."""
    assert not Say("At ").whole
