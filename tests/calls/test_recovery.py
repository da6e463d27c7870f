"""What becomes of a leg that nobody here began: it is served, unless it is over or somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.calls.marks import PERSON, Mark
from offhook.calls.recovery import Found, Recovery, recover
from offhook.calls.state import CallRecord

AT = "2026-01-01T00:00:00Z"
RINGS: dict[str, Any] = {"direction": "inbound", "initiated_at": AT}
DIALLED: dict[str, Any] = {"direction": "outbound", "initiated_at": AT}
ANSWERED: dict[str, Any] = {"answered_at": AT}
BRIDGED: dict[str, Any] = {"bridged_at": AT}
OVER: dict[str, Any] = {"ended_at": AT}
OURS, THEIRS, NOBODYS = Mark("here"), Mark("there"), Mark("")


def found(facts: dict[str, Any], **more: Any) -> Found:
    return Found(record=CallRecord(call_id="v3:1", **facts), **more)


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        (found(RINGS), Recovery.ANSWER),
        (found(RINGS, alive=True), Recovery.ANSWER),
        (found(RINGS | ANSWERED, mark=OURS), Recovery.SERVE),
        (found(RINGS | ANSWERED, mark=NOBODYS), Recovery.SERVE),
        (found({}), Recovery.SERVE),
        (found(DIALLED, mark=OURS), Recovery.AWAIT),
        (found(DIALLED | ANSWERED, mark=OURS), Recovery.SERVE),
        (found(DIALLED | ANSWERED, ours=True), Recovery.SERVE),
    ],
)
def test_a_leg_with_somebody_on_it_is_served(leg: Found, expected: Recovery) -> None:
    """It is answered, waited for, or given audio, by where it is; one that is only heard of counts as answered."""
    assert recover(leg, "here") is expected


@pytest.mark.parametrize("leg", [found(RINGS, alive=False), found(RINGS | ANSWERED | OVER, alive=True)])
def test_a_leg_that_is_over_is_forgotten(leg: Found) -> None:
    """Whoever says so: the carrier, or an event."""
    assert recover(leg, "here") is Recovery.FORGET


@pytest.mark.parametrize(
    "leg",
    [
        found(RINGS | ANSWERED, mark=THEIRS),
        found(RINGS, mark=OURS, elsewhere=True),
        found(DIALLED),
        found(DIALLED | ANSWERED),
        found(DIALLED, mark=THEIRS),
        found(ANSWERED, mark=Mark("here", PERSON)),
    ],
)
def test_a_leg_that_is_somebody_elses_is_left_alone(leg: Found) -> None:
    """Another machine's, another worker's, and what others dialled: no leg is answered or served twice."""
    assert recover(leg, "here") is Recovery.LEAVE


@pytest.mark.parametrize("facts", [RINGS | ANSWERED, RINGS | ANSWERED | BRIDGED])
def test_a_caller_who_is_with_a_person_is_left_to_that_person(facts: dict[str, Any]) -> None:
    """Until there is no person any more: then the caller is ours again."""
    assert recover(found(facts | {"transferring": True}, others_live=True), "here") is Recovery.WATCH
    assert recover(found(facts | {"transferring": True}, others_live=False), "here") is Recovery.SERVE


def test_a_call_that_was_never_transferred_is_not_left_to_anyone() -> None:
    """Another leg of its session is not a person it talks to."""
    assert recover(found(RINGS | ANSWERED, others_live=True), "here") is Recovery.SERVE
