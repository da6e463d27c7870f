"""How names are said."""

from __future__ import annotations

import pytest

from offhook.errors import ConfigError
from offhook.speech.text import Pronunciations, Spoken


def said(text: str, pronounce: dict[str, str]) -> str:
    """What is said for a text."""
    return Spoken.of(Pronunciations(pronounce).apply([(text, None)])).voice


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("Telnyx", "tell nicks"),
        ("TELNYX's telnyx.", "tell nicks's tell nicks."),
        ("Telnyxes and aTelnyx", "Telnyxes and aTelnyx"),
        ("a Telnyx-based thing", "a tell nicks-based thing"),
        ("Telnyx Inc and Telnyx", "tell nicks incorporated and tell nicks"),
        ("Telnyx  inc", "tell nicks incorporated"),
        ("C++ and C", "see plus plus and C"),
        ("我去北京路", "我去Beijing路"),
    ],
)
def test_a_word_is_said_as_it_is_given(text: str, voice: str) -> None:
    """As a whole word, in small letters or capitals, the longest first."""
    pronounce = {
        "Telnyx": "tell nicks",
        "telnyx inc": "tell nicks  incorporated",
        "C++": "see plus plus",
        "北京": "Beijing",
    }
    assert said(text, pronounce) == voice


def test_what_is_said_already_is_left_alone() -> None:
    """And without any words nothing is."""
    pieces: list[tuple[str, str | None]] = [("a", "b"), ("a", None)]
    assert Pronunciations({"a": "c"}).apply(pieces) == [("a", "b"), ("a", "c")]
    assert Pronunciations().apply(pieces) == pieces


@pytest.mark.parametrize(
    ("pronounce", "told"),
    [
        (["Telnyx"], "expected pronounce as a dict of words, got a list"),
        ({"": "x"}, "expected a word to pronounce as a text with a letter in it, got an empty text"),
        ({"?": "x"}, "expected a word to pronounce"),
        ({1: "x"}, "expected a word to pronounce"),
        ({"x": " "}, "expected how to say 'x'"),
        ({"x": None}, "expected how to say 'x' as a text with a letter in it, got nothing"),
        ({"X": "a", "x": "b"}, "expected one pronunciation of 'x', got two"),
    ],
)
def test_what_cannot_be_found_or_said_is_refused(pronounce: dict[str, str], told: str) -> None:
    """With what was expected."""
    with pytest.raises(ConfigError, match=told):
        Pronunciations(pronounce)
