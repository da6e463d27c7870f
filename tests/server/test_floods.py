"""One socket that sends all it can: it is closed with a reason, and nobody else waits."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest
from tests.server.websocket_client import BINARY, CONTINUATION, PING, PONG, TEXT, RawWebSocket, frame, handshake

from offhook.server.media import MediaLimits

FLOODS = {
    "empty parts": (frame(TEXT, fin=False), frame(CONTINUATION, fin=False), 1009, "frame_too_large"),
    "parts of one byte": (frame(TEXT, fin=False), frame(CONTINUATION, b"x", fin=False), 1009, "frame_too_large"),
    "empty messages": (b"", frame(TEXT), 1008, "flooded"),
    "tiny messages": (b"", frame(TEXT, b"{}"), 1008, "flooded"),
    "binary messages": (b"", frame(BINARY, b"\xff"), 1008, "flooded"),
    "large messages": (b"", frame(TEXT, b"x" * 60_000), 1008, "flooded"),
    "pings": (b"", frame(PING), 1008, "flooded"),
    "pongs": (b"", frame(PONG, b"x" * 125), 1008, "flooded"),
    "broken frames": (b"", frame(3), 1002, "message_incomplete"),
}

FLOOD_BYTES = 12_000_000


def flood(port: int, first: bytes, again: bytes) -> bytes:
    """Send millions of frames as fast as they are taken; what the server had to say to that."""
    block = again * (1_000_000 // len(again))
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(handshake("/media/good") + first)
        for _ in range(FLOOD_BYTES // len(block)):
            client.sendall(block)
        answer = b""
        while data := client.recv(65536):
            answer += data
        return answer


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_is_ended_and_nobody_else_waits_for_it(port: int, gate: Any, kind: str) -> None:
    """The peer can read the close code, the stream knows the reason, and requests are answered meanwhile."""
    first, again, code, failure = FLOODS[kind]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    flooding = asyncio.create_task(asyncio.to_thread(flood, port, first, again))
    worst_s = 0.0
    while not flooding.done():
        begun = time.perf_counter()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(4)
        worst_s = max(worst_s, time.perf_counter() - begun)
        await asyncio.sleep(0.002)
    writer.close()
    answer = await flooding
    close = answer[answer.rindex(b"\x88") + 2 :]
    assert int.from_bytes(close[:2], "big") == code
    stream = gate.streams[0]
    await asyncio.wait_for(stream.lost.wait(), 2)
    assert [reason for reason, _ in stream.failures] == [failure]
    assert stream.lost_count == 1
    print(f"{kind}: worst answer {worst_s * 1000:.1f} ms")
    assert worst_s < 1  # a few ms where the machine has nothing else to do; it was 15 s


async def test_the_audio_of_a_long_stall_may_come_at_once(port: int, gate: Any) -> None:
    """Thirty seconds of both parties, with marks and pings between, are no flood."""
    audio = frame(TEXT, b'{"event":"media","media":{"payload":"%s"}}' % (b"A" * 330))
    second = audio * 100 + frame(TEXT, b'{"event":"mark"}') * 10 + frame(PING)
    client = await RawWebSocket.open(port)
    gate.streams[0].echo = False
    await client.write(second * 30)
    async with asyncio.timeout(5):
        for _ in range(30):
            assert await client.read() == (PONG, b"")
    assert len(gate.streams[0].texts) == 30 * 110
    assert gate.streams[0].failures == []
    await client.close()


async def test_a_call_may_last(port: int, gate: Any) -> None:
    """What is allowed at once comes back with time."""
    gate.media_limits = MediaLimits(burst_frames=20, frames_per_s=1000, burst_controls=2, controls_per_s=1000)
    client = await RawWebSocket.open(port)
    for _ in range(20):
        await client.write(frame(TEXT, b"x") * 10 + frame(PING))
        assert [await client.read() for _ in range(11)] == [(TEXT, b"1")] * 10 + [(PONG, b"")]
        await asyncio.sleep(0.02)  # what twenty frames cost
    assert gate.streams[0].failures == []
    await client.close()
