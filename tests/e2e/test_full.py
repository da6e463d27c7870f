"""More callers than there is room for."""

from __future__ import annotations

from typing import Any

import pytest

PERSON = "+15550106"
STAYS = ({"wait_s": 60},)
"""What a caller does who takes the only place."""


@pytest.fixture
def crowded(make_office: Any, waiting: Any) -> Any:
    """``crowded(env)``: an agent with room for one, who has one; and the id of that call."""

    def open_office(**env: str) -> tuple[Any, str]:
        office = make_office("crowded:agent", {"OFFHOOK_MEASURE_CAPACITY": "1", **env}).ready()
        first = office.place(*STAYS)
        waiting(lambda: office.told(first, "agent.speech_ended"), "the greeting")
        return office, first

    return open_office


def test_a_second_caller_hears_that_it_is_busy_and_the_first_is_served(crowded: Any) -> None:
    """At once, with the webhook taken; and health says so."""
    office, first = crowded()
    second = office.place({"wait_s": 5}, {"hang_up": True})
    report = office.over(second)
    assert report["call"]["hangup_cause"] == "user_busy"
    assert report["caller"]["greeting_ms"] is None
    (refused,) = office.told(second, "call.turned_away")
    assert (refused["reason"], refused["passed_on"]) == ("voice", False)
    status, health = office.health()
    assert (status, health["status"]) == (200, "full")
    assert health["webhooks"]["refused"] == {}
    assert (health["capacity"]["limit"], health["capacity"]["refused"]) == (1, {"voice": 1})
    assert office.exchange.report(first)["call"]["state"] == "answered"
    assert "full with 1 calls (voice)" in office.agent.log
    office.exchange.hang_up(first)
    office.over(first)
    third = office.place({"wait_s": 0.5}, {"hang_up": True})
    assert office.over(third)["caller"]["greeting_ms"] is not None


def test_a_second_caller_is_passed_on_without_being_answered_here(crowded: Any) -> None:
    """A person takes the call; the agent has never had its audio."""
    office, first = crowded(OFFHOOK_OVERFLOW_TO=PERSON)
    second = office.place({"expect_person": True}, {"wait_s": 0.5}, {"hang_up": True})
    report = office.over(second)
    assert report["caller"]["heard_person"]
    assert office.exchange.journal(second, "media.started") == []
    assert [event["passed_on"] for event in office.told(second, "call.turned_away")] == [True]
    office.exchange.hang_up(first)
