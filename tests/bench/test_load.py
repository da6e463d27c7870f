"""The load accepts a server only if it gets its own audio back."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from websockets.sync.client import connect
from websockets.sync.server import serve

from offhook.bench.process import ServerProcess
from offhook.carriers.media import MediaFormat, MediaReceived
from offhook.carriers.telnyx.media import PlayAudio, TelnyxAppMedia, TelnyxCarrierMedia

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def websocket_server(handler: Callable[[Any], None]) -> Iterator[int]:
    """A WebSocket server by another author, in a thread; gives its port."""
    with serve(handler, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()


def load(program: Path, port: int, *options: str, connections: int = 3) -> subprocess.CompletedProcess[str]:
    words = [str(program), str(port), "/media/bench", str(connections), "20", "60", str(os.getpid()), *options]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("options", [(), ("awake",)])
def test_the_load_speaks_as_the_carrier_does(wsload: Path, options: tuple[str, ...]) -> None:
    """Our own decoder of the carrier's protocol finds nothing wrong in what the C program sends."""
    seen: list[Any] = []
    protocol = TelnyxAppMedia()

    def handler(connection: Any) -> None:
        for message in connection:
            event = protocol.receive(message.encode())
            seen.append(event)
            if isinstance(event, MediaReceived):
                connection.send(protocol.audio(event.payload), text=True)

    with websocket_server(handler) as port:
        done = load(wsload, port, *options, connections=1)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["frames"] > 10
    assert result["wall_ns"] >= 60e6
    names = [type(event).__name__ for event in seen]
    assert names[:2] == ["MediaConnected", "MediaStarted"]
    assert set(names[2:]) == {"MediaReceived"}
    assert seen[1].format == MediaFormat("PCMU", 8000)
    chunks = [event.chunk for event in seen[2:]]
    assert chunks == list(range(1, len(chunks) + 1))
    assert [event.timestamp_ms for event in seen[2:5]] == [0, 20, 40]
    assert {len(event.payload) for event in seen[2:]} == {160}


def test_other_audio_is_refused(wsload: Path) -> None:
    """A server that answers with silence does less work, and its number would be too good."""

    def handler(connection: Any) -> None:
        for message in connection:
            if '"media"' in message[:20]:
                connection.send(TelnyxAppMedia().audio(bytes(160)), text=True)

    with websocket_server(handler) as port:
        done = load(wsload, port)
    assert done.returncode == 1
    assert "other audio" in done.stderr


def test_a_server_that_hangs_up_is_refused(wsload: Path) -> None:
    """Frames that were not echoed are not counted as if they were."""
    with websocket_server(lambda connection: connection.recv()) as port:
        done = load(wsload, port)
    assert done.returncode == 1
    assert "wsload: expected" in done.stderr


def test_a_server_that_is_not_there_is_refused(wsload: Path) -> None:
    """The program ends with an error at once and names the port."""
    done = load(wsload, 1)
    assert done.returncode == 1
    assert "expected to connect to port 1" in done.stderr


def test_wrong_words_are_refused(wsload: Path) -> None:
    """A mistake on the command line says what was expected and prints no result."""
    done = subprocess.run([str(wsload)], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "expected PORT" in done.stderr


@pytest.mark.parametrize("size", [160, 161, 162, 3200])
def test_the_c_server_gives_every_byte_back(wsbridge: Path, size: int) -> None:
    """All 256 codes but minus zero, which comes back as zero, in payloads of any length that base64 pads."""
    carrier = TelnyxCarrierMedia("stream")
    payload = bytes(range(256)).replace(b"\x7f", b"\xff") * 13
    with (
        ServerProcess([str(wsbridge)], name="the C server") as server,
        connect(f"ws://127.0.0.1:{server.port}/media/x", compression=None) as socket,
    ):
        socket.send(carrier.start(call_id="call", format=MediaFormat("PCMU", 8000)), text=True)
        for begin in (0, 1, 77):
            piece = payload[begin : begin + size]
            socket.send(carrier.media("inbound", piece), text=True)
            reply = socket.recv(timeout=5)
            assert isinstance(reply, str)
            assert carrier.receive(reply.encode()) == PlayAudio(piece)


def test_the_c_server_computes_g711(wsbridge: Path) -> None:
    """Minus zero is the one code that pcm cannot tell: it is decoded and encoded, not copied."""
    carrier = TelnyxCarrierMedia("stream")
    with (
        ServerProcess([str(wsbridge)], name="the C server") as server,
        connect(f"ws://127.0.0.1:{server.port}/", compression=None) as socket,
    ):
        socket.send(carrier.media("inbound", b"\x7f" * 160), text=True)
        reply = socket.recv(timeout=5)
    assert isinstance(reply, str)
    assert carrier.receive(reply.encode()) == PlayAudio(b"\xff" * 160)
