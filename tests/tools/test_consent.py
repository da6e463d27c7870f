"""A yes and a no, as callers put them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.tools.consent import consent

YES = """
yes; Yes.; yeah sure; yep; okay; OK, go ahead; that's right; that is correct; sounds good; please do; of course;
yes please; absolutely; fine by me; perfect, thank you; no problem; why not; not a problem at all; ja; oui; sí;
ja gerne; go ahead then; mhm yes; book it
"""
NO = """
no; No!; nope; no thank you; not really; I'd rather not; don't; do not do that; hold on; wait; cancel that; stop;
that's wrong; that is not right; yes no; I changed my mind; nein; non; forget it; please do not; never; no, that's fine
"""
NEITHER = """
; hello; what; at eight; maybe; hmm; yes, but at eight; sure, except not on; okay actually let me think; I said seven;
is that the one by the window; seven o'clock; yes, only later
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\n", " ").split(";")]


@pytest.mark.parametrize("words", lines(YES))
def test_a_plain_yes_is_one(words: str) -> None:
    """However it is put."""
    assert consent(words) is True


@pytest.mark.parametrize("words", lines(NO))
def test_a_no_is_a_no_whatever_else_is_said(words: str) -> None:
    """Nothing is done against somebody's word."""
    assert consent(words) is False


@pytest.mark.parametrize("words", lines(NEITHER))
def test_all_else_is_not_agreed_to(words: str) -> None:
    """A condition is no yes, and a question neither."""
    assert consent(words) is not True


@given(st.text())
def test_any_words_are_judged(words: str) -> None:
    """Without an error."""
    assert consent(words) in (True, False, None)
