"""Which words of a sentence were heard."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.agent.timing import heard_words, words_heard
from offhook.speech.streams import Word
from offhook.speech.text import Spoken


def timed(*words: tuple[str, float, float]) -> list[Word]:
    return [Word(*word) for word in words]


def test_half_a_word_heard_is_a_word_heard() -> None:
    """Less than half is none."""
    assert heard_words(Spoken.plain("aaa bbb"), [], 25, 100) == "aaa"
    assert heard_words(Spoken.plain("aaa bbb"), [], 24, 100) == ""
    assert heard_words(Spoken.plain("aaa bbb"), [], 75, 100) == "aaa bbb"
    assert heard_words(Spoken.plain(""), [], 50, 100) == ""
    assert heard_words(Spoken.plain("aaa"), [], -100, 100) == ""


def test_what_was_heard_to_its_end_is_given_back_as_it_is() -> None:
    """With its spaces."""
    assert heard_words(Spoken.plain("one  two\nthree"), [], 100, 100) == "one  two\nthree"


@pytest.mark.parametrize(
    ("at_ms", "heard"),
    [(0, ""), (99, ""), (100, "Yes,"), (1099, "Yes,"), (1100, "Yes, of"), (1500, "Yes, of"), (1750, "Yes, of course.")],
)
def test_words_are_heard_by_their_times_where_the_voice_tells_them(at_ms: float, heard: str) -> None:
    """However long or short they are written, and whatever pauses there are."""
    told = timed(("yes", 0, 200), ("of", 1000, 1200), ("COURSE", 1500, 2000))
    assert heard_words(Spoken.plain("Yes, of course."), told, at_ms, 2200) == heard


def test_words_that_the_voice_spells_otherwise_are_heard_between_those_that_it_does_not() -> None:
    """A number is said in several words, or several are written as one."""
    text = "It costs 25 dollars, please."
    told = timed(
        ("It", 0, 100),
        ("costs", 100, 400),
        ("twenty", 600, 900),
        ("five", 900, 1100),
        ("dollars", 1200, 1600),
        ("please", 1600, 2000),
    )
    assert heard_words(Spoken.plain(text), told, 849, 2000) == "It costs"
    assert heard_words(Spoken.plain(text), told, 850, 2000) == "It costs 25"
    assert heard_words(Spoken.plain(text), told, 1400, 2000) == "It costs 25 dollars,"


def test_words_that_the_voice_leaves_out_share_the_time_between_the_others() -> None:
    """By their letters."""
    told = timed(("one", 0, 200), ("four", 800, 1000))
    heard = [
        heard_words(Spoken.plain("one xxx yyy four"), told, at_ms, 1000) for at_ms in (349, 350, 649, 650, 899, 900)
    ]
    assert heard == ["one", "one xxx", "one xxx", "one xxx yyy", "one xxx yyy", "one xxx yyy four"]


def test_words_that_are_not_told_yet_share_what_time_is_left() -> None:
    """They come after those that are, and at the latest when the sentence ends."""
    told = timed(("one", 0, 200))
    assert heard_words(Spoken.plain("one xxx yyy"), told, 399, 1000) == "one"
    assert heard_words(Spoken.plain("one xxx yyy"), told, 400, 1000) == "one xxx"
    assert heard_words(Spoken.plain("one xxx yyy"), told, 800, 1000) == "one xxx yyy"
    spelt = timed(("one", 0, 200), ("ex", 500, 600), ("why", 600, 900))
    assert heard_words(Spoken.plain("one xxx yyy"), spelt, 624, 1000) == "one"
    assert heard_words(Spoken.plain("one xxx yyy"), spelt, 625, 1000) == "one xxx"


def test_times_behind_the_probable_end_are_taken_at_their_word() -> None:
    """A sentence that is not complete may be longer than it was thought to be."""
    told = timed(("one", 0, 3000))
    assert words_heard(["one", "two"], told, 1499, 1000) == 0
    assert words_heard(["one", "two"], told, 1500, 1000) == 1
    assert words_heard(["one", "two"], told, 3000, 1000) == 2


def test_words_without_letters_and_times_that_are_none_are_passed_over() -> None:
    """A dash is no word to a voice."""
    told = timed(("one", 0, 100), (",", 100, 100), ("two", math.nan, 200), ("three", 0, math.inf), ("four", 300, 400))
    assert heard_words(Spoken.plain("one — two three four"), told, 349, 400) == "one — two three"
    assert heard_words(Spoken.plain("one — two three four"), told, 50, 400) == "one"


words = st.lists(st.sampled_from(["yes", "no", "25", "—", "Yes,", "o'clock", "a"]), max_size=8)
times = st.floats(-1e4, 1e4) | st.just(math.nan) | st.just(math.inf)


@given(words, st.lists(st.builds(Word, st.sampled_from(["yes", "no", "five", "", "a"]), times, times)), times, times)
def test_whatever_a_voice_tells_the_beginning_of_the_sentence_was_heard(
    text: list[str], told: list[Word], at_ms: float, length_ms: float
) -> None:
    """Never more than all of it, and never less for more time."""
    heard = words_heard(text, told, at_ms, length_ms)
    assert 0 <= heard <= len(text)
    assert heard_words(Spoken.plain(" ".join(text)), told, at_ms, length_ms) in (" ".join(text[:heard]), " ".join(text))
    assert words_heard(text, told, at_ms + 100, length_ms) >= heard
