"""Telephone numbers, as they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.speech.text.english.phones import in_groups

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("+1 555 010 0000", "plus one, five five five, zero one zero, zero zero zero zero"),
        ("+15550100", "plus one, five five five, zero one zero zero"),
        ("+442079460958", "plus four four, two zero seven, nine four six, zero nine five eight"),
        ("+3531234567", "plus three five three, one two three, four five six seven"),
        ("+44 (0)20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
        ("(555) 010-0123", "five five five, zero one zero, zero one two three"),
        ("1-555-010-0123", "one, five five five, zero one zero, zero one two three"),
        ("555-0100", "five five five, zero one zero zero"),
        ("020 7946 0958", "zero two zero, seven nine four six, zero nine five eight"),
        ("(030) 123456", "zero three zero, one two three four five six"),
        ("Call 911!", "Call nine one one!"),
        ("Dial 5550100", "Dial five five five, zero one zero zero"),
        ("1-800-FLOWERS", "one, eight zero zero, Flowers"),
        ("ext. 12", "extension one two"),
        ("01-02", "zero one to zero two"),
    ],
)
def test_a_telephone_number_is_said_digit_by_digit_in_its_groups(
    said: Callable[[str], str], written: str, spoken: str
) -> None:
    """What has too few digits is none."""
    assert said(written) == spoken


@pytest.mark.parametrize(("digits", "groups"), [("123", "123"), ("12345", "123 45"), ("1234567", "123 4567")])
def test_digits_without_groups_are_said_in_threes(digits: str, groups: str) -> None:
    """The last group has up to four."""
    assert in_groups(digits) == groups
