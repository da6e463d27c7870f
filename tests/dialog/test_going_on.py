"""An answer that another model goes on with."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialog.going_on import GoingOn

SAID = "Hello there. We open at nine every"


def all_of(said: str, *pieces: str) -> str:
    going_on = GoingOn(said)
    return said + "".join([*map(going_on.push, pieces), going_on.flush()])


@pytest.mark.parametrize(
    ("said", "more", "whole"),
    [
        (SAID, " weekday.", f"{SAID} weekday."),
        (SAID, "weekday.", f"{SAID} weekday."),
        (SAID, "We open at nine every weekday.", f"{SAID} weekday."),
        (SAID, "we open, at nine, every weekday.", f"{SAID} weekday."),
        (SAID, "Hello there! We open at nine every weekday.", f"{SAID} weekday."),
        (SAID, "We open at ten.", f"{SAID} We open at ten."),
        (SAID, "We open", f"{SAID} We open"),
        (SAID, "every weekday.", f"{SAID} every weekday."),
        (SAID, "", SAID),
        (SAID, ".", f"{SAID}."),
        ("At nine.", "At nine. And at ten.", "At nine. And at ten."),
        ("At nine. ", "At nine. And at ten.", "At nine. And at ten."),
        ("At nine", "At nine. And at ten.", "At nine. And at ten."),
        ("At nine ", "At nine, or ten.", "At nine , or ten."),
        ("At nine.", "At nine.", "At nine."),
        ("At nine.", "And at ten.", "At nine. And at ten."),
        ("At nine. ", " And at ten.", "At nine.  And at ten."),
        ("…", "At nine.", "… At nine."),
    ],
)
def test_what_was_said_is_not_said_again(said: str, more: str, whole: str) -> None:
    """From its beginning, or from one of its sentences on; and there is a space between."""
    assert all_of(said, more) == whole
    assert all_of(said, *more) == whole


def test_where_nothing_was_said_everything_is() -> None:
    """And at once."""
    going_on = GoingOn("")
    assert going_on.push("At") == "At"
    assert going_on.flush() == ""


def test_words_are_held_back_only_while_they_may_be_a_repeat() -> None:
    """Whatever follows the first that differs comes as it is."""
    going_on = GoingOn("We open at nine.")
    assert [going_on.push(piece) for piece in ("We ", "open ", "on ", "Sunday.")] == ["", "", " We open on ", "Sunday."]
    assert going_on.flush() == ""


WORDS = st.lists(st.sampled_from(["we", "open", "at", "nine"]), min_size=1, max_size=5).map(" ".join)


@given(WORDS, WORDS, st.lists(st.integers(0, 40), max_size=5))
def test_a_repeat_is_left_out_wherever_the_pieces_are_cut(said: str, more: str, cuts: list[int]) -> None:
    """The same words come of it, and none of the new ones is lost."""
    text = f"{said} {more}"
    places = sorted({0, len(text), *(min(place, len(text)) for place in cuts)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert all_of(said, *pieces).split() == text.split()
