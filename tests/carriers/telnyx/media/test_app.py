from __future__ import annotations

import json
from typing import Any

import pybase64
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.carriers.media import (
    AppMedia,
    DigitReceived,
    FrameIgnored,
    MarkReturned,
    MediaConnected,
    MediaEvent,
    MediaFault,
    MediaFormat,
    MediaReceived,
    MediaStarted,
    MediaStopped,
)
from offhook.carriers.telnyx.media import UNKNOWN_ERROR, TelnyxAppMedia

STREAM = "7b0c2f1e-3f2a-4c1e-9c62-6c8a1c7f2f10"


def receive(message: object) -> MediaEvent:
    """What the application's side makes of ``message``."""
    app: AppMedia = TelnyxAppMedia()
    return app.receive(message if isinstance(message, bytes) else json.dumps(message).encode())


def media(**fields: object) -> dict[str, Any]:
    """A media message; fields of None are left out."""
    body = {"track": "inbound", "chunk": "2", "timestamp": "20", "payload": "AQID"} | fields
    return {
        "event": "media",
        "sequence_number": "4",
        "stream_id": STREAM,
        "media": {name: value for name, value in body.items() if value is not None},
    }


def start(**fields: object) -> dict[str, Any]:
    """A start message."""
    body: dict[str, object] = {
        "user_id": "3e6f",
        "call_control_id": "v3:leg-one",
        "call_session_id": "ff55",
        "from": "+13125550100",
        "to": "+13125550199",
        "tags": ["a"],
        "client_state": "am9iLTE=",
        "custom_parameters": {"customer_id": "42"},
        "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
    }
    return {"event": "start", "sequence_number": "1", "stream_id": STREAM, "start": body | fields}


# -- what comes -------------------------------------------------------------------------------------------------------


def test_connected_comes_first() -> None:
    """It may be bare."""
    assert receive({"event": "connected", "version": "1.0.0"}) == MediaConnected("1.0.0", None)


@pytest.mark.parametrize(
    "message",
    [
        {"event": "connected", "version": "1.0.0", "x-telnyx-streaming-auth-token": "secret"},
        {"event": "connected", "version": "1.0.0", "connected": {"x-telnyx-streaming-auth-token": "secret"}},
    ],
    ids=["at the top", "nested"],
)
def test_connected_brings_the_token(message: dict[str, Any]) -> None:
    """The token is at the top in live messages, and in 'connected' in the documentation."""
    assert receive(message) == MediaConnected("1.0.0", "secret")


def test_start_tells_stream_leg_and_format() -> None:
    """client_state is decoded; custom parameters come as they are."""
    assert receive(start()) == MediaStarted(
        stream_id=STREAM,
        call_id="v3:leg-one",
        format=MediaFormat("PCMU", 8000, 1),
        from_="+13125550100",
        to="+13125550199",
        client_state="job-1",
        custom_parameters={"customer_id": "42"},
    )


def test_start_is_read_leniently() -> None:
    """Numbers as strings, the stream's id inside, nulls and odd parameters do no harm."""
    message = start(
        stream_id=STREAM,
        client_state=None,
        custom_parameters={"a": "1", "b": 2},
        media_format={"encoding": "l16", "sample_rate": "16000"},
        **{"from": None},
    )
    del message["stream_id"]
    assert receive(message) == MediaStarted(
        stream_id=STREAM,
        call_id="v3:leg-one",
        format=MediaFormat("L16", 16000, 1),
        to="+13125550199",
        custom_parameters={"a": "1"},
    )


@pytest.mark.parametrize(
    "fields",
    [{"media_format": None}, {"media_format": {"encoding": "PCMU"}}, {"media_format": {"sample_rate": 8000}}],
)
def test_start_without_a_format_is_ignored(fields: dict[str, Any]) -> None:
    """Without a format nothing could be decoded."""
    assert receive(start(**fields)) == FrameIgnored("start without stream_id or media_format")


def test_media_is_decoded_to_bytes() -> None:
    """Counters come as strings."""
    assert receive(media()) == MediaReceived("inbound", 2, 20, b"\x01\x02\x03")


@pytest.mark.parametrize(
    "fields",
    [
        {"chunk": 2, "timestamp": 20},
        {"track": "inbound_track"},
        {"track": None},
        {"unknown": {"a": [1]}},
    ],
    ids=["numbers", "track in long", "no track", "unknown field"],
)
def test_media_may_be_spelled_otherwise(fields: dict[str, Any]) -> None:
    """Integers or strings, long track names, and fields of tomorrow."""
    assert receive(media(**fields)) == MediaReceived("inbound", 2, 20, b"\x01\x02\x03")


def test_both_tracks_come_through_one_socket() -> None:
    """The event says which track it is of."""
    assert receive(media(track="outbound")) == MediaReceived("outbound", 2, 20, b"\x01\x02\x03")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"track": "sideways"}, "media of an unknown track"),
        ({"chunk": None}, "media without chunk or timestamp"),
        ({"timestamp": "-20"}, "media without chunk or timestamp"),
        ({"chunk": -1}, "media without chunk or timestamp"),
        ({"chunk": "1" * 30}, "media without chunk or timestamp"),
        ({"chunk": 2.5}, "media without chunk or timestamp"),
        ({"payload": None}, "media without base64 payload"),
        ({"payload": 7}, "media without base64 payload"),
        ({"payload": "AQI"}, "media without base64 payload"),
        ({"payload": "not base64!"}, "media without base64 payload"),
    ],
)
def test_broken_media_is_ignored(fields: dict[str, Any], reason: str) -> None:
    """The reason is for counters: it quotes nothing."""
    assert receive(media(**fields)) == FrameIgnored(reason)


def test_a_mark_comes_back_by_name() -> None:
    """Names are the application's own."""
    assert receive({"event": "mark", "mark": {"name": "utt-3"}}) == MarkReturned("utt-3")
    assert receive({"event": "mark"}) == FrameIgnored("mark without name")


@pytest.mark.parametrize(("sent", "digit"), [("1", "1"), ("#", "#"), ("*", "*"), ("d", "D")])
def test_a_key_comes_as_it_is(sent: str, digit: str) -> None:
    """Letters are written in upper case."""
    assert receive({"event": "dtmf", "dtmf": {"digit": sent}}) == DigitReceived(digit)


@pytest.mark.parametrize("digit", ["", "12", "E", "\u0661", None, 1])
def test_what_is_no_key_is_ignored(digit: object) -> None:
    """There are sixteen keys."""
    assert receive({"event": "dtmf", "dtmf": {"digit": digit}}) == FrameIgnored("dtmf without digit")


def test_a_complaint_keeps_its_code() -> None:
    """The code says what was wrong with what we sent."""
    error = {"code": 100004, "title": "invalid_media", "detail": "Bad"}
    assert receive({"event": "error", "payload": error}) == MediaFault(100004, "invalid_media", "Bad")
    assert receive({"event": "error", "payload": {"code": "100005"}}) == MediaFault(100005, "")
    assert receive({"event": "error"}) == MediaFault(UNKNOWN_ERROR, "")


def test_stop_ends_the_stream() -> None:
    """Nothing in it matters."""
    assert receive({"event": "stop", "stop": {"call_control_id": "v3:leg-one"}}) == MediaStopped()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"event":"media","deep":' + b"[" * 100_000, "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "unknown event"),
        (b'{"event":["media"]}', "unknown event"),
        (b'{"event":"invented"}', "unknown event"),
    ],
)
def test_what_is_not_understood_is_ignored(message: bytes, reason: str) -> None:
    """A bad message never ends a call."""
    assert receive(message) == FrameIgnored(reason)


def test_binary_messages_are_ignored() -> None:
    """They are not part of the protocol."""
    assert TelnyxAppMedia().receive_binary(b"\x00\x01") == FrameIgnored("binary message")


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
FIELD_NAMES = st.sampled_from(
    [
        "event",
        "start",
        "media",
        "mark",
        "dtmf",
        "payload",
        "connected",
        "stream_id",
        "name",
        "digit",
        "code",
        "chunk",
        "timestamp",
        "track",
        "media_format",
        "encoding",
        "sample_rate",
        "channels",
        "custom_parameters",
    ]
)
EVENTS = st.sampled_from(["connected", "start", "media", "mark", "dtmf", "error", "stop"])
MESSAGES = st.dictionaries(
    FIELD_NAMES,
    st.recursive(
        st.one_of(SCALARS, EVENTS), lambda inner: st.one_of(st.lists(inner), st.dictionaries(FIELD_NAMES, inner))
    ),
)


@given(
    st.one_of(
        st.binary(), st.builds(lambda event, rest: json.dumps(rest | {"event": event}).encode(), EVENTS, MESSAGES)
    )
)
def test_receive_never_raises(message: bytes) -> None:
    """Whatever comes, there is one event for it, and a reason is one of few."""
    event = receive(message)
    assert isinstance(event, MediaEvent)
    assert not isinstance(event, FrameIgnored) or len(event.reason) < 50


@given(st.data())
def test_receive_never_raises_on_damaged_messages(data: st.DataObject) -> None:
    """A good message with some bytes changed is an event, too."""
    good = json.dumps(data.draw(st.sampled_from([media(), start()]))).encode()
    damaged = bytearray(good)
    for place in data.draw(st.lists(st.integers(0, len(good) - 1), max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    assert isinstance(receive(bytes(damaged)), MediaEvent)


# -- what goes --------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=2000))
def test_audio_is_base64_in_a_media_message(payload: bytes) -> None:
    """No more fields are needed."""
    message = TelnyxAppMedia().audio(payload)
    assert json.loads(message) == {"event": "media", "media": {"payload": pybase64.b64encode(payload).decode()}}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_mark_may_have_any_name(name: str) -> None:
    """Names are escaped."""
    assert json.loads(TelnyxAppMedia().mark(name)) == {"event": "mark", "mark": {"name": name}}


def test_clear_is_bare() -> None:
    """It drops everything that waits."""
    assert json.loads(TelnyxAppMedia().clear()) == {"event": "clear"}
