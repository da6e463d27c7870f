"""Connections that end with an answer are read on for a moment, so that the answer arrives.

A socket that is closed while bytes wait to be read is reset, and a reset destroys what the peer has not read yet: the
413 to a body that is too large, the close frame to a flood (RFC 9112, 9.6; RFC 6455, 7.1.1).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LINGER_BYTES", "LINGER_S", "LingeringTransport"]

LINGER_S = 2.0
"""How long a peer may take to read the answer and to close its side."""

LINGER_BYTES = 16 * 1024 * 1024
"""How much of what it still sends is read and forgotten."""


class LingeringTransport:
    """A transport whose :meth:`close` lingers; all else is the transport's own.

    What was written before is sent, then the end of our side. The transport closes once the peer has ended its own, or
    after :data:`LINGER_S`, or :data:`LINGER_BYTES` further bytes.

    Args:
        transport: the transport.
        protocol: hears ``connection_lost`` soon after the close, for it the connection is over; and nothing later.
        connections: uvicorn's: what lingers is in it, so that it ends when the server does.
        needed: whether a close has to linger; always, if it is not given.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: asyncio.BaseProtocol,
        connections: set[Any],
        needed: Callable[[], bool] | None = None,
    ) -> None:
        self.inner = transport
        self._protocol = protocol
        self._connections = connections
        self._needed = needed
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def is_closing(self) -> bool:
        """Whether it was closed, be it read on or not."""
        return self._closed or self.inner.is_closing()

    def close(self) -> None:
        """Send what was written, and let the peer read it."""
        if self._closed:
            return
        self._closed = True
        if self.inner.is_closing() or not (self._needed is None or self._needed()):
            self.inner.close()
            return
        self.inner.set_protocol(_Forgetting(self.inner, self._connections))
        self.inner.resume_reading()
        self.inner.write_eof()
        asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)


class _Forgetting(asyncio.BufferedProtocol):
    """Reads and forgets."""

    _scratch = bytearray(65536)  # one for all: nobody looks at what is in it

    def __init__(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        self._transport = transport
        self._connections = connections
        self._left = LINGER_BYTES
        self._patience = asyncio.get_running_loop().call_later(LINGER_S, transport.abort)
        connections.add(self)

    def get_buffer(self, sizehint: int) -> Any:
        return self._scratch

    def buffer_updated(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left < 0:
            self._transport.abort()

    def eof_received(self) -> bool:
        return False  # the transport closes itself: both sides are done

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        self._connections.discard(self)

    def shutdown(self) -> None:
        """For uvicorn, which stops."""
        self._transport.abort()
