"""Thoughts in the text of open models: none of them is said, however the text is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.models.thoughts import Thoughts


def said(*pieces: str) -> str:
    thoughts = Thoughts()
    return "".join([*map(thoughts.push, pieces), thoughts.flush()])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("At nine.", "At nine."),
        ("<think>\nHm.\n</think>\n\nAt nine.", "At nine."),
        ("<think></think>At nine.", "At nine."),
        ("At <think>or ten?</think>nine.", "At nine."),
        ("<thinking>Hm</thinking>At nine.", "At nine."),
        ("<think>never closed", ""),
        ("Hm.</think>At nine.", "Hm.At nine."),
        ("<think>a<think>b</think>At nine.", "At nine."),
        ("2 < 3 and <b", "2 < 3 and <b"),
        ("  \n At nine.", "At nine."),
        ("", ""),
    ],
)
def test_thoughts_are_left_out(text: str, words: str) -> None:
    """Wherever they stand, and blanks before the first word with them."""
    assert said(text) == words


def test_words_are_not_held_back_longer_than_they_may_be_a_tag() -> None:
    """The next letter decides."""
    thoughts = Thoughts()
    assert thoughts.push("At <thi") == "At "
    assert thoughts.push("s") == "<this"
    assert thoughts.push(" <") == " "
    assert thoughts.flush() == "<"
    assert thoughts.flush() == ""


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<thinking>", "a", " ", "<", "<th", "b."]), max_size=8).map(
        "".join
    ),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_it_does_not_matter_where_the_text_is_cut(text: str, cuts: list[int]) -> None:
    """The same words come of it."""
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert said(*pieces) == said(text)
