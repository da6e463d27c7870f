"""The payloads of every event, measured with the carrier's own models: nothing missing, nothing invented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import telnyx.types as models

from offhook.exchange.legs import facts
from offhook.exchange.legs.machine import Ending, Leg, LegState
from offhook.exchange.webhooks.payloads import envelope, event_of
from offhook.exchange.words.fields import StreamOptions
from offhook.exchange.words.settings import WebhookAssumptions

LEG = Leg(
    call_id="v3:a",
    leg_id="leg",
    session_id="session",
    connection_id="1",
    direction="inbound",
    from_="+15550150",
    to="+15550199",
    started_ms=1_780_000_000_123.456,
    state=LegState.PARKED,
    client_state="YQ==",
)
OUT = replace(LEG, direction="outbound", state=LegState.DIALING, caller_name="Front desk")
ENDING = Ending("normal_clearing", "caller", "200")
ENDED = replace(
    LEG,
    state=LegState.ENDED,
    answered_ms=LEG.started_ms + 1000,
    ended_ms=LEG.started_ms + 11_000,
    ending=ENDING,
)
ASSUMED = WebhookAssumptions()
STREAM = StreamOptions(url="wss://app.example/m")

REAL = {
    "call.initiated": {"calling_party_type", "from_sip_uri", "to_sip_uri"},
    "call.answered": {"calling_party_type", "codec", "sampling_rate"},
    "call.bridged": {"calling_party_type"},
    "call.hangup": {"calling_party_type", "end_time"},
    "call.speak.started": {"calling_party_type", "speak_id"},
    "call.speak.ended": {"calling_party_type", "speak_id"},
    "call.gather.ended": {"gather_id"},
}
"""Fields that the carrier's models lack: seen in captured webhooks, or promised where the command is described."""

BASE = {"call_control_id", "call_leg_id", "call_session_id", "connection_id", "client_state"}
OPTIONAL = {
    "call.initiated": {
        "call_screening_result",
        "shaken_stir_attestation",
        "shaken_stir_validated",
        "sip_headers",
        "custom_headers",
        "tags",
    },
    "call.answered": {"custom_headers", "sip_headers", "tags", "state"},
    "call.hangup": {"custom_headers", "sip_headers", "tags", "state"},
    "call.playback.started": {"media_name"},
    "call.playback.ended": {"media_name", "status_detail"},
}
"""Fields of the models that a plain call does not have, or that captured webhooks lack."""

CASES: list[tuple[str, Any, facts.Fact]] = [
    ("call.initiated", models.CallInitiatedWebhookEvent, facts.Initiated(LEG, 0)),
    ("call.answered", models.CallAnsweredWebhookEvent, facts.Answered(LEG, 0)),
    ("call.bridged", models.CallBridgedWebhookEvent, facts.Bridged(LEG, 0, "v3:b")),
    ("call.hangup", models.CallHangupWebhookEvent, facts.HungUp(ENDED, 0, ENDING)),
    ("call.speak.started", models.CallSpeakStartedWebhookEvent, facts.SpeakStarted(LEG, 0, "s")),
    ("call.speak.ended", models.CallSpeakEndedWebhookEvent, facts.SpeakEnded(LEG, 0, "s", "completed")),
    ("call.playback.started", models.CallPlaybackStartedWebhookEvent, facts.PlaybackStarted(LEG, 0, "p", "http://a")),
    (
        "call.playback.ended",
        models.CallPlaybackEndedWebhookEvent,
        facts.PlaybackEnded(LEG, 0, "p", "http://a", "completed"),
    ),
    ("call.dtmf.received", models.CallDtmfReceivedWebhookEvent, facts.DigitPressed(LEG, 0, "5")),
    ("call.gather.ended", models.CallGatherEndedWebhookEvent, facts.GatherEnded(LEG, 0, "g", "12", "valid")),
    ("streaming.started", models.CallStreamingStartedWebhookEvent, facts.StreamStarted(LEG, 0, "id", STREAM)),
    ("streaming.stopped", models.CallStreamingStoppedWebhookEvent, facts.StreamStopped(LEG, 0, "id", STREAM)),
    ("streaming.failed", models.CallStreamingFailedWebhookEvent, facts.StreamFailed(LEG, 0, "id", STREAM, "x")),
]


def payload_of(fact: facts.Fact, assumed: WebhookAssumptions = ASSUMED) -> dict[str, Any]:
    event = event_of(fact, assumed)
    assert event is not None
    return event.payload


def typed(model: Any, event_type: str, payload: dict[str, Any]) -> Any:
    return model.model_validate_json(envelope(event_type, "id", 0.0, payload, 1, "http://a"))


@pytest.mark.parametrize(("event_type", "model", "fact"), CASES, ids=[case[0] for case in CASES])
def test_a_payload_has_every_field_of_its_model_and_no_other(event_type: str, model: Any, fact: facts.Fact) -> None:
    """Beyond the model only what was seen on the wire; missing only what was not."""
    event = event_of(fact, ASSUMED)
    assert event is not None
    assert event.type == event_type
    payload = event.payload
    data = typed(model, event_type, payload).data
    assert data.event_type == event_type
    assert data.record_type == "event"
    assert set(data.payload.model_extra or {}) == REAL.get(event_type, set())
    fields = type(data.payload).model_fields
    wire = {field.alias or name for name, field in fields.items()}
    assert wire - set(payload) == OPTIONAL.get(event_type, set())
    assert set(payload) >= BASE


def test_enumerated_fields_hold_the_carriers_words() -> None:
    """Direction, state, cause, source."""
    inbound, outbound = payload_of(facts.Initiated(LEG, 0)), payload_of(facts.Initiated(OUT, 0))
    assert (inbound["direction"], inbound["state"]) == ("incoming", "parked")
    assert (outbound["direction"], outbound["state"]) == ("outgoing", "bridging")
    assert outbound["caller_id_name"] == "Front desk"
    assert "caller_id_name" not in payload_of(facts.Initiated(replace(OUT, caller_name=""), 0))
    with_headers = facts.Initiated(replace(LEG, custom_headers=(("X-A", "b"),)), 0)
    assert payload_of(with_headers)["custom_headers"] == [{"name": "X-A", "value": "b"}]


def test_what_is_known_of_the_number_and_the_headers_is_told() -> None:
    """The number's tags in three events; the INVITE's headers in the first, the answer's in the others."""
    leg = replace(ENDED, tags=("main",), custom_headers=(("X-A", "b"),), answer_headers=(("X-C", "d"),))
    three = (facts.Initiated(leg, 0), facts.Answered(leg, 0), facts.HungUp(leg, 0, ENDING))
    payloads = [payload_of(fact) for fact in three]
    assert [one["tags"] for one in payloads] == [["main"]] * 3
    assert [one["custom_headers"][0]["name"] for one in payloads] == ["X-A", "X-C", "X-C"]


def test_a_sip_caller_is_said_to_be_one() -> None:
    """calling_party_type, and the URI is kept."""
    payload = payload_of(facts.Initiated(replace(LEG, from_="sip:a@example.test"), 0))
    assert (payload["calling_party_type"], payload["from_sip_uri"]) == ("sip", "sip:a@example.test")


def test_quality_figures_are_strings_and_absent_without_an_answer() -> None:
    """500 packets of 20 ms in 10 s."""
    stats = payload_of(facts.HungUp(ENDED, 0, ENDING))["call_quality_stats"]
    assert stats["inbound"]["packet_count"] == "500"
    assert stats["inbound"]["mos"] == "4.50"
    assert payload_of(facts.HungUp(replace(ENDED, answered_ms=None), 0, ENDING))["call_quality_stats"] is None


def test_a_wideband_call_says_so() -> None:
    """G722 carries 16 kHz."""
    assert payload_of(facts.Answered(replace(LEG, codec="G722"), 0))["sampling_rate"] == 16_000


def test_a_reason_for_a_failed_playback_is_given() -> None:
    """status_detail, only then."""
    failed = payload_of(facts.PlaybackEnded(LEG, 0, "p", None, "failed", "x"))
    assert (failed["status"], failed["status_detail"]) == ("failed", "x")
    completed = payload_of(facts.PlaybackEnded(LEG, 0, "p", None, "completed"))
    assert not {"media_url", "status_detail"} & set(completed)


@pytest.mark.parametrize("outcome", ["stopped", "failed"])
def test_a_text_that_is_cut_off_ends_with_a_documented_status(outcome: facts.Outcome) -> None:
    """completed, unless the setting says cancelled; the carrier's own library then takes it for what it is."""
    ended = facts.SpeakEnded(LEG, 0, "s", outcome)
    assert payload_of(ended)["status"] == "completed"
    assert payload_of(ended, WebhookAssumptions(cut_speak_status="cancelled"))["status"] == "cancelled"
    assert payload_of(facts.SpeakEnded(LEG, 0, "s", "hung_up"))["status"] == "call_hangup"


def test_a_fact_that_the_carrier_does_not_tell_has_no_event() -> None:
    """That a leg is in another state, or is forgotten."""
    assert event_of(facts.StateReached(LEG, 0), ASSUMED) is None
    assert event_of(facts.Forgotten(ENDED, 0), ASSUMED) is None
