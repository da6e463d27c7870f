"""A call's audio for as long as the call is up: it outlives the sockets that carry it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from offhook.audio.formats import PCMU, AudioFormat, Rewriter, format_of
from offhook.calls.media.taps import Tap, Taps, nobody

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.audio.resample import Resampler
    from offhook.calls.media.stream import MediaStream, StreamFailure
    from offhook.calls.media.taps import MediaListener, Track, Way
    from offhook.carriers.commands import StreamRequest
    from offhook.carriers.media import MediaStarted

__all__ = ["LineState", "LineWatcher", "MediaLine"]

_G711 = ("PCMU", "PCMA")
TELEPHONE_RATE = 8000
"""Of a line that has not begun, in Hz."""


class LineState(StrEnum):
    """Where a call's audio is."""

    IDLE = "idle"
    """No audio yet."""
    UP = "up"
    """A socket carries it."""
    LOST = "lost"
    """The socket is gone, and another may come."""
    OVER = "over"
    """It has ended for good."""


class LineWatcher(Protocol):
    """Who answers for a line: the host of the call."""

    def admits(self, stream: MediaStream, started: MediaStarted) -> bool:
        """Whether this stream may carry the call's audio; it is closed if not. It may be failed here, too."""
        ...

    def media_began(self, started: MediaStarted) -> None:
        """A stream carries the audio: the first, or the next after one that was lost."""
        ...

    def stream_failed(self, failure: StreamFailure, detail: str) -> None:
        """A stream of the call was given up on our side, be it the one that carried the audio or not."""
        ...

    def media_gone(self) -> None:
        """The stream that carried the audio is over, and not because we closed the line: listeners have been told that
        it is lost. :meth:`MediaLine.stop` if no other is to come."""
        ...

    def stream_over(self, stream: MediaStream) -> None:
        """A stream is over, and has counted what there was to count."""
        ...


class MediaLine:
    """A call's audio: one socket at a time, any number of listeners.

    It is there from the call's making. Sockets that are let in for the call attach to it; when one is lost, and another
    comes, listeners stay, and hear at the rates they have heard at all along. It is the
    :class:`~offhook.calls.media.stream.StreamOwner` of its streams, and lives on one event loop.
    """

    __slots__ = (
        "_closing",
        "_input_rate",
        "_last_ms",
        "_output_format",
        "_output_rate",
        "_resamplers",
        "_sent_ms",
        "_streams",
        "failure",
        "send_audio",
        "send_encoded",
        "started",
        "state",
        "stream",
        "taps",
        "unsent",
        "watcher",
    )

    send_audio: Callable[[bytes], None]
    """``send_audio(pcm)``: play ``pcm`` to the other party, after what was sent before.

    ``pcm`` is whole 20 ms frames at :attr:`output_rate`; the carrier paces them. While there is no stream it is counted
    and dropped. Raises :exc:`ValueError` if it is not whole frames, or none.
    """
    send_encoded: Callable[[bytes], None]
    """``send_encoded(audio)``: the same with what is written in :attr:`output_format`, which is played untouched."""
    # Not methods: they are the stream's own, with nothing in between, when nobody else wants to hear what we send.

    def __init__(self, call_id: Callable[[], str] = lambda: "-") -> None:
        self.state = LineState.IDLE
        self.watcher: LineWatcher | None = None
        """Who answers for it."""
        self.stream: MediaStream | None = None
        """What carries the audio, or did last."""
        self.started: MediaStarted | None = None
        """What the first stream has announced."""
        self.failure: StreamFailure | None = None
        """Why the last stream was given up on our side, if it was."""
        self.unsent = 0
        """Messages not sent because there was no stream."""
        self.taps = Taps(self._connect, call_id)
        """Who hears."""
        self.send_audio = self.send_encoded = self._send_nothing
        self._streams: list[MediaStream] = []
        self._input_rate = self._output_rate = TELEPHONE_RATE
        self._output_format = PCMU
        self._closing = False
        # Where each track ends, on the line's clock, and how much was sent while somebody listened to it.
        self._last_ms: dict[Track, float] = {}
        self._sent_ms = 0.0
        # Of the stream, where its rates are not the line's.
        self._resamplers: dict[Track, Resampler] = {}

    # -- facts ----------------------------------------------------------------------------------------------------

    @property
    def input_rate(self) -> int:
        """The rate of the pcm that listeners hear, in Hz; known once :attr:`started` is, and the same from then on."""
        return self._input_rate

    @property
    def input_format(self) -> AudioFormat:
        """How the caller's audio is written on the line: G.711 where its codec is that, else pcm at
        :attr:`input_rate`. Listeners hear pcm of it in any case."""
        encoding = "L16" if self.started is None else self.started.format.encoding
        return format_of(encoding, 8000) if encoding in _G711 else AudioFormat("pcm", self._input_rate)

    @property
    def output_rate(self) -> int:
        """The rate of the pcm that :attr:`send_audio` takes, in Hz; known once :attr:`started` is."""
        return self._output_rate

    @property
    def output_format(self) -> AudioFormat:
        """What :attr:`send_encoded` takes: the line's own codec where that is G.711, else pcm at :attr:`output_rate`.

        Known once :attr:`started` is; until then what it will probably be.
        """
        return self._output_format

    @property
    def open(self) -> bool:
        """Whether a socket of the call is open, be it the one that carries the audio or not."""
        return bool(self._streams)

    @property
    def lost(self) -> bool:
        """Whether the audio has ended, or is interrupted, although we did not end it."""
        return self.state in (LineState.LOST, LineState.OVER) and not self._closing

    # -- listeners ----------------------------------------------------------------------------------------------------

    def add(self, listener: MediaListener, *, track: Track = "inbound", vital: bool = False) -> Callable[[], None]:
        """Let ``listener`` hear the line from now on; returns a function that ends it.

        Who comes late is told at once what has been: that the media has started, and that it is lost, or stopped.

        Args:
            listener: who hears. What it raises costs it its place, and nobody else anything.
            track: what it hears.
            vital: what it raises is the call's failure: for the session that the call is for.
        """
        tap = Tap(listener, track, vital=vital)
        if self.state is LineState.OVER:
            self.taps.tell_one(tap, "media_stopped")
            return lambda: None
        self.taps.add(tap)
        if self.started is not None:
            self.taps.tell_one(tap, "media_started", self.started)
            if self.state is LineState.LOST and not tap.gone:
                self.taps.tell_one(tap, "media_lost")
        return lambda: self.taps.remove(tap)

    # -- what we send -----------------------------------------------------------------------------------------------

    def send_mark(self, name: str) -> None:
        """Ask for ``name`` back once all audio sent so far was played."""
        if self.state is LineState.UP and self.stream is not None:
            self.stream.outbound.mark(name)
        else:
            self.unsent += 1

    def clear(self) -> None:
        """Stop playing at once and drop what is queued; every mark that is out comes back."""
        if self.state is LineState.UP and self.stream is not None:
            self.stream.outbound.clear()
        else:
            self.unsent += 1

    # -- its life -----------------------------------------------------------------------------------------------------

    def expect(self, request: StreamRequest) -> None:
        """A stream was asked for."""
        if self.started is None:
            self._output_format = format_of(request.codec, request.sample_rate)

    def opened(self, stream: MediaStream) -> None:
        """A socket was let in for the call; it has said nothing yet. A line that has ended closes it."""
        self._streams.append(stream)
        if self._closing or self.state is LineState.OVER:
            stream.close()

    def close(self) -> None:
        """End the audio, in good order: what was sent is still delivered, then :meth:`stop` follows by itself."""
        self._closing = True
        for stream in tuple(self._streams):
            stream.close()
        if self.state is not LineState.UP:
            self.stop()

    def stop(self) -> None:
        """The audio is over for good: tell everyone, and let them go. Does nothing the second time."""
        if self.state is LineState.OVER:
            return
        self.state = LineState.OVER
        self._connect()
        self.taps.tell("media_stopped", all_may_fail=True)
        self.taps.clear()

    # -- its streams (StreamOwner) --------------------------------------------------------------------------------

    def stream_started(self, stream: MediaStream, started: MediaStarted) -> None:
        """A stream has announced its format: it carries the audio, unless another does or the call does not want it."""
        free = self.state in (LineState.IDLE, LineState.LOST) and not self._closing
        if not free or (self.watcher is not None and not self.watcher.admits(stream, started)):
            stream.close()
            return
        first = self.started is None
        if first:
            self.started = started
            self._input_rate = next(iter(stream.tracks.values())).rate
            self._output_rate = stream.outbound.rate
            self._output_format = _format_of(stream)
        self.stream, self.state, self.failure = stream, LineState.UP, None
        self._resamplers.clear()
        self._connect()
        if first:
            self.taps.tell("media_started", started)
        else:
            self.taps.tell("media_resumed")
        if self.watcher is not None:
            self.watcher.media_began(started)

    def mark_returned(self, name: str) -> None:
        """A mark has come back."""
        self.taps.tell("mark_returned", name)

    def digit(self, digit: str) -> None:
        """The other party pressed a key."""
        self.taps.tell("digit", digit)

    def stream_failed(self, stream: MediaStream, failure: StreamFailure, detail: str) -> None:
        """A stream was given up on our side."""
        if stream is self.stream or self.stream is None:
            self.failure = failure
        if self.watcher is not None:
            self.watcher.stream_failed(failure, detail)

    def stream_stopped(self, stream: MediaStream) -> None:
        """A stream is over."""
        if stream in self._streams:
            self._streams.remove(stream)
        if stream is self.stream and self.state is LineState.UP:
            for track, inbound in stream.tracks.items():
                self._last_ms[track] = self._last_ms.get(track, 0.0) + inbound.ends_ms
            if self._closing:
                self.stop()
            else:
                self.state = LineState.LOST
                self._connect()
                self.taps.tell("media_lost", all_may_fail=True)
                if self.watcher is not None:
                    self.watcher.media_gone()
        if self.watcher is not None:
            self.watcher.stream_over(stream)

    # -- the ways of the audio ----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Lay the ways between the stream and the listeners anew: someone has come or gone, or the stream has."""
        stream = self.stream
        if stream is None or self.state is not LineState.UP:
            self.send_audio = self.send_encoded = self._send_nothing
            for inbound in stream.tracks.values() if stream is not None else ():
                inbound.way = nobody  # the stream is remembered for its counters, not for who has heard it
            return
        for track, inbound in stream.tracks.items():
            way = self.taps.way(track)
            inbound.way = self._adapted(way, inbound.rate, self._last_ms.get(track, 0.0), track)
        self.send_audio = self._way_out(stream)
        self.send_encoded = self._way_out_encoded(stream)

    def _adapted(self, way: Way, rate: int, offset_ms: float, track: Track) -> Way:
        """``way``, at the line's rate and on the line's clock."""
        if way is nobody or (rate == self._input_rate and not offset_ms):
            return way
        resampler = self._resampler(track, rate, self._input_rate)

        def adapted(pcm: bytes, timestamp_ms: float) -> None:
            way(resampler.process(pcm), offset_ms + timestamp_ms)

        return adapted

    def _way_out(self, stream: MediaStream) -> Callable[[bytes], None]:
        out, tapped = stream.outbound, self.taps.way("sent")
        if out.rate == self._output_rate:
            send = out.audio
        else:
            resampler = self._resampler("sent", self._output_rate, out.rate)
            send = lambda pcm: out.audio(resampler.process(pcm))  # noqa: E731 - one of two ways
        if tapped is nobody:
            return send
        bytes_per_ms = self._output_rate * 2 / 1000

        def send_and_tell(pcm: bytes) -> None:
            send(pcm)
            tapped(pcm, self._sent_ms)
            self._sent_ms += len(pcm) / bytes_per_ms

        return send_and_tell

    def _way_out_encoded(self, stream: MediaStream) -> Callable[[bytes], None]:
        """Made after :meth:`_way_out`, which it takes where the audio has to be decoded."""
        out, written, tapped = stream.outbound, self._output_format, self.taps.way("sent")
        if written.encoding == "pcm":
            return self.send_audio
        decode = Rewriter(written, AudioFormat("pcm", written.sample_rate)).process
        if _format_of(stream) != written:
            send_audio = self.send_audio
            return lambda audio: send_audio(decode(audio))
        if tapped is nobody:
            return out.encoded

        def send_and_tell(audio: bytes) -> None:
            out.encoded(audio)
            tapped(decode(audio), self._sent_ms)
            self._sent_ms += len(audio) / written.bytes_per_ms

        return send_and_tell

    def _resampler(self, track: Track, rate_in: int, rate_out: int) -> Resampler:
        """The stream's own for the track, whoever comes and goes."""
        from offhook.audio.resample import Resampler  # rarely needed, and slow to import

        found = self._resamplers.get(track)
        if found is None:
            found = self._resamplers[track] = Resampler(rate_in, rate_out)
        return found

    def _send_nothing(self, pcm: bytes) -> None:
        self.unsent += 1


def _format_of(stream: MediaStream) -> AudioFormat:
    return format_of(stream.request.codec, stream.request.sample_rate)
