"""What is told of a call, as lines of its timeline."""

from __future__ import annotations

import pytest

from offhook.calls.events import (
    CallFact,
    CallOver,
    CallRinging,
    CallTurnedAway,
    MediaLost,
    TransferBridged,
    TransferFailed,
)


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (CallRinging(at_ms=5, call_id="c", direction="inbound"), {"type": "call.ringing", "direction": "inbound"}),
        (
            CallTurnedAway(at_ms=5, call_id="c", reason="voice", passed_on=True),
            {"type": "call.turned_away", "reason": "voice", "passed_on": True},
        ),
        (CallOver(at_ms=5, call_id="c", cause="normal_clearing"), {"type": "call.ended", "cause": "normal_clearing"}),
        (MediaLost(at_ms=5, call_id="c", reason="closed"), {"type": "call.media_lost", "reason": "closed"}),
        (TransferBridged(at_ms=5, call_id="c"), {"type": "call.transfer_bridged"}),
        (TransferFailed(at_ms=5, call_id="c", cause="busy"), {"type": "call.transfer_failed", "cause": "busy"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, CallFact) else "",
)
def test_a_fact_is_a_line_that_says_when_who_what_and_of_which_call(fact: CallFact, line: dict[str, object]) -> None:
    """The first four are the same for every fact, so that any reader can sort and filter them."""
    told = fact.to_dict()
    assert told == {"at_ms": 5, "source": "server", "call": "c", **line}
    assert list(told)[:4] == ["at_ms", "source", "type", "call"]
