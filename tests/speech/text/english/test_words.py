"""Numbers and letters in words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.text.english.words import (
    cardinal,
    digits,
    letters,
    number,
    ordinal,
    plural,
    without_last_comma,
    year,
)

_SMALL = re.split(
    " ",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
)
_TENS = re.split(" ", "_ _ twenty thirty forty fifty sixty seventy eighty ninety")
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def _value(words: str) -> int:
    """What the words of a cardinal mean, read by other rules than those that wrote it."""
    total = group = 0
    for word in re.split("[ -]", words):
        if word in _SMALL:
            group += _SMALL.index(word)
        elif word in _TENS:
            group += 10 * _TENS.index(word)
        elif word == "hundred":
            group *= 100
        else:
            total, group = total + group * _LARGE[word], 0
    return total + group


@given(st.integers(0, 10**15 - 1))
def test_the_words_of_a_cardinal_mean_the_number(value: int) -> None:
    """Whatever its size."""
    assert _value(cardinal(value)) == value


@pytest.mark.parametrize(("value", "words"), [(1, "first"), (12, "twelfth"), (21, "twenty-first"), (30, "thirtieth")])
def test_ordinals_end_as_english_has_it(value: int, words: str) -> None:
    """Of several words the last is the ordinal."""
    assert ordinal(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(1905, "nineteen oh five"), (1900, "nineteen hundred"), (2000, "two thousand"), (2026, "twenty twenty-six")],
)
def test_years_are_said_in_two_halves(value: int, words: str) -> None:
    """Unless the century is a thousand."""
    assert year(value) == words


@pytest.mark.parametrize(
    ("written", "words"),
    [("1,200.50", "one thousand two hundred point five zero"), ("05", "zero five"), (".5", "point five")],
)
def test_a_number_is_said_as_it_is_written(written: str, words: str) -> None:
    """Decimals and what begins with a zero are said digit by digit."""
    assert number(written) == words


def test_digits_are_said_in_the_groups_in_which_they_are_written() -> None:
    """Whatever is between them."""
    assert digits("12-(3)") == "one two, three"


@pytest.mark.parametrize(
    ("one", "many"), [("meter", "meters"), ("foot", "feet"), ("mile per hour", "miles per hour"), ("yen", "yen")]
)
def test_units_have_plurals(one: str, many: str) -> None:
    """It is the first word that changes."""
    assert plural(one) == many


def test_an_a_between_letters_is_no_article() -> None:
    """A comma behind it tells a voice so, where something follows."""
    found = re.match("aba", "aba, then")
    assert found is not None
    assert letters("aba") == "A, B A,"
    assert without_last_comma(found, letters("aba")) == "A, B A"
    found = re.match("aba", "aba then")
    assert found is not None
    assert without_last_comma(found, letters("aba")) == "A, B A,"
