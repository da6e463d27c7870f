"""A WebSocket to a provider, for one stream: it connects in the background, and nobody waits for it.

Whoever owns a :class:`Connection` sends by plain calls, which never block, and is told what comes by plain calls, on
the loop. One task reads; nothing is made for a message that is sent. What the messages mean is the owner's business,
and pure; here are connecting, queueing, keeping alive, limits, and the end.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import OPEN

from offhook import __version__
from offhook.addresses import is_loopback
from offhook.errors import EngineError, EngineUnavailable, OffhookError
from offhook.logs import describe
from offhook.providers.refusals import broken_off, not_connected
from offhook.waiting import WaitOver, within
from offhook.waits import CLOSE, PROVIDER_CONNECT

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    from offhook.providers.refusals import Refusals

__all__ = ["Connection", "Link", "Owner", "tls", "until_closed"]

logger = logging.getLogger(__name__)

_wire: Final = logging.getLogger("offhook.providers.wire")
_wire.setLevel(logging.INFO)
"""The library's own log. Below this level it would show the headers, and so the key."""

_PING_S: Final = 5.0
_PONG_S: Final = 10.0
"""A connection on which no pong comes for so long is dead."""
_MOST_UNSENT: Final = 256 * 1024
"""Bytes that the provider does not take. More of them, and it is dead."""
_LARGEST_MESSAGE: Final = 4 * 2**20

_closing: set[asyncio.Task[None]] = set()
"""The event loop itself keeps no reference to a task."""


@functools.cache
def tls() -> ssl.SSLContext:
    """What connections are encrypted with: one for the process, since making it takes as long as a call may wait."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a connection leads, and what is usual there."""

    refusals: Refusals
    """Whose it is, and what its refusals mean."""
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """With the key."""
    greets: bool = False
    """Whether the provider speaks first, so that a connection on which it does not is none."""
    keep_alive: str | None = None
    """What to send where nothing else was sent for ``keep_alive_s``; ``None``: nothing."""
    keep_alive_s: float = 5.0
    most_queued: int = 80_000
    """Bytes of audio that wait for the connection; then the oldest are dropped. 10 s of G.711."""
    subprotocols: tuple[str, ...] = ()


class Owner(Protocol):
    """Whoever has a connection. None of these is called after :meth:`Connection.close`, or within a method of it."""

    def connected(self) -> Iterable[str | bytes]:
        """It is there: what to send before everything that waits."""
        ...

    def received(self, message: str | bytes) -> None:
        """A message.

        Raises:
            EngineError: it ends the connection.
        """
        ...

    def broke(self, error: OffhookError) -> None:
        """It is not there, or not any more. Nothing follows."""
        ...

    def dropped(self, message: str | bytes) -> None:
        """A piece of audio will not be sent: it has waited for too long."""
        ...


class _Socket(ClientConnection):
    """The library's, which can also be written to without waiting."""

    def send_now(self, message: str | bytes) -> None:
        """Send a message. What the network does not take at once waits in the transport."""
        if isinstance(message, str):
            self.protocol.send_text(message.encode())
        else:
            self.protocol.send_binary(message)
        self.send_data()

    @property
    def unsent(self) -> int:
        """Bytes that wait in the transport."""
        return self.transport.get_write_buffer_size()


class Connection:
    """One connection, from its making to its end. It is not made anew: its owner makes another.

    Args:
        link: where it leads.
        owner: is told what happens.
        call_id: for the log.
    """

    def __init__(self, link: Link, owner: Owner, *, call_id: str | None = None) -> None:
        self._link = link
        self._owner = owner
        self._call_id = call_id
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[str | bytes, bool]] = deque()
        self._queued_audio = 0
        self._socket: _Socket | None = None
        self._over = False
        self._sent_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] = asyncio.create_task(self._run())

    @property
    def connected(self) -> bool:
        """Whether messages are sent at once."""
        return self._socket is not None and not self._over

    def send(self, message: str | bytes, *, audio: bool = False) -> None:
        """Send a message, after what was sent before. Never blocks, and never raises.

        ``audio``: it may be dropped where the connection takes too long to be there.
        """
        if self._over:
            return
        if self._socket is None:
            self._queue.append((message, audio))
            if audio:
                self._queued_audio += len(message)
                self._drop_surplus()
            return
        self._write(message)

    def close(self, *last: str) -> None:
        """Send the last messages, and close. Returns at once."""
        if self._over:
            return
        self._end()
        socket = self._socket
        if socket is None:
            self._task.cancel()
            return
        with suppress(WebSocketException, OSError, RuntimeError):
            for message in last:
                socket.send_now(message)
        _beside(self._close(socket))

    # -- connecting ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            socket = await self._connect()
            if socket is None:
                return
            await self._read(socket)
        except asyncio.CancelledError:
            if self._socket is not None:
                _beside(self._close(self._socket))
            raise

    async def _connect(self) -> _Socket | None:
        refusals = self._link.refusals
        try:
            socket, greeting = await within(PROVIDER_CONNECT, self._open(), call_id=self._call_id)
        except WaitOver:
            self._break(EngineUnavailable(f"expected {refusals.provider} to let us in, got no answer."))
            return None
        except (OSError, WebSocketException, ValueError, EngineError) as error:
            self._break(error if isinstance(error, OffhookError) else not_connected(refusals, error))
            return None
        self._socket = socket
        self._sent_s = self._loop.time()
        for message in self._owner.connected():
            self._write(message)
        while self._queue:
            self._write(self._queue.popleft()[0])
        if self._link.keep_alive is not None:
            self._arm()
        if greeting is not None and not self._over:
            self._take(greeting)
        return socket

    async def _open(self) -> tuple[_Socket, str | bytes | None]:
        link = self._link
        parts = urlsplit(link.url)
        socket = await connect(
            link.url,
            additional_headers=dict(link.headers),
            user_agent_header=f"offhook/{__version__}",
            subprotocols=list(link.subprotocols) or None,  # type: ignore[arg-type]  # they are plain texts
            ssl=tls() if parts.scheme == "wss" else None,
            proxy=None if is_loopback(parts.hostname or "") else True,
            compression=None,
            create_connection=_Socket,
            open_timeout=None,
            close_timeout=CLOSE.limit_s,
            ping_interval=_PING_S,
            ping_timeout=_PONG_S,
            max_size=_LARGEST_MESSAGE,
            logger=_wire,
        )
        assert isinstance(socket, _Socket)
        if not link.greets:
            return socket, None
        try:
            return socket, await socket.recv()
        except BaseException:
            _beside(self._close(socket))
            raise

    def _drop_surplus(self) -> None:
        while self._queued_audio > self._link.most_queued:
            at = next(number for number, (_, audio) in enumerate(self._queue) if audio)
            message, _ = self._queue[at]
            del self._queue[at]
            self._queued_audio -= len(message)
            self._owner.dropped(message)

    # -- connected ----------------------------------------------------------------------------------------------------

    async def _read(self, socket: _Socket) -> None:
        try:
            while not self._over:
                self._take(await socket.recv())
        except ConnectionClosed as closed:
            self._break(broken_off(self._link.refusals, closed))
        except (WebSocketException, OSError) as error:
            self._break(not_connected(self._link.refusals, error))

    def _take(self, message: str | bytes) -> None:
        if self._over:
            return
        try:
            self._owner.received(message)
        except EngineError as error:
            self._break(error)
        except Exception as error:
            logger.error("call %s: a message of %s: %s", self._call_id, self._link.refusals.provider, describe(error))
            self._break(EngineError(f"expected a message of {self._link.refusals.provider}, got one that is none."))

    def _write(self, message: str | bytes) -> None:
        socket = self._socket
        assert socket is not None
        if self._over or socket.state is not OPEN:
            return  # it is closed, which the reading task is told
        self._sent_s = self._loop.time()
        try:
            socket.send_now(message)
            stuck = socket.unsent > _MOST_UNSENT
        except (WebSocketException, OSError, RuntimeError):  # likewise
            return
        if stuck:
            self._loop.call_soon(
                self._break,
                EngineUnavailable(f"expected {self._link.refusals.provider} to take what it is sent, got nothing."),
            )

    def _arm(self) -> None:
        self._timer = self._loop.call_at(self._sent_s + self._link.keep_alive_s, self._rung)

    def _rung(self) -> None:
        if self._loop.time() - self._sent_s >= self._link.keep_alive_s - 0.001 and self._link.keep_alive is not None:
            self._write(self._link.keep_alive)
        self._arm()

    # -- the end ------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        self._over = True
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _break(self, error: OffhookError) -> None:
        if self._over:
            return
        self._end()
        if self._socket is not None:
            _beside(self._close(self._socket))
        self._owner.broke(error)

    async def _close(self, socket: _Socket) -> None:
        try:
            await within(CLOSE, socket.close(), limit_s=2 * CLOSE.limit_s, call_id=self._call_id)
        except Exception as error:
            logger.debug("call %s: closing a connection: %s", self._call_id, describe(error))


async def until_closed() -> None:
    """Wait until all connections that are being closed are: at the end of a program, or of a test."""
    while _closing:
        await asyncio.wait(set(_closing))


def _beside(work: Coroutine[object, object, None]) -> None:
    task = asyncio.create_task(work)
    _closing.add(task)
    task.add_done_callback(_closing.discard)
