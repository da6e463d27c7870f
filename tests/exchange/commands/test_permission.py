"""Which command a leg may be given, and the carrier's error if not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offhook.exchange import commands
from offhook.exchange.commands.registry import Registry, families
from offhook.exchange.legs.machine import Ending, Leg, LegState
from offhook.exchange.words.errors import ApiError

REGISTRY = Registry(families(commands))


def leg(direction: Any = "inbound", state: LegState | None = None, **more: Any) -> Leg:
    first = LegState.PARKED if direction == "inbound" else LegState.DIALING
    return Leg(
        call_id="v3:a",
        leg_id="leg",
        session_id="session",
        connection_id="1",
        direction=direction,
        from_="+15550150",
        to="+15550199",
        started_ms=1000.0,
        state=state or first,
        **more,
    )


INBOUND, OUTBOUND = leg(), leg("outbound")
ANSWERED = replace(INBOUND, state=LegState.ANSWERED, answered_ms=2000.0)
ANSWERED_OUT = replace(OUTBOUND, state=LegState.ANSWERED, answered_ms=2000.0)
BRIDGED = replace(ANSWERED, state=LegState.BRIDGED, peer="v3:b")
ENDED = replace(ANSWERED, state=LegState.ENDED, ended_ms=3000.0, ending=Ending("normal_clearing", "caller", "200"))


@pytest.mark.parametrize(
    ("before", "action", "code"),
    [
        (ENDED, "hangup", "90018"),
        (ENDED, "speak", "90018"),
        (OUTBOUND, "answer", "90102"),
        (ANSWERED_OUT, "answer", "90102"),
        (OUTBOUND, "reject", "90102"),
        (ANSWERED, "reject", "10015"),
        (INBOUND, "speak", "90034"),
        (OUTBOUND, "streaming_start", "90034"),
        (INBOUND, "bridge", "90034"),
    ],
)
def test_what_may_not_be_commanded(before: Leg, action: str, code: str) -> None:
    """The carrier's code for each."""
    with pytest.raises(ApiError) as refusal:
        REGISTRY.command(action).permit(before)
    assert (refusal.value.status, refusal.value.code) == (422, code)


@pytest.mark.parametrize(
    ("before", "action"),
    [
        (INBOUND, "answer"),
        (INBOUND, "reject"),
        (INBOUND, "transfer"),
        (OUTBOUND, "hangup"),
        (INBOUND, "client_state_update"),
        (ANSWERED, "answer"),
        (ANSWERED, "speak"),
        (BRIDGED, "speak"),
    ],
)
def test_what_may_be_commanded(before: Leg, action: str) -> None:
    """Before the answer only what does not need audio."""
    REGISTRY.command(action).permit(before)
