"""How alike two phrases are."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialog.phrases import PhraseIndex, skeleton, stem, words
from offhook.errors import EngineMissing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When are you OPEN?", ["when", "are", "you", "open"]),
        ("I'd like two bookings", ["i", "would", "like", "two", "book"]),
        ("we can\u2019t, we won't, it isn't", ["we", "can", "not", "we", "will", "not", "it", "is", "not"]),
        ("check-up", ["checkup"]),
        ("the dentist's O'Brien", ["the", "dentist", "o'brien"]),
        ("\u00fcber 24 caf\u00e9s", ["\u00fcber", "24", "caf\u00e9"]),
        ("...", []),
    ],
)
def test_a_phrase_is_cut_into_stems_with_contractions_spelled_out(text: str, expected: list[str]) -> None:
    """Spelling, case and punctuation make no difference to what a phrase means."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("opening", "open"),
        ("openings", "open"),
        ("opened", "open"),
        ("prices", "pric"),
        ("dogs", "dog"),
        ("companies", "company"),
        ("address", "address"),
        ("bus", "bus"),
        ("bring", "bring"),
        ("need", "need"),
    ],
)
def test_common_endings_are_dropped_if_enough_is_left(word: str, expected: str) -> None:
    """One word in several forms counts as one, and short words stay as they are."""
    assert stem(word) == expected


@pytest.mark.parametrize(("one", "other"), [("when", "win"), ("phone", "fone"), ("night", "nite"), ("check", "chek")])
def test_words_that_sound_alike_have_one_skeleton(one: str, other: str) -> None:
    """A recogniser that writes another word of the same sound is forgiven."""
    assert skeleton(one) == skeleton(other)


def scores(phrase: str, *texts: str) -> list[float]:
    index = PhraseIndex([(0, phrase)])
    return [index.scores(text)[0][1] for text in texts]


def test_the_same_words_are_alike_to_the_full() -> None:
    """Small words and forms around the same content cost next to nothing."""
    assert scores("when are you open", "When are you open?", "um, when are you opened please") == pytest.approx(
        [1, 0.99], abs=0.02
    )


def test_words_of_weight_count_and_words_around_them_hardly() -> None:
    """What a phrase is about decides, not the politeness around it."""
    near, far = scores("I would like to book an appointment", "book appointment", "I would like to buy an elephant")
    assert near > 0.9
    assert far < 0.4


def test_words_run_together_are_recognised_by_their_letters() -> None:
    """A recogniser that leaves out the spaces is forgiven."""
    assert scores("are you open on sunday", "areyou openon sunday")[0] > 0.55


def test_nothing_is_like_silence() -> None:
    """Phrases without words score nothing, on either side."""
    assert scores("hello", "", "...") == [0, 0]
    assert scores("...", "hello") == [0]
    assert PhraseIndex([]).scores("hello") == []
    assert PhraseIndex([(0, "hello"), (1, "?")]).scores("hello") == [(0, 1.0), (1, 0.0)]


def test_phrases_of_small_words_only_are_found_too() -> None:
    """Where there is nothing but small words they are what counts."""
    assert scores("hello", "hello", "hi")[0] == 1.0
    assert scores("where are you", "where are you")[0] == 1.0


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_are_alike_between_nothing_and_all(one: str, other: str) -> None:
    """A score is a share, whatever the texts."""
    assert 0.0 <= scores(one, other)[0] <= 1.0 + 1e-9


def test_without_rapidfuzz_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intents need an extra that a bridge alone does not."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "rapidfuzz":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineMissing, match=r"fix: .*\[local\]"):
        PhraseIndex([])
