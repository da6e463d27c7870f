"""Many calls at once on one process."""

from __future__ import annotations

import signal
from typing import Any

WAIT = {"wait_agent": True, "quiet_ms": 500, "timeout_s": 15}
CALLS = 10


def test_ten_callers_at_the_same_time_are_all_answered(make_office: Any, capsys: Any) -> None:
    """Every one is understood, answered and hung up in good order, and nothing is left of them."""
    office = make_office("desk:agent").ready()
    calls = [office.place(WAIT, {"say": "hours"}, WAIT, {"say": "thanks"}) for _ in range(CALLS)]
    reports = [office.over(call_id) for call_id in calls]
    for call_id, report in zip(calls, reports, strict=True):
        assert report["caller"]["missed_steps"] == []
        assert report["call"]["hangup_source"] == "callee"
        intents = [event["intent"] for event in office.told(call_id, "turn.reply")]
        assert intents == ["opening hours"]
        assert office.spoken(call_id)[-1][1] == "Thank you for calling, and goodbye."
    latencies = sorted(turn["latency_ms"] for report in reports for turn in report["caller"]["turns"])
    assert len(latencies) == 2 * CALLS
    health = office.health()[1]
    with capsys.disabled():
        print(
            f"\n{CALLS} calls at once: answers after {latencies[0]:.0f} to {latencies[-1]:.0f} ms, "
            f"median {latencies[CALLS]:.0f} ms; loop held up for {health['loop_stall']['worst_ms']:.0f} ms at worst"
        )
    assert (health["calls"], health["calls_up"], health["tasks"]) == (CALLS, 0, 0)
    assert (health["media"]["sockets"], health["media"]["open"]) == (CALLS, 0)
    assert health["media"]["frames"]["lost"] == 0
    assert health["webhooks"]["refused"] == {}
    stopped = [event["call"] for event in office.exchange.program.events("media.stopped")]
    assert [stopped.count(call_id) for call_id in calls] == [1] * CALLS
    assert office.agent.log == ""
    office.agent.signal(signal.SIGTERM)
    assert office.agent.wait() == 0
