"""When an agent hands a caller over."""

from __future__ import annotations

import pytest

from offhook.agent.handover import Handover, Misses, Verdict

DESK = "+15550100050"
ANSWER, ASK_AGAIN, HAND_OVER = Verdict


def test_the_last_of_some_misses_in_a_row_hands_over() -> None:
    """A confident answer starts the count again, and so does the hand-over."""
    misses = Misses(Handover(to=DESK, below_confidence=0.5, after_misses=2))
    assert [misses.judge(c) for c in (0.4, 0.5, 0.4, 0.4, 0.4)] == [ASK_AGAIN, ANSWER, ASK_AGAIN, HAND_OVER, ASK_AGAIN]
    assert misses.reason == "the agent did not understand the caller 2 times in a row"


def test_one_miss_can_be_enough() -> None:
    """Then the caller is never asked again."""
    misses = Misses(Handover(to=DESK, below_confidence=0.9, after_misses=1))
    assert [misses.judge(c) for c in (0.89, 0.9)] == [HAND_OVER, ANSWER]
    assert misses.reason == "the agent did not understand the caller once"


def test_without_rules_they_are_those_that_are_left_out() -> None:
    """An agent without a person counts too: it then says that it cannot help."""
    misses = Misses(None)
    assert [misses.judge(c) for c in (0.5, 0.49, 0.49)] == [ANSWER, ASK_AGAIN, HAND_OVER]


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_the_bounds_of_the_threshold_are_thresholds(confidence: float) -> None:
    """Nothing is below 0, and only certainty is not below 1."""
    verdict = Misses(Handover(to=DESK, below_confidence=confidence)).judge(confidence)
    assert verdict is ANSWER
