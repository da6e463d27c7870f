"""Audio passes picows by on its way through a media socket, and nobody can tell."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.websocket_client import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawWebSocket,
    close_frame,
    frame,
)

from offhook.audio.codecs.g711 import PcmuDecoder
from offhook.calls.media.line import MediaLine
from offhook.calls.media.stream import MediaStream
from offhook.carriers.audio_messages import COMPILED
from offhook.carriers.commands import StreamRequest
from offhook.carriers.telnyx.media import TelnyxAppMedia
from offhook.server import media
from offhook.server.media import MediaLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offhook.carriers.media import MediaStarted

needs_a_compiler = pytest.mark.skipif(not COMPILED, reason="a C compiler at installation")


class Echo:
    """Says what it hears back, and can be told to raise."""

    def __init__(self, line: MediaLine) -> None:
        self.line = line
        self.heard: list[tuple[bytes, float]] = []
        self.raises_at = -1
        self.told: list[str] = []
        self.stopped = asyncio.Event()

    def media_started(self, started: MediaStarted) -> None:
        self.told.append("started")

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        if len(self.heard) == self.raises_at:
            raise RuntimeError("a secret that was said")
        self.heard.append((pcm, timestamp_ms))
        if len(pcm) == 320:
            self.line.send_audio(pcm)

    def mark_returned(self, name: str) -> None:
        self.told.append(name)
        self.line.send_mark(name)

    def digit(self, digit: str) -> None:
        self.told.append(digit)
        if digit == "#":
            self.line.close()

    def media_lost(self) -> None:
        self.told.append("lost")
        self.stopped.set()

    def media_resumed(self) -> None: ...

    def media_stopped(self) -> None:
        self.told.append("stopped")
        self.stopped.set()


class Gate:
    """Lets everybody in, to a line that echoes."""

    def __init__(self, limits: MediaLimits | None = None, raises_at: int = -1) -> None:
        self.media_limits = limits or MediaLimits()
        self.raises_at = raises_at
        self.echo: Echo | None = None
        self.stream: MediaStream | None = None

    def admit(self, token: str) -> tuple[Any, StreamRequest]:
        return SimpleNamespace(id="v3:1"), StreamRequest(url="")

    def open_stream(self, call: Any, request: StreamRequest, *, send: Any, close: Callable[[], None]) -> MediaStream:
        self.send = send
        line = MediaLine()
        self.echo = Echo(line)
        self.echo.raises_at = self.raises_at
        line.add(self.echo, vital=True)
        self.stream = MediaStream(TelnyxAppMedia(), request=request, owner=line, send=send, close=close)
        line.opened(self.stream)
        return self.stream


class Wire(asyncio.Transport):
    """A transport that writes at once, so that what is sent by it and past it comes in one order."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False
        self._near, self._far = socket.socketpair()
        self._sent = b""

    @property
    def sent(self) -> bytes:
        self._far.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while data := self._far.recv(65536):
                self._sent += data
        return self._sent

    def end(self) -> None:
        self._near.close()
        self._far.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self if name == "socket" else default

    def fileno(self) -> int:
        return self._near.fileno()

    def setsockopt(self, *_: object) -> None: ...

    def getsockopt(self, *_: object) -> int:
        return 0

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: Any) -> None:
        self._near.sendall(data)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None: ...

    def is_closing(self) -> bool:
        return self.closed

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.closed = True  # it is read on, and forgotten

    def resume_reading(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    abort = close


PCM = PcmuDecoder().decode(b"\x55" * 160)
HANDSHAKE = (
    b"GET /media HTTP/1.1\r\nHost: media\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
START = json.dumps(
    {
        "event": "start",
        "stream_id": "s",
        "start": {"media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}},
    }
).encode()


def piece(number: int, payload: bytes = b"\x55" * 160, **fields: object) -> bytes:
    body = {"track": "inbound", "chunk": str(number), "timestamp": str(20 * number)}
    return json.dumps(
        {"event": "media", "media": body | {"payload": base64.b64encode(payload).decode()} | fields}
    ).encode()


def feed(protocol: Any, data: bytes) -> None:
    if isinstance(protocol, asyncio.Protocol):
        protocol.data_received(data)
        return
    while data:
        view = protocol.get_buffer(len(data))
        part = min(len(view), len(data))
        view[:part] = data[:part]
        protocol.buffer_updated(part)
        data = data[part:]


async def course(reads: list[bytes], *, quick: bool, limits: MediaLimits, raises_at: int) -> tuple[object, ...]:
    """All that anybody can see of a media socket that is given these bytes, read by read."""
    gate, wire = Gate(limits, raises_at), Wire()
    call, request = gate.admit("")
    with pytest.MonkeyPatch.context() as patch:
        if not quick:
            patch.setattr(media, "audio_frames", lambda *_, **__: None)
            patch.setattr(TelnyxAppMedia, "audio_messages", None)
        protocol: Any = media.media_protocol(gate, call, request, wire, set())
        assert isinstance(protocol, asyncio.Protocol) == quick
        feed(protocol, HANDSHAKE)
        for data in reads:
            # picows closes a little after it has refused something: what comes until then does not count.
            if not wire.closed:
                feed(protocol, data)
                await asyncio.sleep(0)
    if not wire.closed:
        protocol.connection_lost(None)
    await asyncio.sleep(0)
    echo, stream = gate.echo, gate.stream
    assert echo is not None
    assert stream is not None
    counters, sent = stream.counters, wire.sent
    wire.end()
    return (
        sent,
        echo.heard,
        echo.told,
        stream.failure,
        (counters.received, counters.lost, counters.late, counters.restarts, counters.unsent),
        (counters.ignored, counters.faults),
    )


BETWEEN = [
    frame(TEXT, json.dumps({"event": "mark", "mark": {"name": "m"}}).encode()),
    frame(TEXT, json.dumps({"event": "dtmf", "dtmf": {"digit": "5"}}).encode()),
    frame(TEXT, "ü".encode()),
    frame(TEXT, b"half a ", fin=False) + frame(CONTINUATION, b"message"),
    frame(BINARY, b"\xff"),
    frame(PING, b"?"),
    frame(PONG),
]
"""What comes between two pieces of audio."""

LAST = [
    frame(TEXT, json.dumps({"event": "dtmf", "dtmf": {"digit": "#"}}).encode()),
    frame(TEXT, json.dumps({"event": "stop"}).encode()),
    frame(TEXT, b"half a ", fin=False),
    frame(CONTINUATION, b"message"),
    frame(TEXT, b"\xff"),
    frame(TEXT, b"x" * 5000),
    frame(TEXT, b"{}", rsv=4),
    frame(3),
    b"\x81\x02{}",
    close_frame(1000),
    close_frame(1005),
]
"""What ends it, be it with the next piece."""


@st.composite
def reads_of_a_call(draw: st.DrawFn) -> list[bytes]:
    """A call's frames, mostly audio in order, and how they come out of the socket."""

    def once_in(number: int) -> bool:
        return draw(st.integers(1, number)) == number

    chunk = 0
    reads: list[bytes] = [frame(TEXT, START)]
    for _ in range(draw(st.integers(0, 40))):
        if once_in(10):
            next_ = draw(st.sampled_from(BETWEEN))
        elif once_in(60):
            next_ = draw(st.sampled_from(LAST))
        else:
            chunk = max(0, chunk + (draw(st.sampled_from([0, 2, 3, -1, -2, 70])) if once_in(12) else 1))
            payload = bytes([draw(st.integers(0, 255))]) * (1 if once_in(20) else 160)
            more: list[dict[str, Any]] = [{"x": "y" * 2000}, {"x": "y" * 5000}, {"timestamp": 7}, {"track": "outbound"}]
            next_ = frame(TEXT, piece(chunk, payload, **(draw(st.sampled_from(more)) if once_in(20) else {})))
        if once_in(12):
            cut = draw(st.integers(0, len(next_)))
            reads[-1] += next_[:cut]
            next_ = next_[cut:]
        reads.append(next_)
    return reads


@needs_a_compiler
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(reads_of_a_call(), st.sampled_from([10, 1000]), st.sampled_from([1000, 100_000]), st.integers(-100, 20))
def test_what_a_socket_does_is_the_same_on_either_way(
    reads: list[bytes], burst: int, max_message_bytes: int, raises_at: int
) -> None:
    """What is heard, sent, counted and refused: in order or not, whole or in parts, within the limits or not."""
    limits = MediaLimits(burst_frames=burst, frames_per_s=0, max_message_bytes=max_message_bytes)

    def run(*, quick: bool) -> tuple[object, ...]:
        return asyncio.run(course(reads, quick=quick, limits=limits, raises_at=raises_at))

    assert run(quick=True) == run(quick=False)


@needs_a_compiler
@pytest.mark.parametrize("in_parts", [False, True])
def test_audio_within_another_message_is_no_audio(in_parts: bool) -> None:
    """Be it what is left of a frame, or between two parts of a message."""
    audio = frame(TEXT, piece(2))
    first = frame(TEXT, b"{}", fin=False) if in_parts else b"\x81\xfe" + (len(audio) + 2).to_bytes(2, "big") + bytes(4)
    reads = [frame(TEXT, START), frame(TEXT, piece(1)) + first, audio, frame(TEXT, piece(3))]
    for quick in (True, False):
        heard = asyncio.run(course(reads, quick=quick, limits=MediaLimits(), raises_at=-1))[1]
        assert heard == [(PCM, 20)]


@contextlib.contextmanager
def opened(limits: MediaLimits | None = None) -> Iterator[tuple[Gate, Wire, Any]]:
    """A media socket whose audio may pass picows by."""
    gate, wire = Gate(limits), Wire()
    call, request = gate.admit("")
    protocol = media.media_protocol(gate, call, request, wire, set())
    for data in (HANDSHAKE, frame(TEXT, START), frame(TEXT, piece(1))):
        feed(protocol, data)
    yield gate, wire, protocol
    protocol.connection_lost(None)
    wire.end()


def say(gate: Gate) -> None:
    assert gate.echo is not None
    gate.echo.line.send_audio(PCM)


@pytest.mark.parametrize("whose", ["ours", "theirs"])
async def test_nothing_is_sent_after_a_close_frame(whose: str) -> None:
    """RFC 6455, 5.5.1; not even before anybody is told that the stream is over."""
    with opened() as (gate, wire, protocol):
        say(gate)
        before = wire.sent
        if whose == "ours":
            assert gate.stream is not None
            gate.stream.close()
            gate.send(b"too late")
        else:
            feed(protocol, close_frame(1000))
        say(gate)
        assert wire.sent == before + b"\x88\x02\x03\xe8"
        await asyncio.sleep(0)
        assert gate.echo is not None
        assert gate.echo.told[-1] == "lost"


async def test_nothing_is_sent_after_a_close_frame_of_picows_own() -> None:
    """It gives a peer up that does not answer a ping."""
    with opened(MediaLimits(ping_after_s=0.02, pong_within_s=0.02)) as (gate, wire, _):
        async with asyncio.timeout(5):
            while b"\x03\xe9" not in wire.sent:
                await asyncio.sleep(0)
        before = wire.sent
        say(gate)
        assert wire.sent == before


async def test_nothing_is_sent_when_the_connection_is_gone() -> None:
    """Its number may be another connection's by now."""
    with opened() as (gate, wire, protocol):
        before = wire.sent
        protocol.connection_lost(None)
        gate.send(b"too late")
        assert wire.sent == before


@needs_a_compiler
async def test_a_peer_that_sends_audio_is_not_silent(port: int, gate: Any) -> None:
    """It is not pinged, although nearly all of its audio passes by who would."""
    gate.media_limits = MediaLimits(ping_after_s=0.4, pong_within_s=0.4)
    client = await RawWebSocket.open(port)
    loop = asyncio.get_running_loop()
    begun_s = last_s = loop.time()
    longest_s, number = 0.0, 0
    while (now_s := loop.time()) < begun_s + 1:
        longest_s, last_s = max(longest_s, now_s - last_s), now_s
        number += 1
        await client.write(frame(TEXT, piece(number)))
        await asyncio.sleep(0.001)
    await client.write(close_frame(1000))
    answers, code = await client.read_to_close()
    assert (code, gate.streams[0].failures, gate.streams[0].heard) == (b"\x03\xe8", [], number)
    assert answers == [] or longest_s > 0.2  # a machine that had something else to do was silent
    await client.close()


@needs_a_compiler
async def test_a_peer_that_falls_silent_is_pinged_although_its_audio_has_passed_by(port: int, gate: Any) -> None:
    """And when it has answered, its audio passes by again."""
    gate.media_limits = MediaLimits(ping_after_s=0.4, pong_within_s=0.4)
    client = await RawWebSocket.open(port)
    for number in range(1, 4):
        await client.write(frame(TEXT, piece(number)))
    assert await asyncio.wait_for(client.read(), 5) == (PING, b"")
    await client.write(frame(PONG) + frame(TEXT, piece(4)))
    await client.write(frame(TEXT, piece(5)))
    assert await asyncio.wait_for(client.read(), 5) == (PING, b"")
    await client.write(close_frame(1000))
    assert (await client.read_to_close())[1] == b"\x03\xe8"
    assert (gate.streams[0].failures, gate.streams[0].heard) == ([], 5)
    await client.close()
