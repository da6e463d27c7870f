"""A host on a port: to embed, and to run until a signal says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from offhook.errors import ConfigError, PortInUse
from offhook.server.app import build_app
from offhook.server.http import media_http_protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from starlette.routing import BaseRoute

    from offhook.server.host import Host

__all__ = ["Server", "serve"]

logger = logging.getLogger(__name__)


class Server:
    """Gives a host its one port: webhooks, health and media sockets.

    Args:
        host: what to serve.
        bind: the address to listen on.
        port: the port to listen on; 0 for any that is free, see :attr:`port`.
        routes: more HTTP routes on the same port.
        websockets: uvicorn's ``ws`` setting, for WebSockets among ``routes``; media sockets do not need it.
    """

    def __init__(
        self,
        host: Host,
        bind: str = "127.0.0.1",
        port: int = 0,
        *,
        routes: Sequence[BaseRoute] = (),
        websockets: str = "none",
    ) -> None:
        self.host = host
        self.bind = bind
        self._wanted_port = port
        self._routes = routes
        self._websockets = websockets
        self._socket: socket.socket | None = None
        self._uvicorn: _Uvicorn | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; known after :meth:`start`."""
        if self._socket is None:
            return self._wanted_port
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where this machine reaches the server."""
        name = f"[{self.bind}]" if ":" in self.bind else self.bind
        return f"http://{name}:{self.port}"

    async def start(self) -> None:
        """Warm the host up and listen. A host without a public address is reached at :attr:`url`.

        Raises:
            PortInUse: if something else listens there.
            ConfigError: if the address is not one of this machine.
        """
        self._socket = _listen(self.bind, self._wanted_port)
        try:
            if self.host.public_url is None:
                self.host.public_url = self.url
            await self.host.start()
        except BaseException:
            self._socket.close()
            raise
        config = uvicorn.Config(
            build_app(self.host, routes=self._routes),
            http=media_http_protocol(self.host.gate),
            ws=self._websockets,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        self._uvicorn = _Uvicorn(config)
        self._serving = asyncio.create_task(self._uvicorn.serve(sockets=[self._socket]))
        while not self._uvicorn.started:
            if self._serving.done():
                await self._serving
                raise ConfigError("expected the server to start, got an end without a reason.")
            await asyncio.sleep(0.005)
        self.host.recover()

    async def drain(self, timeout_s: float) -> None:
        """Take no new calls and let the running ones end; see :meth:`offhook.server.host.Host.drain`."""
        await self.host.drain(timeout_s)

    async def stop(self) -> None:
        """Close every socket and let go of everything."""
        await self.host.stop()
        if self._uvicorn is not None and self._serving is not None:
            self._uvicorn.should_exit = True
            await self._serving
        if self._socket is not None:
            self._socket.close()

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def serve(
    host: Host,
    *,
    bind: str = "127.0.0.1",
    port: int = 8080,
    drain_timeout_s: float = 30.0,
    routes: Sequence[BaseRoute] = (),
    on_ready: Callable[[Server], None] | None = None,
    freeze: bool = False,
) -> signal.Signals:
    """Serve ``host`` until SIGTERM or SIGINT, then drain and stop. A second signal stops at once.

    Returns:
        the signal that ended it, the first if there were two.

    Args:
        host: what to serve.
        bind: the address to listen on.
        port: the port to listen on.
        drain_timeout_s: how long running calls may go on after the signal.
        routes: more HTTP routes on the same port.
        on_ready: called once calls can come.
        freeze: keep the garbage collector away from everything made so far: with the models and libraries of an agent a
            full collection holds every call up for over 100 ms. For a process that only serves.
    """
    server = Server(host, bind, port, routes=routes)
    await server.start()
    asked, hurried = asyncio.Event(), asyncio.Event()
    received: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        received.append(number)
        (hurried if asked.is_set() else asked).set()

    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, on_signal, number)
    try:
        if freeze:
            gc.collect()
            gc.freeze()
        if on_ready is not None:
            on_ready(server)
        await asked.wait()
        logger.info("stopping: no new calls, running ones have %g s", drain_timeout_s)
        draining = asyncio.create_task(server.drain(drain_timeout_s))
        waiting = asyncio.create_task(hurried.wait())
        await asyncio.wait({draining, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, waiting):
            task.cancel()
        await asyncio.gather(draining, waiting, return_exceptions=True)
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        await server.stop()
    return received[0]


class _Uvicorn(uvicorn.Server):
    """uvicorn, embedded: signals are the business of whoever runs the program."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _listen(bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only for sockets that say they are TCP; with it
    # on, the second write of every answer waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"expected port {port} of {bind} to be free, got one that is in use.",
                fix="stop what listens there, or choose another port with --port.",
            ) from None
        if error.errno == errno.EACCES:
            raise ConfigError(
                f"expected port {port} to be one that may be listened on, got one that needs more rights.",
                fix="choose a port above 1023 with --port, and let a proxy forward to it",
            ) from None
        raise ConfigError(
            f"expected an address of this machine to listen on, got {bind!r} ({error.strerror}).",
            fix="use 127.0.0.1, or 0.0.0.0 to be reached from outside.",
        ) from None
    listener.setblocking(False)
    return listener
