from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.carriers.events import Direction
from offhook.carriers.media import (
    DigitReceived,
    MarkReturned,
    MediaConnected,
    MediaEvent,
    MediaFault,
    MediaFormat,
    MediaReceived,
    MediaStarted,
    MediaStopped,
)
from offhook.carriers.telnyx.client_state import encode_client_state
from offhook.carriers.telnyx.media import (
    INVALID_MEDIA,
    MALFORMED_FRAME,
    RATE_LIMIT_REACHED,
    AppCommand,
    ClearAudio,
    CommandIgnored,
    CommandMalformed,
    PlaceMark,
    PlayAudio,
    TelnyxAppMedia,
    TelnyxCarrierMedia,
)

STREAM = "7b0c2f1e-3f2a-4c1e-9c62-6c8a1c7f2f10"
PCMU = MediaFormat("PCMU", 8000)


@pytest.fixture(name="carrier")
def carrier_fixture() -> TelnyxCarrierMedia:
    """A carrier's side at the start of a stream."""
    return TelnyxCarrierMedia(STREAM)


# -- what the carrier sends -------------------------------------------------------------------------------------------


def test_the_messages_are_those_of_the_documentation(carrier: TelnyxCarrierMedia) -> None:
    """Field by field, counters as strings, stream_id at the top."""
    assert json.loads(carrier.connected()) == {"event": "connected", "version": "1.0.0"}
    start = carrier.start(
        call_id="v3:leg-one",
        format=PCMU,
        session_id="ff55",
        user_id="3e6f",
        from_="+13125550100",
        to="+13125550199",
        client_state="eyJ9",
        custom_parameters={"customer_id": "42"},
        tags=["a"],
    )
    assert json.loads(start) == {
        "event": "start",
        "sequence_number": "1",
        "stream_id": STREAM,
        "start": {
            "user_id": "3e6f",
            "call_control_id": "v3:leg-one",
            "call_session_id": "ff55",
            "from": "+13125550100",
            "to": "+13125550199",
            "tags": ["a"],
            "client_state": "eyJ9",
            "custom_parameters": {"customer_id": "42"},
            "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
        },
    }
    assert json.loads(carrier.media("inbound", b"\x01\x02\x03")) == {
        "event": "media",
        "sequence_number": "2",
        "stream_id": STREAM,
        "media": {"track": "inbound", "chunk": "1", "timestamp": "0", "payload": "AQID"},
    }
    assert json.loads(carrier.mark("utt-3")) == {
        "event": "mark",
        "sequence_number": "3",
        "stream_id": STREAM,
        "mark": {"name": "utt-3"},
    }
    assert json.loads(carrier.dtmf("1", "2026-06-05T08:54:19.698408Z")) == {
        "event": "dtmf",
        "sequence_number": "4",
        "stream_id": STREAM,
        "occurred_at": "2026-06-05T08:54:19.698408Z",
        "dtmf": {"digit": "1"},
    }
    assert json.loads(carrier.error(RATE_LIMIT_REACHED, "rate_limit_reached", "Slower")) == {
        "event": "error",
        "stream_id": STREAM,
        "payload": {"code": 100005, "title": "rate_limit_reached", "detail": "Slower"},
    }
    assert json.loads(carrier.stop(call_id="v3:leg-one", user_id="3e6f")) == {
        "event": "stop",
        "sequence_number": "5",
        "stream_id": STREAM,
        "stop": {"user_id": "3e6f", "call_control_id": "v3:leg-one"},
    }


def test_a_20_ms_frame_of_pcmu_takes_375_bytes(carrier: TelnyxCarrierMedia) -> None:
    """The size that measurements of the receiving side assume."""
    assert len(carrier.media("inbound", bytes(160))) == 375


def test_custom_parameters_are_left_out_unless_given(carrier: TelnyxCarrierMedia) -> None:
    """Most streams have none."""
    assert "custom_parameters" not in json.loads(carrier.start(call_id="v3:leg-one", format=PCMU))["start"]


def test_tracks_count_apart_and_the_sequence_counts_all(carrier: TelnyxCarrierMedia) -> None:
    """Chunk and timestamp are per track; pieces may be longer than 20 ms."""
    sent = [
        json.loads(carrier.media("inbound", b"", duration_ms=100)),
        json.loads(carrier.media("outbound", b"")),
        json.loads(carrier.media("inbound", b"")),
    ]
    assert [message["sequence_number"] for message in sent] == ["1", "2", "3"]
    assert [(message["media"]["track"], message["media"]["chunk"]) for message in sent] == [
        ("inbound", "1"),
        ("outbound", "1"),
        ("inbound", "2"),
    ]
    assert [message["media"]["timestamp"] for message in sent] == ["0", "0", "100"]


# -- what the carrier takes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "command"),
    [
        (b'{"event":"media","media":{"payload":"AQID"}}', PlayAudio(b"\x01\x02\x03")),
        (b'{"event":"media","stream_id":"x","media":{"payload":"AQID","track":"a","chunk":7}}', PlayAudio(b"\1\2\3")),
        (b'{"event":"mark","mark":{"name":"utt-3"}}', PlaceMark("utt-3")),
        (b'{"event":"mark","streamSid":"x","mark":{"name":"","more":1}}', PlaceMark("")),
        (b'{"event":"clear"}', ClearAudio()),
        (b'{"event":"clear","stream_id":"x"}', ClearAudio()),
        (b'{"event":"start","start":{}}', CommandIgnored("unknown event")),
    ],
)
def test_the_carrier_takes_commands_liberally(carrier: TelnyxCarrierMedia, message: bytes, command: AppCommand) -> None:
    """No stream_id is needed; more fields and unknown events do no harm."""
    assert carrier.receive(message) == command


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", MALFORMED_FRAME),
        (b"\xff", MALFORMED_FRAME),
        (b"[" * 100_000, MALFORMED_FRAME),
        (b"[]", MALFORMED_FRAME),
        (b"{}", MALFORMED_FRAME),
        (b'{"event":7}', MALFORMED_FRAME),
        (b'{"event":"mark"}', MALFORMED_FRAME),
        (b'{"event":"mark","mark":{"name":7}}', MALFORMED_FRAME),
        (b'{"event":"media"}', INVALID_MEDIA),
        (b'{"event":"media","media":{}}', INVALID_MEDIA),
        (b'{"event":"media","media":{"payload":"not base64!"}}', INVALID_MEDIA),
    ],
)
def test_the_carrier_complains_of_broken_commands(carrier: TelnyxCarrierMedia, message: bytes, code: int) -> None:
    """The command holds what to say in the error message."""
    command = carrier.receive(message)
    assert isinstance(command, CommandMalformed)
    assert command.code == code
    assert TelnyxAppMedia().receive(carrier.error(command.code, command.title, command.detail)) == MediaFault(
        code, command.title, command.detail
    )


@pytest.mark.parametrize(("size", "good"), [(159, False), (160, True), (240_000, True), (240_001, False)])
def test_audio_must_last_20_ms_to_30_s_where_its_size_tells(size: int, good: bool) -> None:
    """PCMU has 8 bytes in a millisecond."""
    carrier = TelnyxCarrierMedia(STREAM, bytes_per_ms=8)
    command = carrier.receive(TelnyxAppMedia().audio(bytes(size)))
    if good:
        assert command == PlayAudio(bytes(size))
    else:
        assert isinstance(command, CommandMalformed)
        assert command.code == INVALID_MEDIA
        assert command.detail.startswith("expected 160 to 240000 bytes (20 ms to 30 s of audio), got")


@given(st.one_of(st.binary(), st.binary().map(lambda rest: b'{"event":"media","media":' + rest)))
def test_receive_never_raises(message: bytes) -> None:
    """Whatever an application sends, there is one command for it."""
    assert isinstance(TelnyxCarrierMedia(STREAM, bytes_per_ms=8).receive(message), AppCommand)


# -- both sides together ----------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.lists(st.tuples(st.sampled_from(get_args(Direction)), st.binary(max_size=700), st.sampled_from([20, 40, 100])))
)
def test_audio_arrives_as_it_was_sent(pieces: list[tuple[Direction, bytes, int]]) -> None:
    """Payload, track, chunk and time, on both tracks."""
    carrier, app = TelnyxCarrierMedia(STREAM), TelnyxAppMedia()
    chunks = {"inbound": 0, "outbound": 0}
    times_ms = {"inbound": 0, "outbound": 0}
    for track, payload, duration_ms in pieces:
        chunks[track] += 1
        event = app.receive(carrier.media(track, payload, duration_ms=duration_ms))
        assert event == MediaReceived(track, chunks[track], times_ms[track], payload)
        times_ms[track] += duration_ms


@given(payload=st.binary(max_size=700), name=TEXT)
def test_commands_arrive_as_they_were_sent(payload: bytes, name: str) -> None:
    """What the application writes, the carrier reads."""
    carrier, app = TelnyxCarrierMedia(STREAM), TelnyxAppMedia()
    assert carrier.receive(app.audio(payload)) == PlayAudio(payload)
    assert carrier.receive(app.mark(name)) == PlaceMark(name)
    assert carrier.receive(app.clear()) == ClearAudio()


@given(
    stream_id=TEXT.filter(bool),
    state=st.one_of(st.none(), TEXT),
    parameters=st.dictionaries(TEXT, TEXT),
    token=st.one_of(st.none(), TEXT.filter(bool)),
    name=TEXT,
    digit=st.sampled_from("0123456789*#ABCD"),
)
def test_events_arrive_as_they_were_sent(
    stream_id: str, state: str | None, parameters: dict[str, str], token: str | None, name: str, digit: str
) -> None:
    """What the carrier writes, the application reads, whatever characters are in it."""
    carrier, app = TelnyxCarrierMedia(stream_id), TelnyxAppMedia()
    wire_state = None if state is None else encode_client_state(state)
    sent = [
        carrier.connected(token),
        carrier.start(call_id="v3:x", format=PCMU, client_state=wire_state, custom_parameters=parameters),
        carrier.mark(name),
        carrier.dtmf(digit, "2026-06-05T08:54:19.698408Z"),
        carrier.stop(call_id="v3:x"),
    ]
    expected: list[MediaEvent] = [
        MediaConnected("1.0.0", token),
        MediaStarted(stream_id, "v3:x", PCMU, client_state=state, custom_parameters=parameters),
        MarkReturned(name),
        DigitReceived(digit),
        MediaStopped(),
    ]
    assert [app.receive(message) for message in sent] == expected
