"""Which facts the journal keeps, and under what name."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.exchange.legs import facts
from offhook.exchange.legs.machine import Ending, Leg, LegState
from offhook.exchange.legs.timeline import entry
from offhook.exchange.words.fields import StreamOptions

LEG = Leg(
    call_id="v3:a",
    leg_id="leg",
    session_id="session",
    connection_id="1",
    direction="inbound",
    from_="+15550150",
    to="+15550199",
    started_ms=0,
    state=LegState.PARKED,
)
STREAM = StreamOptions(url="wss://app.example/m?token=secret")

KEPT: list[tuple[facts.Fact, str, dict[str, Any]]] = [
    (facts.StateReached(LEG, 0), "leg.state", {"state": "parked", "direction": "inbound", "session": "session"}),
    (facts.SpeakEnded(LEG, 0, "s", "failed", "no voice"), "media.speak_failed", {"reason": "no voice"}),
    (facts.PlaybackEnded(LEG, 0, "p", None, "failed", "404"), "media.playback_failed", {"reason": "404"}),
    (facts.StreamStarted(LEG, 0, "id", STREAM), "media.started", {"stream_id": "id"}),
    (facts.StreamStopped(LEG, 0, "id", STREAM), "media.stopped", {"stream_id": "id"}),
    (facts.StreamFailed(LEG, 0, "id", STREAM, "x"), "media.failed", {"stream_id": "id", "reason": "x"}),
    (facts.LineFailed(LEG, 0, "OSError"), "line.failed", {"error": "OSError"}),
    (
        facts.HungUp(LEG, 0, Ending("normal_clearing", "caller", "200")),
        "call.ended",
        {"cause": "normal_clearing", "hangup_source": "caller", "sip_cause": "200"},
    ),
]


@pytest.mark.parametrize(("fact", "name", "fields"), KEPT, ids=[name for _, name, _ in KEPT])
def test_a_fact_for_the_journal_has_a_name_and_fields(fact: facts.Fact, name: str, fields: dict[str, Any]) -> None:
    """None of them holds a number, a key or an address."""
    assert entry(fact) == (name, fields)


@pytest.mark.parametrize("fact", [facts.DigitPressed(LEG, 0, "5"), facts.SpeakEnded(LEG, 0, "s", "completed")])
def test_other_facts_are_not_kept(fact: facts.Fact) -> None:
    """A key that was pressed least of all."""
    assert entry(fact) is None
