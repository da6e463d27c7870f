"""What can be set about a conversation, and what cannot."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields

import pytest

from offhook.agent.options import Limits, TurnOptions
from offhook.errors import ConfigError

NAMES = [field.name for field in fields(Limits)]


def limits(name: str, value: float) -> Limits:
    """Limits with one of them set."""
    return Limits(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, -0.001, math.nan])
def test_a_limit_below_nothing_is_refused(name: str, value: float) -> None:
    """The error names the limit and its default."""
    default = next(field.default for field in fields(Limits) if field.name == name)
    with pytest.raises(ConfigError, match=f"expected {name} above 0, got {value!r}") as refused:
        limits(name, value)
    assert repr(default) in str(refused.value.fix)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "reminders"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    """What may take no time at all can only fail."""
    with pytest.raises(ConfigError, match=f"expected {name} above 0, got 0"):
        limits(name, 0)
    assert getattr(limits(name, 0.001), name) == 0.001


def test_no_reminder_is_a_number_of_reminders() -> None:
    """The silence then ends the call."""
    assert Limits(reminders=0).reminders == 0


def test_a_word_is_spoken_before_a_turn_ends_and_words_that_are_known_end_it_sooner() -> None:
    """The defaults keep the order of what can happen in a silence: a guess, an early end, the end."""
    options = TurnOptions()
    assert 0 < options.draft_ms < options.complete_endpoint_ms < options.endpoint_ms < options.max_utterance_ms
    assert 0 < options.silence_below < options.speech_above < 1
    assert options.min_speech_ms <= options.words_ms < options.hum_ms < options.yield_ms


def test_what_was_set_stays_as_it_is() -> None:
    """One set of options serves many calls."""
    with pytest.raises(FrozenInstanceError):
        TurnOptions().barge_in = False  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Limits().silence_s = 1.0  # type: ignore[misc]


def test_a_turn_detection_that_there_is_not_is_refused() -> None:
    """Those that there are are listed."""
    TurnOptions(turn_detection="both")
    with pytest.raises(ConfigError, match="expected a turn detection of vad, stt or both, got a text of 3 characters"):
        TurnOptions(turn_detection="eou")  # type: ignore[arg-type]
