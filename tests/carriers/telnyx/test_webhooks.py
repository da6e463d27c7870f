from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.carriers.events import (
    CallAnswered,
    CallBridged,
    CallEvent,
    CallHangup,
    CallInitiated,
    DigitPressed,
    OtherEvent,
    SpeakEnded,
    StreamingFailed,
    StreamingStarted,
    StreamingStopped,
)
from offhook.carriers.telnyx.webhooks import MAX_BODY_BYTES, parse_event, receive
from offhook.errors import PayloadInvalid, SignatureInvalid, TimestampStale

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.carriers.telnyx.signing import Signer

    EventBody = Callable[..., bytes]


def test_an_event_carries_the_ids_of_its_leg(event_body: EventBody) -> None:
    """Every event says which leg it is of, and keeps the whole payload."""
    event = parse_event(event_body("call.answered", client_state="am9iLTE=", codec="PCMU"))
    assert isinstance(event, CallAnswered)
    assert event.event_id == "3d0b9a57-0c1f-4e1e-9c62-6c8a1c7f2f10"
    assert event.event_type == "call.answered"
    assert event.occurred_at == "2026-05-19T23:30:16.238431Z"
    assert event.call_id == "v3:leg-one"
    assert event.leg_id == "428c31b6-7af4-4bcb-b7f5-5013ef9657c1"
    assert event.session_id == "428c31b6-abf3-3bc1-b7f4-5013ef9657c1"
    assert event.connection_id == "2963572552552678752"
    assert (event.from_, event.to) == ("+15125550100", "+15125550199")
    assert event.client_state == "job-1"
    assert event.raw["codec"] == "PCMU"


@pytest.mark.parametrize(
    ("fields", "direction"),
    [
        ({"direction": "incoming", "state": "parked"}, "inbound"),
        ({"direction": "outgoing", "state": "bridging"}, "outbound"),
        ({"state": "parked"}, "inbound"),
        ({"direction": "", "state": "bridging"}, "outbound"),
    ],
)
def test_a_leg_begins_with_its_direction(event_body: EventBody, fields: dict[str, str], direction: str) -> None:
    """Telnyx says incoming and outgoing; where it does not, the state tells."""
    event = parse_event(event_body("call.initiated", **fields))
    assert isinstance(event, CallInitiated)
    assert event.direction == direction


def test_a_leg_ends_with_its_cause(event_body: EventBody) -> None:
    """Cause, who hung up, and the SIP code are given."""
    event = parse_event(
        event_body("call.hangup", hangup_cause="user_busy", hangup_source="callee", sip_hangup_cause="486")
    )
    assert isinstance(event, CallHangup)
    assert (event.cause, event.source, event.sip_cause) == ("user_busy", "callee", "486")


def test_a_hangup_without_reasons_is_still_a_hangup(event_body: EventBody) -> None:
    """Live payloads leave fields out, say null, or a number for a string."""
    event = parse_event(event_body("call.hangup", hangup_source=None, sip_hangup_cause=487))
    assert isinstance(event, CallHangup)
    assert (event.cause, event.source, event.sip_cause) == ("unspecified", "unknown", "487")


@pytest.mark.parametrize(
    ("event_type", "kind"),
    [
        ("call.bridged", CallBridged),
        ("streaming.started", StreamingStarted),
        ("streaming.stopped", StreamingStopped),
        ("call.speak.ended", SpeakEnded),
        ("call.speak.started", OtherEvent),
        ("call.invented.tomorrow", OtherEvent),
    ],
)
def test_event_types_have_their_classes(event_body: EventBody, event_type: str, kind: type[CallEvent]) -> None:
    """What has no class of its own is an OtherEvent with its name."""
    event = parse_event(event_body(event_type))
    assert type(event) is kind
    assert event.event_type == event_type


def test_a_pressed_key_is_told(event_body: EventBody) -> None:
    """call.dtmf.received holds one key."""
    event = parse_event(event_body("call.dtmf.received", digit="#"))
    assert isinstance(event, DigitPressed)
    assert event.digit == "#"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"failure_reason": "connection_failed"}, "connection_failed"),
        ({}, "unspecified"),
        ({"failure_reason": "+15557773311"}, "unspecified"),
    ],
)
def test_a_failed_stream_says_why(event_body: EventBody, fields: dict[str, str], reason: str) -> None:
    """streaming.failed carries the carrier's reason."""
    event = parse_event(event_body("streaming.failed", **fields))
    assert isinstance(event, StreamingFailed)
    assert event.reason == reason


@pytest.mark.parametrize("text", ["Anna from Hill Street", "+15557773311", "15557773311", "a" * 65, ""])
def test_what_is_none_of_the_carriers_words_is_not_taken_for_one(event_body: EventBody, text: str) -> None:
    """Causes are logged and shown: free text and numbers are not let in."""
    fields = {"hangup_cause": text, "hangup_source": text, "sip_hangup_cause": text}
    event = parse_event(event_body("call.hangup", **fields))
    assert isinstance(event, CallHangup)
    assert (event.cause, event.source, event.sip_cause) == ("unspecified", "unknown", "unspecified")


def test_an_event_of_no_leg_is_passed_on(event_body: EventBody) -> None:
    """Conference events have no leg, and the time in the payload."""
    body = json.loads(event_body("conference.ended", call_control_id=None, occurred_at="2026-05-19T23:30:17Z"))
    del body["data"]["occurred_at"]
    event = parse_event(json.dumps(body).encode())
    assert isinstance(event, OtherEvent)
    assert (event.call_id, event.occurred_at) == ("", "2026-05-19T23:30:17Z")


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (None, ""), (True, ""), (["a"], "")], ids=["number", "null", "bool", "list"]
)
def test_fields_of_another_type_do_not_harm(event_body: EventBody, value: object, text: str) -> None:
    """Fields beyond the ids are read leniently."""
    assert parse_event(event_body("call.answered", to=value)).to == text


@pytest.mark.parametrize(
    ("event_type", "fields", "expected"),
    [
        ("call.initiated", {}, "direction"),
        ("call.dtmf.received", {}, "digit"),
        ("call.answered", {"call_control_id": ""}, "call_control_id"),
    ],
)
def test_an_event_without_what_it_needs_is_refused(
    event_body: EventBody, event_type: str, fields: dict[str, Any], expected: str
) -> None:
    """The message names the field."""
    with pytest.raises(PayloadInvalid, match=expected):
        parse_event(event_body(event_type, **fields))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b'{"data":"\xff"}', "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "got none"),
        (b'{"data":[]}', "got none"),
        (b'{"data":{"event_type":"a","payload":{}}}', "data.id"),
        (b'{"data":{"id":"","event_type":"a","payload":{}}}', "data.id"),
        (b'{"data":{"id":"1","event_type":7,"payload":{}}}', "data.event_type"),
        (b'{"data":{"id":"1","event_type":"a"}}', "data.payload"),
    ],
    ids=["empty", "cut", "bad UTF-8", "deep", "array", "no object", "no id", "empty id", "no type", "no payload"],
)
def test_what_is_not_an_event_is_refused(body: bytes, expected: str) -> None:
    """The message says what was expected."""
    with pytest.raises(PayloadInvalid, match=expected):
        parse_event(body)


def test_a_webhook_of_the_old_api_is_told_apart() -> None:
    """Applications made through the API get v1 webhooks unless asked otherwise; the fix says what to set."""
    with pytest.raises(PayloadInvalid, match="webhook_api_version"):
        parse_event(b'{"event_type":"call_answered","payload":{}}')


def test_a_body_may_be_one_mebibyte(event_body: EventBody) -> None:
    """One byte more is refused before it is parsed."""
    body = event_body("call.answered").ljust(MAX_BODY_BYTES)
    assert isinstance(parse_event(body), CallAnswered)
    with pytest.raises(PayloadInvalid, match="at most 1048576 bytes, got 1048577"):
        parse_event(body + b" ")


def test_receive_verifies_then_parses(signer: Signer, body: bytes, now_s: int) -> None:
    """A signed event comes through."""
    event = receive(body, signer.sign(body, now_s), signer.public_key, now_s)
    assert isinstance(event, CallAnswered)


def test_receive_refuses_what_is_not_signed(signer: Signer, body: bytes, now_s: int) -> None:
    """No event is made of an unsigned, stale or oversized delivery, and size comes first."""
    headers = signer.sign(body, now_s)
    with pytest.raises(SignatureInvalid):
        receive(body + b" ", headers, signer.public_key, now_s)
    with pytest.raises(TimestampStale):
        receive(body, headers, signer.public_key, now_s + 301)
    with pytest.raises(PayloadInvalid, match="at most"):
        receive(bytes(MAX_BODY_BYTES + 1), {}, signer.public_key, now_s)


def test_receive_refuses_a_signed_body_that_is_not_utf8(signer: Signer, now_s: int) -> None:
    """A signature vouches for the sender, not for the content."""
    body = b'{"data":"\xc3\x28"}'
    with pytest.raises(PayloadInvalid):
        receive(body, signer.sign(body, now_s), signer.public_key, now_s)


def test_without_a_key_nothing_is_verified(body: bytes, now_s: int) -> None:
    """For development only."""
    assert isinstance(receive(body, {}, None, now_s), CallAnswered)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda children: st.one_of(st.lists(children, max_size=4), st.dictionaries(st.text(), children, max_size=4)),
    max_leaves=12,
)
KNOWN = st.sampled_from(["call.initiated", "call.answered", "call.hangup", "call.dtmf.received", "streaming.failed"])
FIELDS = st.sampled_from(["call_control_id", "client_state", "from", "to", "direction", "digit", "hangup_cause", "id"])


@given(
    st.one_of(
        st.binary(),
        JSON.map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {
                "data": st.fixed_dictionaries(
                    {},
                    optional={
                        "id": st.one_of(st.text(), JSON),
                        "event_type": st.one_of(KNOWN, JSON),
                        "occurred_at": JSON,
                        "payload": st.one_of(st.dictionaries(FIELDS, st.one_of(st.text(min_size=1), JSON)), JSON),
                    },
                )
            }
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_garbage_raises_payload_invalid_and_nothing_else(body: bytes) -> None:
    """parse_event() gives an event with its ids, or PayloadInvalid."""
    try:
        event = parse_event(body)
    except PayloadInvalid:
        return
    assert event.event_id
    assert event.event_type
