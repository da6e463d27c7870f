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
from typing import TYPE_CHECKING, Any

from offhook.server.media import MediaRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from offhook.calls.media.stream import MediaStream
    from offhook.server.media import MediaGate

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
        outbox = _Outbox(self._gate.media_limits.max_unsent_bytes)
        stream = self._gate.open_stream(call, request, send=outbox.put, close=outbox.close)
        outbox.stream = stream
        writer = asyncio.create_task(outbox.write_to(send))
        reader = asyncio.create_task(_read(receive, stream, self._gate.media_limits.max_message_bytes))
        patience = asyncio.create_task(outbox.closing_for(_CLOSE_S))
        tasks = (writer, reader, patience)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            stream.connection_lost()


async def _read(receive: Receive, stream: MediaStream, max_message_bytes: int) -> None:
    while True:
        message = await receive()
        if message["type"] != "websocket.receive":
            return
        text, binary = message.get("text"), message.get("bytes")
        data = text.encode("utf-8", "surrogatepass") if text is not None else binary or b""
        if len(data) > max_message_bytes:
            stream.fail("frame_too_large", f"a message of {len(data)} bytes above the limit of {max_message_bytes}")
            return
        try:
            if text is not None:
                stream.receive(data)
            else:
                stream.receive_binary(data)
        except Exception as error:
            logger.error("the listener of a media stream raised %s", type(error).__name__)
            stream.fail("listener_failed", type(error).__name__)
            return


class _Outbox:
    """What waits to be sent, since a media stream sends without waiting."""

    def __init__(self, limit: int) -> None:
        self.stream: MediaStream | None = None
        self._limit = limit
        self._messages: deque[str] = deque()
        self._bytes = 0
        self._closing = asyncio.Event()
        self._changed = asyncio.Event()

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
                await send({"type": "websocket.close", "code": 1000})
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
