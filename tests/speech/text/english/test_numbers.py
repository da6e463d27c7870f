"""Numbers, as they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.text import Wording

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("3 dogs", "three dogs"),
        ("10000", "ten thousand"),
        ("10 000", "ten thousand"),
        ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("1234567", "one two three, four five six seven"),
        (
            "12345678901234567890",
            "one two three, four five six, seven eight nine, zero one two, three four five, six seven eight, nine zero",
        ),
        ("007", "zero zero seven"),
        ("3.14", "three point one four"),
        ("0.5", "zero point five"),
        (".5", "point five"),
        ("-5", "minus five"),
        ("−3", "minus three"),
        ("+5", "plus five"),
        ("1st", "first"),
        ("22nd", "twenty-second"),
        ("1,000th", "one thousandth"),
        ("1/2", "one half"),
        ("3/4", "three quarters"),
        ("2/3", "two thirds"),
        ("1 1/2", "one and a half"),
        ("1 3/4", "one and three quarters"),
        ("½", "one half"),
        ("2½", "two and a half"),
        ("2 ¾", "two and three quarters"),
        ("⅓", "one third"),
        ("↉", "zero"),
        ("24/7", "twenty-four seven"),
        ("9/11", "nine slash eleven"),
        ("5/3", "five slash three"),
        ("9-5", "nine to five"),
        ("10–12 people", "ten to twelve people"),
        ("10 — 12", "ten to twelve"),
        ("a 5-star hotel", "a five-star hotel"),
        ("2x", "two times"),
        ("iPhone15", "iPhone fifteen"),
        ("a1b2", "a one b two"),
        ("٣", "three"),
        ("1. First", "one, First"),
    ],
)
def test_a_number_is_said_in_words(said: Callable[[str], str], written: str, spoken: str) -> None:
    """One of seven digits and more without commas is read digit by digit, and so is one that begins with zero."""
    assert said(written) == spoken


@given(st.text(alphabet="0123456789.,:/-–+$£€%°Cxkm'\"#()aApP NovMon*", max_size=30))
def test_no_digit_is_left_to_the_voice(text: str) -> None:
    """However odd the number."""
    assert not any(character.isdecimal() for character in Wording().spoken(text).voice)
