"""What the caller said, while the agent works on its answer."""

from __future__ import annotations

import asyncio

from offhook.agent.cascade.turn import Turn, current_turn, joined
from offhook.agent.work import Work, current_work
from offhook.dialog.base import Heard


def turn(text: str, confidence: float, at_ms: float) -> Turn:
    return Turn(Heard(text, confidence), at_ms, at_ms + 100, at_ms + 200, at_ms + 300)


def test_the_parts_of_one_breath_are_one_turn() -> None:
    """From the beginning of the first to the end of the last, as sure as the less sure of them."""
    both = joined(turn("when are you open", 0.6, 0.0), turn("on Sunday", 0.9, 1000.0))
    assert both.heard == Heard("when are you open on Sunday", 0.6)
    assert (both.speech_began_ms, both.speech_ended_ms) == (0.0, 1100.0)
    assert (both.words_at_ms, both.endpoint_at_ms) == (1200.0, 1300.0)


def test_a_part_without_words_adds_none() -> None:
    """Nor a space."""
    assert joined(turn("", 0.5, 0.0), turn("hello", 0.9, 1.0)).heard.text == "hello"
    alone = turn("hello", 0.9, 0.0)
    assert joined(None, alone) is alone


async def test_a_turn_runs_until_its_task_is_done() -> None:
    """Before it has one it does not run."""
    answered = turn("hello", 0.9, 0.0)
    assert [answered.running] == [False]
    answered.task = asyncio.create_task(asyncio.sleep(0))
    assert answered.running is True
    await answered.task
    assert answered.task.done()
    assert [answered.running] == [False]


def test_the_turn_of_the_running_code_is_known() -> None:
    """A key is none."""
    assert current_turn() is None
    for work, found in ((turn("x", 1, 0), True), (Work(), False)):
        token = current_work.set(work)
        assert (current_turn() is work) is found
        current_work.reset(token)


def test_a_draft_becomes_what_the_turn_came_to_be() -> None:
    """The same object, as code runs for it already."""
    draft = Turn(Heard("nine", 0.5), 1.0, 2.0, 0.0, 0.0)
    draft.takes(Turn(Heard("Nine.", 0.9), 1.5, 2.5, 3.0, 4.0))
    assert draft.heard == Heard("Nine.", 0.9)
    assert (draft.speech_began_ms, draft.speech_ended_ms, draft.words_at_ms, draft.endpoint_at_ms) == (
        1.5,
        2.5,
        3.0,
        4.0,
    )
