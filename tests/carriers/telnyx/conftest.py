"""Wire samples of Telnyx and the official package as a judge."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from offhook.carriers.telnyx.client import TelnyxCarrier
from offhook.carriers.telnyx.retry import RetryPolicy
from offhook.carriers.telnyx.signing import Signer
from offhook.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.carriers.commands import Carrier

NOW_S = 1_790_000_000
FAST = RetryPolicy(reply_timeouts_ms=(100, 2000, 2000, 2000), jitter=0)


@pytest.fixture
def now_s() -> int:
    """A moment in Unix seconds."""
    return NOW_S


@pytest.fixture(scope="session")
def signer() -> Signer:
    """A key pair, always the same."""
    return Signer("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")  # RFC 8032, section 7.1, test 1


@pytest.fixture
def body(event_body: Callable[..., bytes]) -> bytes:
    """A webhook body."""
    return event_body("call.answered")


@pytest.fixture
def event_body() -> Callable[..., bytes]:
    """``event_body(event_type, **payload_fields)``: the bytes of a delivery as live captures show them."""

    def make(event_type: str, /, **fields: Any) -> bytes:
        payload = {
            "call_control_id": "v3:leg-one",
            "call_leg_id": "428c31b6-7af4-4bcb-b7f5-5013ef9657c1",
            "call_session_id": "428c31b6-abf3-3bc1-b7f4-5013ef9657c1",
            "connection_id": "2963572552552678752",
            "client_state": None,
            "calling_party_type": "pstn",
            "from": "+15125550100",
            "to": "+15125550199",
            "start_time": "2026-05-19T23:30:15.038431Z",
        }
        payload.update({name.rstrip("_"): value for name, value in fields.items()})
        return json.dumps(
            {
                "data": {
                    "record_type": "event",
                    "event_type": event_type,
                    "id": "3d0b9a57-0c1f-4e1e-9c62-6c8a1c7f2f10",
                    "occurred_at": "2026-05-19T23:30:16.238431Z",
                    "payload": payload,
                },
                "meta": {"attempt": 1, "delivered_to": "https://example.test/telnyx"},
            }
        ).encode()

    return make


class Hangs:
    """A reply that does not come: the command takes effect all the same."""


class Drops:
    """A connection that breaks when the command has taken effect."""


@dataclass(slots=True)
class Reply:
    """A reply of the API."""

    status: int = 200
    body: object = field(default_factory=lambda: {"data": {"result": "ok"}})
    headers: dict[str, str] = field(default_factory=dict)
    drip_s: float = 0.0
    """Seconds between the bytes of the body."""


@dataclass(slots=True)
class Request:
    """A request that came over a real socket."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class LoopbackApi:
    """A carrier's API on a loopback socket: notes what comes, replies what it is told to.

    As the carrier does, it takes a command into effect once for its ``command_id``.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.replies: list[Reply | Hangs | Drops] = []
        self.effects: list[str] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._closing = asyncio.Event()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def base_url(self) -> str:
        """The address, with /v2."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}/v2"

    async def stop(self) -> None:
        """Close every socket."""
        assert self._server is not None
        self._closing.set()
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
        self.requests.append(Request(method, path, headers, body))
        reply = self.replies.pop(0) if self.replies else Reply()
        if not isinstance(reply, Reply) or reply.status < 400:
            self._take_effect(path, body)
        if isinstance(reply, Hangs):
            await self._closing.wait()
            return False
        if isinstance(reply, Drops):
            return False
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        lines = {"content-type": "application/json", "content-length": str(len(raw))} | reply.headers
        writer.write(f"HTTP/1.1 {reply.status} X\r\n".encode())
        writer.write("".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\n")
        if not reply.drip_s:
            writer.write(raw)
        else:
            for place in range(len(raw)):
                writer.write(raw[place : place + 1])
                await writer.drain()
                await asyncio.sleep(reply.drip_s)
        await writer.drain()
        return True

    def _take_effect(self, path: str, body: dict[str, Any]) -> None:
        effect = f"{path} {body.get('command_id')}"
        if effect not in self.effects:
            self.effects.append(effect)


@pytest.fixture
async def api() -> AsyncIterator[LoopbackApi]:
    """A carrier's API on a loopback socket."""
    loopback = LoopbackApi()
    await loopback.start()
    yield loopback
    await loopback.stop()


@pytest.fixture
def replies() -> type[Reply]:
    """How a reply of the API is made."""
    return Reply


@pytest.fixture
def hangs() -> Hangs:
    """A reply that does not come."""
    return Hangs()


@pytest.fixture
def drops() -> Drops:
    """A connection that breaks."""
    return Drops()


class Pauses:
    """Sleeps that take no time, but move the clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.taken_ms: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.taken_ms.append(seconds * 1000)
        self.clock.advance(seconds * 1000)


@pytest.fixture(name="pauses")
def pauses_fixture() -> Pauses:
    return Pauses()


@pytest.fixture(name="make")
async def make_fixture(api: Any, pauses: Pauses) -> AsyncIterator[Callable[..., TelnyxCarrier]]:
    """``make(**options)``: a client of the loopback API."""
    made: list[TelnyxCarrier] = []

    def make(**options: Any) -> TelnyxCarrier:
        defaults = {"base_url": api.base_url, "connection_id": "1000000000000000001", "retries": FAST}
        carrier = TelnyxCarrier("KEYtest", clock=pauses.clock, sleep=pauses.sleep, **(defaults | options))
        made.append(carrier)
        return carrier

    yield make
    for carrier in made:
        await carrier.aclose()


@pytest.fixture(name="carrier")
def carrier_fixture(make: Callable[..., TelnyxCarrier]) -> Carrier:
    return make()
