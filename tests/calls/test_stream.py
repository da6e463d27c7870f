"""A call's audio: in order, decoded by what is announced, encoded as was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.codecs import make_encoder
from offhook.calls.stream import MEDIA_BEFORE_START_LIMIT, MediaStream
from offhook.carriers.commands import StreamRequest
from offhook.carriers.media import (
    DigitReceived,
    FrameIgnored,
    MarkReturned,
    MediaConnected,
    MediaFault,
    MediaFormat,
    MediaReceived,
    MediaStarted,
    MediaStopped,
)

if TYPE_CHECKING:
    from offhook.carriers.events import Direction

FRAME = bytes(320)


class FakeMedia:
    max_audio_ms = 30_000
    """A wire format without bytes: ``receive`` returns what is put into ``next``."""

    next: Any = None

    def receive(self, message: bytes) -> Any:
        return self.next

    receive_binary = receive

    def audio(self, payload: bytes) -> bytes:
        return b"audio %d" % len(payload)

    def mark(self, name: str) -> bytes:
        return b"mark " + name.encode()

    def clear(self) -> bytes:
        return b"clear"


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def media_started(self, started: MediaStarted) -> None:
        self.heard.append(("started", started.format.encoding))

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        self.heard.append(("audio", len(pcm), timestamp_ms))

    def mark_returned(self, name: str) -> None:
        self.heard.append(("mark", name))

    def digit(self, digit: str) -> None:
        self.heard.append(("digit", digit))

    def media_stopped(self) -> None:
        self.heard.append(("stopped",))


class Watcher:
    def __init__(self) -> None:
        self.saw: list[tuple[Any, ...]] = []
        self.on_start: Any = None

    def stream_started(self, stream: MediaStream, started: MediaStarted) -> None:
        self.saw.append(("started",))
        if self.on_start:
            self.on_start(stream)

    def stream_failed(self, stream: MediaStream, failure: str, detail: str) -> None:
        self.saw.append(("failed", failure, detail))

    def stream_stopped(self, stream: MediaStream) -> None:
        self.saw.append(("stopped",))


class Bench:
    """A stream with everything around it."""

    def __init__(self, **request: Any) -> None:
        self.media = FakeMedia()
        self.sent: list[bytes] = []
        self.closed = 0
        self.listener = Listener()
        self.watcher = Watcher()
        limits = {"early_limit": request.pop("early_limit")} if "early_limit" in request else {}
        self.stream = MediaStream(
            self.media,
            request=StreamRequest(url="", **request),
            send=self.sent.append,
            close=self.close,
            **limits,
        )
        self.stream.watcher = self.watcher

    def close(self) -> None:
        self.closed += 1

    def feed(self, *events: Any, binary: bool = False) -> None:
        for event in events:
            self.media.next = event
            (self.stream.receive_binary if binary else self.stream.receive)(b"")

    def start(self, encoding: str = "PCMU", rate: int = 8000) -> None:
        self.feed(started(encoding, rate))

    def listen(self) -> None:
        self.stream.listener = self.listener

    @property
    def heard(self) -> list[tuple[Any, ...]]:
        return self.listener.heard


def started(encoding: str = "PCMU", rate: int = 8000) -> MediaStarted:
    return MediaStarted(stream_id="s1", call_id="c1", format=MediaFormat(encoding=encoding, sample_rate=rate))


def piece(chunk: int, payload: bytes | None = None, track: Direction = "inbound") -> MediaReceived:
    if payload is None:
        payload = bytes([255] * 160)  # an object of its own, as from a socket
    return MediaReceived(track=track, chunk=chunk, timestamp_ms=(chunk - 1) * 20, payload=payload)


def test_audio_is_told_in_the_order_of_its_numbers() -> None:
    """With the time of its beginning, whatever order it came in."""
    bench = Bench()
    bench.listen()
    bench.feed(MediaConnected(), started(), piece(1), piece(3), piece(2), piece(4))
    assert bench.heard == [
        ("started", "PCMU"),
        ("audio", 320, 0),
        ("audio", 320, 20),
        ("audio", 320, 40),
        ("audio", 320, 60),
    ]
    assert bench.stream.counters.received == 4
    assert bench.stream.counters.lost == 0


def test_a_lost_piece_is_made_up_for() -> None:
    """The listener hears 20 ms for it."""
    bench = Bench()
    bench.listen()
    bench.start()
    bench.feed(piece(1), piece(3), piece(4), piece(5), piece(6), piece(6))
    assert [entry[2] for entry in bench.heard[1:]] == [0, 20, 40, 60, 80, 100]
    counters = bench.stream.counters
    assert (counters.received, counters.lost, counters.late) == (6, 1, 1)


def test_a_payload_that_is_not_of_the_codec_is_made_up_for() -> None:
    """Half a sample of L16 costs 20 ms of audio, not the call."""
    bench = Bench(codec="L16", sample_rate=16000)
    bench.listen()
    bench.start("L16", 16000)
    bench.feed(piece(1, bytes(640)), piece(2, bytes(641)), piece(3, bytes(640)))
    assert [entry[1:] for entry in bench.heard[1:]] == [(640, 0), (640, 20), (640, 40)]
    assert bench.stream.counters.ignored["not of the codec"] == 1
    assert bench.stream.counters.lost == 1


def test_each_direction_has_its_own_codec() -> None:
    """A leg with A-law is decoded as such although we asked for another codec, and are heard in that."""
    bench = Bench(codec="L16", sample_rate=16000)
    assert bench.stream.input_rate == 16000  # until the carrier says otherwise
    bench.listen()
    bench.start("PCMA", 8000)
    bench.feed(piece(1, b"\xd5" * 160))
    assert bench.heard[-1] == ("audio", 320, 0)
    assert (bench.stream.input_rate, bench.stream.output_rate) == (8000, 16000)
    bench.stream.send_audio(bytes(640))
    assert bench.sent == [b"audio 640"]


def test_only_the_other_partys_track_is_heard() -> None:
    """With both tracks on the socket our own voice is not taken for the caller's."""
    bench = Bench(track="both")
    bench.listen()
    bench.start()
    bench.feed(piece(1), piece(1, track="outbound"))
    assert len(bench.heard) == 2
    assert bench.stream.counters.ignored["other track"] == 1
    bench = Bench(track="outbound")
    bench.listen()
    bench.start()
    bench.feed(piece(1, track="outbound"))
    assert len(bench.heard) == 2


def test_what_comes_before_the_listener_is_kept_and_told() -> None:
    """In order, up to a limit; the beginning and the end are always told."""
    bench = Bench(early_limit=3)
    bench.start()
    bench.feed(piece(1), MarkReturned("m"), DigitReceived("1"), piece(2), MediaStopped())
    assert bench.stream.counters.dropped_early == 2
    bench.listen()
    assert bench.stream.listener is bench.listener
    assert bench.heard == [("started", "PCMU"), ("audio", 320, 0), ("mark", "m"), ("stopped",)]


def test_marks_and_keys_are_told() -> None:
    """On text and binary messages alike."""
    bench = Bench()
    bench.listen()
    bench.start()
    bench.feed(MarkReturned("m"), DigitReceived("#"), piece(1), binary=True)
    assert bench.heard[1:] == [("mark", "m"), ("digit", "#"), ("audio", 320, 0)]


def test_complaints_and_nonsense_are_counted() -> None:
    """The call goes on."""
    bench = Bench()
    bench.start()
    bench.feed(MediaFault(code=100004, title="invalid_media"), FrameIgnored("not JSON"), started())
    assert bench.stream.counters.faults == {100004: 1}
    assert bench.stream.counters.ignored == {"not JSON": 1, "second start": 1}


def test_a_codec_that_cannot_be_decoded_fails_the_stream() -> None:
    """The watcher learns which; the listener that it is over."""
    bench = Bench()
    bench.listen()
    bench.start("EVS", 16000)
    assert bench.watcher.saw == [("failed", "codec_unsupported", "EVS at 16000 Hz"), ("stopped",)]
    assert bench.heard == [("stopped",)]
    assert bench.closed == 1
    bench.feed(started())
    assert bench.stream.started is None


def test_audio_without_a_start_fails_the_stream_after_a_second() -> None:
    """Nobody knows how to decode it."""
    bench = Bench()
    bench.feed(*(piece(number) for number in range(1, MEDIA_BEFORE_START_LIMIT)))
    assert bench.watcher.saw == []
    bench.feed(piece(MEDIA_BEFORE_START_LIMIT), piece(99))
    assert bench.watcher.saw[0][:2] == ("failed", "start_missing")
    assert bench.stream.counters.ignored["media after stop"] == 1


def test_a_start_that_is_late_is_good_enough() -> None:
    """What came before it is not heard."""
    bench = Bench()
    bench.listen()
    bench.feed(piece(1), started(), piece(2))
    assert bench.heard == [("started", "PCMU"), ("audio", 320, 20)]


def test_the_end_is_told_exactly_once() -> None:
    """A stop message, then the socket, then a failure: one end."""
    bench = Bench()
    bench.listen()
    bench.start()
    bench.feed(MediaStopped(), piece(1))
    bench.stream.connection_lost()
    bench.stream.fail("consumer_slow", "")
    assert bench.heard.count(("stopped",)) == 1
    assert bench.watcher.saw == [("started",), ("stopped",)]
    assert bench.stream.stopped
    assert not bench.stream.closing


def test_a_stream_needs_no_watcher_and_no_listener() -> None:
    """To be used by itself."""
    bench = Bench()
    bench.stream.watcher = None
    bench.start()
    bench.stream.fail("consumer_slow", "")
    assert bench.stream.stopped
    assert bench.stream.failure == "consumer_slow"
    assert bench.closed == 1


def test_a_watcher_that_refuses_the_stream_is_the_last_to_hear_of_it() -> None:
    """The listener is not told of a beginning after the end."""
    bench = Bench()
    bench.watcher.on_start = lambda stream: stream.fail("call_mismatch", "")
    bench.listen()
    bench.start()
    assert bench.heard == [("stopped",)]


def test_nothing_is_sent_before_the_start_and_after_the_end() -> None:
    """It is counted instead."""
    bench = Bench()
    bench.stream.send_audio(FRAME)
    bench.stream.send_mark("m")
    bench.stream.clear()
    bench.start()
    bench.stream.close()
    assert bench.stream.closing
    bench.stream.send_audio(FRAME)
    assert bench.sent == []
    assert bench.stream.counters.unsent == 4


def test_commands_are_sent_in_order() -> None:
    """Audio, marks and clears."""
    bench = Bench()
    bench.start()
    bench.stream.send_audio(FRAME * 5)
    bench.stream.send_mark("m")
    bench.stream.clear()
    assert bench.sent == [b"audio 800", b"mark m", b"clear"]


def test_a_message_holds_thirty_seconds_at_most() -> None:
    """The carrier takes 20 ms to 30 s."""
    bench = Bench()
    bench.start()
    bench.stream.send_audio(FRAME * 1501)
    assert bench.sent == [b"audio 240000", b"audio 160"]


def test_a_message_with_opus_holds_one_packet(require: Any) -> None:
    """One frame of 20 ms."""
    bench = Bench(codec="OPUS", sample_rate=16000)
    bench.start()
    bench.stream.send_audio(bytes(640 * 3))
    assert 2 <= len(bench.sent) <= 3  # a coder may hold its first frame back


@pytest.mark.parametrize("size", [0, 300, 330, 640_001])
def test_half_a_frame_is_a_mistake(size: int) -> None:
    """Pieces below 20 ms stutter."""
    bench = Bench()
    bench.start()
    with pytest.raises(ValueError, match=f"expected whole frames of 320 bytes, got {size}"):
        bench.stream.send_audio(bytes(size))


def test_a_stream_that_was_closed_before_its_start_sends_nothing() -> None:
    """We have ended it already."""
    bench = Bench()
    bench.stream.close()
    bench.start()
    bench.stream.send_audio(FRAME)
    assert bench.sent == []


def test_the_byte_order_of_l16_holds_both_ways() -> None:
    """For carriers that follow RFC 3551."""
    media = FakeMedia()
    sent: list[bytes] = []
    payloads: list[bytes] = []
    media.audio = lambda payload: payloads.append(payload) or b""  # type: ignore[method-assign,func-returns-value]
    stream = MediaStream(
        media,
        request=StreamRequest(url="", codec="L16", sample_rate=16000),
        send=sent.append,
        close=lambda: None,
        l16_byte_order="big",
    )
    media.next = started("L16", 16000)
    stream.receive(b"")
    stream.send_audio(b"\x01\x02" * 320)
    assert payloads == [b"\x02\x01" * 320]
    assert payloads[0] == make_encoder("L16", 16000, l16_byte_order="big").encode(b"\x01\x02" * 320)
