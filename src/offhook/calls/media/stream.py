"""One media socket of a call, without the socket: messages in, tracks of pcm out, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.calls.media.counters import StreamCounters
from offhook.calls.media.inbound import Inbound
from offhook.calls.media.outbound import Outbound
from offhook.carriers.media import (
    DigitReceived,
    FrameIgnored,
    MarkReturned,
    MediaFault,
    MediaReceived,
    MediaStarted,
    MediaStopped,
)
from offhook.errors import UnsupportedCodec

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.carriers._audio import AudioReader
    from offhook.carriers.commands import StreamRequest
    from offhook.carriers.events import Direction
    from offhook.carriers.media import AppMedia, MediaEvent

__all__ = ["MediaStream", "StreamCounters", "StreamFailure", "StreamOwner"]

MEDIA_BEFORE_START_LIMIT = 50
"""Frames of audio without a format before the stream is given up: one second."""

_TRACKS: Final[tuple[Direction, ...]] = ("inbound", "outbound")

StreamFailure = Literal[
    "codec_unsupported",
    "start_missing",
    "frame_too_large",
    "message_incomplete",
    "text_invalid",
    "flooded",
    "consumer_slow",
    "call_mismatch",
    "listener_failed",
]
"""Why a media stream was given up.

* ``codec_unsupported``: the carrier sends audio we cannot decode.
* ``start_missing``: audio came, but never its format.
* ``frame_too_large``: one message was above the limit.
* ``message_incomplete``: a frame, or a message in parts, broke the rules of the WebSocket.
* ``text_invalid``: a text message was not UTF-8.
* ``flooded``: more came at once than any call sends.
* ``consumer_slow``: the carrier does not read what we send.
* ``call_mismatch``: the stream says it belongs to another call than its token.
* ``listener_failed``: our own side raised while it heard the audio.
"""


class StreamOwner(Protocol):
    """Whose stream it is: the call's :class:`~offhook.calls.media.line.MediaLine`."""

    def stream_started(self, stream: MediaStream, started: MediaStarted) -> None:
        """The format is known and can be decoded; the first piece of audio comes next."""
        ...

    def mark_returned(self, name: str) -> None:
        """All audio sent before the mark was played, or was dropped by a clear."""
        ...

    def digit(self, digit: str) -> None:
        """The other party pressed a key."""
        ...

    def stream_failed(self, stream: MediaStream, failure: StreamFailure, detail: str) -> None:
        """The stream cannot go on; it has been closed. ``detail`` names codecs and sizes, never personal data."""
        ...

    def stream_stopped(self, stream: MediaStream) -> None:
        """The stream is over, for whatever reason. The last call, exactly once."""
        ...


class MediaStream:
    """A two-way media stream over one :class:`~offhook.carriers.media.AppMedia` protocol.

    Incoming audio is decoded by what the carrier announces, outgoing audio is encoded as ``request`` asked for: they
    can differ.

    Args:
        protocol: the carrier's wire format.
        request: what we asked the carrier for.
        owner: whose it is.
        send: sends one text message (UTF-8 bytes).
        close: closes the socket; may be called more than once.
        l16_byte_order: of L16 in both directions.
    """

    # Slots, since a frame reads some of these on its way.
    __slots__ = (
        "_before_start",
        "_byte_order",
        "_close",
        "_closing",
        "_owner",
        "_protocol",
        "_stopped",
        "counters",
        "failure",
        "outbound",
        "reader",
        "request",
        "started",
        "tracks",
    )

    def __init__(
        self,
        protocol: AppMedia,
        *,
        request: StreamRequest,
        owner: StreamOwner,
        send: Callable[[bytes], None],
        close: Callable[[], None],
        l16_byte_order: Literal["little", "big"] = "little",
    ) -> None:
        self.request = request
        self.started: MediaStarted | None = None
        """Set once the carrier has announced the format."""
        self.failure: StreamFailure | None = None
        """Why the stream was given up on our side, if it was."""
        self.counters = StreamCounters()
        encoder = make_encoder(request.codec, request.sample_rate, l16_byte_order=l16_byte_order)
        self.outbound = Outbound(protocol, encoder, send, self.counters)
        """What we send."""
        self.tracks: dict[Direction, Inbound] = {}
        """What the carrier sends; none before the start and after the stop."""
        self._owner = owner
        self._protocol = protocol
        self._close = close
        self._byte_order: Literal["little", "big"] = l16_byte_order
        self.reader: AudioReader | None = None
        """Takes a text message in one step, if it is the next piece of the first track's audio, as nearly every message
        is. Such a message is ASCII. None where nothing is taken so."""
        self._before_start = 0
        self._stopped = False
        self._closing = False

    # -- facts ----------------------------------------------------------------------------------------------------

    @property
    def stopped(self) -> bool:
        """Whether the stream is over."""
        return self._stopped

    @property
    def closing(self) -> bool:
        """Whether it is we who ended it."""
        return self._closing

    # -- from the carrier -------------------------------------------------------------------------------------------

    def receive(self, message: bytes) -> None:
        """Take one text message from the socket."""
        if self.reader is None or not self.reader.take(message):
            self.receive_slowly(message)

    def receive_slowly(self, message: bytes) -> None:
        """Take a text message that :attr:`reader` does not."""
        self._take(self._protocol.receive(message))

    def receive_binary(self, message: bytes) -> None:
        """Take one binary message from the socket."""
        self._take(self._protocol.receive_binary(message))

    def connection_lost(self) -> None:
        """The socket is gone, with or without a stop before."""
        self._stop()

    def fail(self, failure: StreamFailure, detail: str) -> None:
        """Give the stream up: close the socket and tell its owner. Does nothing once the stream is over."""
        if self._stopped:
            return
        self.failure = failure
        self.close()
        self._owner.stream_failed(self, failure, detail)
        self._stop()

    def close(self) -> None:
        """Close the socket. :meth:`connection_lost` follows."""
        self._closing = True
        self.outbound.flow(False)
        self._close()

    def _take(self, event: MediaEvent) -> None:
        match event:
            case MediaReceived():
                self._media(event)
            case MediaStarted():
                self._start(event)
            case MarkReturned(name):
                if not self._stopped:
                    self._owner.mark_returned(name)
            case DigitReceived(digit):
                if not self._stopped:
                    self._owner.digit(digit)
            case MediaStopped():
                self._stop()
            case MediaFault(code=code):
                self.counters.faults[code] += 1
            case FrameIgnored(reason):
                self.counters.ignored[reason] += 1
            case _:
                pass  # MediaConnected: the token in the URL has said who it is

    def _media(self, event: MediaReceived) -> None:
        track = self.tracks.get(event.track)
        if track is not None:
            track.take(event)
        elif self.tracks:
            self.counters.ignored["other track"] += 1
        elif self._stopped:
            self.counters.ignored["media after stop"] += 1
        else:
            self.counters.ignored["media before start"] += 1
            self._before_start += 1
            if self._before_start >= MEDIA_BEFORE_START_LIMIT:
                self.fail("start_missing", f"expected a start message first, got {self._before_start} pieces of audio")

    def _start(self, started: MediaStarted) -> None:
        if self.started is not None or self._stopped:
            self.counters.ignored["second start"] += 1
            return
        format_ = started.format
        wanted = self.request.track
        try:
            for track in _TRACKS:
                if wanted in (track, "both"):
                    decoder = make_decoder(format_.encoding, format_.sample_rate, l16_byte_order=self._byte_order)
                    messages = self._protocol.audio_messages
                    self.tracks[track] = Inbound(decoder, self.counters, name=track, messages=messages)
        except UnsupportedCodec:
            self.fail("codec_unsupported", f"{format_.encoding} at {format_.sample_rate} Hz")
            return
        self.reader = next(iter(self.tracks.values())).reader
        self.outbound.flow(not self._closing)
        self.started = started
        self._owner.stream_started(self, started)

    def _stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        self.reader = None
        for track in self.tracks.values():
            track.end()
        self.outbound.flow(False)
        self._owner.stream_stopped(self)
        self.tracks.clear()
