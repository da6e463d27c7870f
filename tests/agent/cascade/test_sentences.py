"""Where a text is cut, so that its beginning can be spoken while the rest is still being thought of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.agent.cascade.sentences import Sentences, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("We open at nine. And on Saturday at ten!", ["We open at nine.", "And on Saturday at ten!"]),
        ("Dr. Hill is in. Ask Mr. J. Doe.", ["Dr. Hill is in.", "Ask Mr. J. Doe."]),
        ("It costs 9.50 at 9 a.m. on weekdays.", ["It costs 9.50 at 9 a.m. on weekdays."]),
        ('He said "come in." Then he left', ['He said "come in."', "Then he left"]),
        ("One line\nanother line", ["One line", "another line"]),
        ("Well... yes", ["Well...", "yes"]),
        (" … ", []),
        ("", []),
    ],
)
def test_text_is_cut_where_sentences_end(text: str, sentences: list[str]) -> None:
    """Not at abbreviations, initials and decimals; what has no word is not spoken."""
    assert split_sentences(text) == sentences


def test_a_sentence_is_complete_when_something_follows_it() -> None:
    """Before that, "9." may become "9.50"."""
    sentences = Sentences()
    assert sentences.push("It costs 9.") == []
    assert sentences.push("50. Anything") == ["It costs 9.50."]
    assert sentences.flush() == ["Anything"]


def test_a_sentence_that_comes_as_one_piece_is_complete_at_once() -> None:
    """Who yields whole sentences is not waited for, and needs no spaces between them."""
    sentences = Sentences()
    assert sentences.push("A repair costs forty dollars.") == ["A repair costs forty dollars."]
    assert sentences.push("A new tube is ten dollars more.") == ["A new tube is ten dollars more."]
    assert sentences.push("It takes ") == []
    assert sentences.push("until Monday.") == []
    assert sentences.push("Shall I book it?") == ["It takes until Monday.", "Shall I book it?"]
    assert sentences.push("We open at 9.") == []
    assert sentences.push("We close at 5 p.m.") == ["We open at 9."]
    assert sentences.push("Come in!") == ["We close at 5 p.m. Come in!"]
    assert sentences.push("Ask Dr.") == []
    assert sentences.push("Hill.") == []
    assert sentences.flush() == ["Ask Dr.Hill."]


@given(st.lists(st.text(alphabet="ab.!? \n", max_size=8)))
def test_no_word_is_lost_and_pieces_make_no_difference(pieces: list[str]) -> None:
    """However the text comes, the same sentences come out."""
    sentences = Sentences()
    out = [sentence for piece in pieces for sentence in sentences.push(piece)] + sentences.flush()
    whole = "".join(pieces)
    letters = [character for character in whole if character.isalpha()]
    assert [character for sentence in out for character in sentence if character.isalpha()] == letters


@pytest.mark.parametrize("end", ["?", "!", "\u3002", "?!", '."', ".)", ".\u201d"])
def test_a_sentence_ends_with_any_of_the_marks_that_end_sentences(end: str) -> None:
    """In any script, with the quotes and brackets that close behind it."""
    assert split_sentences(f"One{end} Two") == [f"One{end}", "Two"]


def test_after_a_flush_the_text_begins_anew() -> None:
    """What was cut off in one reply is not said in the next."""
    sentences = Sentences()
    sentences.push("One two")
    assert sentences.flush() == ["One two"]
    assert sentences.flush() == []
    assert sentences.push("Three.") == ["Three."]
