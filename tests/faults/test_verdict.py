"""Whether a call went on as it is to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.faults.cases import FALLBACK, SAID, Case
from offhook.faults.scripts import CALLER
from offhook.faults.trial import Conversation
from offhook.faults.verdict import judge

CASE = Case(role="voice", provider="deepgram", fault="breaks off", door="aura", stage="audio", kind="reset")
USUAL = Conversation(
    heard=CALLER, said=((SAID,), (FALLBACK,)), first_ms=400.0, gap_ms=20.0, sounded_ms=(2400.0, 1200.0)
)


def test_a_call_on_which_nothing_went_wrong_is_right() -> None:
    """However the words are spelt, and whatever piece they come in."""
    pieces = tuple(part + "." for part in SAID.lower().split(".") if part)
    verdict = judge(CASE, replace(USUAL, said=(pieces, (SAID,))), USUAL)
    assert verdict.ok
    assert verdict.later_ms == 0
    assert verdict.to_dict() == {
        "role": "voice",
        "provider": "deepgram",
        "fault": "breaks off",
        "ok": True,
        "later_ms": 0,
        "wrong": [],
    }


@pytest.mark.parametrize(
    ("had", "wrong"),
    [
        (replace(USUAL, error="NoVoice"), "ended with NoVoice"),
        (replace(USUAL, heard=CALLER[:1]), "heard as 1"),
        (replace(USUAL, heard=("What?", CALLER[1])), "heard as 2"),
        (replace(USUAL, said=(("We open at nine.",), (FALLBACK,))), "12 words 4 were heard"),
        (replace(USUAL, said=((SAID, SAID), (FALLBACK,))), "12 words 24 were heard"),
        (replace(USUAL, said=((SAID,), ())), "second answer"),
        (replace(USUAL, first_ms=2001.0), "1601 ms longer"),
        (replace(USUAL, gap_ms=1700.0), "1680 ms longer"),
        (replace(USUAL, sounded_ms=(2800.0, 1200.0)), "400 ms more were heard"),
    ],
)
def test_what_is_not_as_it_is_to_be_is_told(had: Conversation, wrong: str) -> None:
    """Each by itself."""
    verdict = judge(CASE, had, USUAL)
    assert len(verdict.wrong) == 1
    assert wrong in verdict.wrong[0]
    assert not verdict.ok


def test_words_may_be_missing_where_that_is_stated_but_none_may_be_twice() -> None:
    """And most of them are heard, in their order."""
    case = replace(CASE, gaps=True)
    words = SAID.split()
    assert judge(case, replace(USUAL, said=((" ".join(words[:3] + words[5:]),), (FALLBACK,))), USUAL).ok
    for said in (words[:4] + words[3:], words[::-1], words[:5]):
        assert not judge(case, replace(USUAL, said=((" ".join(said),), (FALLBACK,))), USUAL).ok


def test_a_filler_is_no_part_of_the_answer_and_buys_time() -> None:
    """Where it is stated that the caller hears one."""
    case = replace(CASE, filler=True)
    had = replace(USUAL, said=(("One moment.", SAID), (FALLBACK,)), first_ms=1900.0, gap_ms=2500.0)
    assert judge(case, had, USUAL).ok


def test_an_answer_that_is_interrupted_is_heard_up_to_there() -> None:
    """Its beginning, and nothing else before the interruption."""
    case = replace(CASE, interrupts=True)
    assert judge(case, replace(USUAL, said=((), ("We open at", FALLBACK))), USUAL).ok
    assert judge(case, replace(USUAL, said=(("We open at",), (FALLBACK,))), USUAL).ok
    assert not judge(case, replace(USUAL, said=(("Good morning.",), (FALLBACK,))), USUAL).ok
    assert judge(replace(case, reworded=True), replace(USUAL, said=(("Good morning.",), (FALLBACK,))), USUAL).ok


def test_a_call_that_was_not_over_has_no_time() -> None:
    """Nothing is later than never."""
    verdict = replace(judge(CASE, USUAL, USUAL), later_ms=None)
    assert verdict.to_dict()["later_ms"] is None
