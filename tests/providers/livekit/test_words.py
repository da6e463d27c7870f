"""Word times as LiveKit's plugins tell them."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.providers.livekit.words import words_of
from offhook.speech.streams import Word


class Timed(str):
    """A word of LiveKit's: text with what a plugin tells of it."""

    def __new__(cls, text: str, **told: Any) -> Timed:
        word = super().__new__(cls, text)
        word.__dict__.update(told)
        return word


def test_seconds_become_milliseconds() -> None:
    """With how sure the plugin is."""
    timed = [Timed(" Good", start_time=0.5, end_time=0.75, confidence=0.5), Timed("day", start_time=1, end_time=2)]
    assert words_of(timed) == (Word("Good", 500.0, 750.0, 0.5), Word("day", 1000.0, 2000.0, 1.0))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (Timed("Hello", start_time=1.0), (Word("Hello", 1000.0, 1000.0),)),
        (Timed("Hello", start_time=1.0, end_time=0.5), (Word("Hello", 1000.0, 1000.0),)),
        (Timed("Hello", start_time=1.0, end_time=2.0, confidence=0.0), (Word("Hello", 1000.0, 2000.0),)),
        (Timed("Hello", start_time=1.0, end_time=2.0, confidence=1.5), (Word("Hello", 1000.0, 2000.0),)),
        (Timed("Hello", end_time=2.0), ()),
        (Timed("Hello", start_time=object()), ()),
        (Timed("Hello", start_time=True), ()),
        (Timed("  ", start_time=1.0, end_time=2.0), ()),
        ("Hello", ()),
    ],
)
def test_what_a_plugin_leaves_out_is_left_out(word: str, told: tuple[Word, ...]) -> None:
    """A word without a time is none, an end before its beginning is the beginning, and no confidence is full."""
    assert words_of([word]) == told


def test_words_that_all_have_the_same_time_have_none() -> None:
    """As of a plugin that fills in nought."""
    assert words_of([Timed("Good", start_time=0.1, end_time=0.1), Timed("day", start_time=0.1, end_time=0.1)]) == ()
