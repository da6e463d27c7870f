"""A call's audio outlives its sockets, and its listeners do not notice more than they must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.codecs.g711 import PcmaDecoder
from offhook.audio.formats import PCM_8K, PCM_16K, PCMA, PCMU, AudioFormat
from offhook.calls.media.line import LineState, MediaLine
from offhook.calls.media.taps import nobody
from offhook.carriers.commands import StreamRequest
from offhook.carriers.media import DigitReceived, MarkReturned, MediaStopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.calls.media.stream import MediaStream
    from offhook.carriers.media import MediaStarted

    New = Callable[..., Any]

FRAME = bytes(320)


class Watcher:
    """Keeps what a line tells, and decides as it is told to."""

    def __init__(self, line: MediaLine) -> None:
        self.line = line
        self.saw: list[Any] = []
        self.admits_all = True
        self.stops = False
        line.watcher = self

    def admits(self, stream: MediaStream, started: MediaStarted) -> bool:
        return self.admits_all

    def media_began(self, started: MediaStarted) -> None:
        self.saw.append("began")

    def stream_failed(self, failure: str, detail: str) -> None:
        self.saw.append(failure)

    def media_gone(self) -> None:
        self.saw.append("gone")
        if self.stops:
            self.line.stop()

    def stream_over(self, stream: MediaStream) -> None:
        self.saw.append("over")


@pytest.fixture
def line() -> MediaLine:
    return MediaLine()


@pytest.fixture
def attach(line: MediaLine, new_bench: New) -> New:
    """``attach(encoding, rate, **request)``: a stream of the line that has begun."""

    def make(encoding: str = "PCMU", rate: int = 8000, **request: Any) -> Any:
        bench = new_bench(owner=line, **request)
        line.opened(bench.stream)
        bench.start(encoding, rate)
        return bench

    return make


def test_a_line_is_there_before_its_audio(line: MediaLine) -> None:
    """What is sent then is counted, and goes nowhere."""
    assert (line.state, line.stream, line.started, line.open, line.lost) == (LineState.IDLE, None, None, False, False)
    assert (line.input_rate, line.output_rate) == (8000, 8000)
    line.send_audio(FRAME)
    line.send_mark("m")
    line.clear()
    assert line.unsent == 3


def test_listeners_hear_from_the_start_to_the_end(line: MediaLine, attach: New, new_ear: New) -> None:
    """Audio, marks and keys in their order; what is sent goes out."""
    ear = new_ear()
    line.add(ear, vital=True)
    bench = attach()
    bench.feed(bench.piece(1), MarkReturned("m"), DigitReceived("5"))
    line.send_audio(FRAME)
    line.send_mark("n")
    line.clear()
    line.close()
    assert line.state is LineState.UP  # until the socket has closed
    line.send_audio(FRAME)
    bench.stream.connection_lost()
    assert ear.heard == ["started", ("audio", 320, 0), ("mark", "m"), ("digit", "5"), "stopped"]
    assert bench.sent == [b"audio 160", b"mark n", b"clear"]
    assert (line.state, line.lost, line.open, bench.closed) == (LineState.OVER, False, False, 1)
    assert len(line.taps) == 0


def test_a_line_outlives_its_socket(line: MediaLine, attach: New, new_ear: New) -> None:
    """Listeners stay; the clock of the audio goes on where the lost stream ended."""
    watcher, ear = Watcher(line), new_ear()
    line.add(ear, vital=True)
    first = attach()
    first.feed(first.piece(1), first.piece(2))
    first.stream.connection_lost()
    assert (line.state, line.lost, line.failure) == (LineState.LOST, True, None)
    line.send_audio(FRAME)
    assert line.unsent == 1
    second = attach()
    second.feed(second.piece(1))
    line.send_audio(FRAME)
    assert (line.state, line.lost, line.stream) == (LineState.UP, False, second.stream)
    assert ear.heard == [
        "started",
        ("audio", 320, 0),
        ("audio", 320, 20),
        "lost",
        "resumed",
        ("audio", 320, 40),
    ]
    assert (first.sent, second.sent) == ([], [b"audio 160"])
    assert watcher.saw == ["began", "gone", "over", "began"]
    second.feed(MediaStopped())
    third = attach()
    third.feed(third.piece(1))
    assert ear.heard[-1] == ("audio", 320, 60)


def test_the_rates_stay_what_they_were(line: MediaLine, attach: New, new_ear: New) -> None:
    """Whatever the second stream announces, and was asked for: the same audio at the same rates."""
    ear = new_ear()
    line.add(ear, vital=True)
    attach("PCMU", 8000).stream.connection_lost()
    second = attach("L16", 16000, codec="L16", sample_rate=16000)
    for number in (1, 2):
        second.feed(second.piece(number, bytes(640)))
    line.send_audio(FRAME)
    assert (line.input_rate, line.output_rate) == (8000, 8000)
    assert ear.heard == ["started", "lost", "resumed", ("audio", 320, 0), ("audio", 320, 20)]
    assert second.sent == [b"audio 640"]


def test_a_listener_that_comes_and_goes_does_not_disturb_the_resampled_audio(
    line: MediaLine, attach: New, new_ear: New
) -> None:
    """The state of the resampling is the stream's, not the listener's."""
    ear = new_ear()
    line.add(ear, vital=True)
    attach("PCMU", 8000).stream.connection_lost()
    second = attach("L16", 16000)
    before = dict(line._resamplers)
    line.add(new_ear())()
    assert line._resamplers == before != {}
    second.feed(second.piece(1, bytes(640)))
    assert ear.heard[-1] == ("audio", 320, 0)


def test_both_sides_can_be_heard(line: MediaLine, attach: New, new_ear: New) -> None:
    """As the carrier sends them, and what we send when we send it."""
    ears = {track: new_ear() for track in ("inbound", "outbound", "sent")}
    for track, ear in ears.items():
        line.add(ear, track=track)  # type: ignore[arg-type]
    bench = attach(track="both")
    bench.feed(bench.piece(1), bench.piece(1, track="outbound"), bench.piece(2, track="outbound"))
    line.send_audio(FRAME)
    line.send_audio(FRAME * 5)
    assert bench.sent == [b"audio 160", b"audio 800"]
    assert ears["inbound"].heard == ["started", ("audio", 320, 0)]
    assert ears["outbound"].heard == ["started", ("audio", 320, 0), ("audio", 320, 20)]
    assert ears["sent"].heard == ["started", ("audio", 320, 0), ("audio", 1600, 20)]


def test_a_recorder_that_raises_does_not_cost_the_call_its_audio(line: MediaLine, attach: New, new_ear: New) -> None:
    """In either direction."""
    session, broken, silent = new_ear(), new_ear(raises_at="audio"), new_ear(raises_at="audio")
    line.add(session, vital=True)
    line.add(broken)
    line.add(silent, track="sent")
    bench = attach()
    bench.feed(bench.piece(1), bench.piece(2))
    line.send_audio(FRAME)
    line.send_audio(FRAME)
    assert session.heard == ["started", ("audio", 320, 0), ("audio", 320, 20)]
    assert bench.sent == [b"audio 160"] * 2
    assert (len(broken.heard), len(silent.heard)) == (2, 2)
    assert line.taps.failed == {"ValueError": 2}


def test_only_the_sessions_own_failure_comes_out(line: MediaLine, attach: New, new_ear: New) -> None:
    """Whoever reads the socket then gives the stream up."""
    session = new_ear(raises_at="audio")
    line.add(session, vital=True)
    bench = attach()
    with pytest.raises(ValueError, match="canary"):
        bench.feed(bench.piece(1))
    bench.stream.fail("listener_failed", "ValueError")
    assert (line.state, line.failure) == (LineState.LOST, "listener_failed")


def test_a_session_that_fails_when_the_audio_is_lost_does_not_keep_it_from_the_others(
    line: MediaLine, attach: New, new_ear: New
) -> None:
    """There is no stream left to be given up for it."""
    watcher, session, other = Watcher(line), new_ear(raises_at="lost"), new_ear()
    line.add(session, vital=True)
    line.add(other)
    attach().stream.connection_lost()
    assert (line.state, other.heard) == (LineState.LOST, ["started", "lost"])
    assert watcher.saw == ["began", "gone", "over"]


def test_a_lost_stream_is_kept_for_its_counters_alone(line: MediaLine, attach: New, new_ear: New) -> None:
    """It does not hold on to who has heard it."""
    line.add(new_ear())
    bench = attach()
    inbound = bench.stream.tracks["inbound"]
    assert inbound.way is not nobody
    bench.stream.connection_lost()
    assert line.stream is bench.stream
    assert inbound.way is nobody


def test_who_comes_late_is_told_what_has_been(line: MediaLine, attach: New, new_ear: New) -> None:
    """Every listener hears one beginning, and one end."""
    ears = [new_ear() for _ in range(4)]
    line.add(ears[0])
    bench = attach()
    line.add(ears[1])
    bench.stream.connection_lost()
    line.add(ears[2])
    line.stop()
    line.stop()
    line.add(ears[3])()
    assert [ear.heard for ear in ears] == [["started", "lost", "stopped"]] * 3 + [["stopped"]]


def test_a_latecomer_that_raises_is_told_no_more(line: MediaLine, attach: New, new_ear: New) -> None:
    """It had its place for one call."""
    attach().stream.connection_lost()
    broken = new_ear(raises_at="started")
    line.add(broken)
    assert broken.heard == ["started"]
    assert len(line.taps) == 0


def test_a_listener_can_leave(line: MediaLine, attach: New, new_ear: New) -> None:
    """And hears nothing more."""
    ear = new_ear()
    leave = line.add(ear)
    bench = attach()
    leave()
    leave()
    bench.feed(bench.piece(1))
    assert ear.heard == ["started"]


def test_what_is_written_as_the_line_writes_is_played_untouched(line: MediaLine, attach: New, new_ear: New) -> None:
    """Whoever listens to what we send hears it as pcm."""
    line.expect(StreamRequest(url="", codec="PCMA"))
    assert line.output_format == PCMA
    line.send_encoded(bytes(160))
    bench = attach("PCMA", codec="PCMA")
    payloads: list[bytes] = []

    def audio(payload: bytes) -> bytes:
        payloads.append(payload)
        return b"audio"

    bench.media.audio = audio
    codes = bytes(range(160))
    line.send_encoded(codes)
    ear, spoken = new_ear(), []
    ear.audio = lambda pcm, timestamp_ms: spoken.append((pcm, timestamp_ms))
    line.add(ear, track="sent")
    line.send_encoded(codes * 5)
    line.send_encoded(codes)
    assert payloads == [codes, codes * 5, codes]
    assert spoken == [(PcmaDecoder().decode(codes * 5), 0), (PcmaDecoder().decode(codes), 100)]
    assert line.unsent == 1
    line.expect(StreamRequest(url="", codec="PCMU"))
    assert line.output_format == PCMA


def test_what_a_line_plays_untouched_stays_what_it_was(line: MediaLine, attach: New) -> None:
    """A second stream with another codec gets it decoded."""
    attach("PCMU").stream.connection_lost()
    second = attach("L16", 16000, codec="L16", sample_rate=16000)
    assert line.output_format == PCMU
    line.send_encoded(bytes(160))
    assert second.sent == [b"audio 640"]


@pytest.mark.parametrize(
    ("codec", "format_"), [("PCMA", PCMA), ("G722", PCM_16K)], ids=["as it is written", "as it is heard"]
)
def test_how_the_caller_is_written_on_the_line_is_known(
    line: MediaLine, attach: New, codec: str, format_: AudioFormat
) -> None:
    """G.711 as it comes, so that it can be passed on untouched; what is compressed otherwise as pcm."""
    assert line.input_format == PCM_8K
    attach(codec, 8000 if codec == "PCMA" else 16000)
    assert line.input_format == format_


@pytest.mark.parametrize("codec", ["L16", "G722"])
def test_a_line_of_another_codec_takes_pcm(line: MediaLine, attach: New, codec: str) -> None:
    """At its rate."""
    bench = attach("PCMU", codec=codec, sample_rate=16000)
    assert line.output_format == AudioFormat("pcm", line.output_rate) == PCM_16K
    line.send_encoded(bytes(640))
    assert len(bench.sent) == 1


def test_one_stream_at_a_time(line: MediaLine, attach: New, new_ear: New) -> None:
    """A second one is closed, and the audio stays where it is."""
    watcher, ear = Watcher(line), new_ear()
    line.add(ear)
    first, second = attach(), attach()
    assert (first.closed, second.closed) == (0, 1)
    second.stream.connection_lost()
    first.feed(first.piece(1))
    assert ear.heard == ["started", ("audio", 320, 0)]
    assert watcher.saw == ["began", "over"]


def test_a_stream_that_its_watcher_does_not_want_is_closed(line: MediaLine, attach: New) -> None:
    """The line waits for another."""
    watcher = Watcher(line)
    watcher.admits_all = False
    refused = attach()
    assert (refused.closed, line.state, line.stream) == (1, LineState.IDLE, None)
    watcher.admits_all = True
    attach()
    assert line.state == LineState.UP


def test_a_stream_that_fails_before_it_began_is_the_lines_failure(
    line: MediaLine, new_bench: New, new_ear: New
) -> None:
    """There was no audio yet, and nobody hears of it."""
    watcher, ear = Watcher(line), new_ear()
    line.add(ear)
    bench = new_bench(owner=line)
    line.opened(bench.stream)
    bench.start("EVS")
    assert (line.failure, line.state, line.open) == ("codec_unsupported", LineState.IDLE, False)
    assert watcher.saw == ["codec_unsupported", "over"]
    assert ear.heard == []


def test_a_stray_stream_that_fails_is_not_the_lines_failure(line: MediaLine, attach: New, new_bench: New) -> None:
    """The audio goes on."""
    attach()
    stray = new_bench(owner=line)
    stray.stream.fail("consumer_slow", "")
    assert (line.failure, line.state) == (None, LineState.UP)


def test_a_watcher_may_end_the_line_when_the_audio_is_lost(line: MediaLine, attach: New, new_ear: New) -> None:
    """Then no other stream comes in."""
    watcher, ear = Watcher(line), new_ear()
    watcher.stops = True
    line.add(ear)
    attach().stream.connection_lost()
    late = attach()
    assert ear.heard == ["started", "lost", "stopped"]
    assert (late.closed >= 1, line.state, line.lost) == (True, LineState.OVER, True)


def test_a_line_that_is_closed_without_audio_is_over_at_once(line: MediaLine, attach: New, new_ear: New) -> None:
    """Sockets that have said nothing yet are closed with it; those that come later, too."""
    ear = new_ear()
    line.add(ear)
    line.close()
    assert (line.state, line.lost, ear.heard) == (LineState.OVER, False, ["stopped"])
    assert attach().closed >= 1
    assert line.open
