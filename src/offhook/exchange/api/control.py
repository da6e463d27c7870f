"""The exchange's own API, ``/exchange/…``: place calls as people do, and read what happened.

It is for this machine only: a request whose ``Host`` or ``Origin`` is not a loopback name is refused, so that no web
page can reach it by pointing a name of its own at 127.0.0.1.
"""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.routing import Route

from offhook.errors import ConfigError, OffhookError
from offhook.exchange.words.errors import ApiError
from offhook.exchange.words.seed import is_e164

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from offhook.exchange.exchange import Exchange
    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.journal import Subscription

__all__ = ["Control", "host_of", "is_loopback", "shell_lines"]

DEFAULT_CALLER = "+15550150"
MAX_BODY_BYTES = 1024 * 1024


def is_loopback(host: str) -> bool:
    """Whether a ``Host`` header, or the host of a URL, names this machine and nothing else."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_of(origin: str) -> str:
    """The host, with its port, of an ``Origin`` header; ``""`` if it has none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def shell_lines(env: Mapping[str, str]) -> str:
    """``export`` lines for ``eval``. Values are base64, URLs and ids: none holds a quote."""
    return "".join(f"export {name}='{value}'\n" for name, value in env.items())


class Control:
    """The routes of ``/exchange``."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[BaseRoute]:
        """All of it."""
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/exchange/env", self._env),
            ("GET", "/exchange/status", self._status),
            ("POST", "/exchange/calls", self._place),
            ("GET", "/exchange/calls/{call_id}", self._call),
            ("POST", "/exchange/calls/{call_id}/press", self._press),
            ("POST", "/exchange/calls/{call_id}/hangup", self._hang_up),
            ("GET", "/exchange/calls/{call_id}/recording.wav", self._recording),
            ("GET", "/exchange/events", self._events),
        ]
        return [Route(path, self._guarded(handler), methods=[method]) for method, path, handler in table]

    def _guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                self._admit(request)
                return await handler(request)
            except ApiError as refusal:
                return JSONResponse({"error": refusal.detail, "code": refusal.code}, refusal.status)
            except OffhookError as error:
                return JSONResponse({"error": error.message, "fix": error.fix, "code": error.code}, 422)

        return endpoint

    def _admit(self, request: Request) -> None:
        origin = request.headers.get("origin")
        local = is_loopback(request.headers.get("host", ""))
        local = local and (origin is None or is_loopback(host_of(origin)))
        client = request.client.host if request.client is not None else ""
        if not self._exchange.settings.control_from_anywhere:
            local = local and is_loopback(f"[{client}]" if ":" in client else client)
        if not local:
            raise ApiError(403, "forbidden", "Forbidden", "expected a request from this machine, got another")

    async def _env(self, request: Request) -> Response:
        return JSONResponse(self._exchange.env())

    async def _status(self, request: Request) -> Response:
        return JSONResponse(self._exchange.status())

    async def _place(self, request: Request) -> Response:
        body = await _object(request)
        exchange = self._exchange
        to = body.get("to") or next(iter(exchange.numbers()), "")
        from_ = body.get("from") or DEFAULT_CALLER
        if not isinstance(to, str) or not isinstance(from_, str) or not is_e164(from_):
            raise ConfigError(
                "expected from and to in E.164, got something else.", fix="write numbers like +15550150, without spaces"
            )
        phone = await exchange.people.caller(body.get("script"))
        recording = exchange.new_recording_path() if body.get("record") else None
        call_id = exchange.place_call(
            from_=from_, to=to, phone=phone, codec=str(body.get("codec") or "PCMU"), recording=recording
        )
        return JSONResponse({"call": call_id, "from": from_, "to": to}, 201)

    async def _call(self, request: Request) -> Response:
        return JSONResponse(self._report(self._circuit(request)))

    async def _press(self, request: Request) -> Response:
        circuit = self._circuit(request)
        digits = (await _object(request)).get("digits")
        if not isinstance(digits, str) or not digits or not set(digits) <= set("0123456789ABCD*#"):
            raise ConfigError("expected digits made of 0-9, A-D, * and #, got something else.")
        for digit in digits:
            self._exchange.handset(circuit.call_id).press(digit)
        return JSONResponse({"call": circuit.call_id})

    async def _hang_up(self, request: Request) -> Response:
        circuit = self._circuit(request)
        self._exchange.handset(circuit.call_id).hang_up()
        return JSONResponse({"call": circuit.call_id})

    async def _recording(self, request: Request) -> Response:
        circuit = self._circuit(request)
        path = self._exchange.recording_path(circuit.call_id)
        if path is None or circuit.leg.alive or not path.exists():
            raise ApiError(404, "not_found", "Not found", "expected a call that was recorded and is over")
        return FileResponse(path, media_type="audio/wav")

    async def _events(self, request: Request) -> Response:
        follow = request.query_params.get("follow", "1") not in ("0", "false")
        call = request.query_params.get("call")
        if not follow:
            lines = "".join(json.dumps(event) + "\n" for event in self._exchange.journal.history(call))
            return StreamingResponse(iter([lines]), media_type="application/x-ndjson")
        return StreamingResponse(_lines(self._exchange.journal.subscribe(call)), media_type="application/x-ndjson")

    def _circuit(self, request: Request) -> Circuit:
        return self._exchange.board.circuit(request.path_params["call_id"])

    def _report(self, circuit: Circuit) -> dict[str, Any]:
        return self._exchange.report(circuit.call_id)


async def _lines(subscription: Subscription) -> AsyncIterator[str]:
    try:
        async for event in subscription:
            yield json.dumps(event) + "\n"
    finally:
        subscription.close()


async def _object(request: Request) -> Mapping[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() and len(raw) <= MAX_BODY_BYTES else {}
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ConfigError("expected a JSON object, got something else.")
    return body
