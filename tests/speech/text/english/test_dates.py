"""Dates, days and years, as they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2026-11-25", "November twenty-fifth, twenty twenty-six"),
        ("on 2026-11-25T14:30:00Z", "on November twenty-fifth, twenty twenty-six, fourteen thirty UTC"),
        ("2026-13-25", "two zero two six, one three, two five"),
        ("25/11/2026", "the twenty-fifth of November, twenty twenty-six"),
        ("11/25/26", "November twenty-fifth, twenty twenty-six"),
        ("25.11.2026", "the twenty-fifth of November, twenty twenty-six"),
        ("Nov 3", "November third"),
        ("Nov. 3, 2026", "November third, twenty twenty-six"),
        ("November 3rd", "November third"),
        ("November 31st", "November thirty-first"),
        ("3 Nov 2026", "the third of November, twenty twenty-six"),
        ("the 3rd of November", "the third of November"),
        ("Nov 3–5", "November third to fifth"),
        ("Nov 3-5, 2026", "November third to fifth, twenty twenty-six"),
        ("Nov 3-55", "Nov three to fifty-five"),
        ("3–5 November 2026", "the third to the fifth of November, twenty twenty-six"),
        ("0-5 November", "zero to five November"),
        ("March 2026", "March twenty twenty-six"),
        ("you may 5 times", "you may five times"),
        ("Mon–Fri", "Monday to Friday"),
        ("on Wed at nine", "on Wednesday at nine"),
        ("Tues. or Thurs.", "Tuesday or Thursday."),
        ("Sat 10", "Saturday ten"),
        ("the 1990s", "the nineteen nineties"),
        ("the '80s", "the eighties"),
        ("the 2010s", "the twenty tens"),
        ("in 2026", "in twenty twenty-six"),
        ("since 1905", "since nineteen oh five"),
        ("by 2027.", "by twenty twenty-seven."),
        ("from 2019 to 2023", "from twenty nineteen to twenty twenty-three"),
        ("2019–2023", "twenty nineteen to twenty twenty-three"),
        ("2000 people", "two thousand people"),
    ],
)
def test_a_date_is_said_by_its_month_and_a_year_in_two_halves(
    said: Callable[[str], str], written: str, spoken: str
) -> None:
    """Where no day is such, the numbers are said as what they are."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "three, four, twenty twenty-six"),
        ("en-US", "March fourth, twenty twenty-six"),
        ("en-GB", "the third of April, twenty twenty-six"),
    ],
)
def test_which_of_two_numbers_is_the_month_is_a_matter_of_the_region(
    said: Callable[[str, str], str], language: str, spoken: str
) -> None:
    """Without one the numbers are read as they stand: no caller is told a wrong date."""
    assert said("03/04/2026", language) == spoken


def test_numbers_that_are_no_date_in_any_order_are_none(said: Callable[[str, str], str]) -> None:
    """There is no month 13."""
    assert said("13/13/2026", "en-US") == "thirteen/thirteen/two thousand twenty-six"
