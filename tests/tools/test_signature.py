"""Functions as a model sees them, and the arguments that a model writes."""

from __future__ import annotations

import json
from collections.abc import Callable  # noqa: TC003  (its annotation is read)
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from offhook import Call  # noqa: TC001  (its annotation is read)
from offhook.errors import ConfigError
from offhook.tools.signature import BadArguments, Signature, arguments_of, signature_of


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Guest(BaseModel):
    name: str
    age: int | None = None


@dataclass
class Place:
    street: str


def google(day: date, people: int = 2) -> None:
    """Book a table.

    Not on Mondays.

    Args:
        day: which day
            of the week.
        people: how many.
    """


def numpy_style(day: str) -> None:
    """Book a table.

    Parameters
    ----------
    day : str
        which day.
    """


def sphinx(day: str) -> None:
    """Book a table.

    :param day: which day.
    """


def read(function: Any) -> Signature:
    return signature_of(function, name="tool")


def test_a_schema_is_made_of_the_signature_and_the_docstring() -> None:
    """Types, defaults, what is required, and the words for each."""
    signature = read(google)
    assert signature.description == "Book a table. Not on Mondays."
    assert signature.parameters == {
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date", "description": "which day of the week."},
            "people": {"type": "integer", "default": 2, "description": "how many."},
        },
        "required": ["day"],
    }


@pytest.mark.parametrize("function", [numpy_style, sphinx])
def test_docstrings_of_every_style_describe_parameters(function: Any) -> None:
    """A team keeps the style that it has."""
    assert read(function).parameters["properties"] == {"day": {"type": "string", "description": "which day."}}


def test_what_is_annotated_wins_over_the_docstring() -> None:
    """It stands closer."""

    def tool(people: Annotated[int, "how many come"]) -> None:
        """Book.

        Args:
            people: something else.
        """

    assert read(tool).parameters["properties"] == {"people": {"type": "integer", "description": "how many come"}}


def test_the_call_is_given_and_not_asked_for() -> None:
    """By its annotation, under any name; without one, by the name."""

    def annotated(line: Call, day: str) -> None:
        """Book."""

    def named(call, day: str) -> None:  # type: ignore[no-untyped-def]
        """Book."""

    for function, name in ((annotated, "line"), (named, "call")):
        signature = read(function)
        assert signature.call == name
        assert signature.names == {"day"}


def test_rich_types_are_read_from_json() -> None:
    """Choices, lists, optional values, dates, dataclasses and models arrive as what they are."""

    def tool(
        size: Size, how: Literal["in", "out"], guests: list[Guest], day: date, place: Place, note: str | None = None
    ) -> None:
        """Order."""

    written = {
        "size": "large",
        "how": "out",
        "guests": [{"name": "Ada"}],
        "day": "2026-12-24",
        "place": {"street": "Main"},
    }
    assert arguments_of(read(tool), json.dumps(written)) == {
        "size": Size.LARGE,
        "how": "out",
        "guests": [Guest(name="Ada")],
        "day": date(2026, 12, 24),
        "place": Place("Main"),
        "note": None,
    }


@pytest.mark.parametrize("written", ["", "  ", "{}", '{"more": 1}'])
def test_no_arguments_are_none_and_others_are_left_out(written: str) -> None:
    """Models write nothing, or too much, where there is nothing to write."""

    def tool() -> None:
        """Ring."""

    assert arguments_of(read(tool), written) == {}


@pytest.mark.parametrize(
    "written", ["{", "[1]", "3", '{"people": "many"}', '{"day": "2026-01-01", "people": "x"}', "{}"]
)
def test_arguments_that_do_not_fit_are_told_without_what_was_written(written: str) -> None:
    """The model can correct itself, and no log can hold what it wrote."""
    with pytest.raises(BadArguments) as error:
        arguments_of(read(google), written)
    assert "many" not in str(error.value)
    assert "Call it again." in str(error.value)


def no_annotation(day) -> None:  # type: ignore[no-untyped-def]
    """Book."""


def many(*days: str) -> None:
    """Book."""


def options(**days: str) -> None:
    """Book."""


def positional(day: str, /) -> None:
    """Book."""


def hidden(_day: str) -> None:
    """Book."""


def unwritable(day: Any, how: Callable[[], int]) -> None:
    """Book."""


def unreadable(day: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Book."""


def silent(day: str) -> None: ...


@pytest.mark.parametrize(
    "function",
    [no_annotation, many, options, positional, hidden, unwritable, unreadable, silent],
    ids=lambda f: f.__name__,
)
def test_a_function_that_cannot_be_a_tool_is_refused_with_what_to_do(function: Any) -> None:
    """When the agent is defined, not in a call."""
    with pytest.raises(ConfigError) as error:
        read(function)
    assert error.value.fix


def test_a_call_that_is_imported_for_the_type_checker_only_is_known() -> None:
    """Linters put the import there."""
    space: dict[str, Any] = {"__name__": "elsewhere"}
    source = 'from __future__ import annotations\ndef tool(line: Call, day: str) -> None:\n    """Book."""\n'
    exec(source, space)
    assert read(space["tool"]).call == "line"


def test_an_object_that_can_be_called_is_a_function() -> None:
    """Its ``__call__`` is read."""

    class Book:
        """Books."""

        def __call__(self, day: str) -> None:
            """Book."""

    assert signature_of(Book(), name="book").names == {"day"}


@given(st.text())
def test_whatever_a_model_writes_gives_arguments_or_says_why_not(written: str) -> None:
    """Nothing else is raised."""
    signature = read(google)
    try:
        arguments = arguments_of(signature, written)
    except BadArguments:
        return
    assert arguments.keys() == {"day", "people"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_json_of_any_shape_gives_arguments_or_says_why_not(value: Any) -> None:
    """Nothing else is raised."""
    signature = read(google)
    try:
        arguments_of(signature, json.dumps({"day": value, "people": value}))
        arguments_of(signature, json.dumps(value))
    except BadArguments:
        return
