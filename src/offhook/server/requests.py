"""What RFC 9112 asks of a server beyond h11, and how large a request may be. Pure: h11 has no sockets either."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h11

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RequestConnection", "RequestRefused", "check_head"]

MAX_TARGET_BYTES = 8 * 1024
"""The longest path with its query (RFC 9112, 3 asks for 8,000)."""

MAX_HEAD_BYTES = 16 * 1024
"""All headers together."""

MAX_HEADERS = 100

PIECES, BYTES_PER_PIECE = 1024, 512
"""A body may come in so many pieces, and in one more for each so many bytes: a million chunks of one byte are 6 MB, and
seconds of work."""

_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


class RequestRefused(h11.RemoteProtocolError):
    """A request that is not taken; ``error_status_hint`` is the status of the answer, the text its body."""

    def __init__(self, status: int, expected: str) -> None:
        super().__init__(expected, error_status_hint=status)


class RequestConnection(h11.Connection):
    """The server's side of a connection, stricter and bounded."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MAX_HEAD_BYTES)
        self._pieces = 0
        self._bytes = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event.

        Raises:
            h11.RemoteProtocolError: for what is no HTTP, or is refused: :exc:`RequestRefused`.
        """
        event = super().next_event()
        if type(event) is h11.Data:
            self._pieces += 1
            self._bytes += len(event.data)
            if self._pieces > PIECES + self._bytes // BYTES_PER_PIECE:
                raise RequestRefused(400, "expected a body in fewer pieces")
        elif type(event) is h11.Request:
            self._pieces = self._bytes = 0
            check_head(event.target, event.headers, event.http_version)
        return event


def check_head(target: bytes, headers: Iterable[tuple[bytes, bytes]], version: bytes) -> None:
    """Refuse a head that is too large, or that two readers could read differently.

    Names of ``headers`` are in lower case. h11 has seen to the rest: one ``Host``, one value of ``Content-Length``.

    Raises:
        RequestRefused: with 414, 431 or 400.
    """
    if len(target) > MAX_TARGET_BYTES:
        raise RequestRefused(414, f"expected a path of at most {MAX_TARGET_BYTES} bytes")
    names: set[bytes] = set()
    size = count = 0
    for name, value in headers:
        names.add(name)
        count += 1
        size += len(name) + len(value) + 4
        if name == b"host" and _HOST.fullmatch(value) is None:
            raise RequestRefused(400, "expected a host name, or an address, and a port in Host")
    if size > MAX_HEAD_BYTES or count > MAX_HEADERS:
        raise RequestRefused(431, f"expected at most {MAX_HEADERS} headers and {MAX_HEAD_BYTES} bytes of them")
    if b"transfer-encoding" in names:
        # RFC 9112, 6.1 and 6.3: who is in front of us may have read the other one, and another request behind it.
        if b"content-length" in names:
            raise RequestRefused(400, "expected Content-Length or Transfer-Encoding, got both")
        if version == b"1.0":
            raise RequestRefused(400, "expected no Transfer-Encoding in HTTP/1.0")
