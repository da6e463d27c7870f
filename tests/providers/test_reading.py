"""Reading what a provider sends: whatever it is, there is a value of the right type, or an error of ours."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import EngineError
from offhook.providers.reading import audio_in, items, mean, number, number_in, object_of, text, timed

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("message", [b"{}", "", "[]", "1", "null", "{", '{"a":', "[" * 100_000])
def test_what_is_no_object_is_an_error_of_ours(message: str | bytes) -> None:
    """It names the provider, and quotes nothing."""
    with pytest.raises(EngineError, match="a message of X"):
        object_of(message, "X")


def test_an_object_is_read() -> None:
    """With what is in it."""
    assert object_of('{"type": "Turn"}', "X") == {"type": "Turn"}


@given(anything)
def test_every_value_has_the_type_that_is_asked_for(value: object) -> None:
    """A default stands for what has another."""
    values = {"a": value}
    assert isinstance(text(values, "a"), str)
    assert math.isfinite(number(values, "a"))
    assert all(isinstance(item, dict) for item in items(values, "a"))


def test_numbers_are_numbers() -> None:
    """Not truth values, not infinity, not texts, and not what no float can hold."""
    values = {"a": True, "b": 2, "c": math.inf, "d": "3", "e": 10**400}
    assert [number(values, name, 7.0) for name in "abcdef"] == [7, 2, 7, 7, 7, 7]


@given(st.lists(st.floats(-10, 10), max_size=5))
def test_a_mean_of_confidences_is_one(confidences: list[float]) -> None:
    """In 0 to 1; of none it is certain."""
    assert 0 <= mean(confidences) <= 1
    assert mean([]) == 1.0
    assert mean([0.5, 1.0]) == 0.75


def test_contexts_are_named_after_sentences() -> None:
    """What is no number is nobody's."""
    assert number_in("12") == 12
    assert [number_in(name) for name in ("", "a", "-1", "1" * 12, "²")] == [None] * 5


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"words": ["a"]},
        {"words": ["a"], "start": [True], "end": [1]},
        {"words": [7], "start": [0], "end": [1]},
        {"words": ["a"], "start": [-1], "end": [1]},
        {"words": ["a"], "start": [0], "end": [1e9]},
    ],
)
def test_times_that_are_none_are_left_out(value: object) -> None:
    """So are their words."""
    assert timed(value) == ()


@pytest.mark.parametrize("data", ["no base64!", "=", "A"])
def test_audio_that_is_no_base64_is_an_error(data: str) -> None:
    """It is not played as noise."""
    with pytest.raises(EngineError, match="expected audio of X"):
        audio_in(data, "X")
