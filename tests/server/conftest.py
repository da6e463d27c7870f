"""What tests of the server share: a media gate without calls, and a whole host with a carrier that calls it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from offhook.carriers.audio_messages import audio_messages
from offhook.carriers.commands import DialedCall, LiveLeg, StreamRequest
from offhook.carriers.telnyx.signing import Signer
from offhook.carriers.telnyx.wire import telnyx_wire
from offhook.ids import new_id
from offhook.server.host import Host
from offhook.server.http import media_http_protocol
from offhook.server.loop import loop_factory
from offhook.server.media import MediaLimits, MediaRefused
from offhook.server.options import HostOptions, HostTimes
from offhook.server.run import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from offhook.calls import Call
    from offhook.carriers.media import MediaStarted


AUDIO = audio_messages(b"", b"")

ON_EVERY_LOOP = {
    "test_floods.py",
    "test_http.py",
    "test_media.py",
    "test_handover.py",
    "test_ticker.py",
    "test_websocket_conformance.py",
}
"""What depends on how the event loop reads, writes and keeps time is tested on each loop that calls may run on."""


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name in ON_EVERY_LOOP and (fast := loop_factory()):
        loops["uvloop"] = fast
    return loops


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
        # Audio would pass picows by, so that every test is made with that way open.
        self.reader = AUDIO.reader(b"inbound", bytes(512), 320) if AUDIO is not None else None
        self.heard = 0
        if self.reader is not None:
            self.reader.way = self._hear
            self.reader.expected = 1

    def _hear(self, pcm: bytes, timestamp_ms: float) -> None:
        self.heard += 1

    def receive(self, message: bytes) -> None:
        if self.raises:
            raise RuntimeError("a secret that was said")
        self.texts.append(message)
        if self.echo:
            self.send(b"%d" % len(message))

    receive_slowly = receive

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
        return SimpleNamespace(id="v3:1"), StreamRequest(url="")

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
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
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


# -- a whole host ---------------------------------------------------------------------------------------------------


class FakeCarrier:
    """Keeps the commands it was given; raises, or waits, as it is told."""

    def __init__(self, public_key: str) -> None:
        self.wire = telnyx_wire(public_key)
        self.commands: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.fails: dict[str, list[Exception]] = {}
        self.alive: dict[str, bool] = {}
        """What the carrier says of a leg, if it does not say that it is not known."""
        self.legs: list[LiveLeg] = []
        self.questions: list[str] = []
        self.dial_waits = asyncio.Event()
        self.dial_waits.set()
        self.changed = asyncio.Event()

    def names(self) -> list[str]:
        return [name for name, _, _ in self.commands]

    async def did(self, name: str, times: int = 1) -> dict[str, Any]:
        """Wait for a command; the options it came with."""
        async with asyncio.timeout(5):
            while self.names().count(name) < times:
                self.changed.clear()
                await self.changed.wait()
        return [options for had, _, options in self.commands if had == name][times - 1]

    def _note(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.commands.append((name, arguments, options))
        self.changed.set()
        if self.fails.get(name):
            raise self.fails[name].pop(0)

    async def dial(self, **options: Any) -> DialedCall:
        self._note("dial", (), options)
        await self.dial_waits.wait()
        return DialedCall(call_id="out1", leg_id="leg1", session_id="ses1")

    async def hangup(self, *arguments: Any, **options: Any) -> bool:
        self._note("hangup", arguments, options)
        return self.alive.get(arguments[0], True)

    async def is_alive(self, call_id: str) -> bool:
        self.questions.append(call_id)
        return self.alive.get(call_id, False)

    async def live_legs(self, connection_id: str | None = None) -> tuple[LiveLeg, ...]:
        return tuple(self.legs)

    def __getattr__(self, name: str) -> Any:
        if name not in (
            "answer",
            "reject",
            "transfer",
            "send_dtmf",
            "speak",
            "start_streaming",
            "stop_streaming",
        ):
            raise AttributeError(name)

        async def command(*arguments: Any, **options: Any) -> None:
            self._note(name, arguments, options)

        return command


class FakeSession:
    """A session that keeps what it hears and ends when it is told to, or when the audio is over."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.media = self
        self.heard: list[str] = []
        self.pcm_bytes = 0
        self.ticks = 0
        self.over = asyncio.Event()
        self.begun = asyncio.Event()
        self.closed = asyncio.Event()
        self.raises: Exception | None = None
        self.deaf = False
        self.said: list[str] = []

    def media_started(self, started: MediaStarted) -> None:
        self.heard.append("started")
        self.begun.set()

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        self.pcm_bytes += len(pcm)

    def mark_returned(self, name: str) -> None:
        self.heard.append(f"mark {name}")

    def digit(self, digit: str) -> None:
        self.heard.append(f"digit {digit}")

    def media_lost(self) -> None:
        self.heard.append("lost")

    def media_resumed(self) -> None:
        self.heard.append("resumed")

    def media_stopped(self) -> None:
        self.heard.append("stopped")
        if not self.deaf:
            self.over.set()

    async def run(self) -> None:
        self.call.conversation = self
        await self.over.wait()
        if self.raises is not None:
            raise self.raises

    def tick(self, now_ms: float) -> None:
        self.ticks += 1

    async def aclose(self) -> None:
        self.closed.set()

    async def say(self, text: str) -> None:
        self.said.append(text)

    async def ask(self, question: str) -> str:
        return ""

    async def hand_over(self, to: str | None, *, reason: str) -> None: ...

    async def hangup(self) -> None:
        self.over.set()


class _Sessions:
    """Makes sessions, and may tell what their engines take."""

    def __init__(self, make: Callable[[Call], Any], metering: Any) -> None:
        self._make = make
        self.metering = metering

    def __call__(self, call: Call) -> Any:
        return self._make(call)


class Town:
    """A host on a port, the carrier that calls it, and both ends of everything."""

    def __init__(self) -> None:
        self.signer = Signer()
        self.carrier = FakeCarrier(self.signer.public_key)
        self.more_carriers: list[Any] = []
        self.sessions: list[FakeSession] = []
        self.make_session: Callable[[Call], Any] = FakeSession
        self.times = HostTimes(
            media_s=0.3, hangup_s=0.2, apology_s=0.3, session_end_s=0.3, goodbye_s=0.3, restart_s=0.5, lost_s=0.1
        )
        self.server: Server | None = None
        self.http = httpx.AsyncClient()
        self._sockets: list[Any] = []

    async def open(self, **options: Any) -> Host:
        times = options.pop("times", self.times)
        options.setdefault("measures_capacity", False)  # these tests share the machine with each other
        host = Host(
            _Sessions(self._session, options.pop("metering", None)),
            carriers=[self.carrier, *self.more_carriers],
            journal=options.pop("journal", None),
            options=HostOptions(times=times, **options),
        )
        self.server = Server(host)
        await self.server.start()
        return host

    def _session(self, call: Call) -> Any:
        session = self.make_session(call)
        self.sessions.append(session)
        return session

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    async def post(self, body: bytes, headers: Any) -> httpx.Response:
        return await self.http.post(f"{self.url}/webhooks/telnyx", content=body, headers=headers)

    def event(self, event_type: str, call_id: str = "c1", *, event_id: str | None = None, **payload: Any) -> bytes:
        payload = {"call_control_id": call_id, "call_leg_id": "leg1", "call_session_id": "ses1", **payload}
        data = {
            "record_type": "event",
            "event_type": event_type,
            "id": event_id or new_id(),
            "occurred_at": "2026-01-01T00:00:00.000000Z",
            "payload": payload,
        }
        return json.dumps({"data": data, "meta": {"attempt": 1}}).encode()

    def encoded(self, client_state: str) -> str:
        """A text as it hangs on a leg."""
        return base64.b64encode(client_state.encode()).decode()

    async def webhook(self, event_type: str, call_id: str = "c1", **fields: Any) -> httpx.Response:
        body = self.event(event_type, call_id, **fields)
        return await self.post(body, self.signer.sign(body, int(time.time())))

    async def ring(self, call_id: str = "c1") -> httpx.Response:
        return await self.webhook(
            "call.initiated", call_id, direction="incoming", state="parked", **{"from": "+15550100", "to": "+15550199"}
        )

    async def hang_up(self, call_id: str = "c1") -> httpx.Response:
        return await self.webhook(
            "call.hangup", call_id, hangup_cause="normal_clearing", hangup_source="caller", sip_hangup_cause="200"
        )

    async def connect(self, stream_url: str) -> Any:
        socket = await websockets.connect(stream_url)
        self._sockets.append(socket)
        return socket

    async def stream(self, stream_url: str, call_id: str = "c1", encoding: str = "PCMU") -> Any:
        """The carrier's side of a media socket, begun."""
        socket = await self.connect(stream_url)
        await socket.send('{"event":"connected","version":"1.0.0"}')
        start = {
            "event": "start",
            "sequence_number": "1",
            "stream_id": new_id(),
            "start": {
                "call_control_id": call_id,
                "media_format": {"encoding": encoding, "sample_rate": 8000, "channels": 1},
            },
        }
        await socket.send(json.dumps(start))
        return socket

    async def answered_call(self, call_id: str = "c1") -> tuple[FakeSession, Any]:
        """A call from ringing to audio."""
        before = len(self.sessions)
        await self.ring(call_id)
        options = await self.carrier.did("answer", before + 1)
        await self.webhook("call.answered", call_id)
        socket = await self.stream(options["stream"].url, call_id)
        while len(self.sessions) == before:
            await asyncio.sleep(0)
        session = self.sessions[before]
        await asyncio.wait_for(session.begun.wait(), 5)
        return session, socket

    async def close(self) -> None:
        if self.server is not None:
            await self.server.stop()
        await self.http.aclose()
        for each in self._sockets:
            await each.close()


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


@pytest.fixture
def listen() -> Any:
    """``async with listen({"app": …}) as port``: uvicorn on a port of its own."""
    return listening
