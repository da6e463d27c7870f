"""Whether what a caller says is a turn."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.agent.cascade.floor import Floor
from offhook.agent.cascade.judging import NoTurn, is_complete, judge, silences
from offhook.agent.cascade.utterance import Utterance
from offhook.agent.options import TurnOptions

OPTIONS = TurnOptions()


def said(length_ms: float = 500.0, *, over_agent: bool = True, **known: Any) -> Utterance:
    return Utterance(1000.0, 1000.0 + length_ms, over_agent, **known)


def agent(*, hello: bool = False, paused: bool = False) -> Floor:
    """It speaks."""
    floor = Floor(0.0, barge_in=True)
    floor.speaks(0.0, protected=False, hello=hello)
    if paused:
        floor.pause(1200.0)
    return floor


@pytest.mark.parametrize(
    ("utterance", "silent"),
    [
        (said(), False),
        (said(words_ms=60.0), True),
        (said(700.0), True),
        (said(live="book a table"), True),
        (said(live="okay"), False),
    ],
)
def test_an_agent_falls_silent_for_what_sounds_like_words_lasts_or_is_words(utterance: Utterance, silent: bool) -> None:
    """Not for a listener's, nor for a hum."""
    assert silences(utterance, agent(), OPTIONS) == silent


def test_a_hello_as_a_call_begins_silences_nobody() -> None:
    """Later it does."""
    assert not silences(said(live="Hello?"), agent(hello=True), OPTIONS)
    assert silences(said(live="Hello?"), agent(), OPTIONS)


@pytest.mark.parametrize(
    ("utterance", "text", "no_turn"),
    [
        (said(words_ms=60.0), "book a table", None),
        (said(words_ms=60.0), "Okay.", NoTurn("backchannel", "Okay.", clear=True)),
        (said(words_ms=40.0), "I am home", NoTurn("backchannel", "", clear=True)),
        (said(words_ms=40.0, answer=True), "okay", None),
        (said(words_ms=40.0, over_agent=False), "okay", None),
        (said(words_ms=60.0), "", NoTurn("unintelligible", "", clear=False)),
        (said(words_ms=60.0, yielded=True), "", None),
        (
            said(words_ms=60.0, answered="when are you open"),
            "When are you open?",
            NoTurn("answered", "When are you open?", clear=False),
        ),
        (said(words_ms=60.0, answered="when are you open"), "when are you open on sunday", None),
    ],
)
def test_words_are_a_turn_unless_something_speaks_against_it(
    utterance: Utterance, text: str, no_turn: NoTurn | None
) -> None:
    """What is said over the agent has to be more than a listener's, and what is said at all has to be words."""
    assert judge(utterance, text, agent(), OPTIONS) == no_turn


def test_an_agent_that_was_silenced_waits_for_no_more_words() -> None:
    """And what silenced it was no hum."""
    assert judge(said(words_ms=60.0), "", agent(paused=True), OPTIONS) == NoTurn("unintelligible", "", clear=True)
    assert judge(said(words_ms=10.0), "I am home", agent(paused=True), OPTIONS) is None


@pytest.mark.parametrize(
    ("known", "silence_ms", "complete"),
    [
        ({"complete": True, "confidence": 0.8}, 280.0, True),
        ({"complete": True, "confidence": 0.79}, 280.0, False),
        ({"complete": False, "confidence": 0.9}, 280.0, False),
        ({"complete": True, "confidence": 0.9}, 279.0, False),
    ],
)
def test_words_are_complete_if_they_are_certain_and_followed_by_silence(
    known: dict[str, Any], silence_ms: float, complete: bool
) -> None:
    """Then the end of the turn needs no longer a silence."""
    assert is_complete(said(**known), silence_ms, OPTIONS) == complete
