"""Media sockets in an application of yours: an ASGI endpoint over the same media stream.

Mount it where the host's ``public_url`` leads to::

    app = FastAPI()
    app.mount("/media", MediaEndpoint(host.gate))
    app.mount("/", build_app(host))

It costs several times as much per frame as :class:`offhook.server.run.Server`, whose media sockets leave ASGI at the
upgrade; for some dozens of calls that is no matter.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

from offhook.logs import describe
from offhook.server.frames import INVALID_TEXT, NORMAL, POLICY_VIOLATION, TOO_BIG, Allowance, Breach
from offhook.server.media import MediaRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from offhook.calls.media.stream import MediaStream
    from offhook.server.media import MediaGate, MediaLimits

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

__all__ = ["MediaEndpoint"]

logger = logging.getLogger(__name__)

_CLOSE_S = 5.0
"""How long a peer may take to read what waits for it once the socket is being closed."""


class MediaEndpoint:
    """An ASGI application for the media sockets of ``gate``. The last part of the path is the token."""

    def __init__(self, gate: MediaGate) -> None:
        self._gate = gate

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one media socket; anything that is not a WebSocket is not found."""
        if scope["type"] != "websocket":
            await _refuse_http(send)
            return
        token = str(scope["path"]).rstrip("/").rpartition("/")[2]
        try:
            call, request = self._gate.admit(token)
        except MediaRefused as refused:
            logger.warning("media socket refused: %s, answered %d", refused.reason, refused.status)
            await receive()
            await _refuse_socket(scope, send, refused)
            return
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        limits = self._gate.media_limits
        outbox = _Outbox(limits.max_unsent_bytes)
        stream = self._gate.open_stream(call, request, send=outbox.put, close=outbox.close)
        outbox.stream = stream
        writer = asyncio.create_task(outbox.write_to(send))
        reader = asyncio.create_task(_read(receive, stream, outbox, limits))
        patience = asyncio.create_task(outbox.closing_for(_CLOSE_S))
        tasks = (writer, reader, patience)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            stream.connection_lost()


async def _read(receive: Receive, stream: MediaStream, outbox: _Outbox, limits: MediaLimits) -> None:
    """Pass messages on until the peer is gone. Parts of messages and pings are for the server to bound."""
    allowance = Allowance(limits.burst_frames, limits.frames_per_s, monotonic())
    while True:
        message = await receive()
        if message["type"] != "websocket.receive":
            return
        if outbox.closing:
            continue  # the peer has yet to read why
        text, binary = message.get("text"), message.get("bytes")
        try:
            data = text.encode() if text is not None else binary or b""
            allowance.left -= 1 + (len(data) >> 10)
            if allowance.left < 0 and not allowance.refill(monotonic()):
                raise Breach(POLICY_VIOLATION, "flooded", "more messages than a call sends")
            if len(data) > limits.max_message_bytes:
                raise Breach(
                    TOO_BIG, "frame_too_large", f"a message above the limit of {limits.max_message_bytes} bytes"
                )
            if text is not None:
                stream.receive(data)
            else:
                stream.receive_binary(data)
        except Breach as breach:
            outbox.code = breach.code
            stream.fail(breach.failure, breach.detail)
        except UnicodeEncodeError:
            outbox.code = INVALID_TEXT
            stream.fail("text_invalid", "a text message that is not UTF-8")
        except Exception as error:
            logger.error("the listener of a media stream raised %s", describe(error))
            stream.fail("listener_failed", type(error).__name__)


class _Outbox:
    """What waits to be sent, since a media stream sends without waiting."""

    def __init__(self, limit: int) -> None:
        self.stream: MediaStream | None = None
        self.code = NORMAL
        """What the peer is told at the end."""
        self._limit = limit
        self._messages: deque[str] = deque()
        self._bytes = 0
        self._closing = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._closing.is_set()

    def put(self, message: bytes) -> None:
        if self._closing.is_set():
            return
        self._messages.append(message.decode())
        self._bytes += len(message)
        self._changed.set()
        if self._bytes > self._limit and self.stream is not None:
            self._messages.clear()
            self.stream.fail("consumer_slow", f"{self._bytes} bytes wait, {self._limit} may")

    def close(self) -> None:
        self._closing.set()
        self._changed.set()

    async def closing_for(self, seconds: float) -> None:
        """Return so long after :meth:`close`: a peer that does not read would keep the writer waiting for ever."""
        await self._closing.wait()
        await asyncio.sleep(seconds)

    async def write_to(self, send: Send) -> None:
        while True:
            while self._messages:
                message = self._messages.popleft()
                await send({"type": "websocket.send", "text": message})
                self._bytes -= len(message)
            if self._closing.is_set():
                await send({"type": "websocket.close", "code": self.code})
                return
            self._changed.clear()
            await self._changed.wait()


async def _refuse_socket(scope: MutableMapping[str, Any], send: Send, refused: MediaRefused) -> None:
    if "websocket.http.response" in scope.get("extensions", {}):
        body = refused.reason.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
    else:
        await send({"type": "websocket.close", "code": 1008})  # servers answer this with 403


async def _refuse_http(send: Send) -> None:
    body = b"expected a WebSocket"
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": body})
