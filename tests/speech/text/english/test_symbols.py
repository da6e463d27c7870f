"""Marks that are said as words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("R&D", "R and D"),
        ("salt & pepper", "salt and pepper"),
        ("5 > 3", "five greater than three"),
        ("x<=2", "x at most two"),
        ("1+1=2", "one plus one equals two"),
        ("5 * 3", "five times three"),
        ("5*3", "five times three"),
        ("x^2", "x to the power of two"),
        ("~5", "about five"),
        ("A+", "A plus"),
        ("±2", "plus or minus two"),
        ("#offhook", "hashtag offhook"),
        ("yes/no", "yes or no"),
        ("and/or", "and or"),
        ("C#", "C#"),
    ],
)
def test_a_mark_between_words_is_said(said: Callable[[str], str], written: str, spoken: str) -> None:
    """With the spaces that a word needs."""
    assert said(written) == spoken
