"""One port, two planes: HTTP stays with uvicorn, media sockets are handed to picows at the upgrade.

The hand-over relies on how uvicorn 0.34+ and picows 2.3 are built; ``tests/server/test_handover.py`` holds it in place.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from offhook.server.linger import LINGER_BYTES, LingeringTransport
from offhook.server.media import MediaRefused, media_protocol
from offhook.server.requests import RequestConnection, RequestRefused

if TYPE_CHECKING:
    from offhook.calls.call import Call
    from offhook.carriers.commands import StreamRequest
    from offhook.server.media import MediaGate

__all__ = ["MEDIA_PATH", "media_http_protocol"]

logger = logging.getLogger(__name__)

MEDIA_PATH = "/media/"
"""Media sockets are at this path, followed by their token."""

REQUEST_TIME_S = 15.0
"""How long a request may take to come whole, from its first byte, and how long a connection may wait with its first. A
webhook comes within milliseconds; who takes longer holds a connection that calls need."""


def media_http_protocol(gate: MediaGate) -> type[asyncio.Protocol]:
    """A class for uvicorn's ``http`` setting whose media sockets go through ``gate``."""

    class Protocol(OffhookHttpProtocol):
        media_gate = gate

    return Protocol


class OffhookHttpProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, but for the upgrades at :data:`MEDIA_PATH`.

    A token that opens nothing is answered with HTTP (401 none, 403 unknown, 410 used or too late) and no upgrade takes
    place. Upgrades elsewhere are uvicorn's. Requests that do not come whole within :data:`REQUEST_TIME_S` are answered
    408, what :mod:`offhook.server.requests` refuses with its status; and who is refused can read the answer, see
    :mod:`offhook.server.linger`.
    """

    media_gate: MediaGate
    request_time_s = REQUEST_TIME_S
    _deadline: asyncio.TimerHandle | None = None
    _upgraded = False
    _refused = False
    _surplus = 0
    _socket: asyncio.Transport

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = RequestConnection()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connects; it has something to say, or it would not."""
        self._socket = transport
        lingering: Any = LingeringTransport(transport, self, self.connections, self._sends_on)
        super().connection_made(lingering)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        if self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY:
            # The request is answered, and uvicorn throws the rest of its body away.
            self._surplus += len(data)
            if self._surplus > LINGER_BYTES:
                self.transport.close()
                return
        else:
            self._surplus = 0
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Bound the time of a request that is under way; uvicorn bounds the time between requests only."""
        if self._upgraded or self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._unwatch()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.request_time_s, self._too_slow)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        begun, _ = self.conn.trailing_data
        if self.conn.their_state is h11.SEND_BODY or begun:
            self._answer(408, f"expected the whole request within {self.request_time_s:g} s")
        else:
            self.transport.close()

    def _sends_on(self) -> bool:
        """Whether the client may still be sending when its connection is closed."""
        return self._refused or self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    def send_400_response(self, msg: str) -> None:
        """uvicorn asks for this where h11 has raised: refuse the request, with the status that h11 says."""
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        self._answer(status, str(error) if isinstance(error, RequestRefused) else "expected a request in HTTP/1.1")

    def _should_upgrade(self) -> bool:
        if self.scope["path"].startswith(MEDIA_PATH) and self._get_upgrade() == b"websocket":
            return True
        return super()._should_upgrade()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over: to picows for media, to uvicorn's own WebSockets for all else."""
        self._upgraded = True
        path: str = self.scope["path"]
        if not path.startswith(MEDIA_PATH):
            self.transport = self._socket
            super().handle_websocket_upgrade(event)
            return
        try:
            key = self._websocket_key()
            call, request = self.media_gate.admit(path[len(MEDIA_PATH) :])
        except MediaRefused as refused:
            logger.warning("media socket refused: %s, answered %d", refused.reason, refused.status)
            self._answer(refused.status, refused.reason)
            return
        self._hand_over(call, request, key)

    def _websocket_key(self) -> bytes:
        """The handshake's key; refuses handshakes that picows would refuse after the token was spent."""
        headers: dict[bytes, bytes] = dict(self.headers)
        if self.scope["method"] != "GET":
            raise MediaRefused(405, "expected a GET request")
        if headers.get(b"sec-websocket-version") != b"13":
            raise MediaRefused(426, "expected version 13 of the WebSocket protocol")
        key = headers.get(b"sec-websocket-key", b"")
        try:
            if len(base64.b64decode(key, validate=True)) == 16:
                return key
        except binascii.Error:
            pass
        raise MediaRefused(400, "expected a Sec-WebSocket-Key of 16 bytes in base64")

    def _hand_over(self, call: Call, request: StreamRequest, key: bytes) -> None:
        self.connections.discard(self)
        # Bytes that came with the request: frames of a client that did not wait for our answer.
        early, _ = self.conn.trailing_data
        # Written anew, not passed on: picows takes "Connection: Upgrade" only, proxies and browsers add "keep-alive";
        # and the token is nobody's business any more.
        handshake = (
            b"GET /media HTTP/1.1\r\nHost: media\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
        )
        protocol = media_protocol(self.media_gate, call, request, self._socket, self.connections)
        self._socket.set_protocol(protocol)
        _feed(protocol, handshake + early)

    def _answer(self, status: int, reason: str) -> None:
        """Refuse the request under way, whatever becomes of it in the application, and close."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # too late for another answer
            self.transport.close()
            return
        body = reason.encode()
        extra = b"sec-websocket-version: 13\r\n" if status == 426 else b""
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n"
        )
        self._refused = True
        self.transport.write(head.encode() + extra + b"\r\n" + body)
        self.transport.close()


def _feed(protocol: asyncio.BufferedProtocol | asyncio.Protocol, data: bytes) -> None:
    """Give ``data`` to a protocol as if it had been read from the socket."""
    if isinstance(protocol, asyncio.Protocol):
        protocol.data_received(data)
        return
    view = memoryview(data)
    while view:
        buffer: Any = protocol.get_buffer(len(view))
        size = min(len(buffer), len(view))
        buffer[:size] = view[:size]
        protocol.buffer_updated(size)
        view = view[size:]
