"""Abbreviations, as they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Dr. Hill is in.", "Doctor Hill is in."),
        ("Mr Doe and Mrs. Doe", "Mister Doe and Missus Doe"),
        ("Prof. X", "Professor X"),
        ("St. Mary", "Saint Mary"),
        ("Hill St., please", "Hill Street, please"),
        ("It is in Hill St.", "It is in Hill Street."),
        ("Park Ave and Hill Dr", "Park Avenue and Hill Drive"),
        ("Gen Z", "Gen Z"),
        ("e.g. this, i.e. that", "for example this, that is that"),
        ("apples, etc.", "apples, et cetera."),
        ("w/o sugar", "without sugar"),
        ("No. 5", "number five"),
        ("#1", "number one"),
        ("№ 7", "number seven"),
        ("fig. 3", "figure three"),
        ("No.", "No."),
        ("SMS", "S M S"),
        ("two PDFs", "two P D F's"),
        ("NASA and FBI", "NASA and FBI"),
        ("NYC", "N Y C"),
        ("SKY", "SKY"),
        ("HMM", "HMM"),
        ("Henry VIII", "Henry VIII"),
        ("XL", "XL"),
    ],
)
def test_an_abbreviation_is_said_in_full_and_a_word_of_consonants_is_spelled(
    said: Callable[[str], str], written: str, spoken: str
) -> None:
    """Other capitals are left to the voice, and so are Roman numerals."""
    assert said(written) == spoken
