"""A WebSocket client that can do everything wrong: it writes frames as it is told and keeps the frames it reads."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """One masked frame; ``rsv`` is the three reserved bits as a number."""
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def handshake(path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


class RawWebSocket:
    """An open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, path: str = "/media/good") -> RawWebSocket:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        writer.write(handshake(path))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        return cls(reader, writer)

    async def write(self, data: bytes, *, pieces_of: int | None = None) -> None:
        """Send ``data``, in writes of so many bytes; what a server that has closed does not take is not sent."""
        step = pieces_of or len(data) or 1
        for start in range(0, len(data), step):
            self.writer.write(data[start : start + step])
            await asyncio.sleep(0)  # a write of its own

    async def read(self) -> tuple[int, bytes] | None:
        """The next frame: opcode and payload. ``None`` at the end; whatever is cut short is an end."""
        try:
            first, second = await self.reader.readexactly(2)
            assert first & 0x70 == 0, "a reserved bit"
            assert first & 0x80, "a part of a message"
            assert second & 0x80 == 0, "a masked frame"
            size = second
            if second == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif second == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            return first & 0x0F, await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return None

    async def read_to_close(self) -> tuple[list[tuple[int, bytes]], bytes | None]:
        """The frames up to the close frame, and its payload, if there was one; nothing may come after it."""
        frames: list[tuple[int, bytes]] = []
        while (got := await self.read()) is not None:
            if got[0] == CLOSE:
                assert await self.reader.read() == b"", "bytes after the close frame"
                return frames, got[1]
            frames.append(got)
        return frames, None

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
