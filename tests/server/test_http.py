"""Requests over raw sockets: what is refused is answered so that it can be read, and then the connection is over."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from offhook.server.http import OffhookHttpProtocol, media_http_protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request


async def speak(port: int, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Send ``parts`` without looking at what comes back, then read to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer.split(b" ", 2)[1])


POST = b"POST /x HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            POST
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
        ),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (POST + b"Content-Length: 5, 6\r\n\r\nhello", 400),
        (POST + b"Content-Length: +5\r\n\r\nhello", 400),
        (POST + b"Content-Length: -5\r\n\r\nhello", 400),
        (POST + b"Content-Length: 0x5\r\n\r\nhello", 400),
        (POST + b"Content-Length: \r\n\r\nhello", 400),
        (POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nhello", 400),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"Content-Length : 5\r\n\r\nhello", 400),
        (POST + b"Host: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /" + b"x" * 40000, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 17000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n", 400),
    ],
)
async def test_what_is_refused_is_answered_once_and_closed(port: int, request_: bytes, expected: int) -> None:
    """What stands behind it on the connection is nobody's request."""
    answer = await speak(port, request_)
    assert status(answer) == expected
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close\r\n" in answer


async def test_one_length_said_twice_is_one_length(port: int) -> None:
    """RFC 9110, 8.6 lets a server take it."""
    answer = await speak(port, POST + b"Content-Length: 5\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    assert status(answer) == 200


async def test_a_refused_body_does_not_reach_an_answer_that_has_begun(listen: Callable[..., Any], gate: Any) -> None:
    """Where the application has answered already, there is no second answer on top of it."""

    async def early(_: Request) -> PlainTextResponse:
        return PlainTextResponse("early")

    app = Starlette(routes=[Route("/x", early, methods=["POST"])])
    async with listen({"app": app, "http": media_http_protocol(gate), "ws": "none"}) as port:
        answer = await speak(port, POST + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n", pause_s=0.1)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"early")


@pytest.fixture
async def town_port(town: Any) -> int:
    await town.open()
    port: int = town.server.port
    return port


HOOK = b"POST /webhooks/telnyx HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"], ids=["kept", "one request"])
@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "in chunks"])
async def test_a_body_that_is_too_large_is_answered_413(town_port: int, town: Any, close: bytes, chunked: bool) -> None:
    """Also to a client that sends all of it before it looks."""
    block = b"x" * 65536
    if chunked:
        head, parts = b"Transfer-Encoding: chunked\r\n", [b"10000\r\n" + block + b"\r\n"] * 80
    else:
        head, parts = b"Content-Length: 5242880\r\n", [block] * 80
    answer = await speak(town_port, HOOK + head + close + b"\r\n", *parts)
    assert status(answer) == 413
    assert answer.endswith(b"body_too_large")
    assert town.server.host.inbox.counters.refused == {"body_too_large": 1}


async def cut_off(writer: asyncio.StreamWriter, data: bytes, pause_s: float) -> None:
    """Send ``data`` again and again until the server has gone."""

    async def send() -> None:
        while True:
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(pause_s)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(send(), 5)
    writer.close()


async def test_who_never_stops_sending_is_cut_off(town_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read for the sake of an answer is bounded."""
    monkeypatch.setattr("offhook.server.linger.LINGER_BYTES", 1_000_000)
    _, writer = await asyncio.open_connection("127.0.0.1", town_port)
    writer.write(HOOK + b"Content-Length: 99999999999\r\n\r\n")
    await cut_off(writer, b"x" * 65536, 0)


async def test_who_never_closes_is_cut_off(town_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the time for it is."""
    monkeypatch.setattr("offhook.server.linger.LINGER_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", town_port)
    writer.write(HOOK + b"Content-Length: 99999999999\r\n\r\n")
    assert status(await reader.read()) == 413
    await cut_off(writer, b"x", 0.01)


async def test_a_server_that_stops_waits_for_no_lingering_client(town: Any) -> None:
    """They have their answer."""
    await town.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", town.server.port)
    writer.write(HOOK + b"Content-Length: 99999999999\r\n\r\n")
    assert status(await reader.read()) == 413
    begun = time.perf_counter()
    await town.server.stop()
    assert time.perf_counter() - begun < 1.5
    writer.close()


@pytest.mark.parametrize(
    "parts",
    [
        (b"GET / HT",),
        (HOOK, b"X: y\r\n"),
        (HOOK + b"Content-Length: 999\r\n\r\n", b"{"),
        (HOOK + b"Transfer-Encoding: chunked\r\n\r\n", b"fff\r\nhe"),
    ],
    ids=["half a line", "half a head", "half a body", "half a chunk"],
)
async def test_what_comes_too_slowly_is_answered_408(
    town_port: int, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
) -> None:
    """Though the client is still sending."""
    monkeypatch.setattr(OffhookHttpProtocol, "request_time_s", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", town_port)

    async def drip() -> None:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    answer = await asyncio.wait_for(reader.read(), 5)
    assert status(answer) == 408
    assert answer.endswith(b"expected the whole request within 0.3 s")
    dripping.cancel()
    writer.close()


async def test_a_connection_without_a_request_is_closed_without_an_answer(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to answer."""
    monkeypatch.setattr(OffhookHttpProtocol, "request_time_s", 0.1)
    assert await speak(port) == b""


async def test_a_body_in_crumbs_holds_nobody_up(town_port: int) -> None:
    """Chunks of one byte are refused long before there are a million."""
    crumbs = asyncio.create_task(
        speak(town_port, HOOK + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n" * 100_000] * 5)
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", town_port)
    worst_s = 0.0
    while not crumbs.done():
        begun = time.perf_counter()
        writer.write(b"GET /webhooks HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(9)
        worst_s = max(worst_s, time.perf_counter() - begun)
        await asyncio.sleep(0.002)
    writer.close()
    assert status(await crumbs) == 400
    print(f"worst answer {worst_s * 1000:.1f} ms")
    assert worst_s < 1
