"""Media streams over real sockets, judged by a server of another make (the ``websockets`` library)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import json
import logging
import time
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from offhook.clock import SystemClock
from offhook.exchange.sound.line import Line
from offhook.exchange.sound.media import StreamMedia, StreamSettings
from offhook.exchange.sound.pacer import Pacer
from offhook.exchange.sound.stream import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

VOICE = b"\x20" * 160  # 20 ms of loud PCMU


class Person:
    """A phone that hums, and notes when it hears something."""

    rate = 8000

    def __init__(self) -> None:
        self.heard: list[tuple[float, bool]] = []

    def mouth(self, now_ms: float) -> bytes:
        return b"\x00\x08" * 160

    def ear(self, pcm: bytes, now_ms: float) -> None:
        self.heard.append((time.monotonic(), any(pcm)))

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


class Exchange:
    """One leg on its line, and what the line reports."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.pacer = Pacer(self.clock)
        self.phone = Person()
        self.reports: list[str] = []
        self.events: list[tuple[str, dict[str, object]]] = []
        self.reported = asyncio.Event()
        self.line = Line(
            call_id="v3:x",
            codec="PCMU",
            phone=self.phone,  # type: ignore[arg-type]
            listener=self,
            pacer=self.pacer,
            clock=self.clock,
        )
        self.line.connect()

    def _report(self, what: str) -> None:
        self.reports.append(what)
        self.reported.set()

    def playback_ended(self, line: Line, playback_id: str, status: str) -> None: ...

    def stream_started(self, line: Line, stream_id: str) -> None:
        self._report("started")

    def stream_failed(self, line: Line, stream_id: str, reason: str) -> None:
        self._report(f"failed {reason}")

    def stream_stopped(self, line: Line, stream_id: str) -> None:
        self._report("stopped")

    def line_failed(self, line: Line, error: str) -> None:
        self._report(f"line failed {error}")

    def line_event(self, line: Line, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        self.events.append((type, fields))

    async def until(self, what: str) -> None:
        async with asyncio.timeout(10):
            while what not in self.reports:
                self.reported.clear()
                await self.reported.wait()

    def event(self, kind: str) -> dict[str, object]:
        return next(fields for name, fields in self.events if name == kind)


class App:
    """An application's end of a media socket: keeps what comes, with the time it came."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self._unread: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()
        self.over = asyncio.Event()

    async def read(self) -> None:
        try:
            async for text in self.socket:
                message = (time.monotonic(), json.loads(text))
                self.messages.append(message)
                self._unread.put_nowait(message)
        except ConnectionClosed:
            pass
        finally:
            self.over.set()

    async def next(self, event: str) -> tuple[float, dict[str, Any]]:
        async with asyncio.timeout(10):
            while True:
                at, message = await self._unread.get()
                if message["event"] == event:
                    return at, message

    async def send(self, event: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"event": event, **fields}))

    async def play(self, payload: bytes) -> None:
        await self.send("media", media={"payload": base64.b64encode(payload).decode()})

    async def mark(self, name: str) -> None:
        await self.send("mark", mark={"name": name})

    def frames(self, track: str = "inbound") -> list[tuple[float, dict[str, Any]]]:
        return [(at, m) for at, m in self.messages if m["event"] == "media" and m["media"]["track"] == track]


class Host:
    """The application's server: takes media sockets, or does not."""

    def __init__(self) -> None:
        self.apps: asyncio.Queue[App] = asyncio.Queue()
        self.status: HTTPStatus | None = None
        self.port = 0

    async def serve(self, socket: ServerConnection) -> None:
        app = App(socket)
        self.apps.put_nowait(app)
        await app.read()

    def refuse(self, connection: ServerConnection, request: Any) -> Any:
        return connection.respond(self.status, "no\n") if self.status is not None else None

    async def app(self) -> App:
        async with asyncio.timeout(10):
            return await self.apps.get()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    one = Host()
    async with serve(one.serve, "127.0.0.1", 0, process_request=one.refuse) as server:
        one.port = next(iter(server.sockets)).getsockname()[1]
        yield one


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    one = Exchange()
    yield one
    await one.line.close("normal_clearing")
    one.pacer.close()


@asynccontextmanager
async def stream(exchange: Exchange, host: Host, **settings: Any) -> AsyncIterator[App]:
    exchange.line.open_stream(to(host, **settings))
    app = await host.app()
    await app.next("start")
    yield app


def to(host: Host, **settings: Any) -> StreamSettings:
    settings = {"bidirectional_mode": "rtp", "bidirectional_target_legs": "self", **settings}
    return StreamSettings(stream_id="s-1", url=f"ws://127.0.0.1:{host.port}/media/token", **settings)


class TestFrames:
    async def test_messages_come_in_the_carriers_order_and_count_without_a_gap(
        self, exchange: Exchange, host: Host
    ) -> None:
        """An application that is strict about order, counters and sizes finds no fault from connected to stop."""
        async with stream(exchange, host, track="both_tracks") as app:
            await exchange.until("started")
            await asyncio.sleep(0.5)
            exchange.line.dtmf_to_app("4")
            await app.next("dtmf")
            exchange.line.close_stream()
            await asyncio.wait_for(app.over.wait(), 10)
        messages = [message for _, message in app.messages]
        assert [message["event"] for message in messages[:3]] == ["connected", "start", "media"]
        assert messages[-1]["event"] == "stop"
        numbered = [int(message["sequence_number"]) for message in messages[1:]]
        assert numbered == list(range(1, len(messages)))
        for track in ("inbound", "outbound"):
            frames = [message["media"] for _, message in app.frames(track)]
            assert [frame["chunk"] for frame in frames] == [str(n) for n in range(1, len(frames) + 1)]
            assert [frame["timestamp"] for frame in frames] == [str(20 * n) for n in range(len(frames))]
            assert {len(base64.b64decode(frame["payload"])) for frame in frames} == {160}
        dtmf = next(message for message in messages if message["event"] == "dtmf")
        assert dtmf["dtmf"] == {"digit": "4"}
        assert dtmf["occurred_at"].endswith("Z")
        assert app.socket.close_code == 1005
        assert exchange.reports == ["started", "stopped"]

    async def test_frames_come_every_20_ms_on_average(self, exchange: Exchange, host: Host) -> None:
        """The slope over all frames is 20 ms: one late frame on a busy machine moves it by little."""
        async with stream(exchange, host) as app:
            await asyncio.sleep(1.2)
        times = np.array([at for at, _ in app.frames()]) * 1000
        assert len(times) >= 50
        slope = np.polyfit(np.arange(len(times)), times, 1)[0]
        assert slope > 19
        if not exchange.pacer.counters.skipped:  # the machine stood still for more than 100 ms: audio was given up
            assert slope < 21

    async def test_the_token_is_in_the_handshake_and_in_the_first_message(self, exchange: Exchange, host: Host) -> None:
        """Applications may check it in the header or in the message."""
        async with stream(exchange, host, auth_token="s3cret") as app:
            assert app.socket.request is not None
            assert app.socket.request.headers["x-telnyx-streaming-auth-token"] == "s3cret"
            assert app.messages[0][1]["x-telnyx-streaming-auth-token"] == "s3cret"


class TestPlaying:
    async def test_a_mark_comes_back_when_its_audio_was_played_not_before(self, exchange: Exchange, host: Host) -> None:
        """Over a real socket, too, a mark is the moment at which the caller has heard."""
        async with stream(exchange, host) as app:
            sent = time.monotonic()
            await app.play(VOICE * 20)
            await app.mark("a")
            await app.mark("b")
            first, message = await app.next("mark")
            assert message["mark"] == {"name": "a"}
            assert first - sent >= 0.4
            _, message = await app.next("mark")
            assert message["mark"] == {"name": "b"}
            assert sum(loud for _, loud in exchange.phone.heard) == 20

    async def test_a_mark_behind_nothing_comes_back_at_once(self, exchange: Exchange, host: Host) -> None:
        """The answer needs no tick."""
        async with stream(exchange, host) as app:
            await app.mark("a")
            assert (await app.next("mark"))[1]["mark"] == {"name": "a"}

    async def test_clear_stops_the_audio_and_returns_the_marks(self, exchange: Exchange, host: Host) -> None:
        """The caller hears nothing more within 100 ms, and every mark comes back in order."""
        async with stream(exchange, host) as app:
            await app.play(VOICE * 500)  # 10 s
            await app.mark("a")
            await app.mark("b")
            for _ in range(5):
                await app.next("media")
            await app.send("clear")
            names = [(await app.next("mark"))[1]["mark"]["name"] for _ in range(2)]
            cleared = time.monotonic()
            assert names == ["a", "b"]
            for _ in range(10):
                await app.next("media")
        assert not any(loud for at, loud in exchange.phone.heard if at > cleared + 0.1)
        assert 0 < sum(loud for _, loud in exchange.phone.heard) < 250
        assert exchange.event("stream.cleared")["marks"] == 2

    async def test_the_longest_message_the_carrier_takes_arrives_whole_even_in_fragments(
        self, exchange: Exchange, host: Host
    ) -> None:
        """30 s of audio are one message, and may come in any number of frames."""
        async with stream(exchange, host) as app:
            text = json.dumps({"event": "media", "media": {"payload": base64.b64encode(VOICE * 1500).decode()}})
            await app.socket.send(text[at : at + 50_000] for at in range(0, len(text), 50_000))
            await app.mark("end")
            await app.send("clear")
            await app.next("mark")
            assert exchange.event("stream.cleared")["dropped_ms"] == pytest.approx(30_000, abs=500)

    async def test_nonsense_is_answered_or_passed_over_and_the_stream_goes_on(
        self, exchange: Exchange, host: Host
    ) -> None:
        """An application's mistake costs it an error message and never the call."""
        async with stream(exchange, host) as app:
            await app.socket.send("{")
            assert (await app.next("error"))[1]["payload"]["code"] == 100003
            await app.send("media", media={"payload": "%%%"})
            assert (await app.next("error"))[1]["payload"]["code"] == 100004
            await app.socket.send(b"\x00\x01")
            await app.socket.send([b'{"event":', b'"clear"}'])
            await app.send("unheard_of")
            await app.mark("still here")
            await app.next("mark")
            assert [message["event"] for _, message in app.messages].count("error") == 2
            assert not [name for name, _ in exchange.events if name == "stream.cleared"]

    async def test_a_message_without_end_ends_the_stream(self, exchange: Exchange, host: Host) -> None:
        """What an application sends without ever ending it is not kept in memory."""
        async with stream(exchange, host) as app:
            with contextlib.suppress(ConnectionClosed):
                await app.socket.send("x" * 1_000_000 for _ in range(20))
            await exchange.until("stopped")


class TestEnds:
    async def test_frames_that_the_standard_forbids_end_the_stream_and_nothing_else(
        self, exchange: Exchange, host: Host, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A broken client leaves no error in the log and no socket behind."""
        async with stream(exchange, host) as app:
            await exchange.until("started")
            app.socket.transport.write(b"\xff\xff\xff\xff")
            await exchange.until("stopped")
            await app.over.wait()
        await exchange.line.close("x")
        await asyncio.sleep(0.05)  # for the transport to let go of the socket
        gc.collect()
        assert [record.name for record in caplog.records if record.name == "asyncio"] == []

    async def test_addresses_are_not_logged(
        self, exchange: Exchange, host: Host, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Tokens and names are in URLs: nothing is logged with arguments."""
        caplog.set_level(logging.INFO)
        async with stream(exchange, host):
            await exchange.until("started")
        assert not [record for record in caplog.records if record.name.startswith("offhook") and record.args]

    @pytest.mark.parametrize(("on_app_close", "report"), [("stopped", "stopped"), ("failed", "failed connection_lost")])
    async def test_an_application_that_closes_ends_the_stream(
        self, exchange: Exchange, host: Host, on_app_close: str, report: str
    ) -> None:
        """Whether that is an end or a failure is a setting, and it is reported once."""
        async with stream(exchange, host, on_app_close=on_app_close) as app:
            await exchange.until("started")
            await app.socket.close(1001)
            await exchange.until(report)
        exchange.line.close_stream()
        assert exchange.reports == ["started", report]

    async def test_a_stream_can_be_opened_again_after_the_application_closed_it(
        self, exchange: Exchange, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reconnecting begins the stream anew, and has a limit."""
        monkeypatch.setattr("offhook.exchange.sound.stream._RECONNECT_WAIT_S", 0.01)
        async with stream(exchange, host, on_app_close="reconnect") as app:
            await app.socket.close()
            again = await host.app()
            assert (await again.next("start"))[1]["sequence_number"] == "1"
            for _ in range(3):
                await again.socket.close()
                if again.messages and len(exchange.reports) < 5:
                    try:
                        async with asyncio.timeout(1):
                            again = await host.app()
                            await again.next("start")
                    except TimeoutError:
                        break
            await exchange.until("failed connection_lost")

    @pytest.mark.parametrize("status", [HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.OK])
    async def test_a_refused_handshake_is_a_failed_connection(
        self, exchange: Exchange, host: Host, status: HTTPStatus
    ) -> None:
        """Every status but the right one is a failure to connect, told once."""
        host.status = status
        exchange.line.open_stream(to(host))
        await exchange.until("failed connection_failed")
        assert exchange.reports == ["failed connection_failed"]

    @pytest.mark.parametrize("url", ["ws://127.0.0.1:1/media", "http://127.0.0.1/", "nonsense", "ws://no.invalid/"])
    async def test_an_address_where_nobody_listens_is_a_failed_connection(self, exchange: Exchange, url: str) -> None:
        """Refused connections and unknown hosts are told like any other failure."""
        exchange.line.open_stream(StreamSettings(stream_id="s", url=url))
        await exchange.until("failed connection_failed")

    async def test_an_application_that_says_nothing_is_given_up(self, exchange: Exchange) -> None:
        """A handshake has a limit, and the socket is closed behind it."""
        left = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            await _end(writer)
            left.set()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            exchange.line.open_stream(
                StreamSettings(stream_id="s", url=f"ws://127.0.0.1:{port}/", connect_timeout_s=0.05)
            )
            await exchange.until("failed connection_failed")
            await asyncio.wait_for(left.wait(), 10)

    async def test_a_second_stream_ends_the_first(self, exchange: Exchange, host: Host) -> None:
        """A leg has one stream: the first is stopped in good order."""
        async with stream(exchange, host) as first:
            exchange.line.open_stream(to(host))
            second = await host.app()
            await second.next("start")
            await asyncio.wait_for(first.over.wait(), 10)
            assert exchange.reports == ["started", "stopped", "started"]

    async def test_closing_a_stream_that_is_still_connecting_ends_it(self, exchange: Exchange, host: Host) -> None:
        """The end is told even when nobody had answered yet, and no start is."""
        exchange.line.open_stream(to(host))
        exchange.line.close_stream()
        await exchange.until("stopped")
        assert exchange.reports == ["stopped"]

    async def test_an_application_that_does_not_answer_the_close_is_left_behind(self, exchange: Exchange) -> None:
        """The hang-up of a call does not wait for a hanging application: one second, then the socket is cut."""
        connected, left = asyncio.Event(), asyncio.Event()

        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            import hashlib

            request = await reader.readuntil(b"\r\n\r\n")
            key = next(
                line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
            )
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            connected.set()
            with contextlib.suppress(ConnectionError):
                while await reader.read(65536):
                    pass
            await _end(writer)
            left.set()

        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            exchange.line.open_stream(StreamSettings(stream_id="s", url=f"ws://127.0.0.1:{port}/"))
            await exchange.until("started")
            before = time.monotonic()
            await exchange.line.close("normal_clearing")
            assert 0.9 < time.monotonic() - before < 5
            assert exchange.reports == ["started", "stopped"]
            await asyncio.wait_for(left.wait(), 10)


async def _end(writer: asyncio.StreamWriter) -> None:
    """Close, and wait for it: the loop of a test must not end before its sockets."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


class FakeSocket:
    is_disconnected = False

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, kind: object, message: bytes) -> None:
        self.sent.append(message)

    async def wait_disconnected(self) -> None:
        pass


async def test_an_application_that_does_not_read_loses_frames_and_finds_them_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is not read is not piled up: the frames are dropped, as a network does, and their numbers are used up."""
    socket = FakeSocket()

    async def connect(*arguments: object, **options: object) -> tuple[FakeSocket, None]:
        return socket, None

    monkeypatch.setattr("picows.ws_connect", connect)
    exchange = Exchange()
    media = StreamMedia(
        StreamSettings(stream_id="s", url="ws://x/"), line_codec="PCMU", line_rate=8000, note=lambda *a, **f: None
    )
    one = Stream(media, owner=exchange.line, clock=exchange.clock)
    one.said(0, bytes(320), bytes(160))
    one.heard(0, bytes(320), bytes(160))
    one.send_dtmf("1")
    one.open()
    await exchange.until("started")
    assert one.is_open
    del socket.sent[:]
    one.said(0, bytes(320), bytes(160))
    one.congested(True)
    one.said(0, bytes(320), bytes(160))
    one.congested(False)
    one.said(0, bytes(320), bytes(160))
    assert one.dropped_frames == 1
    assert [json.loads(message)["media"]["chunk"] for message in socket.sent] == ["1", "3"]
    one.missed(200)
    one.said(0, bytes(320), bytes(160))
    assert json.loads(socket.sent[-1])["media"]["timestamp"] == "260"
    one.lost()
    await exchange.until("stopped")
    one.lost()
    one.close()
    await exchange.line.close("normal_clearing")
    exchange.pacer.close()
    assert exchange.reports == ["started", "stopped"]


async def test_a_socket_that_is_gone_when_the_handshake_returns_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library may return a transport that has closed meanwhile, and no stream starts on it."""
    socket = FakeSocket()
    socket.is_disconnected = True

    async def connect(*arguments: object, **options: object) -> tuple[FakeSocket, None]:
        return socket, None

    monkeypatch.setattr("picows.ws_connect", connect)
    exchange = Exchange()
    exchange.line.open_stream(StreamSettings(stream_id="s", url="ws://x/"))
    await exchange.until("failed connection_failed")
    await exchange.line.close("normal_clearing")
    exchange.pacer.close()
