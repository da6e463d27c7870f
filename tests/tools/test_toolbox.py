"""Tools used on a call: an outcome for whatever a model asks for and a function does."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from offhook.errors import ConfigError
from offhook.models.base import ToolCall
from offhook.tools.base import ToolError
from offhook.tools.tool import tool_of
from offhook.tools.toolbox import MOST_AT_ONCE, Toolbox

SECRET = "Zanzibar 5557"


class Line:
    """A call whose caller answers questions."""

    id = "c1"

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def ask(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)


def use(name: str, arguments: str = "{}") -> ToolCall:
    return ToolCall("1", name, arguments)


async def texts(toolbox: Toolbox, *uses: ToolCall, line: Any = None) -> list[str]:
    call: Any = line or Line()
    return [outcome.text for outcome in await toolbox.run(call, uses)]


def hours(day: str) -> str:
    """When we are open."""
    return f"{day}: nine to five"


async def hangs() -> None:
    """Wait."""
    await asyncio.Event().wait()


def sleeps() -> None:
    """Wait, in a thread."""
    time.sleep(5)


async def deaf() -> None:
    """Wait, whatever is said."""
    while True:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
            return


async def raises() -> None:
    """Raise."""
    raise ValueError(SECRET)


def leaves() -> None:
    """End the process."""
    raise SystemExit(SECRET)


async def cancels() -> None:
    """Raise what only a task that is cancelled may."""
    raise asyncio.CancelledError(SECRET)


async def says() -> None:
    """Say what to do."""
    raise ToolError("Friday is full; offer Monday.")


async def test_results_come_in_the_order_they_were_asked_for() -> None:
    """Whichever is there first, since all run at once."""
    order: list[int] = []

    async def wait(number: int) -> int:
        """Wait."""
        await asyncio.sleep(0.01 * (3 - number))
        order.append(number)
        return number

    toolbox = Toolbox(tool_of(wait), tool_of(hours))
    uses = [use("wait", f'{{"number": {number}}}') for number in (1, 2)]
    assert await texts(toolbox, *uses, use("hours", '{"day": "Monday"}')) == ["1", "2", "Monday: nine to five"]
    assert order == [2, 1]


@pytest.mark.parametrize(
    "wrong", [use("nothing"), use("hours", "{"), use("hours"), use("hours", '{"day": 3}')], ids=repr
)
async def test_what_a_model_does_wrong_is_an_outcome(wrong: ToolCall) -> None:
    """What is right beside it is done."""
    toolbox = Toolbox(tool_of(hours))
    first, second = await toolbox.run(Line(), [wrong, use("hours", '{"day": "Monday"}')])  # type: ignore[arg-type]
    assert first.failed
    assert not second.failed


@pytest.mark.parametrize("function", [raises, leaves, cancels], ids=lambda f: f.__name__)
async def test_what_a_tool_raises_is_an_outcome_without_its_text(function: Any, caplog: Any) -> None:
    """The log has the type and the place, the model neither."""
    (outcome,) = await Toolbox(tool_of(function)).run(Line(), [use(function.__name__)])  # type: ignore[arg-type]
    assert outcome.failed
    assert SECRET not in outcome.text + caplog.text
    assert function.__name__ in caplog.text


async def test_a_tool_can_tell_the_model_what_to_do(caplog: Any) -> None:
    """It is no failure of the program: the log has nothing."""
    assert await texts(Toolbox(tool_of(says)), use("says")) == ["Friday is full; offer Monday."]
    assert caplog.text == ""


@pytest.mark.parametrize("function", [hangs, sleeps, deaf], ids=lambda f: f.__name__)
async def test_a_tool_that_does_not_end_is_left_in_its_time(function: Any) -> None:
    """Be it a coroutine, a thread, or one that ignores its cancellation."""
    began = time.monotonic()
    (outcome,) = await Toolbox(tool_of(function, timeout_s=0.05)).run(Line(), [use(function.__name__)])  # type: ignore[arg-type]
    assert outcome.failed
    assert "not known" in outcome.text
    assert time.monotonic() - began < 3


async def test_being_cancelled_cancels_the_tools() -> None:
    """The caller has spoken on."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        """Wait."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    line: Any = Line()
    task = asyncio.create_task(Toolbox(tool_of(slow)).run(line, [use("slow")]))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 2)


async def test_more_tools_than_anybody_needs_are_not_used() -> None:
    """The model is told which were not."""
    outcomes = await Toolbox(tool_of(hours)).run(Line(), [use("hours", '{"day": "x"}')] * (MOST_AT_ONCE + 2))  # type: ignore[arg-type]
    assert [outcome.failed for outcome in outcomes] == [False] * MOST_AT_ONCE + [True] * 2


class TestAsking:
    """What the caller has to agree to."""

    async def booked(self, *answers: str) -> tuple[str, list[str], list[str]]:
        done: list[str] = []

        def book(day: str) -> str:
            """Book."""
            done.append(day)
            return "Booked."

        line = Line(*answers)
        toolbox = Toolbox(tool_of(book, confirm="Shall I book {day}?"), ask_again="Yes or no?")
        (text,) = await texts(toolbox, use("book", '{"day": "Friday"}'), line=line)
        return text, done, line.asked

    async def test_it_is_done_after_a_yes(self) -> None:
        """With the arguments that were asked about."""
        assert await self.booked("yes please") == ("Booked.", ["Friday"], ["Shall I book Friday?"])

    async def test_it_is_not_done_after_a_no(self) -> None:
        """The model is told."""
        text, done, asked = await self.booked("no")
        assert (done, asked) == ([], ["Shall I book Friday?"])
        assert "has not said yes" in text

    async def test_what_is_unclear_is_asked_once_more(self) -> None:
        """Then it is not done."""
        assert (await self.booked("hmm", "yes"))[:2] == ("Booked.", ["Friday"])
        text, done, asked = await self.booked("hmm", "at eight")
        assert (done, asked) == ([], ["Shall I book Friday?", "Yes or no?"])
        assert "neither" in text

    async def test_arguments_that_do_not_fit_are_not_asked_about(self) -> None:
        """There is nothing to agree to."""
        line = Line()
        toolbox = Toolbox(tool_of(hours, confirm="{day}?"))
        assert "do not fit" in (await texts(toolbox, use("hours"), line=line))[0]
        assert line.asked == []


def test_names_are_there_once() -> None:
    """A model could not tell two apart."""
    toolbox = Toolbox(tool_of(hours))
    with pytest.raises(ConfigError):
        toolbox.add(tool_of(hours))
    toolbox.add(tool_of(hours, name="other"))
    assert [spec.name for spec in toolbox.specs] == ["hours", "other"]
    assert "other" in toolbox
    assert len(toolbox) == 2


async def test_it_is_told_how_long_each_tool_took() -> None:
    """Each from the beginning of all of them; what was not done, too."""

    async def slow() -> str:
        """Wait a little."""
        await asyncio.sleep(0.02)
        return "there"

    toolbox = Toolbox(tool_of(slow), tool_of(hours))
    line: Any = Line()
    took_ms = [outcome.took_ms for outcome in await toolbox.run(line, [use("slow"), use("hours", "{"), use("none")])]
    assert took_ms[0] >= 19
    assert all(0 < each < took_ms[0] for each in took_ms[1:])
