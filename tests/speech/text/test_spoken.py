"""A sentence as it is shown, and as it is said."""

from __future__ import annotations

from dataclasses import replace

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
    ("words", "heard"),
    [(0, ""), (1, "It"), (2, "It costs"), (3, "It costs £5,"), (4, "It costs £5,"), (5, PRICE.text), (9, PRICE.text)],
)
def test_what_was_heard_is_counted_by_what_is_said(words: int, heard: str) -> None:
    """And shown as it is written: a part of which half was said was heard."""
    assert PRICE.words == ["It", "costs", "five", "pounds,", "now."]
    assert PRICE.heard(words) == heard


@pytest.mark.parametrize(
    ("words", "said"), [(0, ""), (2, "It costs"), (3, "It costs"), (4, "It costs £5,"), (5, PRICE.text)]
)
def test_what_is_left_of_a_sentence_is_a_sentence(words: int, said: str) -> None:
    """A part that was begun only is said again, all of it, and what goes on still does."""
    spoken, rest = replace(PRICE, goes_on=True).split(words)
    assert spoken.text == said
    assert rest.text == PRICE.text[len(said) :].lstrip()
    assert rest.goes_on
    assert rest.voice == PRICE.voice[len(spoken.voice) :].lstrip()


def test_where_there_are_no_spaces_each_character_is_a_part() -> None:
    """Of a sentence in Chinese that is broken off, half was heard."""
    spoken = Spoken.plain("你好再见")
    assert spoken.words == ["你", "好", "再", "见"]
    assert spoken.heard(2) == "你好"


def test_of_what_is_not_said_all_was_heard_that_is_before_it() -> None:
    """It takes no time."""
    assert Spoken.of([("a", None), (" x ", ""), ("b", None)]).heard(1) == "a x b"


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
    assert spoken.heard(len(spoken.words)) == spoken.text.rstrip()
    assert spoken.text.startswith(spoken.heard(1))
