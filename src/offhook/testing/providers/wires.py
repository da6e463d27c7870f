"""The two kinds of wire, on ASGI: a WebSocket, and a response that is streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope
    from starlette.types import Send as AsgiSend

    from offhook.testing.providers.session import Accept, Refuse

__all__ = ["ResponseWire", "SocketProtocol", "SocketWire"]

TRANSPORT = "offhook.transport"


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, with the transport in the scope: a connection that is cut without a word needs it."""

    def shutdown(self) -> None:
        """As usual, also where the client is about to close."""
        try:
            super().shutdown()
        except InvalidState:
            self.transport.close()

    def handle_connect(self, event: Any) -> None:
        """As usual."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope[TRANSPORT] = self.transport


def _body(refuse: Refuse) -> tuple[list[tuple[bytes, bytes]], bytes]:
    body = refuse.body
    raw = body.encode() if isinstance(body, str) else b"" if body is None else msgspec.json.encode(body)
    kind = "text/plain" if isinstance(body, str) else "application/json"
    headers = {"content-type": kind, "content-length": str(len(raw)), **refuse.headers}
    return [(name.encode(), value.encode()) for name, value in headers.items()], raw


class SocketWire:
    """A WebSocket."""

    def __init__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        self._transport: asyncio.Transport | None = scope.get(TRANSPORT)
        self._receive = receive
        self._send = send

    async def accept(self, accept: Accept) -> None:
        """Answer the handshake."""
        headers = [(name.encode(), value.encode()) for name, value in accept.headers.items()]
        await self._send({"type": "websocket.accept", "subprotocol": accept.subprotocol, "headers": headers})

    async def refuse(self, refuse: Refuse) -> None:
        """Answer it with an HTTP status."""
        headers, body = _body(refuse)
        await self._send({"type": "websocket.http.response.start", "status": refuse.status, "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": body})

    async def send(self, message: str | bytes) -> None:
        """Text, or binary."""
        kind = "text" if isinstance(message, str) else "bytes"
        await self._send({"type": "websocket.send", kind: message})

    async def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake. A reason has 123 bytes at most (RFC 6455, 5.5)."""
        cut = reason.encode()[:123].decode(errors="ignore")
        await self._send({"type": "websocket.close", "code": code, "reason": cut})

    async def end(self) -> None:
        """As :meth:`close`."""
        await self.close(1000, "")

    def reset(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Until the client has gone."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] == "websocket.receive":
                text = message.get("text")
                yield text if text is not None else message["bytes"]


class ResponseWire:
    """An HTTP response, in pieces."""

    def __init__(self, receive: Receive, send: AsgiSend) -> None:
        self._receive = receive
        self._send = send

    async def accept(self, accept: Accept) -> None:
        """Send the head."""
        headers = [(name.encode(), value.encode()) for name, value in accept.headers.items()]
        await self._send({"type": "http.response.start", "status": accept.status, "headers": headers})

    async def refuse(self, refuse: Refuse) -> None:
        """Another answer, whole."""
        headers, body = _body(refuse)
        await self._send({"type": "http.response.start", "status": refuse.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def send(self, message: str | bytes) -> None:
        """A piece of the body."""
        raw = message.encode() if isinstance(message, str) else message
        await self._send({"type": "http.response.body", "body": raw, "more_body": True})

    async def close(self, code: int, reason: str) -> None:
        """Nothing more: the server then ends the connection in the middle of the body, which a client must notice."""

    async def end(self) -> None:
        """The body is complete."""
        await self._send({"type": "http.response.body", "body": b""})

    def reset(self) -> None:
        """As :meth:`close`."""

    def messages(self) -> AsyncIterator[str | bytes]:
        """None; until the client has gone."""
        return _UntilGone(self._receive)


class _UntilGone:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return self

    async def __anext__(self) -> str | bytes:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        raise StopAsyncIteration
