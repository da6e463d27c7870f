"""An exchange on a free port, an application that takes its webhooks, and the carrier's own library as its client."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from telnyx import AsyncTelnyx

from offhook.exchange.exchange import Exchange
from offhook.exchange.words.seed import default_seed
from offhook.exchange.words.settings import ExchangeSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.exchange.people.phones import Handset


@dataclass
class Delivery:
    """One request that the application got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)  # type: ignore[no-any-return]

    @property
    def type(self) -> str:
        return str(self.event["data"]["event_type"])

    @property
    def payload(self) -> dict[str, Any]:
        return self.event["data"]["payload"]  # type: ignore[no-any-return]


@dataclass
class Application:
    """An application's webhook endpoint: keeps what comes and answers what it is told to, 200 by default."""

    deliveries: list[Delivery] = field(default_factory=list)
    answer: Callable[[Delivery], int | tuple[int, dict[str, str]]] = lambda delivery: 200
    port: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/telnyx"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                delivery = Delivery(first.split(" ")[1], headers, body)
                self.deliveries.append(delivery)
                self._changed.set()
                answer = self.answer(delivery)
                status, extra = answer if isinstance(answer, tuple) else (answer, {})
                if status == 0:  # never answers
                    continue
                more = "".join(f"{name}: {value}\r\n" for name, value in extra.items())
                writer.write(f"HTTP/1.1 {status} x\r\n{more}content-length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._connections.discard(connection)

    def types(self, call_id: str | None = None) -> list[str]:
        return [one.type for one in self.deliveries if call_id in (None, one.payload["call_control_id"])]

    async def wait(self, event_type: str, *, call_id: str | None = None, count: int = 1) -> Delivery:
        """The ``count``-th delivery of this type."""
        async with asyncio.timeout(10):
            while True:
                found = [
                    one
                    for one in self.deliveries
                    if one.type == event_type and call_id in (None, one.payload["call_control_id"])
                ]
                if len(found) >= count:
                    return found[count - 1]
                self._changed.clear()
                await self._changed.wait()


class Telephone:
    """A phone for tests: does what it is told and remembers what it hears."""

    rate = 8000

    def __init__(self, on_ring: Callable[[Handset], None] = lambda handset: None) -> None:
        self._on_ring = on_ring
        self.handset: Handset | None = None
        self.heard = bytearray()
        self.digits = ""
        self.cause: str | None = None
        self.is_connected = False
        self.was_bridged = False

    def ring(self, handset: Handset, now_ms: float) -> None:
        self.handset = handset
        self._on_ring(handset)

    def placed(self, handset: Handset, now_ms: float) -> None:
        self.handset = handset

    def waiting(self, now_ms: float) -> None:
        pass

    def connected(self, now_ms: float) -> None:
        self.is_connected = True

    def bridged(self, now_ms: float) -> None:
        self.was_bridged = True

    def mouth(self, now_ms: float) -> bytes:
        return bytes(320)

    def ear(self, pcm: bytes, now_ms: float) -> None:
        self.heard += pcm

    def digit(self, digit: str, now_ms: float) -> None:
        self.digits += digit

    def ended(self, cause: str, now_ms: float) -> None:
        self.cause = cause

    def report(self) -> dict[str, object]:
        return {"ended": self.cause}


@pytest.fixture
def telephone() -> type[Telephone]:
    """The class of a phone for tests."""
    return Telephone


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    """The application under the carrier."""
    app = Application()
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
def settings(tmp_path: Any) -> ExchangeSettings:
    """Settings that keep files out of the home directory."""
    return ExchangeSettings(private_key_path=tmp_path / "exchange.key", recordings_dir=tmp_path / "recordings")


@pytest.fixture
async def exchange(application: Application, settings: ExchangeSettings) -> AsyncIterator[Exchange]:
    """A running exchange whose application is ``application``."""
    async with Exchange(default_seed(application.url), settings=settings, port=0) as running:
        yield running


@pytest.fixture
async def client(exchange: Exchange) -> AsyncIterator[AsyncTelnyx]:
    """The carrier's own library, pointed at the exchange."""
    async with AsyncTelnyx(
        api_key="KEYtest", base_url=exchange.base_url, public_key=exchange.public_key, max_retries=0
    ) as telnyx:
        yield telnyx


@pytest.fixture
async def http(exchange: Exchange) -> AsyncIterator[httpx.AsyncClient]:
    """Plain HTTP to the exchange."""
    async with httpx.AsyncClient(
        base_url=exchange.origin, headers={"authorization": "Bearer KEYtest"}, trust_env=False
    ) as plain:
        yield plain
