"""A call's audio, without its socket: codec bytes in order on one side, pcm on the other."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.conceal import Conceal
from offhook.audio.frames import FRAME_MS, frame_bytes
from offhook.audio.reorder import Reorder, ReorderCounters
from offhook.calls.listener import MediaListener, StreamFailure, StreamWatcher
from offhook.carriers.media import (
    DigitReceived,
    FrameIgnored,
    MarkReturned,
    MediaFault,
    MediaReceived,
    MediaStarted,
    MediaStopped,
)
from offhook.errors import CodecError, UnsupportedCodec

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.audio.codecs import Decoder
    from offhook.carriers.commands import StreamRequest
    from offhook.carriers.events import Direction
    from offhook.carriers.media import AppMedia, MediaEvent

__all__ = ["MediaListener", "MediaStream", "StreamCounters", "StreamFailure", "StreamWatcher"]

MEDIA_BEFORE_START_LIMIT = 50
"""Frames of audio without a format before the stream is given up: one second."""


@dataclass(slots=True)
class StreamCounters:
    """What has passed through one stream: what came in, and what could not go out."""

    order: ReorderCounters = field(default_factory=ReorderCounters)
    """In which order the pieces of audio came."""
    lost: int = 0
    """Pieces that never came, or were not of the codec, and were made up for."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Messages that were not acted on, by reason."""
    faults: Counter[int] = field(default_factory=Counter)
    """Complaints of the carrier about what we sent, by its code."""
    dropped_early: int = 0
    """Pieces that came before the listener was there and did not fit the buffer."""
    unsent: int = 0
    """Messages not sent because the stream had not begun or was over."""

    @property
    def received(self) -> int:
        """Pieces of audio taken in."""
        return self.order.received

    @property
    def late(self) -> int:
        """Pieces that came twice or too late, and were dropped."""
        return self.order.late + self.order.duplicates


class MediaStream:
    """A two-way media stream over one :class:`~offhook.carriers.media.AppMedia` protocol.

    Incoming audio is decoded by what the carrier announces, outgoing audio is encoded as ``request`` asked for: they
    can differ. What arrives before :attr:`listener` is set is kept (up to ``early_limit`` events) and then told at
    once.

    Args:
        protocol: the carrier's wire format.
        request: what we asked the carrier for.
        send: sends one text message (UTF-8 bytes).
        close: closes the socket; may be called more than once.
        l16_byte_order: of L16 in both directions.
        early_limit: how many events are kept while there is no listener; 250 is five seconds of audio.
    """

    # Slots, since a frame reads some twenty attributes on its way.
    __slots__ = (
        "_before_start",
        "_byte_order",
        "_bytes_per_ms",
        "_close",
        "_closing",
        "_conceal",
        "_decoder",
        "_early",
        "_early_limit",
        "_encoder",
        "_flowing",
        "_heard_track",
        "_last_bytes",
        "_last_ms",
        "_listener",
        "_out_frame",
        "_out_most",
        "_protocol",
        "_reorder",
        "_send",
        "_stopped",
        "counters",
        "failure",
        "request",
        "started",
        "watcher",
    )

    # Made when the format is known; nothing is heard before.
    _conceal: Conceal
    _decoder: Decoder

    def __init__(
        self,
        protocol: AppMedia,
        *,
        request: StreamRequest,
        send: Callable[[bytes], None],
        close: Callable[[], None],
        l16_byte_order: Literal["little", "big"] = "little",
        early_limit: int = 250,
    ) -> None:
        self.request = request
        self.started: MediaStarted | None = None
        """Set once the carrier has announced the format."""
        self.failure: StreamFailure | None = None
        """Why the stream was given up on our side, if it was."""
        self.watcher: StreamWatcher | None = None
        self._protocol = protocol
        self._send = send
        self._close = close
        self._byte_order: Literal["little", "big"] = l16_byte_order
        self._encoder = make_encoder(request.codec, request.sample_rate, l16_byte_order=l16_byte_order)
        self._out_frame = frame_bytes(self._encoder.rate)
        self._out_most = self._out_frame * (1 if self._encoder.frame_per_payload else protocol.max_audio_ms // FRAME_MS)
        self._reorder = Reorder(frame_ms=FRAME_MS)
        self.counters = StreamCounters(self._reorder.counters)
        # The track whose audio is heard: none before the start and after the stop.
        self._heard_track: Direction | None = None
        # Whether audio may go out. Sent before the start message it may be lost, and its format is not agreed.
        self._flowing = False
        self._last_ms: float = 0
        self._last_bytes = 0
        self._bytes_per_ms = 1.0
        self._before_start = 0
        self._listener: MediaListener | None = None
        self._early: deque[tuple[str, tuple[object, ...]]] = deque()
        self._early_limit = early_limit
        self._stopped = False
        self._closing = False

    # -- facts ----------------------------------------------------------------------------------------------------

    @property
    def input_rate(self) -> int:
        """The rate of the pcm that the listener hears, in Hz; known once :attr:`started` is."""
        return self._decoder.rate if self.started is not None else self.request.sample_rate

    @property
    def output_rate(self) -> int:
        """The rate of the pcm that :meth:`send_audio` takes, in Hz."""
        return self._encoder.rate

    @property
    def stopped(self) -> bool:
        """Whether the stream is over."""
        return self._stopped

    @property
    def closing(self) -> bool:
        """Whether it is we who ended it."""
        return self._closing

    @property
    def listener(self) -> MediaListener | None:
        """Who hears the audio. Setting it tells the listener, at once, everything kept so far."""
        return self._listener

    @listener.setter
    def listener(self, listener: MediaListener | None) -> None:
        self._listener = listener
        while self._listener is not None and self._early:
            method, arguments = self._early.popleft()
            getattr(self._listener, method)(*arguments)

    # -- from the carrier -------------------------------------------------------------------------------------------

    def receive(self, message: bytes) -> None:
        """Take one text message from the socket."""
        event = self._protocol.receive(message)
        # Nearly every message is the next piece of the audio that is heard; that one goes straight through.
        if type(event) is MediaReceived and event.track == self._heard_track and self._reorder.passes(event.chunk):
            self._hear(event.payload, event.timestamp_ms)
        else:
            self._take(event)

    def receive_binary(self, message: bytes) -> None:
        """Take one binary message from the socket."""
        self._take(self._protocol.receive_binary(message))

    def connection_lost(self) -> None:
        """The socket is gone, with or without a stop before."""
        self._stop()

    def fail(self, failure: StreamFailure, detail: str) -> None:
        """Give the stream up: close the socket and tell everyone. Does nothing once the stream is over."""
        if self._stopped:
            return
        self.failure = failure
        self.close()
        if self.watcher is not None:
            self.watcher.stream_failed(self, failure, detail)
        self._stop()

    def _media(self, event: MediaReceived) -> None:
        if self._heard_track is None:
            self._no_format()
            return
        if event.track != self._heard_track:
            self.counters.ignored["other track"] += 1
            return
        payload = event.payload
        for piece in self._reorder.push(event.chunk, payload):
            # A piece that was held back for reordering follows the ones before it on the stream's clock.
            next_ms = self._last_ms + self._last_bytes / self._bytes_per_ms
            self._hear(piece, event.timestamp_ms if piece is payload else next_ms)

    def _hear(self, piece: bytes | None, timestamp_ms: float) -> None:
        """Tell one piece of audio; one that is lost, or that is not of the codec, is made up for."""
        try:
            pcm = self._made_up() if piece is None else self._conceal.good(self._decoder.decode(piece))
        except CodecError:
            self.counters.ignored["not of the codec"] += 1
            pcm = self._made_up()
        self._last_ms, self._last_bytes = timestamp_ms, len(pcm)
        listener = self._listener
        if listener is not None:
            listener.audio(pcm, timestamp_ms)
        else:
            self._tell("audio", pcm, timestamp_ms)

    def _made_up(self) -> bytes:
        self.counters.lost += 1
        return self._conceal.lost()

    def _no_format(self) -> None:
        if self._stopped:
            self.counters.ignored["media after stop"] += 1
            return
        self.counters.ignored["media before start"] += 1
        self._before_start += 1
        if self._before_start >= MEDIA_BEFORE_START_LIMIT:
            self.fail("start_missing", f"expected a start message first, got {self._before_start} pieces of audio")

    def _take(self, event: MediaEvent) -> None:
        match event:
            case MediaReceived():
                self._media(event)
            case MediaStarted():
                self._start(event)
            case MarkReturned(name):
                self._tell("mark_returned", name)
            case DigitReceived(digit):
                self._tell("digit", digit)
            case MediaStopped():
                self._stop()
            case MediaFault(code=code):
                self.counters.faults[code] += 1
            case FrameIgnored(reason):
                self.counters.ignored[reason] += 1
            case _:
                pass  # MediaConnected: the token in the URL has said who it is

    def _start(self, started: MediaStarted) -> None:
        if self.started is not None or self._stopped:
            self.counters.ignored["second start"] += 1
            return
        format_ = started.format
        try:
            decoder = make_decoder(format_.encoding, format_.sample_rate, l16_byte_order=self._byte_order)
        except UnsupportedCodec:
            self.fail("codec_unsupported", f"{format_.encoding} at {format_.sample_rate} Hz")
            return
        self._decoder, self._conceal = decoder, Conceal(decoder.rate)
        self._bytes_per_ms = decoder.rate * 2 / 1000
        self._heard_track = "outbound" if self.request.track == "outbound" else "inbound"
        self._flowing = not self._closing
        self.started = started
        if self.watcher is not None:
            self.watcher.stream_started(self, started)
        if not self._stopped:
            self._tell("media_started", started)

    def _stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        self._heard_track = None
        self._flowing = False
        self._tell("media_stopped")
        if self.watcher is not None:
            self.watcher.stream_stopped(self)

    def _tell(self, method: str, *arguments: object) -> None:
        if self._listener is not None:
            getattr(self._listener, method)(*arguments)
            return
        if len(self._early) >= self._early_limit and method not in ("media_started", "media_stopped"):
            self.counters.dropped_early += 1
            return
        self._early.append((method, arguments))

    # -- to the carrier ---------------------------------------------------------------------------------------------

    def send_audio(self, pcm: bytes) -> None:
        """Play ``pcm`` to the other party, after what was sent before.

        Args:
            pcm: whole 20 ms frames at :attr:`output_rate`; the carrier paces them. As few messages as the
                carrier takes; with OPUS one per frame, since a message holds exactly one packet.

        Raises:
            ValueError: if ``pcm`` is not whole frames, or none.
        """
        size = len(pcm)
        if not size or size % self._out_frame:
            raise ValueError(f"expected whole frames of {self._out_frame} bytes, got {size} bytes")
        if self._flowing and size > self._out_most:
            for start in range(0, size, self._out_most):
                self.send_audio(pcm[start : start + self._out_most])
        elif self._flowing:
            self._send(self._protocol.audio(self._encoder.encode(pcm)))
        else:
            self.counters.unsent += 1

    def send_mark(self, name: str) -> None:
        """Ask for ``name`` back once all audio sent so far was played."""
        self._send_command(self._protocol.mark(name))

    def clear(self) -> None:
        """Stop playing at once and drop what is queued; every mark that is out comes back."""
        self._send_command(self._protocol.clear())

    def close(self) -> None:
        """Close the socket. :meth:`connection_lost` follows."""
        self._closing = True
        self._flowing = False
        self._close()

    def _send_command(self, message: bytes) -> None:
        if self._flowing:
            self._send(message)
        else:
            self.counters.unsent += 1
