"""The words of an utterance, put together from what a recogniser tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.agent.cascade.words import Told, WordsSoFar
from offhook.speech.streams import EagerEnd, EndOfTurn, FinalWords, PartialWords, Word

if TYPE_CHECKING:
    from offhook.agent.cascade.words import WordsEvent


def told(*events: WordsEvent | str) -> str:
    """What is told after these events, a second apart; ``began``, ``over`` and ``cut off`` are those of utterances."""
    words = WordsSoFar()
    for at_s, event in enumerate(events):
        match event:
            case "began" | "goes on":
                words.began(at_s * 1000.0, goes_on=event == "goes on")
            case "over" | "cut off":
                words.over(keep=event == "cut off")
            case "restart":
                words.restart()
            case str():
                words.take(PartialWords(event), at_s * 1000.0)
            case _:
                words.take(event, at_s * 1000.0)
    return words.told.text


def test_words_that_may_change_follow_those_that_will_not() -> None:
    """Each replaces the one before; final words take their place."""
    assert told("began", "book", "book a") == "book a"
    assert told("began", "book a", FinalWords("book a table"), "for") == "book a table for"
    assert told("began", FinalWords("book a table"), FinalWords("for two")) == "book a table for two"
    assert told("began", "boo", FinalWords("")) == ""


def test_the_end_of_a_turn_holds_all_of_it() -> None:
    """Also what was told before; the utterance may go on, and then the next turn is added."""
    assert told("began", FinalWords("book a"), "table", EndOfTurn("book a table")) == "book a table"
    assert told("began", EndOfTurn("book a table"), "for two") == "book a table for two"
    assert told("began", EndOfTurn("book a table"), EndOfTurn("for two")) == "book a table for two"


def test_an_eager_end_is_all_of_a_turn_until_something_else_is_told() -> None:
    """Final words from before it stay."""
    assert told("began", FinalWords("book a"), "tab", EagerEnd("book a table")) == "book a table"
    assert told("began", FinalWords("book a"), EagerEnd("book a table"), "table for") == "book a table for"
    assert told("began", EagerEnd("book a table"), EndOfTurn("book a table")) == "book a table"


@pytest.mark.parametrize(
    "after",
    [
        ("book a table",),
        (FinalWords("book a table"),),
        (FinalWords("book a"), "table"),
        (FinalWords("book a"), EagerEnd("book a table")),
        (EagerEnd("Book a table."),),
    ],
)
def test_what_is_decided_upon_is_not_told_again(after: tuple[WordsEvent | str, ...]) -> None:
    """However it comes again: as words that are final now, or as the end of the recogniser's own turn."""
    assert told("began", *after, "over") == ""
    assert told("began", *after, "over", "began") == ""
    assert told("began", *after, "over", EndOfTurn("Book a table.")) == ""
    assert told("began", *after, "over", "began", EndOfTurn("Book a table, for two.")) == "for two."
    assert told("began", *after, "over", EagerEnd("book a table")) == ""
    assert told("began", *after, "over", EndOfTurn("book a table"), "began", "yes") == "yes"


def test_words_that_become_final_after_they_were_decided_upon_are_not_told_again() -> None:
    """Only what is new in them is."""
    assert told("began", "book a", "over", FinalWords("book a table")) == "table"
    assert told("began", FinalWords("book"), "a tab", "over", FinalWords("a tab"), "please") == "please"
    assert told("began", FinalWords("book"), "over", "began", FinalWords("book")) == "book"


def test_words_that_were_taken_back_after_they_were_decided_upon_hide_no_others() -> None:
    """The same place may hold other words now."""
    assert told("began", "uh", "over", "began", "book a table") == "book a table"


def test_words_of_before_an_utterance_are_none_of_its_unless_they_are_new() -> None:
    """Voice activity is late now and then, but not by a second."""
    words = WordsSoFar()
    words.take(PartialWords("what"), 1000.0)
    words.began(1400.0)
    assert words.told.text == "what"
    words.over()
    words.take(FinalWords("what a nice day"), 2000.0)
    words.began(2600.0)
    words.take(PartialWords("book"), 3000.0)
    assert words.told.text == "book"


def test_an_utterance_that_was_cut_off_may_go_on() -> None:
    """Its words are told again then, with the rest; otherwise not."""
    assert told("began", FinalWords("when are"), "cut off", "goes on", "you open") == "when are you open"
    assert told("began", FinalWords("when are"), "cut off", "began", "hello") == "hello"
    assert told("began", FinalWords("when are"), "over", "goes on", "hello") == "hello"


def test_another_recogniser_begins_anew() -> None:
    """Nothing that the first has told is told twice."""
    assert told("began", EndOfTurn("book"), FinalWords("a"), "table", "restart", "book a table") == "book a table"


def test_the_certainty_is_that_of_the_words_on_average() -> None:
    """A long certain part counts for more than a short doubtful one."""
    words = WordsSoFar()
    assert words.told == Told("", 0.0)
    words.take(FinalWords("one two three", 1.0), 0.0)
    words.take(PartialWords("four", 0.2), 0.0)
    assert words.told.confidence == pytest.approx(0.8)


def test_the_times_of_words_are_told_where_all_are_known() -> None:
    """Without those of the words that were decided upon."""
    one, two, three = (Word(text, at, at + 90.0) for text, at in (("one", 0.0), ("two", 100.0), ("three", 200.0)))
    words = WordsSoFar()
    words.take(FinalWords("one two", words=(one, two)), 0.0)
    assert words.told == Told("one two", 1.0, (one, two))
    words.over()
    words.take(PartialWords("three"), 0.0)
    assert words.told == Told("three", 1.0)
    words.take(EndOfTurn("One, two; three.", words=(one, two, three)), 0.0)
    assert words.told == Told("three.", 1.0, (three,))


TEXT = st.lists(st.sampled_from(["book", "a", "Table,", "for", "two"]), max_size=4).map(" ".join)
EVENT = st.one_of(
    TEXT.map(PartialWords),
    TEXT.map(FinalWords),
    TEXT.map(EagerEnd),
    TEXT.map(EndOfTurn),
    st.sampled_from(["began", "goes on", "over", "cut off", "restart"]),
)


@given(st.lists(EVENT))
def test_an_utterance_that_is_over_has_no_words_until_there_are_new_ones(events: list[WordsEvent | str]) -> None:
    """Whatever was told before."""
    assert told(*events, "over") == ""


@given(st.lists(TEXT, min_size=1), st.lists(TEXT))
def test_no_final_words_are_lost_or_told_twice(first: list[str], second: list[str]) -> None:
    """Of one utterance, and then of the next, of one turn of the recogniser's."""
    events = [FinalWords(text) for text in first]
    assert told("began", *events).split() == " ".join(first).split()
    more = [FinalWords(text) for text in second]
    assert told("began", *events, "over", "began", *more).split() == " ".join(second).split()
