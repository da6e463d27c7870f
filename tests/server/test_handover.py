"""The hand-over of media sockets from uvicorn to picows, seen by an independent client."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import socket
import time
from typing import Any

import httpx
import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from offhook.server.http import OffhookHttpProtocol
from offhook.server.media import MediaLimits

PAYLOAD = '{"event":"media","media":{"payload":"' + "A" * 216 + '"}}'


def connect(port: int, path: str = "/media/good", **options: Any) -> Any:
    return websockets.connect(f"ws://127.0.0.1:{port}{path}", **options)


async def raw(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


def handshake(path: str = "/media/good", *, connection: str = "Upgrade", extra: str = "", version: str = "13") -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: {connection}\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n{extra}\r\n"
    ).encode()


def client_frame(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0) -> bytes:
    mask = os.urandom(4)
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


async def test_a_good_token_opens_a_socket_that_speaks_both_ways(port: int, gate: Any) -> None:
    """What the client sends reaches the stream, what the stream sends reaches the client, in order."""
    async with connect(port) as client:
        for size in (1, 125, 126, 5000, 60000):
            await client.send("x" * size)
            assert await client.recv() == str(size)
    stream = gate.streams[0]
    await asyncio.wait_for(stream.lost.wait(), 2)
    assert [len(text) for text in stream.texts] == [1, 125, 126, 5000, 60000]
    assert stream.failures == []
    assert stream.lost_count == 1


async def test_compression_is_never_agreed_to(port: int) -> None:
    """Deflating base64 of audio would cost more than everything else together."""
    async with connect(port, compression="deflate") as client:
        assert client.protocol.extensions == []


async def test_the_handshake_may_say_keep_alive_as_well(port: int) -> None:
    """Browsers and proxies send ``Connection: keep-alive, Upgrade``."""
    reader, writer = await raw(port)
    writer.write(handshake(connection="keep-alive, Upgrade"))
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    writer.close()


@pytest.mark.parametrize(
    "token", ["wrong", "Good", "good%00", "good/", "../good", "x" * 4000, "%E2%82%AC", "good ", "0", "-"]
)
async def test_a_wrong_token_is_refused_before_the_upgrade(port: int, gate: Any, token: str) -> None:
    """Ten tokens that are not the token: 403, and no stream is made."""
    reader, writer = await raw(port)
    writer.write(handshake("/media/" + token.replace(" ", "%20")))
    answer = await asyncio.wait_for(reader.read(), 2)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert gate.streams == []
    writer.close()


async def test_a_missing_token_is_refused_with_401(port: int) -> None:
    """No token is another mistake than a wrong one."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(port, "/media/")
    assert refused.value.response.status_code == 401


async def test_a_used_token_is_refused_with_410(port: int, gate: Any) -> None:
    """A token opens one socket, be the first one still open or not."""
    async with connect(port):
        with pytest.raises(InvalidStatus) as refused:
            await connect(port)
        assert refused.value.response.status_code == 410
    assert len(gate.streams) == 1


async def test_a_broken_handshake_does_not_spend_the_token(port: int, gate: Any) -> None:
    """What picows would refuse is refused before the token is looked at."""
    for request, status in (
        (handshake(version="12"), b"426"),
        (handshake().replace(b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: !"), b"400"),
        (handshake().replace(b"Sec-WebSocket-Key", b"X-Nothing"), b"400"),
        (handshake().replace(b"GET ", b"PUT ", 1), b"405"),
    ):
        reader, writer = await raw(port)
        writer.write(request)
        assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 " + status)
        writer.close()
    async with connect(port) as client:
        await client.send("x")
        assert await client.recv() == "1"


async def test_refusals_are_logged_without_the_token(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """A token that is wrong may be nearly right: no log line holds one."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(InvalidStatus):
        await connect(port, "/media/canary-7261")
    async with connect(port):
        pass
    ours = [
        record.getMessage() for record in caplog.records if record.name.startswith(("offhook", "uvicorn", "picows"))
    ]
    assert any("refused" in line for line in ours)
    assert not any("canary-7261" in line or "good" in line for line in ours)


async def test_the_handshake_and_frames_may_come_one_byte_at_a_time(port: int, gate: Any) -> None:
    """TCP owes nobody whole messages."""
    reader, writer = await raw(port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = handshake() + client_frame(1, b"hello") + client_frame(1, PAYLOAD.encode())
    for index in range(len(data)):
        writer.write(data[index : index + 1])
        await asyncio.sleep(0)
    await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(3) == b"\x81\x015"
    assert await reader.readexactly(5) == b"\x81\x03%d" % len(PAYLOAD)
    assert gate.streams[0].texts == [b"hello", PAYLOAD.encode()]
    writer.close()


async def test_frames_sent_along_with_the_handshake_are_not_lost(port: int, gate: Any) -> None:
    """A client that does not wait for our answer is heard, even with more than fits picows' first buffer."""
    reader, writer = await raw(port)
    frames = [os.urandom(3000).hex().encode() for _ in range(8)]
    writer.write(handshake() + b"".join(client_frame(1, frame) for frame in frames))
    await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(6 * 8) == b"\x81\x046000" * 8
    assert gate.streams[0].texts == frames
    writer.close()


async def test_fragmented_messages_are_put_together(port: int, gate: Any) -> None:
    """RFC 6455, 5.4: with control frames in between."""
    async with connect(port) as client:
        await client.send(["he", "l", "lo"])
        assert await client.recv() == "5"
        await client.send([b"\x01", b"\x02\x03"])
        assert await client.recv() == "binary 3"
        await (await client.ping())
    assert gate.streams[0].texts == [b"hello"]
    assert gate.streams[0].binaries == [b"\x01\x02\x03"]


async def test_a_binary_message_does_not_disturb_the_call(port: int, gate: Any) -> None:
    """The carrier sends text; what else comes is passed on to be judged."""
    async with connect(port) as client:
        await client.send(b"\x00\xff")
        assert await client.recv() == "binary 2"
        await client.send("x")
        assert await client.recv() == "1"


@pytest.mark.parametrize(
    "frames",
    [
        client_frame(0, b"lost"),
        client_frame(1, b"a", fin=False) + client_frame(1, b"b"),
        client_frame(1, b"a", rsv=0x40),
        client_frame(1, b"a", fin=False) + client_frame(0, b"b", rsv=0x20),
        client_frame(3, b"?"),
        b"\x81\x05hello",
    ],
    ids=["continuation-first", "message-in-message", "compressed", "reserved-bit", "opcode", "unmasked"],
)
async def test_frames_that_the_standard_forbids_end_the_stream_with_a_reason(
    port: int, gate: Any, frames: bytes
) -> None:
    """RFC 6455: close code 1002, and the stream knows why."""
    reader, writer = await raw(port)
    writer.write(handshake() + frames)
    await reader.readuntil(b"\r\n\r\n")
    rest = await asyncio.wait_for(reader.read(), 2)
    assert b"\x03\xea" in rest  # 1002
    stream = gate.streams[0]
    await asyncio.wait_for(stream.lost.wait(), 2)
    assert stream.failures[0][0] == "message_incomplete"
    assert stream.lost_count == 1
    writer.close()


async def test_a_frame_of_ten_megabytes_ends_the_stream_with_a_reason(port: int, gate: Any) -> None:
    """It is refused by its length, before it is in memory; who goes on sending can still read why."""
    reader, writer = await raw(port)
    writer.write(handshake() + b"\x81\xff" + (10_000_000).to_bytes(8, "big") + bytes(4))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(bytes(10_000_000))
    assert b"\x03\xf1" in await asyncio.wait_for(reader.read(), 5)  # 1009
    stream = gate.streams[0]
    await asyncio.wait_for(stream.lost.wait(), 2)
    assert stream.failures[0][0] == "frame_too_large"
    assert stream.texts == []
    writer.close()


async def test_a_fragmented_message_is_bounded_as_a_whole(port: int, gate: Any) -> None:
    """A thousand small pieces are as large as one large one."""
    async with connect(port) as client:
        await client.send(["x" * 1000] * 100)
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert gate.streams[0].failures[0][0] == "frame_too_large"


async def test_a_client_that_does_not_read_is_given_up(port: int, gate: Any) -> None:
    """What waits for it is bounded, and the socket is cut rather than closed in good order."""
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(handshake())
    await asyncio.wait_for(gate.opened.wait(), 2)
    stream = gate.streams[0]
    sent = 0
    while not stream.failures and sent < 64_000_000:
        stream.send(b"x" * 8000)
        sent += 8000
        if sent % 800_000 == 0:
            await asyncio.sleep(0)
    assert stream.failures[0][0] == "consumer_slow"
    await asyncio.wait_for(stream.lost.wait(), 2)
    stream.send(b"more")  # nothing happens
    client.close()


async def test_a_client_that_reads_slowly_is_not_given_up(port: int, gate: Any) -> None:
    """As long as no more waits than may."""
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(handshake())
    await asyncio.wait_for(gate.opened.wait(), 2)
    stream = gate.streams[0]
    for _ in range(20):
        stream.send(b"x" * 8000)
    client.setblocking(False)
    received = b""
    while received.count(b"x") < 20 * 8000:
        with contextlib.suppress(BlockingIOError):
            received += client.recv(65536)
        await asyncio.sleep(0)
    assert stream.failures == []
    client.close()


async def test_an_early_close_is_answered_and_told_once(port: int, gate: Any) -> None:
    """The client closes right after the handshake."""
    client = await connect(port)
    await client.close(code=1001, reason="going")
    assert client.close_code == 1001
    stream = gate.streams[0]
    await asyncio.wait_for(stream.lost.wait(), 2)
    assert stream.lost_count == 1
    assert stream.failures == []


async def test_a_connection_that_breaks_is_told_once(port: int, gate: Any) -> None:
    """No close frame, just a reset."""
    reader, writer = await raw(port)
    writer.write(handshake())
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()
    await asyncio.wait_for(gate.streams[0].lost.wait(), 2)
    assert gate.streams[0].lost_count == 1


async def test_a_silent_peer_is_pinged_and_then_given_up(port: int, gate: Any) -> None:
    """The carrier sends audio all the time: one that neither does nor answers a ping has gone."""
    gate.media_limits = MediaLimits(ping_after_s=0.1, pong_within_s=0.1)
    reader, writer = await raw(port)
    writer.write(handshake())
    await reader.readuntil(b"\r\n\r\n")
    begun = time.perf_counter()
    assert (await reader.readexactly(2))[0] == 0x89
    rest = await asyncio.wait_for(reader.read(), 2)
    assert rest[2:4] == b"\x03\xe9"  # 1001
    assert time.perf_counter() - begun < 1
    await asyncio.wait_for(gate.streams[0].lost.wait(), 2)
    writer.close()


async def test_the_stream_can_close_the_socket(port: int, gate: Any) -> None:
    """What was sent before is still delivered."""
    async with connect(port) as client:
        stream = gate.streams[0]
        stream.send(b"last words")
        stream.close()
        stream.close()
        assert await client.recv() == "last words"
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000


async def test_a_listener_that_raises_ends_its_own_stream_only(
    port: int, gate: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing it said about the call is logged."""
    gate.good.add("other")
    async with connect(port) as client, connect(port, "/media/other") as other:
        gate.streams[0].raises = True
        await client.send("x")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        await other.send("x")
        assert await other.recv() == "1"
    assert gate.streams[0].failures == [("listener_failed", "RuntimeError")]
    assert "a secret" not in caplog.text


async def test_a_stream_that_cannot_be_opened_closes_its_socket(
    port: int, gate: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Close code 1011, and nothing of the error's text in the log."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a secret that was said")

    monkeypatch.setattr(gate, "open_stream", broken)
    async with connect(port) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert "opening a media stream raised RuntimeError" in caplog.text
    assert "a secret" not in caplog.text


async def test_a_listener_that_raises_at_the_end_is_logged_without_its_words(
    port: int, gate: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The socket is gone all the same."""
    told = asyncio.Event()

    def broken() -> None:
        told.set()
        raise RuntimeError("a secret that was said")

    async with connect(port):
        await asyncio.wait_for(gate.opened.wait(), 2)
        monkeypatch.setattr(gate.streams[0], "connection_lost", broken)
    await asyncio.wait_for(told.wait(), 2)
    assert "the listener of a media stream raised RuntimeError" in caplog.text
    assert "a secret" not in caplog.text


@pytest.mark.parametrize(
    ("frames", "failure"),
    [
        (client_frame(1, b"\xff"), "text_invalid"),
        (client_frame(8, b"\x03\xe8\xff"), "text_invalid"),
        (client_frame(8, b"\x03\xee"), "message_incomplete"),
    ],
    ids=["text", "reason", "code"],
)
async def test_the_stream_knows_why_it_ended(port: int, gate: Any, frames: bytes, failure: str) -> None:
    """Whether we or picows found it out, it is told once."""
    reader, writer = await raw(port)
    writer.write(handshake() + frames)
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.wait_for(reader.read(), 2)
    await asyncio.wait_for(gate.streams[0].lost.wait(), 2)
    assert [reason for reason, _ in gate.streams[0].failures] == [failure]
    writer.close()


async def test_a_request_on_the_same_connection_may_come_first(port: int) -> None:
    """HTTP and then an upgrade on one kept-alive connection."""
    reader, writer = await raw(port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert await reader.readexactly(4) == b"http"
    writer.write(handshake())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    writer.close()


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"POST /x HTTP/1.1\r\nHost: x\r\n"],
        [b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"{"],
        [b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /x"],
        [b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"{", handshake()],
    ],
    ids=["nothing", "half a head", "half a body", "half a second head", "a handshake as a body"],
)
async def test_a_request_that_does_not_come_whole_does_not_hold_its_connection(
    port: int, monkeypatch: pytest.MonkeyPatch, gate: Any, parts: list[bytes]
) -> None:
    """Connections are what calls come over: whoever sends by the drop loses its own."""
    monkeypatch.setattr(OffhookHttpProtocol, "request_time_s", 0.3)
    reader, writer = await raw(port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.05)  # a piece of its own
    await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert gate.streams == []


async def test_a_body_that_does_not_come_is_answered_408(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else has answered it."""
    monkeypatch.setattr(OffhookHttpProtocol, "request_time_s", 0.2)
    host = await town.open()
    reader, writer = await raw(town.server.port)
    writer.write(b"POST /webhooks/telnyx HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    writer.close()
    assert host.inbox.counters.refused == {"body_incomplete": 1}


async def test_media_sockets_and_kept_connections_have_all_the_time(
    port_with_websockets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only requests are in a hurry."""
    monkeypatch.setattr(OffhookHttpProtocol, "request_time_s", 0.2)
    async with connect(port_with_websockets) as media, connect(port_with_websockets, "/phone") as page:
        reader, writer = await raw(port_with_websockets)
        for _ in range(2):
            writer.write(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404")
            await reader.readexactly(9)
            await asyncio.sleep(0.4)  # twice as long as a request may take
        writer.close()
        await media.send("x")
        assert await media.recv() == "1"
        await page.send("x")
        assert await page.recv() == "uvicorn x"


async def test_everything_but_media_upgrades_stays_with_uvicorn(port: int, gate: Any) -> None:
    """Requests, requests at the media path, and upgrades elsewhere."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/healthz")).text == "http"
        assert (await client.get("/media/good")).text == "http"
        assert (await client.post("/media/good", content=b"x" * 100_000)).text == "http"
    with pytest.raises(InvalidStatus) as refused:
        await connect(port, "/phone")
    assert refused.value.response.status_code == 200
    assert gate.streams == []


async def test_other_websockets_are_uvicorns_when_it_is_told_to(port_with_websockets: int) -> None:
    """A page's socket and a media socket live on one port."""
    async with connect(port_with_websockets, "/phone") as page, connect(port_with_websockets) as media:
        await page.send("x")
        await media.send("x")
        assert await page.recv() == "uvicorn x"
        assert await media.recv() == "1"


async def test_sockets_do_not_wait_to_fill_packets(port: int, gate: Any) -> None:
    """TCP_NODELAY is set: a 20 ms frame leaves at once."""
    async with connect(port):
        transport = gate.streams[0].close.__self__._transport.underlying_transport
        assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
