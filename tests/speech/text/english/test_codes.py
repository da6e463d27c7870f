"""What is spelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("order number AB-12-XZ", "order number A, B, one two, X Z"),
        ("XJ450", "X J four five zero"),
        ("MP3", "M P three"),
        ("B2B", "B two B"),
        ("COVID-19", "COVID nineteen"),
        ("5G", "five G"),
        ("M25", "M twenty-five"),
        ("X07", "X zero seven"),
        ("SW1A 1AA", "S W one A, one A, A"),
        ("BRAVO77X", "BRAVO seven seven X"),
        ("J-O-H-N", "J O H N"),
        ("A-B-C", "A, B C"),
        ("It is S-A-M, Sam.", "It is S A, M, Sam."),
        ("J O H N", "J O H N"),
        ("1-2-3", "one, two, three"),
        ("12-34-56", "one two, three four, five six"),
    ],
)
def test_letters_and_digits_in_one_word_are_said_one_by_one(
    said: Callable[[str], str], written: str, spoken: str
) -> None:
    """A short number in it is said as one, what can be read as a word is, and an A that could be an article gets a
    comma."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("code 4821", "code four eight two one"),
        ("Your PIN is 0042.", "Your PIN is zero zero four two."),
        ("order number 48213", "order number four eight two, one three"),
        ("ticket no. 777", "ticket no. seven seven seven"),
        ("in case 3 people come", "in case three people come"),
        ("order 1,500 of them", "order one thousand five hundred of them"),
    ],
)
def test_a_number_behind_a_word_for_codes_is_said_digit_by_digit(
    said: Callable[[str], str], written: str, spoken: str
) -> None:
    """From three digits on, and not where it counts something."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("v2.3.1", "version two point three point one"),
        ("Python 3.11.2", "Python three point eleven point two"),
        ("192.168.0.1", "one nine two dot one six eight dot zero dot one"),
    ],
)
def test_a_version_and_an_address_of_a_machine_are_said_part_by_part(
    said: Callable[[str], str], written: str, spoken: str
) -> None:
    """They are no numbers."""
    assert said(written) == spoken
