"""The browser phone: a page, its files, and the WebSocket that carries audio and events.

On the socket, text is JSON and binary is 20 ms of pcm at 16 kHz. It is open as long as the page is; one call at a time.

* page → exchange: ``call {to, codec}``, ``press {digit}``, ``say {text}``, ``hang_up``, and audio.
* exchange → page: ``phone.ringing``, ``phone.connected``, ``phone.bridged``, ``phone.digit {digit}``,
  ``phone.ended {cause}``, ``phone.refused {message, fix}``, ``phone.problem {message, fix}``; every event of the call
  from the exchange and from the agent; ``agent.ready``, ``agent.reloading``, ``agent.reloaded`` and ``agent.broken`` at
  any time; and audio.

A page anywhere on the web can send requests to this machine. So the host must be a loopback name, which a name of
somebody else's that points here is not, and a socket must come from a page of the same origin.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute, request_response
from starlette.staticfiles import StaticFiles

from offhook.errors import kind_of
from offhook.exchange.api.admission import Asking, from_this_machine, is_own_page
from offhook.web.browser_line import BrowserLine
from offhook.web.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from starlette.websockets import WebSocket

    from offhook.exchange.exchange import Exchange

__all__ = ["CODECS", "PhonePage"]

CODECS: Mapping[str, str] = {
    "PCMU": "PCMU, America",
    "PCMA": "PCMA, Europe",
    "G722": "G.722, wideband",
}
"""What a line can speak, and where one mostly meets it."""

_FILES = Path(__file__).parent / "static"

_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "permissions-policy": "microphone=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class PhonePage:
    """The page and what it talks to, as routes to add to the exchange's port.

    Args:
        exchange: where calls are placed.
        title: what the page is called until the agent has told its name.
        feed: events of the agent, if there is one in reach.
    """

    def __init__(self, exchange: Exchange, *, title: str, feed: Feed | None = None) -> None:
        self.title = title
        self._exchange = exchange
        self._feed = feed or Feed()
        self._template = Environment(
            loader=PackageLoader("offhook.web"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
        ).get_template("phone.html")

    def routes(self) -> list[BaseRoute]:
        """``/``, ``/static``, ``/phone``."""
        return [
            Route("/", _Guarded(request_response(self._page)), methods=["GET"]),
            Mount("/static", _Guarded(StaticFiles(directory=_FILES))),
            WebSocketRoute("/phone", self._phone),
        ]

    async def _page(self, request: Request) -> Response:
        html = self._template.render(title=self.title, numbers=self._exchange.numbers(), codecs=CODECS)
        return HTMLResponse(html)

    async def _phone(self, websocket: WebSocket) -> None:
        host, origin = websocket.headers.get("host", ""), websocket.headers.get("origin")
        if not from_this_machine(Asking(host=host, origin=origin)) or not is_own_page(host, origin):
            await websocket.close()  # before it is accepted: the answer is 403
            return
        await websocket.accept()
        line = BrowserLine(self._exchange, websocket, codecs=tuple(CODECS))
        with self._feed.watch(line.tell_event):
            await line.run()


class _Guarded:
    """Answers only requests for this machine, and says in every answer what the page may do: load its own files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app = self._app
        host = Headers(scope=scope).get("host", "")
        if not from_this_machine(Asking(host=host)):
            text = f"expected a request for this machine, got one for another host ({kind_of(host)})\n"
            app = PlainTextResponse(text, status_code=403)
        await app(scope, receive, send_with_headers)
