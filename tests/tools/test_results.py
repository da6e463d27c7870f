"""What a tool has returned, as a model reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from offhook import HandOver, HangUp
from offhook.tools.results import LONGEST, outcome_of


@dataclass
class Slot:
    day: date
    free: int


RESULTS: list[tuple[Any, str]] = [
    ("At nine.", "At nine."),
    (None, "Done."),
    ("", "Done, with an empty result."),
    (3, "3"),
    ([1, "a"], '[1,"a"]'),
    ({"free": True}, '{"free":true}'),
    (Slot(date(2026, 12, 24), 2), '{"day":"2026-12-24","free":2}'),
    (float("nan"), '"NaN"'),
]


@pytest.mark.parametrize(("value", "text"), RESULTS, ids=repr)
def test_a_result_is_text_or_json(value: Any, text: str) -> None:
    """Whatever can be written so."""
    outcome = outcome_of(value)
    assert (outcome.text, outcome.failed, outcome.deed) == (text, False, None)


@pytest.mark.parametrize("value", [object(), lambda: None, {1: object()}])
def test_a_result_that_cannot_be_written_is_a_failure(value: Any) -> None:
    """It was done all the same: the model is told so."""
    outcome = outcome_of(value)
    assert outcome.failed
    assert "done" in outcome.text


def test_a_result_that_holds_itself_is_a_failure() -> None:
    """It has no end."""
    value: list[Any] = []
    value.append(value)
    assert outcome_of(value).failed


def test_a_megabyte_is_cut_and_said_to_be() -> None:
    """A model would pay for it, and a caller wait."""
    outcome = outcome_of("x" * 1_000_000)
    assert len(outcome.text) < LONGEST + 100
    assert outcome.text.endswith(f"[{1_000_000 - LONGEST} more characters are left out]")
    assert len(outcome_of(["x" * 100] * 1000).text) < LONGEST + 100


@pytest.mark.parametrize("deed", [HandOver("asked"), HangUp()])
def test_what_is_to_become_of_the_call_is_no_result(deed: Any) -> None:
    """The model is told that it comes after its words."""
    outcome = outcome_of(deed)
    assert outcome.deed is deed
    assert "once you have spoken" in outcome.text
