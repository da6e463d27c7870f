"""What a crowd of callers has met, as their reports tell it."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.bench.calls import CallsBenchResult, Program, judge
from offhook.bench.process import BenchFailed


def report(*latencies: float | None, cause: str = "normal_clearing", finished: bool = True) -> dict[str, Any]:
    """Of a caller who asked so many questions."""
    turns = [
        {"answer": "none" if latency is None else "answered", "latency_ms": latency, "kind": "turn"}
        for latency in latencies
    ]
    caller = {"greeting_ms": 100.0 if cause != "user_busy" else None, "turns": turns, "finished": finished}
    return {"call": {"hangup_cause": cause}, "caller": caller}


def test_callers_are_counted_by_what_they_have_met() -> None:
    """Taken, busy, or failed; a question that was never asked is one without an answer."""
    reports = [report(500, 600, 700), report(500, None, 900), report(400, finished=False), report(cause="user_busy")]
    unheard: dict[str, Any] = {"greeting_ms": None, "turns": [], "finished": False}
    reports.append({"call": {"hangup_cause": "timeout"}, "caller": unheard})
    crowd = judge(reports, questions=3, limit=3)
    assert (crowd.offered, crowd.admitted, crowd.refused, crowd.failed) == (5, 3, 1, 2)
    assert (crowd.turns, crowd.answered, crowd.missed) == (9, 6, 3)
    assert (crowd.greeting_p50_ms, crowd.turn_p50_ms, crowd.turn_p95_ms) == (100, 550, 700)
    assert crowd.limit == 3


def test_a_crowd_of_which_nobody_was_taken_has_no_times() -> None:
    """They are not zero."""
    crowd = judge([report(cause="user_busy")], questions=3)
    assert (crowd.admitted, crowd.turn_p50_ms, crowd.turn_p95_ms, crowd.greeting_p50_ms) == (0, None, None, None)
    result = CallsBenchResult((crowd, judge([report(500)], questions=1)), cores=2, load_before=0.5)
    assert result.to_dict()["crowds"][1]["missed"] == 0
    assert result.table().columns[0].header == "callers"


@pytest.mark.slow
def test_a_program_that_does_not_get_ready_says_why() -> None:
    """With the last line that it wrote."""
    with Program("bench", "nothing", ready="never") as program, pytest.raises(BenchFailed, match="offhook bench"):
        program.port()
