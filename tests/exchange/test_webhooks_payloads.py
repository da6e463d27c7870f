"""The payloads of every event, measured with the carrier's own models: nothing missing, nothing invented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import telnyx.types as models

from offhook.exchange.legs.machine import Ending, Leg, LegState
from offhook.exchange.webhooks import payloads as events
from offhook.exchange.words.fields import StreamOptions

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
ENDED = replace(
    LEG,
    state=LegState.ENDED,
    answered_ms=LEG.started_ms + 1000,
    ended_ms=LEG.started_ms + 11_000,
    ending=Ending("normal_clearing", "caller", "200"),
)
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

CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("call.initiated", models.CallInitiatedWebhookEvent, events.initiated(LEG)),
    ("call.answered", models.CallAnsweredWebhookEvent, events.answered(LEG)),
    ("call.bridged", models.CallBridgedWebhookEvent, events.bridged(LEG)),
    ("call.hangup", models.CallHangupWebhookEvent, events.hangup(ENDED)),
    ("call.speak.started", models.CallSpeakStartedWebhookEvent, events.speak_started(LEG, "s")),
    ("call.speak.ended", models.CallSpeakEndedWebhookEvent, events.speak_ended(LEG, "s", "completed")),
    ("call.playback.started", models.CallPlaybackStartedWebhookEvent, events.playback_started(LEG, "http://a")),
    ("call.playback.ended", models.CallPlaybackEndedWebhookEvent, events.playback_ended(LEG, "http://a", "completed")),
    ("call.dtmf.received", models.CallDtmfReceivedWebhookEvent, events.dtmf_received(LEG, "5")),
    ("call.gather.ended", models.CallGatherEndedWebhookEvent, events.gather_ended(LEG, "g", "12", "valid")),
    ("streaming.started", models.CallStreamingStartedWebhookEvent, events.streaming_started(LEG, STREAM)),
    ("streaming.stopped", models.CallStreamingStoppedWebhookEvent, events.streaming_started(LEG, STREAM)),
    ("streaming.failed", models.CallStreamingFailedWebhookEvent, events.streaming_failed(LEG, STREAM, "id", "x")),
]


def typed(model: Any, event_type: str, payload: dict[str, Any]) -> Any:
    return model.model_validate_json(events.envelope(event_type, "id", 0.0, payload, 1, "http://a"))


@pytest.mark.parametrize(("event_type", "model", "payload"), CASES, ids=[case[0] for case in CASES])
def test_a_payload_has_every_field_of_its_model_and_no_other(
    event_type: str, model: Any, payload: dict[str, Any]
) -> None:
    """Beyond the model only what was seen on the wire; missing only what was not."""
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
    assert (events.initiated(LEG)["direction"], events.initiated(LEG)["state"]) == ("incoming", "parked")
    assert (events.initiated(OUT)["direction"], events.initiated(OUT)["state"]) == ("outgoing", "bridging")
    assert events.initiated(OUT)["caller_id_name"] == "Front desk"
    assert "caller_id_name" not in events.initiated(replace(OUT, caller_name=""))
    headers = events.initiated(replace(LEG, custom_headers=(("X-A", "b"),)))["custom_headers"]
    assert headers == [{"name": "X-A", "value": "b"}]


def test_what_is_known_of_the_number_and_the_headers_is_told() -> None:
    """The number's tags in three events; the INVITE's headers in the first, the answer's in the others."""
    leg = replace(ENDED, tags=("main",), custom_headers=(("X-A", "b"),), answer_headers=(("X-C", "d"),))
    payloads = (events.initiated(leg), events.answered(leg), events.hangup(leg))
    assert [one["tags"] for one in payloads] == [["main"]] * 3
    assert [one["custom_headers"][0]["name"] for one in payloads] == ["X-A", "X-C", "X-C"]


def test_a_sip_caller_is_said_to_be_one() -> None:
    """calling_party_type, and the URI is kept."""
    payload = events.initiated(replace(LEG, from_="sip:a@example.test"))
    assert (payload["calling_party_type"], payload["from_sip_uri"]) == ("sip", "sip:a@example.test")


def test_quality_figures_are_strings_and_absent_without_an_answer() -> None:
    """500 packets of 20 ms in 10 s."""
    stats = events.hangup(ENDED)["call_quality_stats"]
    assert stats["inbound"]["packet_count"] == "500"
    assert stats["inbound"]["mos"] == "4.50"
    assert events.hangup(replace(ENDED, answered_ms=None))["call_quality_stats"] is None


def test_a_wideband_call_says_so() -> None:
    """G722 carries 16 kHz."""
    assert events.answered(replace(LEG, codec="G722"))["sampling_rate"] == 16_000


def test_times_have_microseconds_and_a_z() -> None:
    """As the carrier writes them."""
    assert events.iso_time(1_780_000_000_123.456) == "2026-05-28T20:26:40.123456Z"
    assert events.iso_time(0) == "1970-01-01T00:00:00.000000Z"


def test_a_reason_for_a_failed_playback_is_given() -> None:
    """status_detail, only then."""
    assert events.playback_ended(LEG, None, "failed", "x")["status_detail"] == "x"
    assert "media_url" not in events.playback_ended(LEG, None, "completed")
