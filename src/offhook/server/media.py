"""The media plane: a call's WebSocket, on picows, and its :class:`~offhook.calls.stream.MediaStream`.

One synchronous callback per message, no task, no queue: a frame costs a few microseconds on its way from the socket to
the listener (docs/architecture.md).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from picows import WSAutoPingStrategy, WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # the class behind ws_create_server; not in its stubs

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from offhook.calls.call import Call
    from offhook.calls.stream import MediaStream
    from offhook.carriers.commands import StreamRequest

__all__ = ["MediaGate", "MediaLimits", "MediaRefused", "MediaSocket", "media_protocol"]

logger = logging.getLogger(__name__)

_picows_logger = logging.getLogger("offhook.server.sockets")
# picows reports every connection with its address at INFO, and every byte below that.
_picows_logger.setLevel(logging.WARNING)

_TEXT = WSMsgType.TEXT
_BINARY = WSMsgType.BINARY
_CONTINUATION = WSMsgType.CONTINUATION
_CLOSE = WSMsgType.CLOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What a media socket may cost."""

    max_message_bytes: int = 256 * 1024
    """The largest message taken from the carrier; a 20 ms frame has about 400 bytes."""
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
    """One media socket: puts messages together, bounds them, and passes them to the stream."""

    # Slots, since without them the interpreter looks attributes of picows' subclasses up the slow way.
    __slots__ = (
        "_call",
        "_gate",
        "_limits",
        "_parts",
        "_parts_bytes",
        "_parts_type",
        "_request",
        "_stream",
        "_transport",
    )

    def __init__(self, gate: MediaGate, call: Call, request: StreamRequest) -> None:
        self._gate = gate
        self._call = call
        self._request = request
        self._limits = gate.media_limits
        self._transport: WSTransport | None = None
        self._stream: MediaStream | None = None
        self._parts: list[bytes] = []
        self._parts_type = _CONTINUATION
        self._parts_bytes = 0

    # -- picows' callbacks ------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=self._limits.max_unsent_bytes)
        send = partial(transport.send, _TEXT)
        self._stream = self._gate.open_stream(self._call, self._request, send=send, close=self.close)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame; ``frame`` points into picows' buffer and is not kept."""
        stream = self._stream
        # After an error picows goes on reading for a moment: nothing of that is part of the call any more.
        if stream is None or transport.is_close_frame_sent:
            return
        kind = frame.msg_type
        try:
            if kind is _TEXT and frame.fin and not self._parts and not (frame.rsv1 or frame.rsv2 or frame.rsv3):
                stream.receive(frame.get_payload_as_bytes())
            elif kind in (_TEXT, _BINARY, _CONTINUATION):
                self._part(stream, frame)
            elif kind == _CLOSE:
                transport.send_close(frame.get_close_code(), frame.get_close_message())
                transport.disconnect()
        except Exception as error:
            # Left to picows it would be logged with its text, which may hold what was said.
            logger.error("the listener of a media stream raised %s", type(error).__name__)
            stream.fail("listener_failed", type(error).__name__)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone."""
        stream, self._stream = self._stream, None
        self._transport = None
        self._parts.clear()
        if stream is None:
            return
        handshake = transport.close_handshake
        sent = handshake.sent.code if handshake is not None and handshake.sent is not None else None
        if sent == WSCloseCode.MESSAGE_TOO_BIG:
            stream.fail("frame_too_large", f"a frame above the limit of {self._limits.max_message_bytes} bytes")
        elif sent == WSCloseCode.PROTOCOL_ERROR:
            stream.fail("message_incomplete", "frames that RFC 6455 does not allow")
        stream.connection_lost()

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
        transport = self._transport
        if transport is not None and not transport.is_disconnected:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def _part(self, stream: MediaStream, frame: WSFrame) -> None:
        """A binary message, or a piece of a fragmented one (RFC 6455, 5.4)."""
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._abort(stream, "a reserved bit without an extension that uses it")
            return
        if (kind == _CONTINUATION) != bool(self._parts):
            self._abort(
                stream, "a continuation out of place" if kind == _CONTINUATION else "a message within a message"
            )
            return
        if kind != _CONTINUATION:
            self._parts_type, self._parts_bytes = kind, 0
        payload = frame.get_payload_as_bytes()
        self._parts_bytes += len(payload)
        if self._parts_bytes > self._limits.max_message_bytes:
            self._parts.clear()
            stream.fail("frame_too_large", f"a message above the limit of {self._limits.max_message_bytes} bytes")
            return
        self._parts.append(payload)
        if frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            if self._parts_type == _TEXT:
                stream.receive(message)
            else:
                stream.receive_binary(message)

    def _abort(self, stream: MediaStream, why: str) -> None:
        self._parts.clear()
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.PROTOCOL_ERROR)
        stream.fail("message_incomplete", why)


def media_protocol(gate: MediaGate, call: Call, request: StreamRequest) -> asyncio.BufferedProtocol:
    """picows' protocol for a media socket that was let in: give it the transport, then the bytes of the handshake."""
    limits = gate.media_limits
    protocol: asyncio.BufferedProtocol = WSProtocol(
        None,  # host and port: the client's business
        None,  # path: likewise
        False,  # the server's side
        lambda _: MediaSocket(gate, call, request),
        _picows_logger,
        True,  # disconnect when a listener raises
        5.0,  # seconds for the handshake, which is all there already
        True,  # ping a silent peer
        limits.ping_after_s,
        limits.pong_within_s,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        True,  # answer pings
        limits.max_message_bytes,
        None,  # headers of a client's request
        4096,  # bytes to read into at first; grows
    )
    return protocol
