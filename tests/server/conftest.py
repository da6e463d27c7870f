"""What tests of the server share: a gate, a stream and a listening port, without calls."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from offhook.carriers.base import StreamRequest
from offhook.server.http import media_http_protocol
from offhook.server.media import MediaLimits, MediaRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


class RecordingStream:
    """A media stream that keeps what it is given and answers each text message with its length."""

    def __init__(self, send: Callable[[bytes], None], close: Callable[[], None]) -> None:
        self.send = send
        self.close = close
        self.texts: list[bytes] = []
        self.binaries: list[bytes] = []
        self.failures: list[tuple[str, str]] = []
        self.lost = asyncio.Event()
        self.lost_count = 0
        self.echo = True
        self.raises = False

    def receive(self, message: bytes) -> None:
        if self.raises:
            raise RuntimeError("a secret that was said")
        self.texts.append(message)
        if self.echo:
            self.send(b"%d" % len(message))

    def receive_binary(self, message: bytes) -> None:
        self.binaries.append(message)
        self.send(b"binary %d" % len(message))

    def fail(self, failure: str, detail: str) -> None:
        self.failures.append((failure, detail))
        self.close()

    def connection_lost(self) -> None:
        self.lost_count += 1
        self.lost.set()


class FakeGate:
    """Lets ``good`` tokens in once."""

    def __init__(self) -> None:
        self.good = {"good"}
        self.used: set[str] = set()
        self.streams: list[RecordingStream] = []
        self.media_limits = MediaLimits(max_message_bytes=64 * 1024, max_unsent_bytes=256 * 1024)
        self.opened = asyncio.Event()

    def admit(self, token: str) -> tuple[Any, StreamRequest]:
        if not token:
            raise MediaRefused(401, "expected a token in the path")
        if token in self.used:
            raise MediaRefused(410, "this token is used")
        if token not in self.good:
            raise MediaRefused(403, "this token is unknown")
        self.used.add(token)
        return object(), StreamRequest(url="")

    def open_stream(
        self, call: Any, request: StreamRequest, *, send: Callable[[bytes], None], close: Callable[[], None]
    ) -> Any:
        stream = RecordingStream(send, close)
        self.streams.append(stream)
        self.opened.set()
        return stream


class EmbeddedUvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def listening(config: dict[str, Any]) -> AsyncIterator[int]:
    """uvicorn on a port of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server = EmbeddedUvicorn(
        uvicorn.Config(lifespan="off", log_config=None, access_log=False, ws_per_message_deflate=False, **config)
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listener.close()


@pytest.fixture
async def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
async def port(gate: FakeGate) -> AsyncIterator[int]:
    """A server whose media sockets go through ``gate``; everything else is answered "http"."""

    async def http(_: Any) -> PlainTextResponse:
        return PlainTextResponse("http")

    app = Starlette(routes=[Route("/{path:path}", http, methods=["GET", "POST"])])
    async with listening({"app": app, "http": media_http_protocol(gate), "ws": "none"}) as number:
        yield number


@pytest.fixture
async def port_with_websockets(gate: FakeGate) -> AsyncIterator[int]:
    """The same, with a WebSocket of uvicorn's at ``/phone``."""

    async def echo(page: Any) -> None:
        await page.accept()
        await page.send_text("uvicorn " + await page.receive_text())
        await page.close()

    app = Starlette(routes=[WebSocketRoute("/phone", echo)])
    async with listening({"app": app, "http": media_http_protocol(gate), "ws": "websockets-sansio"}) as number:
        yield number
