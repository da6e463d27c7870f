"""Audio takes the same course in one step as in several: the quick way of a stream changes nothing but its cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pybase64
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.media.line import MediaLine
from offhook.calls.media.stream import MediaStream
from offhook.carriers.audio_messages import COMPILED
from offhook.carriers.commands import StreamRequest
from offhook.carriers.telnyx.media import TelnyxAppMedia

if TYPE_CHECKING:
    from offhook.carriers.media import MediaStarted

pytestmark = pytest.mark.skipif(not COMPILED, reason="a C compiler at installation")


class SlowMedia(TelnyxAppMedia):
    """The carrier's messages, read and written in several steps."""

    audio_messages = None


class Echo:
    """Says everything back, and remembers it."""

    def __init__(self, line: MediaLine) -> None:
        self._line = line
        self.heard: list[tuple[bytes, float]] = []

    def media_started(self, started: MediaStarted) -> None:
        pass

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        self.heard.append((pcm, timestamp_ms))
        if len(pcm) == 320:
            self._line.send_audio(pcm)

    def mark_returned(self, name: str) -> None:
        pass

    def digit(self, digit: str) -> None:
        pass

    def media_lost(self) -> None:
        pass

    def media_resumed(self) -> None:
        pass

    def media_stopped(self) -> None:
        pass


def course(protocol: TelnyxAppMedia, codec: str, announced: str, messages: list[bytes]) -> tuple[object, ...]:
    """What is heard, sent and counted when these messages come."""
    sent: list[bytes] = []
    line = MediaLine()
    echo = Echo(line)
    line.add(echo, vital=True)
    request = StreamRequest(url="", codec=codec, track="both")
    stream = MediaStream(protocol, request=request, owner=line, send=sent.append, close=lambda: None)
    line.opened(stream)
    format_ = {"encoding": announced, "sample_rate": 8000, "channels": 1}
    stream.receive(json.dumps({"event": "start", "stream_id": "s", "start": {"media_format": format_}}).encode())
    for message in messages:
        stream.receive(message)
    counters = stream.counters
    ends_ms = {track: inbound.ends_ms for track, inbound in stream.tracks.items()}
    stream.connection_lost()
    return (
        echo.heard,
        sent,
        ends_ms,
        counters.received,
        counters.lost,
        counters.late,
        counters.restarts,
        counters.ignored,
    )


@st.composite
def pieces_of_a_call(draw: st.DrawFn) -> list[dict[str, object]]:
    """Mostly one after the other, as they come; now and then something else."""
    often: st.SearchStrategy[int] = st.sampled_from([1] * 12 + [0, 2, 3, -1, -2, 5, 70])
    pieces: list[dict[str, object]] = []
    chunk = 0
    for _ in range(draw(st.integers(0, 30))):
        chunk = max(0, chunk + draw(often))
        audio = bytes([draw(st.integers(0, 255))]) * draw(st.sampled_from([160] * 8 + [0, 1, 159, 320]))
        payload = pybase64.b64encode(audio).decode()
        pieces.append(
            {
                "track": draw(st.sampled_from(["inbound"] * 8 + ["outbound"])),
                "chunk": str(chunk) if draw(st.integers(0, 9)) else chunk,
                "timestamp": str(20 * chunk),
                "payload": payload if draw(st.integers(0, 19)) else draw(st.text(max_size=8)),
            }
        )
    return pieces


@given(
    pieces_of_a_call(),
    st.sampled_from(["PCMU", "PCMA"]),
    st.sampled_from(["PCMU", "PCMA"]),
    st.booleans(),
)
def test_what_is_heard_sent_and_counted_is_the_same(
    pieces: list[dict[str, object]], codec: str, announced: str, spaces: bool
) -> None:
    """In order or not, of either law in each direction, of both tracks, well written or not."""
    separators = (", ", ": ") if spaces else (",", ":")
    messages = [
        json.dumps({"event": "media", "media": piece, "stream_id": "s"}, separators=separators).encode()
        for piece in pieces
    ]
    assert course(TelnyxAppMedia(), codec, announced, messages) == course(SlowMedia(), codec, announced, messages)


def test_audio_that_is_not_of_g711_takes_the_slower_way() -> None:
    """L16 has no table of samples."""
    piece = {"track": "inbound", "chunk": "1", "timestamp": "0", "payload": pybase64.b64encode(bytes(640)).decode()}
    message = json.dumps({"event": "media", "media": piece}).encode()
    heard = course(TelnyxAppMedia(), "PCMU", "L16", [message])[0]
    assert heard == [(bytes(640), 0)]


def test_the_next_piece_of_g711_takes_the_quick_way() -> None:
    """The first piece says where the numbers begin; each that follows it in order is heard in one step."""
    payload = pybase64.b64encode(bytes(160)).decode()
    messages = [
        json.dumps(
            {
                "event": "media",
                "media": {"track": "inbound", "chunk": str(n), "timestamp": str(20 * n), "payload": payload},
            }
        ).encode()
        for n in range(1, 5)
    ]
    heard, sent, ends_ms, received, *_ = course(TelnyxAppMedia(), "PCMU", "PCMU", messages)
    assert isinstance(heard, list)
    assert [at_ms for _, at_ms in heard] == [20, 40, 60, 80]
    assert isinstance(sent, list)
    assert (len(sent), received) == (4, 4)
    assert ends_ms == {"inbound": 100, "outbound": 0}
    line = MediaLine()
    stream = MediaStream(
        TelnyxAppMedia(), request=StreamRequest(url=""), owner=line, send=lambda _: None, close=lambda: None
    )
    line.opened(stream)
    format_ = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
    stream.receive(json.dumps({"event": "start", "stream_id": "s", "start": {"media_format": format_}}).encode())
    reader = stream.reader
    assert reader is not None
    assert not reader.take(messages[0])
    stream.receive(messages[0])
    assert [reader.take(message) for message in messages[1:3]] == [True, True]
    assert stream.counters.received == 3
    stream.connection_lost()
    assert stream.reader is None
    assert not reader.take(messages[3])
    assert stream.counters.received == 3
