"""All stand-ins on one port of loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.routing import Route, WebSocketRoute

from offhook.clock import SystemClock
from offhook.errors import ConfigError, OffhookError, PortInUse, kind_of
from offhook.ids import new_id
from offhook.testing.providers.answers import Answers
from offhook.testing.providers.control import routes as control_routes
from offhook.testing.providers.engines import Embedded
from offhook.testing.providers.faults import Fault, Faults
from offhook.testing.providers.journal import Journal
from offhook.testing.providers.link import Link
from offhook.testing.providers.session import Request
from offhook.testing.providers.vendors import VENDORS
from offhook.testing.providers.wires import ResponseWire, SocketProtocol, SocketWire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from offhook.clock import Clock
    from offhook.testing.providers.engines import Engines
    from offhook.testing.providers.session import Door, Vendor

__all__ = ["DEFAULT_PORT", "StandIns"]

DEFAULT_PORT = 12112


class StandIns:
    """Stand-ins for speech and language services, on one port of this machine.

    Point any client of a vendor at it with :attr:`env`. ::

        async with StandIns() as providers:
            providers.fault("deepgram", "final", "silence")
            entry = await providers.journal.wait_for("aura", stage="cancel")

    Args:
        engines: what they hear and speak with; ``None``: the engines of this machine.
        port: where to listen; 0 takes a free one.
        vendors: which ones there are; ``None``: all.
        answers: what their language models say; ``None``: they repeat what they are told.
        clock: the time of the journal.
    """

    def __init__(
        self,
        engines: Engines | None = None,
        *,
        port: int = 0,
        vendors: tuple[Vendor, ...] | None = None,
        answers: Answers | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.answers = answers or Answers()
        self.engines: Engines = engines or Embedded()
        self.port = port
        self.vendors = VENDORS if vendors is None else vendors
        self.journal = Journal(clock or SystemClock())
        self.faults = Faults()
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Returns when clients may come.

        Raises:
            PortInUse: somebody else listens there.
        """
        listener = _bind(self.port)
        self.port = listener.getsockname()[1]
        doors: list[BaseRoute] = [self._route(door) for vendor in self.vendors for door in vendor.doors]
        config = uvicorn.Config(
            Starlette(routes=[*doors, *control_routes(self)]),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws=SocketProtocol,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="stand-ins")
        while not self._server.started:
            if self._serving.done():
                await self._serving
                raise OffhookError("expected the stand-ins to start, they ended.")
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Close every connection, and stop listening. Stopping twice is not an error."""
        server, self._server = self._server, None
        if server is None or self._serving is None:
            return
        self.journal.close()
        server.over.set()
        await self._serving

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # -- what clients and tests need ----------------------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:port``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """The environment that points programs here: a key and a base URL for each vendor."""
        return {
            name: value.replace("{origin}", self.origin)
            for vendor in self.vendors
            for name, value in vendor.env.items()
        }

    def fault(self, door: str, stage: str, kind: Any, **details: Any) -> Fault:
        """Let something go wrong: see :class:`~offhook.testing.providers.faults.Fault`.

        Raises:
            ConfigError: there is no such fault, or no such door.
        """
        fault = Fault(door, stage, kind, **details)
        self.add_fault(fault)
        return fault

    def add_fault(self, fault: Fault) -> None:
        """The same, with one that is made.

        Raises:
            ConfigError: there is no such door.
        """
        names = [door.name for vendor in self.vendors for door in vendor.doors]
        if fault.door != "*" and fault.door not in names:
            raise ConfigError(
                f"expected the door of a fault to be one of {', '.join(names)}, got {kind_of(fault.door)}.",
                fix=f"door={names[0]!r}",
            )
        self.faults.add(fault)

    # -- doors --------------------------------------------------------------------------------------------------------

    def _route(self, door: Door) -> BaseRoute:
        if door.kind == "socket":
            return WebSocketRoute(door.path, _Endpoint(self, door))
        return Route(door.path, _Endpoint(self, door), methods=[door.method])

    async def serve_door(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection to a door."""
        connection = new_id()
        wire: SocketWire | ResponseWire
        if door.kind == "socket":
            await receive()  # websocket.connect
            request = _request(scope, b"")
            wire = SocketWire(scope, receive, send)
        else:
            request = _request(scope, await HttpRequest(scope, receive).body())
            wire = ResponseWire(receive, send)
        link = Link(
            door,
            connection,
            door.make(connection, self.answers),
            wire,
            engines=self.engines,
            faults=self.faults,
            journal=self.journal,
        )
        await link.run(request)


class _Endpoint:
    """A door as an ASGI application."""

    def __init__(self, standins: StandIns, door: Door) -> None:
        self._standins = standins
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._standins.serve_door(self._door, scope, receive, send)


def _request(scope: Scope, body: bytes) -> Request:
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return Request(
        scope["path"],
        {name: tuple(values) for name, values in query.items()},
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body,
        tuple(scope.get("subprotocols", ())),
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers (who starts stand-ins decides what Ctrl-C means), which ends when it is told
    to: uvicorn itself looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.over = asyncio.Event()

    async def main_loop(self) -> None:
        """Until it is over."""
        await self.over.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(port: int) -> socket.socket:
    # With the protocol named asyncio sets TCP_NODELAY; without it every second small message waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"expected to listen on 127.0.0.1:{port}, got: {error.strerror}.",
            fix="choose another port: --port 0 takes a free one",
        ) from None
    listener.listen(512)
    listener.setblocking(False)
    return listener
