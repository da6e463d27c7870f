"""One media socket of a call: in order, decoded by what is announced, and over once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.calls.media.stream import MEDIA_BEFORE_START_LIMIT
from offhook.carriers.media import (
    DigitReceived,
    FrameIgnored,
    MarkReturned,
    MediaConnected,
    MediaFault,
    MediaStopped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    NewBench = Callable[..., Any]


def test_audio_is_told_in_the_order_of_its_numbers(new_bench: NewBench) -> None:
    """With the time of its beginning, whatever order it came in."""
    bench = new_bench()
    piece = bench.piece
    bench.feed(MediaConnected(), bench.started(), piece(1), piece(3), piece(2), piece(4))
    assert bench.saw == [
        ("started", "PCMU"),
        ("audio", 320, 0),
        ("audio", 320, 20),
        ("audio", 320, 40),
        ("audio", 320, 60),
    ]
    assert bench.stream.counters.received == 4
    assert bench.stream.counters.lost == 0


def test_each_direction_has_its_own_codec(new_bench: NewBench) -> None:
    """A leg with A-law is decoded as such although we asked for another codec, and are heard in that."""
    bench = new_bench(codec="L16", sample_rate=16000)
    bench.start("PCMA", 8000)
    bench.feed(bench.piece(1, b"\xd5" * 160))
    assert bench.saw[-1] == ("audio", 320, 0)
    assert (bench.stream.tracks["inbound"].rate, bench.stream.outbound.rate) == (8000, 16000)
    bench.stream.outbound.audio(bytes(640))
    assert bench.sent == [b"audio 640"]


def test_the_tracks_that_were_asked_for_are_heard_each_by_itself(new_bench: NewBench) -> None:
    """The other party's, our own as they hear it, or both; what was not asked for is counted."""
    for track in ("inbound", "outbound"):
        bench = new_bench(track=track)
        bench.start()
        bench.feed(bench.piece(1), bench.piece(1, track="outbound"))
        assert list(bench.stream.tracks) == [track]
        assert bench.saw[1:] == [("audio", 320, 0)]
        assert bench.stream.counters.ignored["other track"] == 1
    bench = new_bench(track="both")
    bench.start()
    heard: dict[str, list[float]] = {"inbound": [], "outbound": []}
    for track, inbound in bench.stream.tracks.items():
        inbound.way = lambda _, at_ms, track=track: heard[track].append(at_ms)
    bench.feed(bench.piece(1), bench.piece(1, track="outbound"), bench.piece(2, track="outbound"), bench.piece(2))
    assert heard == {"inbound": [0, 20], "outbound": [0, 20]}
    assert bench.stream.counters.received == 4


def test_marks_and_keys_are_told(new_bench: NewBench) -> None:
    """On text and binary messages alike, until the end."""
    bench = new_bench()
    bench.start()
    bench.feed(MarkReturned("m"), DigitReceived("#"), bench.piece(1), binary=True)
    assert bench.saw[1:] == [("mark", "m"), ("digit", "#"), ("audio", 320, 0)]
    bench.feed(MediaStopped(), MarkReturned("late"), DigitReceived("1"))
    assert bench.saw[4:] == [("stopped",)]


def test_complaints_and_nonsense_are_counted(new_bench: NewBench) -> None:
    """The call goes on."""
    bench = new_bench()
    bench.start()
    bench.feed(MediaFault(code=100004, title="invalid_media"), FrameIgnored("not JSON"), bench.started())
    assert bench.stream.counters.faults == {100004: 1}
    assert bench.stream.counters.ignored == {"not JSON": 1, "second start": 1}


def test_a_codec_that_cannot_be_decoded_fails_the_stream(new_bench: NewBench) -> None:
    """Its owner learns which; nothing of it is heard."""
    bench = new_bench()
    bench.start("EVS", 16000)
    assert bench.saw == [("failed", "codec_unsupported", "EVS at 16000 Hz"), ("stopped",)]
    assert bench.closed == 1
    bench.feed(bench.started())
    assert bench.stream.started is None


def test_audio_without_a_start_fails_the_stream_after_a_second(new_bench: NewBench) -> None:
    """Nobody knows how to decode it."""
    bench = new_bench()
    bench.feed(*(bench.piece(number) for number in range(1, MEDIA_BEFORE_START_LIMIT)))
    assert bench.saw == []
    bench.feed(bench.piece(MEDIA_BEFORE_START_LIMIT), bench.piece(99))
    assert bench.saw[0][:2] == ("failed", "start_missing")
    assert bench.stream.counters.ignored["media after stop"] == 1


def test_a_start_that_is_late_is_good_enough(new_bench: NewBench) -> None:
    """What came before it is not heard."""
    bench = new_bench()
    bench.feed(bench.piece(1), bench.started(), bench.piece(2))
    assert bench.saw == [("started", "PCMU"), ("audio", 320, 20)]


def test_the_end_is_told_exactly_once(new_bench: NewBench) -> None:
    """A stop message, then the socket, then a failure: one end."""
    bench = new_bench()
    bench.start()
    bench.feed(MediaStopped(), bench.piece(1))
    bench.stream.connection_lost()
    bench.stream.fail("consumer_slow", "")
    assert bench.saw == [("started", "PCMU"), ("stopped",)]
    assert bench.stream.stopped
    assert not bench.stream.closing


def test_a_stream_that_is_given_up_is_closed_and_over(new_bench: NewBench) -> None:
    """The reason stays."""
    bench = new_bench()
    bench.owner.on_start = lambda stream: stream.fail("call_mismatch", "")
    bench.start()
    assert bench.saw == [("started", "PCMU"), ("failed", "call_mismatch", ""), ("stopped",)]
    assert (bench.stream.failure, bench.stream.closing, bench.closed) == ("call_mismatch", True, 1)


def test_nothing_is_sent_before_the_start_and_after_the_end(new_bench: NewBench) -> None:
    """It is counted instead."""
    bench = new_bench()
    out = bench.stream.outbound
    out.audio(bytes(320))
    out.mark("m")
    out.clear()
    bench.start()
    bench.stream.close()
    assert bench.stream.closing
    out.audio(bytes(320))
    assert bench.sent == []
    assert bench.stream.counters.unsent == 4


def test_a_stream_that_was_closed_before_its_start_sends_nothing(new_bench: NewBench) -> None:
    """We have ended it already."""
    bench = new_bench()
    bench.stream.close()
    bench.start()
    bench.stream.outbound.audio(bytes(320))
    assert bench.sent == []


def test_the_byte_order_of_l16_holds_both_ways(new_bench: NewBench) -> None:
    """For carriers that follow RFC 3551."""
    bench = new_bench(l16_byte_order="big", codec="L16", sample_rate=16000)
    payloads: list[bytes] = []

    def audio(payload: bytes) -> bytes:
        payloads.append(payload)
        return b""

    bench.media.audio = audio
    bench.start("L16", 16000)
    pcm: list[bytes] = []
    bench.stream.tracks["inbound"].way = lambda piece, _: pcm.append(piece)
    bench.feed(bench.piece(1, b"\x02\x01" * 320))
    bench.stream.outbound.audio(b"\x01\x02" * 320)
    assert (payloads, pcm) == ([b"\x02\x01" * 320], [b"\x01\x02" * 320])
