"""What the carrier checks of a command's body: each rule with its code."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.exchange import commands
from offhook.exchange.commands.answering import parse_answer
from offhook.exchange.commands.command import asked_in_vain
from offhook.exchange.commands.dialling import parse_dial
from offhook.exchange.commands.gathering import GatherDigits, parse_gather
from offhook.exchange.commands.playing import parse_playback, parse_playback_stop
from offhook.exchange.commands.registry import CARRIERS, families
from offhook.exchange.commands.speaking import parse_speak
from offhook.exchange.commands.streaming import parse_streaming_start
from offhook.exchange.legs.gather import DigitsWanted
from offhook.exchange.words import fields
from offhook.exchange.words.errors import ApiError

DIAL = {"connection_id": "1", "to": "+15550100", "from": "+15550199"}
SPEAK = {"payload": "hello", "voice": "Telnyx.KokoroTTS.af"}
COMMANDS = {one.name: one for one in families(commands)}
PARSERS = {name: one.parse for name, one in COMMANDS.items()}
GOOD: dict[str, dict[str, Any]] = {
    "dial": DIAL,
    "answer": {},
    "reject": {"cause": "USER_BUSY"},
    "transfer": {"to": "+15550100"},
    "bridge": {"call_control_id": "v3:b"},
    "client_state_update": {"client_state": "YQ=="},
    "hangup": {},
    "gather_stop": {},
    "speak": SPEAK,
    "playback_start": {"audio_url": "http://127.0.0.1/a.wav"},
    "playback_stop": {},
    "send_dtmf": {"digits": "1w2W#"},
    "gather": {},
    "streaming_start": {"stream_url": "ws://127.0.0.1/m"},
    "streaming_stop": {},
}


def refused(command: str, **changes: Any) -> ApiError:
    body = {key: value for key, value in {**GOOD[command], **changes}.items() if value is not ...}
    with pytest.raises(ApiError) as refusal:
        PARSERS[command](body)
    return refusal.value


@pytest.mark.parametrize(
    ("command", "changes", "code"),
    [
        ("dial", {"connection_id": ...}, "10004"),
        ("dial", {"connection_id": None}, "10004"),
        ("dial", {"connection_id": 7}, "10026"),
        ("dial", {"to": ...}, "10004"),
        ("dial", {"to": "  "}, "10004"),
        ("dial", {"to": []}, "10004"),
        ("dial", {"to": [7]}, "10026"),
        ("dial", {"to": ["+15550100", "+15550101"]}, "10038"),
        ("dial", {"to": "5550100"}, "10016"),
        ("dial", {"to": "+0155"}, "10016"),
        ("dial", {"to": "+15550100,1x"}, "90014"),
        ("dial", {"from": "sip:a@b"}, "10016"),
        ("dial", {"from_display_name": "x" * 129}, "10015"),
        ("dial", {"timeout_secs": 4}, "90028"),
        ("dial", {"timeout_secs": 601}, "90028"),
        ("dial", {"timeout_secs": "30"}, "10026"),
        ("dial", {"timeout_secs": True}, "10026"),
        ("dial", {"time_limit_secs": 29}, "90029"),
        ("dial", {"retry_on_timeout": "no"}, "10026"),
        ("dial", {"client_state": "not base64!"}, "90017"),
        ("dial", {"client_state": 7}, "10026"),
        ("dial", {"bridge_on_answer": True}, "10004"),
        ("dial", {"park_after_unbridge": "other"}, "10032"),
        ("dial", {"send_digits_on_answer": "12y"}, "90014"),
        ("dial", {"custom_headers": "x"}, "10026"),
        ("dial", {"custom_headers": ["x"]}, "10026"),
        ("dial", {"webhook_url": "ftp://a"}, "10003"),
        ("dial", {"webhook_url": "http://"}, "10003"),
        ("dial", {"webhook_url": "http://[::1"}, "10003"),
        ("dial", {"webhook_url": "http://a/" + "x" * 2000}, "10003"),
        ("dial", {"webhook_urls": []}, "10026"),
        ("dial", {"webhook_urls": {"nonsense": "http://a"}}, "90057"),
        ("dial", {"webhook_urls": {"call.hangup": 7}}, "10003"),
        ("dial", {"webhook_urls": {"call.hangup": ["http://a", "x"]}}, "10003"),
        ("dial", {"webhook_retries_policies": {"call.hangup": 7}}, "10026"),
        ("dial", {"webhook_retries_policies": {"call.hangup": {"retries_ms": [-1]}}}, "10026"),
        ("dial", {"webhook_retries_policies": {"call.hangup": {"retries_ms": [1] * 6}}}, "10015"),
        ("dial", {"webhook_retries_policies": {"call.hangup": {"retries_ms": [60_001]}}}, "10015"),
        ("dial", {"stream_url": "http://a/m"}, "10003"),
        ("dial", {"stream_track": "both"}, "10032"),
        ("dial", {"stream_codec": "pcmu"}, "10032"),
        ("dial", {"stream_bidirectional_codec": "default"}, "10032"),
        ("dial", {"stream_bidirectional_mode": "wav"}, "10032"),
        ("dial", {"stream_bidirectional_sampling_rate": 44100}, "10032"),
        ("dial", {"stream_bidirectional_sampling_rate": True}, "10032"),
        ("dial", {"stream_bidirectional_target_legs": "me"}, "10032"),
        ("dial", {"stream_auth_token": "x" * 4001}, "10015"),
        ("reject", {"cause": ...}, "10004"),
        ("reject", {"cause": "busy"}, "10032"),
        ("transfer", {"to": ...}, "10004"),
        ("transfer", {"to": "sip:nobody"}, "10016"),
        ("transfer", {"from": "555"}, "10016"),
        ("transfer", {"target_leg_client_state": "!"}, "90017"),
        ("bridge", {"call_control_id": ...}, "10004"),
        ("bridge", {"queue": "support"}, "10038"),
        ("bridge", {"video_room_id": "x"}, "10038"),
        ("client_state_update", {"client_state": ...}, "10004"),
        ("gather", {"gather_id": "x" * 41}, "10015"),
        ("speak", {"payload": ...}, "10004"),
        ("speak", {"payload": "x" * 3001}, "90010"),
        ("speak", {"voice": ...}, "10004"),
        ("speak", {"voice": "female"}, "10004"),
        ("speak", {"payload_type": "html"}, "90011"),
        ("speak", {"service_level": "gold"}, "10032"),
        ("speak", {"target_legs": "me"}, "10032"),
        ("speak", {"loop": 0}, "90009"),
        ("speak", {"loop": "often"}, "90009"),
        ("speak", {"loop": "9" * 5000}, "90009"),
        ("speak", {"loop": True}, "90009"),
        ("speak", {"loop": 1.5}, "90009"),
        ("speak", {"stop": "overlay"}, "90016"),
        ("playback_start", {"audio_url": ...}, "10004"),
        ("playback_start", {"audio_url": "file:///etc/passwd"}, "10003"),
        ("playback_start", {"audio_url": ..., "playback_content": "!"}, "10015"),
        ("playback_start", {"media_name": "x"}, "10038"),
        ("playback_start", {"overlay": True}, "10038"),
        ("playback_start", {"audio_type": "ogg"}, "10032"),
        ("send_dtmf", {"digits": ...}, "10004"),
        ("send_dtmf", {"digits": "x"}, "90014"),
        ("send_dtmf", {"duration_millis": 99}, "90021"),
        ("gather", {"minimum_digits": 0}, "90004"),
        ("gather", {"minimum_digits": 3, "maximum_digits": 2}, "90005"),
        ("gather", {"timeout_millis": 0}, "90025"),
        ("gather", {"inter_digit_timeout_millis": 120_001}, "90003"),
        ("gather", {"initial_timeout_millis": 0}, "90056"),
        ("gather", {"terminating_digit": "##"}, "90007"),
        ("gather", {"terminating_digit": "x"}, "90007"),
        ("gather", {"valid_digits": "12x"}, "90008"),
        ("streaming_start", {"stream_url": ...}, "10004"),
        ("streaming_start", {"custom_parameters": {}}, "10026"),
        ("streaming_stop", {"stream_id": 7}, "10026"),
    ],
)
def test_a_wrong_field_is_refused_with_its_code(command: str, changes: dict[str, Any], code: str) -> None:
    """And points at the field."""
    refusal = refused(command, **changes)
    assert refusal.code == code
    if refusal.status == 422:
        assert refusal.pointer is not None
        error = refusal.body()["errors"][0]  # type: ignore[index]
        assert error["source"] == {"pointer": refusal.pointer}
        assert error["meta"]["url"].endswith(code)


@pytest.mark.parametrize("command", sorted(PARSERS))
def test_unknown_fields_and_nulls_are_taken(command: str) -> None:
    """The carrier ignores what it does not know."""
    PARSERS[command]({**GOOD[command], "unheard_of": {"x": 1}, "webhook_url": None, "client_state": "YQ=="})


def test_every_command_is_tried_here_and_is_the_carriers() -> None:
    """A new family is found by its file, and given a good body in this table."""
    assert set(GOOD) == set(COMMANDS)
    assert set(COMMANDS) - {"dial"} <= CARRIERS


def test_dialling_has_the_carriers_defaults() -> None:
    """30 s of ringing, four hours of talking, mp3 mode."""
    dial = parse_dial({**DIAL, "stream_url": "wss://app.example/m"})
    assert (dial.timeout_s, dial.time_limit_s, dial.retry_on_timeout) == (30, 14_400, True)
    assert dial.stream == fields.StreamOptions(url="wss://app.example/m")
    assert (dial.stream.bidirectional_mode, dial.stream.bidirectional_target_legs) == ("mp3", "opposite")


def test_digits_after_a_comma_are_pressed_on_answer() -> None:
    """``to`` may end in them; a SIP URI is dialled as it is; a list of one is that one."""
    assert parse_dial({**DIAL, "to": "+15550100,12w#"}).digits_on_answer == "12w#"
    assert parse_dial({**DIAL, "to": "sip:a@example.test"}).to == "sip:a@example.test"
    assert parse_dial({**DIAL, "to": ["+15550100"]}).to == "+15550100"


def test_answer_knows_neither_token_nor_sampling_rate() -> None:
    """They are fields of other commands: ignored here, as the carrier does."""
    body = {
        "stream_url": "ws://127.0.0.1/m",
        "stream_auth_token": "t",
        "stream_bidirectional_sampling_rate": 1,
        "custom_parameters": "x",
    }
    stream = parse_answer(body).stream
    assert stream is not None
    assert (stream.auth_token, stream.bidirectional_sampling_rate, stream.custom_parameters) == (None, None, ())


def test_streaming_start_knows_all_stream_fields() -> None:
    """Token, rate, parameters."""
    stream = parse_streaming_start(
        {
            "stream_url": "ws://127.0.0.1/m",
            "stream_auth_token": "t",
            "stream_bidirectional_sampling_rate": 16_000,
            "custom_parameters": [{"name": "a", "value": "b"}],
        }
    ).stream
    assert (stream.auth_token, stream.bidirectional_sampling_rate) == ("t", 16_000)
    assert stream.custom_parameters == (("a", "b"),)


def test_a_later_routing_goes_over_an_earlier_one() -> None:
    """Field by field, event by event."""
    earlier = fields.Routing("http://a", {"call.hangup": ("http://b",)}, {"call.hangup": (1,)})
    later = fields.Routing(None, {"call.answered": ("http://c",)}, {"call.hangup": (2,)})
    assert later.over(earlier) == fields.Routing(
        "http://a", {"call.hangup": ("http://b",), "call.answered": ("http://c",)}, {"call.hangup": (2,)}
    )


def test_speech_is_repeated_and_stripped_of_markup() -> None:
    """loop as number, text or infinity; SSML without its tags."""
    assert parse_speak({**SPEAK, "loop": "3"}).times == 3
    assert parse_speak({**SPEAK, "loop": "infinity"}).times > 1000
    spoken = parse_speak({**SPEAK, "payload": "<speak>hi</speak>", "payload_type": "ssml"})
    assert spoken.text.strip() == "hi"
    assert parse_speak({**SPEAK, "voice": "male", "language": "en-US"}).voice == "male"


def test_audio_may_come_with_the_command() -> None:
    """playback_content, base64."""
    content = base64.b64encode(b"RIFF").decode()
    assert parse_playback({"playback_content": content}).content == b"RIFF"


def test_stopping_an_overlay_stops_nothing_else() -> None:
    """Overlays are not played: there is none to stop."""
    assert parse_playback_stop({}).stop == "all"
    assert parse_playback_stop({"overlay": True, "stop": "all"}).stop == ""


def test_gathering_has_the_carriers_defaults() -> None:
    """``#`` ends it unless the terminating digit is empty."""
    assert parse_gather({}) == GatherDigits(DigitsWanted())
    assert parse_gather({"terminating_digit": "", "valid_digits": "12"}).wanted.terminating_digit == ""


def test_fields_without_effect_are_named() -> None:
    """Those that ask for something; the carrier's defaults ask for nothing."""
    asked = asked_in_vain(COMMANDS["dial"], {"record": "record-from-answer", "answering_machine_detection": "detect"})
    assert asked == ["answering_machine_detection", "record"]
    assert asked_in_vain(COMMANDS["dial"], {"answering_machine_detection": "disabled", "transcription": False}) == []
    assert asked_in_vain(COMMANDS["speak"], {"target_legs": "both"}) == ["target_legs"]
    assert asked_in_vain(
        COMMANDS["answer"], {"preferred_codecs": "G722", "deepfake_detection": {"enabled": False}}
    ) == ["preferred_codecs"]
    assert asked_in_vain(COMMANDS["transfer"], {"early_media": False}) == ["early_media"]
    assert asked_in_vain(COMMANDS["bridge"], {"prevent_double_bridge": True}) == ["prevent_double_bridge"]
    assert asked_in_vain(COMMANDS["playback_start"], {"audio_url": "http://a"}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted(
    {name for body in GOOD.values() for name in body}
    | {"client_state", "webhook_urls", "webhook_retries_policies", "webhook_url", "custom_headers", "loop", "stop"}
    | {"stream_url", "stream_track", "stream_bidirectional_sampling_rate", "custom_parameters", "timeout_secs"}
)


@given(command=st.sampled_from(sorted(PARSERS)), changes=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_any_body_is_taken_or_refused(command: str, changes: dict[str, Any]) -> None:
    """Never anything else."""
    status = 200
    try:
        PARSERS[command]({**GOOD[command], **changes})
    except ApiError as refusal:
        status = refusal.status
    assert status in (200, 422, 501)
