"""What a plugin tells of a caller's words, as our recognisers tell it."""

from __future__ import annotations

import pytest

from offhook.errors import EngineUnavailable
from offhook.providers.livekit.hearing import NOTHING_PENDING_S, Hearing
from offhook.speech.streams import (
    EagerEnd,
    EndOfTurn,
    FinalWords,
    Onset,
    PartialWords,
    RecognitionEvent,
    TurnResumed,
    Word,
)
from offhook.waits import PROVIDER_WORDS

WORD = Word("hello", 0.0, 300.0)
START, INTERIM, EAGER = "start_of_speech", "interim_transcript", "preflight_transcript"
FINAL, END = "final_transcript", "end_of_speech"


class Told:
    """A stream, and what it has told."""

    def __init__(self, *, ends_turns: bool = False) -> None:
        self.hearing = Hearing("somebody", ends_turns=ends_turns)

    def hears(self, kind: str, text: str = "", confidence: float = 0.0, *words: Word) -> list[RecognitionEvent]:
        return [*self.hearing.received(kind, text, confidence, words)]


def test_words_are_told_as_they_come() -> None:
    """That somebody speaks, what may change, and what will not; how sure it is, where it says so."""
    told = Told()
    assert told.hears(START) == [Onset()]
    assert told.hears(INTERIM, "hel", 0.5) == [PartialWords("hel", 0.5)]
    assert told.hears(FINAL, "hello", 0.0, WORD) == [FinalWords("hello", 1.0, (WORD,))]


@pytest.mark.parametrize("kind", [INTERIM, EAGER, FINAL, END, "recognition_usage"])
def test_nothing_is_told_of_nothing(kind: str) -> None:
    """Of a transcript without words, or of anything else."""
    assert Told().hears(kind) == []


def test_words_for_good_answer_a_flush() -> None:
    """All that were asked for by then."""
    told = Told()
    told.hearing.speech_began()
    assert told.hearing.flush() == (1, PROVIDER_WORDS.limit_s)
    assert told.hearing.flush() == (2, PROVIDER_WORDS.limit_s)
    assert told.hears(FINAL, "hello") == [FinalWords("hello", flushed=2)]
    assert [*told.hearing.waited(1)] == []


def test_no_words_for_good_are_an_answer_too() -> None:
    """There were none."""
    told = Told()
    told.hearing.flush()
    assert told.hears(FINAL) == [FinalWords("", flushed=1)]


def test_where_all_words_are_for_good_already_others_are_not_waited_for_long() -> None:
    """What was told is the answer; the next utterance is waited for again."""
    told = Told()
    told.hearing.speech_began()
    told.hears(FINAL, "hello")
    for number in range(1, 5):
        assert told.hearing.flush() == (number, NOTHING_PENDING_S)
        assert [*told.hearing.waited(number)] == [FinalWords("", flushed=number)]
    told.hearing.speech_began()
    assert told.hearing.flush() == (5, PROVIDER_WORDS.limit_s)


def test_what_may_change_is_the_answer_where_nothing_comes_of_it() -> None:
    """After the time of a provider."""
    told = Told()
    told.hears(INTERIM, "hello", 0.75, WORD)
    assert told.hearing.flush() == (1, PROVIDER_WORDS.limit_s)
    assert [*told.hearing.waited(1)] == [PartialWords("hello", 0.75, (WORD,), 1)]


def test_one_that_tells_nothing_time_after_time_is_given_up() -> None:
    """An utterance without words is possible, two are not."""
    told = Told()
    told.hearing.flush()
    assert [*told.hearing.waited(1)] == [FinalWords("", flushed=1)]
    told.hearing.flush()
    with pytest.raises(EngineUnavailable, match="somebody"):
        [*told.hearing.waited(2)]


def test_the_end_of_speech_is_a_pause_unless_it_is_said_to_be_the_end_of_a_turn() -> None:
    """Most providers tell of every pause."""
    told = Told()
    told.hears(FINAL, "hello")
    assert told.hears(EAGER, "there") == [PartialWords("there")]
    assert told.hears(END) == []


def test_a_turn_is_all_that_was_said_in_it() -> None:
    """Also what may still change; the next turn begins anew."""
    told = Told(ends_turns=True)
    other = Word("there", 400.0, 700.0)
    told.hears(FINAL, "hello", 0.5, WORD)
    told.hears(FINAL, "you", 1.0)
    told.hears(INTERIM, "there", 0.9, other)
    told.hearing.flush()
    assert told.hears(END) == [EndOfTurn("hello you there", 0.75, (WORD, other), 1)]
    assert told.hears(END) == []
    told.hears(INTERIM, "yes")
    assert told.hears(END) == [EndOfTurn("yes")]


def test_the_end_of_a_turn_without_words_answers_a_flush() -> None:
    """Nothing was said."""
    told = Told(ends_turns=True)
    told.hearing.flush()
    assert told.hears(END) == [FinalWords("", flushed=1)]


def test_a_turn_that_is_probably_over_may_go_on() -> None:
    """The words so far are told to begin with, and taken back when others come."""
    told = Told(ends_turns=True)
    told.hears(FINAL, "hello")
    assert told.hears(EAGER, "there", 0.5) == [PartialWords("there", 0.5), EagerEnd("hello there", 0.5)]
    assert told.hears(INTERIM, "there") == [PartialWords("there")]
    assert told.hears(INTERIM, "there is") == [TurnResumed(), PartialWords("there is")]
    assert told.hears(INTERIM, "there is one") == [PartialWords("there is one")]
