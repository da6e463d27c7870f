"""A function as a tool."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from offhook import Call  # noqa: TC001  (its annotation is read)
from offhook.errors import ConfigError
from offhook.tools.built_in import hand_over, hang_up, send_digits
from offhook.tools.tool import tool_of
from offhook.waits import TOOL


def book(call: Call, day: str, people: int = 2) -> str:
    """Book a table."""
    return f"{day} {people} {threading.current_thread() is threading.main_thread()}"


async def later(day: str) -> str:
    """Book a table."""
    return f"{day} {threading.current_thread() is threading.main_thread()}"


async def test_a_plain_function_runs_in_a_thread_and_an_async_one_on_the_loop() -> None:
    """The call is among the arguments where it is wanted."""
    call: Any = object()
    tool = tool_of(book)
    assert await tool.use(call, tool.read('{"day": "Monday"}')) == "Monday 2 False"
    assert await tool_of(later).use(call, {"day": "Monday"}) == "Monday True"


def test_a_tool_has_the_name_and_the_words_it_is_given() -> None:
    """Or those of the function."""
    assert (tool_of(book).spec.name, tool_of(book).spec.description) == ("book", "Book a table.")
    named = tool_of(book, name="reserve", description="Reserve.", timeout_s=3.0)
    assert (named.spec.name, named.spec.description, named.timeout_s) == ("reserve", "Reserve.", 3.0)
    assert tool_of(book).timeout_s == TOOL.limit_s


def test_the_caller_is_asked_with_the_arguments() -> None:
    """In their places."""
    tool = tool_of(book, confirm="A table for {people} on {day}?")
    assert tool.question(tool.read('{"day": "Monday"}')) == "A table for 2 on Monday?"
    assert tool_of(book).question({}) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "book a table"},
        {"name": "x" * 65},
        {"name": "büro"},
        {"timeout_s": 0},
        {"timeout_s": -1.0},
        {"confirm": "On {weekday}?"},
        {"confirm": " "},
        {"confirm": "On {day?"},
        {"confirm": "On {}?"},
        {"confirm": "For {call}?"},
    ],
    ids=repr,
)
def test_what_cannot_work_is_refused_when_the_agent_is_defined(bad: dict[str, Any]) -> None:
    """Not when a caller waits."""
    with pytest.raises(ConfigError) as error:
        tool_of(book, **bad)
    assert error.value.fix


@pytest.mark.parametrize("thing", [3, "book", lambda day: day], ids=["number", "text", "lambda"])
def test_what_is_no_function_with_a_name_is_refused(thing: Any) -> None:
    """A lambda has none, and no annotations."""
    with pytest.raises(ConfigError):
        tool_of(thing)


def test_the_tools_of_the_house_are_tools() -> None:
    """Each with words for a model."""
    assert [tool_of(one).spec.name for one in (hand_over, hang_up, send_digits)] == [
        "hand_over",
        "hang_up",
        "send_digits",
    ]
    assert tool_of(send_digits).signature.call == "call"


async def test_digits_are_pressed_on_the_call() -> None:
    """As ``call.send_dtmf`` does."""
    pressed = []

    class Line:
        async def send_dtmf(self, digits: str) -> None:
            pressed.append(digits)

    line: Any = Line()
    assert await tool_of(send_digits).use(line, {"digits": "1w2#"}) is None
    assert pressed == ["1w2#"]
