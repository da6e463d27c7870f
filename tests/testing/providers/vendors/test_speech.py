"""What sessions of recognition share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.testing.providers.vendors._speech import plain, silence_for, sureness


@given(st.floats(0.05, 0.95))
def test_a_silence_is_as_long_as_it_takes_to_be_that_sure(sure: float) -> None:
    """One is the other's inverse."""
    assert sureness(silence_for(sure)) == pytest.approx(sure)


def test_nothing_is_ever_certain() -> None:
    """A threshold of 1 is not reached within a call's patience."""
    assert silence_for(1.0) >= 300_000
    assert sureness(0) == 0


def test_plain_words_have_neither_capitals_nor_punctuation() -> None:
    """As some models write them."""
    assert plain("Don't, at 5 p.m.!") == "don't at 5 pm"
