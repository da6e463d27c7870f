"""What is known of something that a caller says."""

from __future__ import annotations

import pytest

from offhook.agent.cascade.decisions import MayBeTurn, NotTheTurn
from offhook.agent.cascade.utterance import Utterance, words_of


def test_what_may_be_the_turn_is_told_once_for_the_same_words() -> None:
    """Other punctuation makes no other words."""
    utterance = Utterance(10.0, 20.0, over_agent=False, confidence=0.8)
    assert utterance.may_be_turn("book a table") == (MayBeTurn("book a table", 0.8, 10.0, 20.0),)
    assert utterance.may_be_turn("Book a table.") == ()
    assert utterance.may_be_turn("Book a table for two.") == (MayBeTurn("Book a table for two.", 0.8, 10.0, 20.0),)


@pytest.mark.parametrize(
    ("turn", "taken_back"), [("Book a table!", ()), ("book", (NotTheTurn(),)), (None, (NotTheTurn(),))]
)
def test_what_was_told_is_taken_back_unless_it_is_the_turn(
    turn: str | None, taken_back: tuple[NotTheTurn, ...]
) -> None:
    """And once only."""
    utterance = Utterance(10.0, 20.0, over_agent=False)
    assert utterance.not_the_turn(turn) == ()
    utterance.may_be_turn("book a table")
    assert utterance.not_the_turn(turn) == taken_back
    assert utterance.not_the_turn() == ()


def test_words_are_compared_without_case_and_punctuation() -> None:
    """Recognisers differ in both, also from one time to the next."""
    assert words_of("  Ah, it's 5 o'clock…") == ["ah", "it", "s", "5", "o", "clock"]
