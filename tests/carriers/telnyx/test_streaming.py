from __future__ import annotations

import inspect
from typing import Any

import pytest
import telnyx

from offhook.carriers.commands import StreamRequest
from offhook.carriers.telnyx.streaming import fits_answer, stream_fields
from offhook.errors import CommandInvalid

URL = "wss://app.test/media/token"


def test_a_stream_is_two_way_and_pinned() -> None:
    """rtp, not mp3; to this leg, not the other; one codec both ways."""
    assert stream_fields(StreamRequest(url=URL), with_rate=True) == {
        "stream_url": URL,
        "stream_track": "inbound_track",
        "stream_codec": "PCMU",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": "PCMU",
        "stream_bidirectional_target_legs": "self",
        "stream_bidirectional_sampling_rate": 8000,
    }


@pytest.mark.parametrize("track", ["inbound", "outbound", "both"])
def test_tracks_have_long_names(track: Any) -> None:
    """inbound_track, outbound_track, both_tracks."""
    name = stream_fields(StreamRequest(url=URL, track=track), with_rate=False)["stream_track"]
    assert name == ("both_tracks" if track == "both" else f"{track}_track")


@pytest.mark.parametrize(
    ("codec", "rate", "wire_rate", "fits"),
    [
        ("PCMA", 8000, 8000, True),
        ("G722", 8000, 8000, True),
        ("G722", 16000, 8000, True),
        ("L16", 8000, 8000, True),
        ("L16", 16000, 16000, False),
        ("L16", 24000, 24000, False),
        ("OPUS", 16000, 16000, False),
        ("AMR-WB", 16000, 16000, False),
    ],
)
def test_answer_can_only_ask_for_8000_hz(codec: str, rate: int, wire_rate: int, fits: bool) -> None:
    """It has no field for the rate; G.722 is 8000 on the wire though its audio is 16 kHz."""
    stream = StreamRequest(url=URL, codec=codec, sample_rate=rate)
    assert stream_fields(stream, with_rate=True)["stream_bidirectional_sampling_rate"] == wire_rate
    assert "stream_bidirectional_sampling_rate" not in stream_fields(stream, with_rate=False)
    assert fits_answer(stream) is fits


@pytest.mark.parametrize(("codec", "rate"), [("GSM", 8000), ("pcmu", 8000), ("PCMU", 16000), ("L16", 44100)])
def test_what_the_carrier_does_not_have_is_not_asked_for(codec: str, rate: int) -> None:
    """The error comes before the call does."""
    with pytest.raises(CommandInvalid, match="expected"):
        stream_fields(StreamRequest(url=URL, codec=codec, sample_rate=rate), with_rate=True)


def test_the_official_package_has_the_fields() -> None:
    """Each command takes the fields that are sent with it, and answer has no field for the rate."""
    actions = telnyx.AsyncTelnyx(api_key="KEYtest").calls.actions
    stream = StreamRequest(url=URL)
    answer = inspect.signature(actions.answer).parameters
    assert stream_fields(stream, with_rate=False).keys() <= answer.keys()
    assert "stream_bidirectional_sampling_rate" not in answer
    assert stream_fields(stream, with_rate=True).keys() <= inspect.signature(actions.start_streaming).parameters.keys()
