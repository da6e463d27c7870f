"""Media that is not as it should be, from a carrier that was let in: the call goes on, or ends with a word."""

from __future__ import annotations

import base64
import json
import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from offhook.audio.codecs import make_encoder
from offhook.audio.frames import frame_bytes
from offhook.exchange.people.script import ClipRef
from offhook.exchange.people.voices import Voices

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET = b"\xff" * 160


@pytest.fixture
def call_id(carrier: Any) -> Any:
    """A call that was answered, and is hung up with the test."""
    call_id = carrier.ring()
    yield call_id
    carrier.hang_up(call_id)


def ignored(carrier: Any, since: dict[str, int]) -> dict[str, int]:
    """What was ignored and counted, by reason, beyond ``since``."""
    return dict(Counter(carrier.health()["media"]["ignored"]) - Counter(since))


def assert_answered(carrier: Any, call_id: str, line: Any, frames: list[bytes], quiet: bytes = QUIET) -> None:
    """The caller asks for the opening hours, and hears them."""
    line.line(*frames)
    assert len(line.until_heard(frame=quiet)) > 4000
    assert carrier.agent.events("turn.reply", call=call_id)[-1]["intent"] == "opening hours"


def test_messages_that_are_wrong_are_ignored_and_counted(
    carrier: Any, call_id: str, clip: Callable[[str], list[bytes]]
) -> None:
    """Bad JSON, bad base64, wrong tracks, unknown events, binary: the call goes on, and the caller gets an answer."""
    before = carrier.health()["media"]["ignored"]
    with carrier.media(call_id) as line:
        line.start()
        line.until_heard()
        for text in ("{", "", "null", "[]", '"media"', '{"event":"media"', "\0", "[" * 100_000, '{"event":1e999}'):
            line.socket.send(text)
        for event in ("weather", "", "Media", "media.media"):
            line.send(event)
        line.socket.send('{"media":{"payload":"AAAA"}}')
        for broken in ("!!!!", "A", "AAAAA", "AA==AA", "ÿÿÿÿ", 7, None, ["AAAA"]):
            line.media(QUIET, {"payload": broken})
        line.media(QUIET, {"track": "sideways"})
        line.media(QUIET, {"track": "outbound"})
        line.media(QUIET, {"chunk": "first"})
        line.media(QUIET, {"timestamp": None})
        line.send("mark", mark={})
        line.send("mark", mark={"name": "never placed"})
        line.send("dtmf", dtmf={"digit": "twelve"})
        line.send("start", start={"media_format": {}})
        line.start("OPUS", 16000)
        line.send("error", payload={"code": 100005, "title": "rate_limit_reached"})
        for binary in (b"", b"\x00", os.urandom(4000)):
            line.socket.send(binary)
        assert_answered(carrier, call_id, line, clip("hours"))
    carrier.hang_up(call_id)
    carrier.agent.event("call.ended", call=call_id)
    counted = ignored(carrier, before)
    assert counted.pop("not JSON") >= 4
    assert counted.pop("unknown event") >= 5
    assert counted.pop("not an object") >= 3
    assert counted == {
        "media without base64 payload": 8,
        "media of an unknown track": 1,
        "other track": 1,
        "media without chunk or timestamp": 2,
        "mark without name": 1,
        "dtmf without digit": 1,
        "start without stream_id or media_format": 1,
        "second start": 1,
        "binary message": 3,
    }


def test_bytes_that_are_not_of_the_codec_are_concealed(carrier: Any) -> None:
    """Garbage instead of audio: a second later the caller is understood as if nothing had been."""
    codecs = {"OPUS": 16000, "G722": 8000, "AMR-WB": 16000}
    with ThreadPoolExecutor(len(codecs)) as callers:  # a call takes its time
        for call in [callers.submit(send_garbage_then_ask, carrier, *codec) for codec in codecs.items()]:
            call.result(40)


def send_garbage_then_ask(carrier: Any, encoding: str, rate: int) -> None:
    """One such call."""
    noise = random.Random(7)
    call_id = carrier.ring()
    with carrier.media(call_id) as line:
        line.start(encoding, rate)
        line.line(*(noise.randbytes(size % 90) for size in range(40)))
        if encoding == "AMR-WB":  # which nothing here can encode: a key is pressed instead
            line.silence(1.0, b"\xf0\x7c")
            line.send("dtmf", dtmf={"digit": "5"})
            line.until_heard(frame=b"\xf0\x7c")
            assert carrier.agent.events("digit.pressed", call=call_id)
            assert carrier.agent.events("agent.speech_ended", call=call_id, text="You pressed 5.")
        else:
            encoder = make_encoder(encoding, rate)
            size = frame_bytes(encoder.rate)
            said = Voices().clip(ClipRef(name="hours"), rate=encoder.rate).pcm
            pieces = [said[at : at + size].ljust(size, b"\0") for at in range(0, len(said), size)]
            quiet = encoder.encode(bytes(size))
            line.silence(1.0, quiet)
            assert_answered(carrier, call_id, line, [encoder.encode(piece) for piece in pieces], quiet)
    carrier.hang_up(call_id)


def test_a_message_of_ten_megabytes_ends_the_stream_with_a_reason(carrier: Any, call_id: str) -> None:
    """The socket is closed; the caller hears the carrier's own voice apologise, and is hung up."""
    with carrier.media(call_id) as line:
        line.start()
        line.silence(0.2)
        with pytest.raises(ConnectionClosed) as closed:
            send_and_read(line.socket, json.dumps({"event": "media", "media": {"payload": "A" * 10_000_000}}))
        # What comes before a reset of the connection may be lost on the way.
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
    assert_apologised(carrier, call_id, "frame_too_large")


def test_a_codec_that_cannot_be_decoded_is_never_silence(carrier: Any, call_id: str) -> None:
    """The caller hears an apology and is hung up; the log says which codec it was."""
    with carrier.media(call_id) as line:
        line.start("G729", 8000)
        assert_apologised(carrier, call_id, "codec_unsupported")
    assert f"call {call_id}: media stream given up: codec_unsupported (G729 at 8000 Hz)" in carrier.agent.log


def test_audio_without_a_start_is_given_up(carrier: Any, call_id: str) -> None:
    """Whoever sends audio must say first what it is."""
    with carrier.media(call_id) as line:
        for _ in range(50):
            line.media(QUIET)
        assert_apologised(carrier, call_id, "start_missing")


def test_a_stream_of_another_call_is_given_up(carrier: Any, call_id: str) -> None:
    """A token opens the audio of its own call only."""
    with carrier.media(call_id) as line:
        line.send(
            "start", start={"call_control_id": "v3:other", "media_format": {"encoding": "PCMU", "sample_rate": 8000}}
        )
        assert_apologised(carrier, call_id, "call_mismatch")


def test_a_socket_that_is_torn_down_in_the_call_is_told_to_the_caller(carrier: Any, call_id: str) -> None:
    """The audio is gone and the call is not: a new stream is asked for; where none comes, an apology and the end."""
    with carrier.media(call_id) as line:
        line.start()
        line.until_heard()
        line.socket.socket.close()
    assert_apologised(carrier, call_id, "media_lost", "streaming_start")


def test_a_stream_that_fails_is_asked_for_again_then_the_caller_is_told(carrier: Any, call_id: str) -> None:
    """The carrier reports that it could not open the socket, and then that it could not open another."""
    failed = carrier.event("streaming.failed", call_id, failure_reason="connection_failed")
    now_s = int(time.time())
    deliveries = [carrier.signer.sign(failed, now_s - age_s) for age_s in (0, 1)]  # the carrier repeats an event
    assert [carrier.post(failed, headers).status_code for headers in deliveries] == [200, 200]
    again = carrier.command(call_id, "streaming_start")
    assert again["stream_url"] != carrier.stream_url(call_id)
    carrier.post(carrier.event("streaming.failed", call_id, failure_reason="connection_failed"))
    assert_apologised(carrier, call_id, "connection_failed", "streaming_start")


# -- tokens -----------------------------------------------------------------------------------------------------------


def refused(url: str) -> int:
    """The HTTP status that a media socket is refused with, before any upgrade."""
    with pytest.raises(InvalidStatus) as answer, websockets.sync.client.connect(url, proxy=None):
        pass
    status: int = answer.value.response.status_code
    return status


def test_media_sockets_with_a_wrong_token_are_refused(carrier: Any, call_id: str) -> None:
    """Ten guesses, ten times 403, and no guess spends the right one."""
    url = carrier.stream_url(call_id)
    door, token = url.rsplit("/", 1)
    before = carrier.health()["media"]
    guesses = [
        token[:-1],
        token + "A",
        token[::-1],
        token.swapcase(),
        "..%2F" + token,
        *("A" * n for n in range(38, 43)),
    ]
    assert [refused(f"{door}/{guess}") for guess in guesses] == [403] * 10
    assert refused(f"{door}/") == 401
    after = carrier.health()["media"]
    assert after["sockets"] == before["sockets"]
    assert after["refused"]["unknown"] == before["refused"].get("unknown", 0) + 10
    assert token not in carrier.agent.log
    with carrier.media(call_id) as line:
        line.start()
        line.until_heard()


def test_a_media_token_opens_one_socket(carrier: Any, call_id: str) -> None:
    """A second socket is refused, while the first one is up and afterwards."""
    with carrier.media(call_id) as line:
        line.start()
        assert refused(carrier.stream_url(call_id)) == 410
        line.until_heard()
    assert refused(carrier.stream_url(call_id)) == 410


def test_a_media_token_ends_with_its_call(carrier: Any) -> None:
    """A token that was not used opens nothing once the call is over."""
    call_id = carrier.ring()
    carrier.hang_up(call_id)
    carrier.agent.event("call.ended", call=call_id)
    assert refused(carrier.stream_url(call_id)) == 410


# -- helpers ----------------------------------------------------------------------------------------------------------


def send_and_read(socket: websockets.sync.client.ClientConnection, message: str) -> None:
    """Until the other side has had enough."""
    socket.send(message)
    while True:
        socket.recv(timeout=5)


def assert_apologised(carrier: Any, call_id: str, reason: str, *before: str) -> None:
    carrier.agent.event("call.media_lost", call=call_id, reason=reason)
    assert "sorry" in carrier.command(call_id, "speak")["payload"]
    assert carrier.post(carrier.event("call.speak.ended", call_id, status="completed")).status_code == 200
    carrier.command(call_id, "hangup")
    assert carrier.commanded(call_id) == ["answer", *before, "speak", "hangup"]
    assert f"call {call_id}: given up: {reason}" in carrier.agent.log
    assert base64.b64encode(QUIET).decode() not in carrier.agent.log
