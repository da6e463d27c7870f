"""The lines of ``offhook serve``: when, which call, what, how it came out."""

from __future__ import annotations

from offhook.agent import events
from offhook.calls.events import CallOver, CallRinging, CallTurnedAway, MediaLost
from offhook.cli.calllog import CallLog, stamp, without_personal_data

CALL = "v3:0123456789abcdef"
CANARY = "+15557773311 Zanzibar"


def at(ms: float) -> dict[str, object]:
    return {"at_ms": 1_000_000.0 + ms, "call_id": CALL}


def told(*happened: object) -> list[str]:
    """The lines, without their stamps."""
    log = CallLog()
    lines = [log.line(one.to_dict()) for one in happened]  # type: ignore[attr-defined]
    return [line.partition("  ")[2] for line in lines if line is not None]


def test_a_call_is_told_from_ringing_to_its_end() -> None:
    """With how long it rang and lasted, and why it ended."""
    assert told(
        CallRinging(direction="inbound", **at(0)),  # type: ignore[arg-type]
        events.SessionStarted(agent="Desk", codec="PCMU", sample_rate=8000, **at(400)),  # type: ignore[arg-type]
        events.TurnHeard(text=CANARY, confidence=1, speech_began_at_ms=0, speech_ended_at_ms=0, **at(900)),  # type: ignore[arg-type]
        events.HandoverStarted(to=CANARY, reason=CANARY, **at(1000)),  # type: ignore[arg-type]
        events.HandoverDone(to=CANARY, reason=CANARY, **at(2000)),  # type: ignore[arg-type]
        events.SessionEnded(reason="handover", **at(2000)),  # type: ignore[arg-type]
        CallOver(cause="normal_clearing", **at(12_400)),  # type: ignore[arg-type]
    ) == [
        "ringing, inbound",
        "answered after 0.4 s, PCMU",
        "handing over",
        "handed over: connected",
        "ended after 12.0 s: normal clearing (handover)",
    ]


def test_failures_are_told() -> None:
    """By the name of what failed, whatever kind it is."""
    assert told(
        events.HandlerFailed(error="ValueError", **at(0)),  # type: ignore[arg-type]
        events.HandoverFailed(to=CANARY, reason=CANARY, cause="user_busy", **at(0)),  # type: ignore[arg-type]
        MediaLost(reason="media_timeout", **at(0)),  # type: ignore[arg-type]
        CallOver(cause="timeout", **at(0)),  # type: ignore[arg-type]
    ) == [
        "handler failed: ValueError",
        "handover failed: user_busy",
        "call media lost: media_timeout",
        "ended unanswered: timeout",
    ]


def test_calls_without_room_are_told() -> None:
    """What there was too little of, and what became of them."""
    assert told(
        CallTurnedAway(reason="recognition", passed_on=False, **at(0)),  # type: ignore[arg-type]
        CallTurnedAway(reason="max_calls", passed_on=True, **at(0)),  # type: ignore[arg-type]
    ) == ["no room for it (recognition): busy", "no room for it (max_calls): passed on"]


def test_a_line_begins_with_the_time_and_the_end_of_the_calls_id() -> None:
    """Local time, with milliseconds."""
    assert stamp({"at_ms": 0.0, "call": CALL})[23:] == " 89abcdef  "


def test_events_without_personal_data_keep_names_and_figures() -> None:
    """What is not known to be harmless goes."""
    heard = events.TurnHeard(text=CANARY, confidence=0.5, speech_began_at_ms=1, speech_ended_at_ms=2, **at(0))  # type: ignore[arg-type]
    assert without_personal_data(heard.to_dict()) == {
        "at_ms": 1_000_000.0,
        "source": "agent",
        "type": "turn.heard",
        "call": CALL,
        "confidence": 0.5,
        "speech_began_at_ms": 1,
        "speech_ended_at_ms": 2,
    }
    for one in (
        events.DigitPressed(digit="7", **at(0)),  # type: ignore[arg-type]
        events.HandoverStarted(to=CANARY, reason=CANARY, **at(0)),  # type: ignore[arg-type]
    ):
        assert set(without_personal_data(one.to_dict())) == {"at_ms", "source", "type", "call"}
    whole = events.SpeechIgnored(reason="noise", text=CANARY, **at(0))  # type: ignore[arg-type]
    assert without_personal_data(whole.to_dict())["reason"] == "noise"
    assert set(without_personal_data({"type": "new", "at_ms": 1, "words": [CANARY], "who": CANARY})) == {
        "type",
        "at_ms",
    }
