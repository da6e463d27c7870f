"""Who decides that a turn is over."""

from __future__ import annotations

import pytest

from offhook.agent.cascade.turn_end import TurnEnd
from offhook.agent.options import Limits, TurnDetection, TurnOptions


def end_of(detection: TurnDetection | None, *, ends_turns: bool) -> TurnEnd:
    end = TurnEnd(TurnOptions(turn_detection=detection), Limits(end_of_turn_s=2))
    end.hears(ends_turns=ends_turns)
    return end


@pytest.mark.parametrize(
    ("detection", "ends_turns", "voice", "recogniser"),
    [
        (None, False, True, False),
        (None, True, False, True),
        ("vad", True, True, False),
        ("stt", True, False, True),
        ("stt", False, True, False),
        ("both", True, True, True),
        ("both", False, True, False),
    ],
)
def test_it_is_decided_as_the_options_say_and_the_recogniser_allows(
    detection: TurnDetection | None, ends_turns: bool, voice: bool, recogniser: bool
) -> None:
    """One that ends no turns leaves that to voice activity, whatever was wished for."""
    end = end_of(detection, ends_turns=ends_turns)
    assert (end.by_voice, end.by_recogniser) == (voice, recogniser)


def test_a_silence_ends_a_turn_soon_or_only_as_the_last_resort() -> None:
    """The last where the recogniser is to say it, and can hear that there is silence."""
    assert end_of("vad", ends_turns=True).silence_ms(stopped=False) == 400
    assert end_of("stt", ends_turns=True).silence_ms(stopped=False) == 2000
    assert end_of("stt", ends_turns=True).silence_ms(stopped=True) == 400


def test_a_recogniser_that_ends_turns_is_asked_for_words_only_where_it_seems_not_to_be_there() -> None:
    """It would take the question for the end of a turn."""
    assert end_of("both", ends_turns=True).draft_ms(words=True, stopped=False) == 160
    end = end_of("stt", ends_turns=True)
    assert [end.draft_ms(words=words, stopped=False) for words in (True, False)] == [2000, 400]
    assert end.draft_ms(words=True, stopped=True) == 160


def test_a_recogniser_that_leaves_a_turn_open_decides_no_more_until_it_ends_one() -> None:
    """The next callers of a call that it fails are not kept waiting, either."""
    end = end_of("stt", ends_turns=True)
    decides = []
    for happens in (end.missed, end.missed, end.ended, end.missed, lambda: end.hears(ends_turns=True)):
        happens()
        decides.append((end.by_voice, end.by_recogniser))
    assert decides == [(True, True), (True, True), (False, True), (True, True), (False, True)]


def test_a_silence_that_was_to_end_the_turn_is_nothing_that_a_recogniser_has_missed() -> None:
    """The next one may still be to decide."""
    end = end_of("stt", ends_turns=False)
    end.missed()
    end.hears(ends_turns=True)
    assert not end.by_voice
