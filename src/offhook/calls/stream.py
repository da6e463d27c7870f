"""A call's audio, without its socket: codec bytes in order on one side, pcm on the other."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.conceal import Conceal
from offhook.audio.frames import FRAME_MS, frame_bytes
from offhook.audio.reorder import Reorder
from offhook.carriers.base import (
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
    from offhook.carriers.base import AppMedia, MediaEvent, StreamRequest

__all__ = ["MediaListener", "MediaStream", "StreamCounters", "StreamFailure", "StreamWatcher"]

StreamFailure = Literal[
    "codec_unsupported",
    "start_missing",
    "frame_too_large",
    "message_incomplete",
    "consumer_slow",
    "call_mismatch",
    "listener_failed",
]
"""Why a media stream was given up.

* ``codec_unsupported``: the carrier sends audio we cannot decode.
* ``start_missing``: audio came, but never its format.
* ``frame_too_large``: one message was above the limit.
* ``message_incomplete``: a message in parts broke the rules of the WebSocket.
* ``consumer_slow``: the carrier does not read what we send.
* ``call_mismatch``: the stream says it belongs to another call than its token.
* ``listener_failed``: our own side raised while it heard the audio.
"""

MEDIA_BEFORE_START_LIMIT = 50
"""Frames of audio without a format before the stream is given up: one second."""

MAX_MESSAGE_MS = 30_000
"""The longest piece of audio the carrier takes in one message
(https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming)."""


class MediaListener(Protocol):
    """Who hears a call's audio: an agent's session. All methods are called on the event loop and must not block."""

    def media_started(self, started: MediaStarted) -> None:
        """The first call: audio is about to flow. Later ones of these methods come in the order of the wire."""
        ...

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """A piece of the other party's audio, usually 20 ms, at ``stream.input_rate``; gaps are concealed.

        ``timestamp_ms`` is where it begins on the stream's own clock.
        """
        ...

    def mark_returned(self, name: str) -> None:
        """All audio sent before the mark was played, or was dropped by a clear."""
        ...

    def digit(self, digit: str) -> None:
        """The other party pressed a key."""
        ...

    def media_stopped(self) -> None:
        """The audio is over, for whatever reason. The last call, exactly once."""
        ...


class StreamWatcher(Protocol):
    """Who answers for a stream: the host of the call."""

    def stream_started(self, stream: MediaStream, started: MediaStarted) -> None:
        """The format is known and can be decoded; called before any listener hears of it."""
        ...

    def stream_failed(self, stream: MediaStream, failure: StreamFailure, detail: str) -> None:
        """The stream cannot go on; it has been closed. ``detail`` names codecs and sizes, never personal data."""
        ...

    def stream_stopped(self, stream: MediaStream) -> None:
        """The stream is over; called after the listener has been told."""
        ...


@dataclass(slots=True)
class StreamCounters:
    """What has passed through one stream: frames in, messages and bytes of pcm out."""

    received: int = 0
    """Pieces of audio taken in."""
    lost: int = 0
    """Pieces that never came, and were concealed."""
    late: int = 0
    """Pieces that came twice or too late, and were dropped."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Messages that were not acted on, by reason."""
    faults: Counter[int] = field(default_factory=Counter)
    """Complaints of the carrier about what we sent, by its code."""
    dropped_early: int = 0
    """Pieces that came before the listener was there and did not fit the buffer."""
    sent_messages: int = 0
    sent_pcm_bytes: int = 0
    unsent: int = 0
    """Messages not sent because the stream had not begun or was over."""


class MediaStream:
    """A two-way media stream over one :class:`~offhook.carriers.base.AppMedia` protocol.

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
        self.counters = StreamCounters()
        self.watcher: StreamWatcher | None = None
        self._protocol = protocol
        self._send = send
        self._close = close
        self._byte_order: Literal["little", "big"] = l16_byte_order
        self._encoder = make_encoder(request.codec, request.sample_rate, l16_byte_order=l16_byte_order)
        self._out_frame = frame_bytes(self._encoder.rate)
        self._decoder: Decoder | None = None
        self._reorder = Reorder(frame_ms=FRAME_MS)
        self._conceal: Conceal | None = None
        self._track = "outbound" if request.track == "outbound" else "inbound"
        self._next_timestamp_ms = 0.0
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
        return self._decoder.rate if self._decoder is not None else self.request.sample_rate

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
        if type(event) is MediaReceived:
            self._media(event)
        else:
            self._control(event)

    def receive_binary(self, message: bytes) -> None:
        """Take one binary message from the socket."""
        event = self._protocol.receive_binary(message)
        if type(event) is MediaReceived:
            self._media(event)
        else:
            self._control(event)

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
        decoder = self._decoder
        if decoder is None or self._stopped:
            self._no_format()
            return
        if event.track != self._track:
            self.counters.ignored["other track"] += 1
            return
        counters = self.counters
        counters.received += 1
        payload = event.payload
        for piece in self._reorder.push(event.chunk, payload):
            pcm = self._decode(decoder, piece)
            # A piece that was held back for reordering follows the ones before it on the stream's clock.
            timestamp_ms = event.timestamp_ms if piece is payload else self._next_timestamp_ms
            self._next_timestamp_ms = timestamp_ms + len(pcm) / self._bytes_per_ms
            if self._listener is not None:
                self._listener.audio(pcm, timestamp_ms)
            else:
                self._tell("audio", pcm, timestamp_ms)

    def _decode(self, decoder: Decoder, piece: bytes | None) -> bytes:
        """The pcm of one piece; made up for one that is lost, or that is not of the codec."""
        conceal = self._conceal
        assert conceal is not None  # made together with the decoder
        if piece is not None:
            try:
                return conceal.good(decoder.decode(piece))
            except CodecError:
                self.counters.ignored["not of the codec"] += 1
        self.counters.lost += 1
        return conceal.lost()

    def _no_format(self) -> None:
        if self._stopped:
            self.counters.ignored["media after stop"] += 1
            return
        self.counters.ignored["media before start"] += 1
        self._before_start += 1
        if self._before_start >= MEDIA_BEFORE_START_LIMIT:
            self.fail("start_missing", f"expected a start message first, got {self._before_start} pieces of audio")

    def _control(self, event: MediaEvent) -> None:
        match event:
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
            self._decoder = make_decoder(format_.encoding, format_.sample_rate, l16_byte_order=self._byte_order)
        except UnsupportedCodec:
            self.fail("codec_unsupported", f"{format_.encoding} at {format_.sample_rate} Hz")
            return
        self._conceal = Conceal(self._decoder.rate)
        self._bytes_per_ms = self._decoder.rate * 2 / 1000
        self.started = started
        if self.watcher is not None:
            self.watcher.stream_started(self, started)
        if not self._stopped:
            self._tell("media_started", started)

    def _stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        heard = self._reorder.counters
        self.counters.late = heard.late + heard.duplicates
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
            pcm: whole 20 ms frames at :attr:`output_rate`; the carrier paces them. One message of up to 30 s; with OPUS
                one message per frame, since a message holds exactly one packet.

        Raises:
            ValueError: if ``pcm`` is not whole frames, or none.
        """
        frames, rest = divmod(len(pcm), self._out_frame)
        if rest or not frames:
            raise ValueError(f"expected whole frames of {self._out_frame} bytes, got {len(pcm)} bytes")
        if self._blocked():
            return
        per_message = 1 if self._encoder.frame_per_payload else MAX_MESSAGE_MS // FRAME_MS
        if frames <= per_message:
            self._send_piece(pcm)
            return
        step = per_message * self._out_frame
        for start in range(0, len(pcm), step):
            self._send_piece(pcm[start : start + step])

    def send_mark(self, name: str) -> None:
        """Ask for ``name`` back once all audio sent so far was played."""
        if not self._blocked():
            self._send(self._protocol.mark(name))
            self.counters.sent_messages += 1

    def clear(self) -> None:
        """Stop playing at once and drop what is queued; every mark that is out comes back."""
        if not self._blocked():
            self._send(self._protocol.clear())
            self.counters.sent_messages += 1

    def close(self) -> None:
        """Close the socket. :meth:`connection_lost` follows."""
        self._closing = True
        self._close()

    def _send_piece(self, pcm: bytes) -> None:
        self._send(self._protocol.audio(self._encoder.encode(pcm)))
        self.counters.sent_messages += 1
        self.counters.sent_pcm_bytes += len(pcm)

    def _blocked(self) -> bool:
        # Audio sent before the start message may be lost, and the format is not agreed: better not sent, and counted.
        if self.started is None or self._stopped or self._closing:
            self.counters.unsent += 1
            return True
        return False
