"""The media plane: a call's WebSocket, on picows, and its :class:`~offhook.calls.media.stream.MediaStream`.

One synchronous callback per message, no task, no queue: a frame costs a few microseconds on its way from the socket to
the listener (docs/architecture.md).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, cast

from picows import WSAutoPingStrategy, WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # of ws_create_server; not in its stubs

from offhook.carriers.audio_messages import audio_frames
from offhook.logs import describe
from offhook.server.frames import (
    NORMAL,
    POLICY_VIOLATION,
    PROTOCOL_ERROR,
    Allowance,
    Breach,
    Parts,
    check_text,
    close_answer,
    may_be_sent,
)
from offhook.server.linger import LingeringTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.calls.call import Call
    from offhook.calls.media.stream import MediaStream
    from offhook.carriers._audio import AudioFrames
    from offhook.carriers.commands import StreamRequest

__all__ = ["MediaGate", "MediaLimits", "MediaRefused", "MediaSocket", "media_protocol"]

logger = logging.getLogger(__name__)

_picows_logger = logging.getLogger("offhook.server.sockets")
# picows reports every connection with its address at INFO, and every byte below that.
_picows_logger.setLevel(logging.WARNING)

_TEXT = WSMsgType.TEXT
_PING = WSMsgType.PING
_PONG = WSMsgType.PONG
_CONTINUATION = WSMsgType.CONTINUATION
_CLOSE = WSMsgType.CLOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What a media socket may cost."""

    max_message_bytes: int = 256 * 1024
    """The largest message taken from the carrier; a 20 ms frame has about 400 bytes."""
    max_parts: int = 1000
    """The most parts a message may come in. They may be empty, so that bytes alone bound nothing."""
    burst_frames: int = 10_000
    """How many frames may come at once; each KiB in one counts once more. A stall of 30 s leaves 3,000 of both parties
    and some marks; audio at 48 kHz three times that."""
    frames_per_s: float = 1000.0
    """The same in the long run. A call has 50 to 100."""
    burst_controls: int = 100
    """How many pings and pongs may come at once."""
    controls_per_s: float = 10.0
    """The same in the long run."""
    max_unsent_bytes: int = 1024 * 1024
    """How much may wait for a carrier that does not read before the stream is given up: about 95 s of PCMU."""
    ping_after_s: float = 10.0
    """Silence after which the carrier is pinged. It sends audio all the time: silence means that it is gone."""
    pong_within_s: float = 10.0


class MediaRefused(Exception):
    """A token that opens nothing. ``status`` is the HTTP answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class MediaGate(Protocol):
    """Who lets media sockets in: the host."""

    @property
    def media_limits(self) -> MediaLimits:
        """What one socket may cost."""
        ...

    def admit(self, token: str) -> tuple[Call, StreamRequest]:
        """Spend ``token``. Raises :exc:`MediaRefused`."""
        ...

    def open_stream(
        self, call: Call, request: StreamRequest, *, send: Callable[[bytes], None], close: Callable[[], None]
    ) -> MediaStream:
        """The stream of a socket that was let in."""
        ...


class MediaSocket(WSListener):
    """One media socket: holds the peer to RFC 6455 and to its limits, and passes its messages to the stream."""

    # Slots, since without them the interpreter looks attributes of picows' subclasses up the slow way.
    __slots__ = (
        "_allowance",
        "_call",
        "_controls",
        "_gate",
        "_limits",
        "_parts",
        "_refused",
        "_request",
        "_stream",
        "_transport",
        "frames",
    )

    def __init__(self, gate: MediaGate, call: Call, request: StreamRequest) -> None:
        self._gate = gate
        self._call = call
        self._request = request
        limits = self._limits = gate.media_limits
        self._transport: WSTransport | None = None
        self._stream: MediaStream | None = None
        self._refused = False
        self._parts = Parts(max_bytes=limits.max_message_bytes, max_parts=limits.max_parts)
        now_s = monotonic()
        self._allowance = Allowance(limits.burst_frames, limits.frames_per_s, now_s)
        self._controls = Allowance(limits.burst_controls, limits.controls_per_s, now_s)
        self.frames: AudioFrames | None = None
        """The way on which audio passes picows by, if there is one."""

    # -- picows' callbacks ------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=self._limits.max_unsent_bytes)
        send = partial(transport.send, _TEXT) if self.frames is None else self.frames.send
        try:
            self._stream = self._gate.open_stream(self._call, self._request, send=send, close=self.close)
        except Exception as error:  # see below
            logger.error("call %s: opening a media stream raised %s", self._call.id, describe(error))
            transport.send_close(WSCloseCode.INTERNAL_ERROR)
            transport.disconnect()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame; ``frame`` points into picows' buffer and is not kept."""
        stream = self._stream
        # After an error picows goes on reading for a moment: nothing of that is part of the call any more.
        if stream is None or transport.is_close_frame_sent:
            return
        frames, parts = self.frames, self._parts
        try:
            payload = frame.get_payload_as_bytes()
            allowance = self._allowance
            allowance.left -= 1 + (len(payload) >> 10)
            if frames is not None:
                allowance.left -= frames.spent
                frames.spent = 0
            if allowance.left < 0 and not allowance.refill(monotonic()):
                raise Breach(POLICY_VIOLATION, "flooded", "more frames than a call sends")
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                raise Breach(PROTOCOL_ERROR, "message_incomplete", "a reserved bit without an extension that uses it")
            if frame.msg_type is _TEXT and frame.fin and not parts.held:
                reader = stream.reader
                if reader is None or not reader.take(payload):
                    if not payload.isascii():
                        check_text(payload)
                    stream.receive_slowly(payload)
            else:
                self._other(transport, stream, frame, payload)
            # Where picows waits for the first byte of a message, audio may pass it by until something else comes.
            if frames is not None and not (frame.tail_size or parts.held or transport.is_close_frame_sent):
                frames.let(stream.reader, min(allowance.left, _IN_A_ROW))
        except Breach as breach:
            self._refuse(transport, stream, breach)
        except Exception as error:
            self.listener_failed(error)

    def listener_failed(self, error: Exception) -> None:
        """What hears the audio has raised."""
        # Left to picows it would be logged with its text, which may hold what was said.
        logger.error("call %s: the listener of a media stream raised %s", self._call.id, describe(error))
        if self._stream is not None:
            self._stream.fail("listener_failed", type(error).__name__)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone, or nothing it still brings is part of the call."""
        stream, self._stream = self._stream, None
        self._transport = None
        self._nothing_passes()
        self._parts.drop()
        if stream is None:
            return
        # Where picows has refused the peer's frames, its close frame is what tells the reason.
        handshake = None if self._refused else transport.close_handshake
        sent = handshake.sent.code if handshake is not None and handshake.sent is not None else None
        try:
            if sent == WSCloseCode.MESSAGE_TOO_BIG:
                stream.fail("frame_too_large", f"a frame above the limit of {self._limits.max_message_bytes} bytes")
            elif sent == WSCloseCode.PROTOCOL_ERROR:
                stream.fail("message_incomplete", "frames that RFC 6455 does not allow")
            elif sent == WSCloseCode.INVALID_TEXT:
                stream.fail("text_invalid", "the reason of a close frame is not UTF-8")
            stream.connection_lost()
        except Exception as error:
            logger.error("call %s: the listener of a media stream raised %s", self._call.id, describe(error))

    def send_user_specific_ping(self, transport: WSTransport) -> None:
        """The peer is silent, and picows will wait for its pong."""
        self._nothing_passes()
        transport.send_ping()

    def pause_writing(self) -> None:
        """More waits for the carrier than may: it does not read what we send."""
        transport, stream = self._transport, self._stream
        if transport is None or stream is None:
            return
        waiting = transport.underlying_transport.get_write_buffer_size()
        stream.fail("consumer_slow", f"{waiting} bytes wait, {self._limits.max_unsent_bytes} may")
        # A peer that does not read would keep a graceful close waiting for ever.
        transport.disconnect(False)

    # -- for the stream ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close in good order: what was sent before is still delivered."""
        self._nothing_passes()
        transport = self._transport
        if transport is not None and not transport.is_disconnected:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def _nothing_passes(self) -> None:
        if self.frames is not None:
            self.frames.let(None, 0)

    # -- frames that are not a whole text message --------------------------------------------------------------------

    def _other(self, transport: WSTransport, stream: MediaStream, frame: WSFrame, payload: bytes) -> None:
        kind = frame.msg_type
        if kind in (_PING, _PONG, _CLOSE):
            self._control(transport, kind, payload)
            return
        parts = self._parts
        fin = bool(frame.fin)
        if kind == _CONTINUATION:
            message = parts.go_on(payload, fin=fin)
        else:
            message = parts.begin(payload, text=kind == _TEXT, fin=fin)
        if message is None:
            return
        if parts.text:
            stream.receive(message)
        else:
            stream.receive_binary(message)

    def _control(self, transport: WSTransport, kind: WSMsgType, payload: bytes) -> None:
        controls = self._controls
        controls.left -= 1
        if controls.left < 0 and not controls.refill(monotonic()):
            raise Breach(POLICY_VIOLATION, "flooded", "more pings and pongs than a call needs")
        if kind == _PING:
            transport.send_pong(payload)
        elif kind == _CLOSE:
            transport.send_close(cast("WSCloseCode", close_answer(payload)))
            transport.disconnect()

    def _refuse(self, transport: WSTransport, stream: MediaStream, breach: Breach) -> None:
        self._refused = True
        transport.send_close(WSCloseCode(breach.code))
        stream.fail(breach.failure, breach.detail)
        transport.disconnect()


class _PicowsLog(logging.LoggerAdapter[logging.Logger]):
    """What picows has to say of one connection.

    It parses one frame ahead: a breach is known, told to the log and answered, in this order, before the frame in front
    of it is ours. If that one is the peer's close frame, now is the time to answer it; picows' own answer is not sent
    any more. Breaches are not logged: the stream is told of them.
    """

    transport: WSTransport | None = None

    def error(self, msg: object, *args: object, **kwargs: object) -> None:
        """A breach, before it is answered."""
        transport = self.transport
        handshake = None if transport is None else transport.close_handshake
        if transport is None or handshake is None or handshake.recv is None or handshake.sent is not None:
            return
        code = cast("int", handshake.recv.code) or NORMAL
        if may_be_sent(code):
            transport.send_close(cast("WSCloseCode", code))


_IN_A_ROW = 64
"""How many frames may pass picows by. It has to see one now and then, or it takes the peer for silent."""

_READ_BYTES = 64 * 1024
"""What the kernel keeps for us. picows takes in all there is before anybody else has a turn: by default up to 6 MB, in
which a million frames fit."""


def media_protocol(
    gate: MediaGate, call: Call, request: StreamRequest, transport: asyncio.Transport, connections: set[Any]
) -> asyncio.BufferedProtocol | asyncio.Protocol:
    """The protocol on ``transport``, for a media socket that was let in: give it the bytes of the handshake next.

    It is picows', which audio passes by where there is a quick way. ``connections`` are the server's, see
    :class:`~offhook.server.linger.LingeringTransport`.
    """
    limits = gate.media_limits
    log = _PicowsLog(_picows_logger, {})
    listener = MediaSocket(gate, call, request)
    protocol = WSProtocol(
        None,  # host and port: the client's business
        None,  # path: likewise
        False,  # the server's side
        lambda _: listener,
        log,
        True,  # disconnect when a listener raises
        5.0,  # seconds for the handshake, which is all there already
        True,  # ping a silent peer
        limits.ping_after_s,
        limits.pong_within_s,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # pings are answered here, where they are counted
        limits.max_message_bytes,
        None,  # headers of a client's request
        4096,  # bytes to read into at first; grows
    )
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _READ_BYTES)
    protocol.connection_made(LingeringTransport(transport, protocol, connections))
    log.transport = protocol.transport
    frames = listener.frames = audio_frames(
        protocol,
        transport,
        partial(protocol.transport.send, _TEXT),
        listener.listener_failed,
        max_message_bytes=limits.max_message_bytes,
    )
    opened: asyncio.BufferedProtocol = protocol
    return opened if frames is None else _QuickProtocol(opened, frames)


class _QuickProtocol(asyncio.Protocol):
    """picows' protocol, for bytes that have passed through ``frames``."""

    def __init__(self, protocol: asyncio.BufferedProtocol, frames: AudioFrames) -> None:
        self._protocol = protocol
        # Its own, with nothing in between: it is called for every piece of audio.
        self.data_received = frames.data_received  # type: ignore[assignment, method-assign]

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
