"""Media sockets within somebody else's application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.exceptions import ConnectionClosed, InvalidStatus

from offhook.server.asgi import MediaEndpoint
from offhook.server.media import MediaLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
async def mounted(gate: Any, listen: Callable[..., Any]) -> AsyncIterator[int]:
    app = Starlette(routes=[Mount("/media", app=MediaEndpoint(gate))])
    async with listen({"app": app, "ws": "websockets-sansio"}) as number:
        yield number


def connect(port: int, token: str = "good") -> Any:
    return websockets.connect(f"ws://127.0.0.1:{port}/media/{token}")


async def test_messages_pass_both_ways(mounted: int, gate: Any) -> None:
    """Text and binary, in order; the end is told once."""
    async with connect(mounted) as client:
        for size in (1, 5000):
            await client.send("x" * size)
            assert await client.recv() == str(size)
        await client.send(b"\x00")
        assert await client.recv() == "binary 1"
    stream = gate.streams[0]
    await asyncio.wait_for(stream.lost.wait(), 2)
    assert stream.lost_count == 1


async def test_a_token_that_opens_nothing_is_refused_before_the_upgrade(mounted: int, gate: Any) -> None:
    """With the same answers as the media plane's."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(mounted, "wrong")
    assert refused.value.response.status_code == 403
    async with connect(mounted):
        with pytest.raises(InvalidStatus) as refused:
            await connect(mounted)
    assert refused.value.response.status_code == 410
    assert len(gate.streams) == 1


async def test_a_peer_that_never_reads_again_is_let_go(gate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the server goes on waiting for it, and it goes on sending nothing."""
    monkeypatch.setattr("offhook.server.asgi._CLOSE_S", 0.01)
    asked = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "x"}])

    async def receive() -> Any:
        if (message := next(asked, None)) is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            gate.streams[0].close()
            await asyncio.Event().wait()

    serving = MediaEndpoint(gate)({"type": "websocket", "path": "/media/good"}, receive, send)
    await asyncio.wait_for(serving, 2)
    assert gate.streams[0].lost_count == 1


async def test_servers_that_know_no_answers_to_handshakes_close(gate: Any) -> None:
    """The ASGI extension is optional."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await MediaEndpoint(gate)({"type": "websocket", "path": "/media/wrong"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_plain_requests_are_told_what_is_expected(mounted: int) -> None:
    """426."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{mounted}/media/good")
    assert (answer.status_code, answer.text) == (426, "expected a WebSocket")


async def test_a_message_that_is_too_large_ends_the_stream(mounted: int, gate: Any) -> None:
    """The same limit as everywhere, and the same code."""
    async with connect(mounted) as client:
        await client.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert [reason for reason, _ in gate.streams[0].failures] == ["frame_too_large"]


async def test_a_flood_of_messages_ends_the_stream(mounted: int, gate: Any) -> None:
    """What may come at once passes, and the next one is one too many."""
    gate.media_limits = MediaLimits(burst_frames=100, frames_per_s=0)
    async with connect(mounted) as client:
        await asyncio.wait_for(gate.opened.wait(), 2)
        gate.streams[0].echo = False
        for _ in range(110):
            await client.send("x")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert [reason for reason, _ in gate.streams[0].failures] == ["flooded"]
    assert len(gate.streams[0].texts) == 100


async def test_text_that_cannot_be_encoded_ends_the_stream(gate: Any) -> None:
    """A server that lets surrogates through is put right."""
    incoming = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "\ud800"}])
    sent: list[Any] = []
    closed = asyncio.Event()

    async def receive() -> Any:
        if (message := next(incoming, None)) is None:
            await closed.wait()
            return {"type": "websocket.disconnect"}
        return message

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "websocket.close":
            closed.set()

    await asyncio.wait_for(MediaEndpoint(gate)({"type": "websocket", "path": "/media/good"}, receive, send), 2)
    assert sent[-1] == {"type": "websocket.close", "code": 1007}
    assert gate.streams[0].failures[0][0] == "text_invalid"


async def test_a_listener_that_raises_ends_the_stream(
    mounted: int, gate: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing it said is logged."""
    async with connect(mounted) as client:
        await asyncio.wait_for(gate.opened.wait(), 2)
        gate.streams[0].raises = True
        await client.send("x")
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert gate.streams[0].failures == [("listener_failed", "RuntimeError")]
    assert "a secret" not in caplog.text


async def test_the_stream_can_close_the_socket(mounted: int, gate: Any) -> None:
    """What was sent before is delivered, what comes after is not."""
    async with connect(mounted) as client:
        await asyncio.wait_for(gate.opened.wait(), 2)
        stream = gate.streams[0]
        stream.send(b"last words")
        stream.close()
        stream.send(b"too late")
        assert await client.recv() == "last words"
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000


async def test_a_client_that_does_not_read_is_given_up(mounted: int, gate: Any) -> None:
    """What waits is bounded here too."""
    async with connect(mounted) as client:
        await asyncio.wait_for(gate.opened.wait(), 2)
        stream = gate.streams[0]
        for _ in range(40):
            stream.send(b"x" * 8000)
        assert stream.failures[0][0] == "consumer_slow"
        async for message in client:
            assert len(message) == 8000
