"""A host on a port, and a process that ends in good order."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import time
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from offhook.carriers.telnyx.wire import telnyx_wire
from offhook.errors import ConfigError, PortInUse
from offhook.server.host import Host
from offhook.server.run import Server, serve


class Nobody:
    """A carrier that can do nothing."""

    wire = telnyx_wire(None)


NOBODY: Any = Nobody()


@pytest.fixture
def host() -> Host:
    return Host(lambda _: None, carriers=[NOBODY])  # type: ignore[arg-type,return-value]


async def test_a_server_listens_where_it_says(host: Host) -> None:
    """On a free port, which becomes the host's address; with routes of one's own."""

    async def page(_: Any) -> PlainTextResponse:
        return PlainTextResponse("a page")

    server = Server(host, routes=[Route("/page", page)])
    assert server.port == 0
    async with server, httpx.AsyncClient() as client:
        assert server.port > 0
        assert host.public_url == server.url == f"http://127.0.0.1:{server.port}"
        assert (await client.get(f"{server.url}/healthz")).json()["status"] == "ok"
        assert (await client.get(f"{server.url}/page")).text == "a page"
    with pytest.raises(OSError):  # noqa: PT011 - refused, in the words of the machine
        socket.create_connection(("127.0.0.1", server.port))


async def test_answers_leave_at_once(host: Host) -> None:
    """Headers and body are two writes: with Nagle's algorithm the second would wait 40 ms."""
    async with Server(host) as server, httpx.AsyncClient() as client:
        took_ms = []
        for _ in range(20):
            begun = time.perf_counter()
            await client.get(f"{server.url}/healthz")
            took_ms.append((time.perf_counter() - begun) * 1000)
    assert sorted(took_ms)[5] < 30


async def test_a_port_that_is_taken_is_named() -> None:
    """With what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        server = Server(Host(lambda _: None, carriers=[NOBODY]), port=number)  # type: ignore[arg-type,return-value]
        with pytest.raises(PortInUse, match=f"port {number}") as error:
            await server.start()
    assert "--port" in str(error.value)


async def test_an_address_that_is_not_ours_is_named(host: Host) -> None:
    """It is a mistake in the settings."""
    with pytest.raises(ConfigError, match=r"203\.0\.113\.1"):
        await Server(host, "203.0.113.1").start()


async def test_a_host_that_does_not_start_frees_the_port(host: Host) -> None:
    """So that it can be tried again."""

    class Mute:
        async def warm_up(self) -> None:
            raise ConfigError("no voice")

    host.sessions = Mute()  # type: ignore[assignment]
    server = Server(host)
    with pytest.raises(ConfigError, match="no voice"):
        await server.start()
    assert server._socket is not None
    assert server._socket.fileno() == -1
    await server.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_stops(host: Host, number: signal.Signals) -> None:
    """And the collector has been kept away from what is there for good."""
    ready: list[Server] = []
    frozen: list[int] = []

    def on_ready(server: Server) -> None:
        ready.append(server)
        frozen.append(gc.get_freeze_count())
        asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), number)

    try:
        async with asyncio.timeout(5):
            await serve(host, port=0, drain_timeout_s=1, on_ready=on_ready, freeze=True)
    finally:
        gc.unfreeze()
    assert host.draining
    assert frozen[0] > 1000


async def test_a_second_signal_does_not_wait(town: Any) -> None:
    """A call is up, and the first signal would give it a minute."""
    host = await town.open()
    await town.answered_call()

    def on_ready(_: Server) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, os.kill, os.getpid(), signal.SIGTERM)
        loop.call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)

    async with asyncio.timeout(5):
        await serve(host, port=0, drain_timeout_s=60, on_ready=on_ready)
