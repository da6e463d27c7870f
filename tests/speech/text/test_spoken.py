"""A sentence as it is shown, and as it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.text import Spoken

PRICE = Spoken.of([("It costs ", None), ("£5", "five pounds"), (", now.", None)])


def test_each_part_of_what_is_shown_has_what_is_said_for_it() -> None:
    """A part ends where a word of both ends."""
    assert PRICE.text == "It costs £5, now."
    assert PRICE.voice == "It costs five pounds, now."
    assert PRICE.parts == (("It ", "It "), ("costs ", "costs "), ("£5, ", "five pounds, "), ("now.", "now."))


@pytest.mark.parametrize(
    ("share", "heard"),
    [
        (-1, ""),
        (0.0, ""),
        (0.2, "It"),
        (0.4, "It costs"),
        (0.6, "It costs £5,"),
        (0.8, "It costs £5,"),
        (1.0, PRICE.text),
    ],
)
def test_what_was_heard_is_counted_by_what_is_said(share: float, heard: str) -> None:
    """And shown as it is written."""
    assert PRICE.heard(share) == heard


def test_a_word_of_which_half_was_said_was_heard() -> None:
    """Its length is that of its letters and a space."""
    words = Spoken.plain("aaa bbb")
    assert words.heard(0.25) == "aaa"
    assert words.heard(0.24) == ""
    assert words.heard(0.75) == "aaa bbb"
    assert Spoken.plain("").heard(0.5) == ""


def test_where_there_are_no_spaces_each_character_is_a_part() -> None:
    """Of a sentence in Chinese that is broken off, half was heard."""
    assert Spoken.plain("你好再见").heard(0.5) == "你好"


def test_spaces_that_meet_in_what_is_said_are_one() -> None:
    """And none is at its ends."""
    spoken = Spoken.of([("&", " and "), (" x", None), ("+", " plus ")])
    assert spoken.text == "& x+"
    assert spoken.voice == "and x plus"


@given(st.lists(st.tuples(st.text(max_size=8), st.one_of(st.none(), st.text(max_size=8))), max_size=8))
def test_no_part_of_what_is_shown_is_lost(pieces: list[tuple[str, str | None]]) -> None:
    """However it is put together."""
    spoken = Spoken.of(pieces)
    assert spoken.text == "".join(text for text, _ in pieces)
    assert spoken.text == "".join(text for text, _ in spoken.parts)
    assert spoken.heard(1) == spoken.text
    assert spoken.text.startswith(spoken.heard(0.5))
