"""A server of a chat model on a loopback socket: what it answers is written by each test, byte by byte if need be."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass
class Asked:
    """A request as it came, and when its socket was closed by who had asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    closed_at_s: float = 0.0

    def close(self) -> None:
        if not self.closed.is_set():
            self.closed_at_s = asyncio.get_running_loop().time()
            self.closed.set()


class Reply:
    """Writes one answer."""

    def __init__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked = asked
        self._writer = writer

    async def head(self, status: int = 200) -> None:
        await self.raw(
            f"HTTP/1.1 {status} -\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def data(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        await self.raw(b"%x\r\n%s\r\n" % (len(line), line))

    async def chunk(self, delta: dict[str, Any] | None = None, finish: str | None = None) -> None:
        choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
        await self.data(json.dumps({"id": "c1", "object": "chat.completion.chunk", "choices": choices}))

    async def words(self, *pieces: str) -> None:
        for piece in pieces:
            await self.chunk({"content": piece})

    async def done(self, finish: str | None = "stop") -> None:
        if finish is not None:
            await self.chunk(finish=finish)
        await self.data("[DONE]")
        await self.raw(b"0\r\n\r\n")

    async def refuse(self, status: int, error: dict[str, Any] | None = None, **headers: str) -> None:
        body = json.dumps({"error": error or {}}).encode()
        lines = [f"HTTP/1.1 {status} -", "content-type: application/json", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def cut(self) -> None:
        """End the connection in the middle."""
        self._writer.transport.abort()


class _Reader(asyncio.StreamReader):
    """Tells the request that is being answered when who has asked hangs up."""

    asked: Asked | None = None

    def feed_eof(self) -> None:
        super().feed_eof()
        if self.asked is not None:
            self.asked.close()

    def set_exception(self, exc: Any) -> None:
        super().set_exception(exc)
        if self.asked is not None:
            self.asked.close()


class ChatServer:
    """Answers each request by the next of :attr:`replies`; by the last one from then on."""

    def __init__(self) -> None:
        self.replies: list[Callable[[Reply], Awaitable[None]]] = []
        self.asked: list[Asked] = []
        self.connections = 0
        self.get_status = 404
        """What it answers to anything but a request for an answer; 0: nothing."""
        self.base_url = ""
        self._server: asyncio.Server
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            reader = _Reader()
            return asyncio.StreamReaderProtocol(reader, lambda _, writer: self._connected(reader, writer))

        self._server = await loop.create_server(protocol, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._serving):
            task.cancel()
        if self._serving:
            await asyncio.wait(list(self._serving))

    @property
    def chats(self) -> list[Asked]:
        """The requests for an answer."""
        return [asked for asked in self.asked if asked.method == "POST"]

    def _connected(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                asked = await _request(head, reader)
                self.asked.append(asked)
                reader.asked = asked
                if asked.method == "GET" and self.get_status == 0:
                    await asked.closed.wait()
                elif asked.method == "GET":
                    await Reply(asked, writer).refuse(self.get_status)
                else:
                    reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                    await reply(Reply(asked, writer))
                reader.asked = None
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _request(head: str, reader: asyncio.StreamReader) -> Asked:
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, json.loads(body) if body else {})
