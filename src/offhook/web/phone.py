"""The browser phone: a page, its files, and the WebSocket that carries audio and events.

On the socket, text is JSON and binary is 20 ms of pcm at 16 kHz.

* page → exchange: ``{"type": "call", "to", "codec"}``, ``{"type": "press", "digit"}``, ``{"type": "hang_up"}``, audio.
* exchange → page: ``phone.ringing``, ``phone.connected``, ``phone.ended {cause}``, ``phone.refused {message}``, every event of
  the call from the exchange and from the agent, audio.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from offhook.errors import OffhookError
from offhook.exchange.softphone import Softphone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from offhook.exchange.exchange import Exchange

__all__ = ["Feed", "PhonePage"]

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
SOFTPHONE_NUMBER = "+15550100099"
CODECS = (("PCMU", "PCMU 8 kHz (North America, Japan)"), ("PCMA", "PCMA 8 kHz (everywhere else)"))
OUTGOING_LIMIT = 500
"""Messages waiting for a page that does not read; beyond that audio is dropped: 500 is ten seconds."""

HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; connect-src 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(slots=True)
class Feed:
    """Events of an agent, passed on to whoever watches."""

    _watchers: list[Callable[[Mapping[str, Any]], None]] = field(default_factory=list)

    def publish(self, event: Mapping[str, Any]) -> None:
        """Pass ``event`` on."""
        for watcher in tuple(self._watchers):
            watcher(event)

    @contextlib.contextmanager
    def watch(self, watcher: Callable[[Mapping[str, Any]], None]) -> Any:
        """Pass events to ``watcher`` while the context is open."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)


class PhonePage:
    """The page and what it talks to, as routes to add to the exchange's port.

    Args:
        exchange: where calls are placed.
        title: what the page is called: the agent's name.
        feed: events of the agent, if there is one in reach.
    """

    def __init__(self, exchange: Exchange, *, title: str, feed: Feed | None = None) -> None:
        self.title = title
        self._exchange = exchange
        self._feed = feed or Feed()
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), trim_blocks=True
        )

    def routes(self) -> list[BaseRoute]:
        """``/``, ``/static``, ``/phone``."""
        return [
            Route("/", self._page),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            WebSocketRoute("/phone", self._phone),
        ]

    async def _page(self, request: Request) -> Response:
        html = self._templates.get_template("phone.html").render(
            title=self.title,
            numbers=self._exchange.numbers(),
            codecs=[{"name": name, "title": title} for name, title in CODECS],
        )
        return HTMLResponse(html, headers=HEADERS)

    async def _phone(self, websocket: WebSocket) -> None:
        # Any page in the browser can try to open a socket to this machine; only our own may.
        origin = urlsplit(websocket.headers.get("origin", ""))
        if origin.netloc != websocket.headers.get("host"):
            await websocket.close(4403)
            return
        await websocket.accept()
        line = _PhoneLine(self._exchange, websocket)
        with self._feed.watch(line.tell_event):
            await line.run()


class _PhoneLine:
    """One page, one call."""

    def __init__(self, exchange: Exchange, websocket: WebSocket) -> None:
        self._exchange = exchange
        self._websocket = websocket
        self._outgoing: asyncio.Queue[bytes | str] = asyncio.Queue(OUTGOING_LIMIT)
        self._phone = Softphone(SOFTPHONE_NUMBER, hear=self._put, tell=self._tell_state)
        self._call_id: str | None = None
        self._watching: asyncio.Task[None] | None = None

    async def run(self) -> None:
        sender = asyncio.create_task(self._send())
        try:
            while True:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if message.get("bytes") is not None:
                    self._phone.speak(message["bytes"])
                else:
                    self._act(message.get("text") or "")
        except WebSocketDisconnect:
            pass
        finally:
            if self._phone.handset is not None:
                self._phone.handset.hang_up()
            for task in (sender, self._watching):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    def tell_event(self, event: Mapping[str, Any]) -> None:
        """An event of the agent: passed on if it is of this call."""
        if self._call_id is not None and event.get("call") in (self._call_id, None):
            self._put(json.dumps(event))

    def _act(self, text: str) -> None:
        try:
            command = json.loads(text)
            kind = command["type"]
        except (ValueError, KeyError, TypeError):
            logger.warning("the browser phone sent a message that is not understood")
            return
        handset = self._phone.handset
        if kind == "call" and self._call_id is None:
            self._place(str(command.get("to", "")), str(command.get("codec", "PCMU")))
        elif kind == "press" and handset is not None and str(command.get("digit")) in "0123456789*#":
            handset.press(str(command["digit"]))
        elif kind == "hang_up" and handset is not None:
            handset.hang_up()

    def _place(self, to: str, codec: str) -> None:
        try:
            self._call_id = self._exchange.place_call(
                from_=SOFTPHONE_NUMBER, to=to, phone=self._phone, codec=codec
            )
        except OffhookError as error:
            self._put(json.dumps({"type": "phone.refused", "message": str(error)}))
            return
        self._watching = asyncio.create_task(self._watch(self._call_id))

    async def _watch(self, call_id: str) -> None:
        async for event in self._exchange.journal.subscribe(call_id):
            self._put(json.dumps(event))

    def _tell_state(self, state: str, details: Mapping[str, object]) -> None:
        self._put(json.dumps({"type": f"phone.{state}", **details}))

    def _put(self, message: bytes | str) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._outgoing.put_nowait(message)

    async def _send(self) -> None:
        while True:
            message = await self._outgoing.get()
            if isinstance(message, bytes):
                await self._websocket.send_bytes(message)
            else:
                await self._websocket.send_text(message)
