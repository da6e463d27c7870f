"""The exchange's own API, ``/exchange/…``: place calls as people do, and read what happened.

It is for this machine only, and what changes anything is for programs and for the exchange's own page
(:mod:`offhook.exchange.api.admission`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.routing import Route

from offhook.errors import ConfigError, OffhookError, kind_of
from offhook.exchange.api.admission import Asking, from_this_machine, may_change
from offhook.exchange.api.bodies import read_object
from offhook.exchange.words.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.handset import LineHandset
    from offhook.exchange.legs.journal import Journal, Subscription
    from offhook.exchange.legs.switchboard import Switchboard
    from offhook.exchange.people.people import People
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.words.settings import ExchangeSettings

__all__ = ["Control", "Operator", "shell_lines"]

DEFAULT_CALLER = "+15550150"


def shell_lines(env: Mapping[str, str]) -> str:
    """``export`` lines for ``eval``. Values are base64, URLs and ids: none holds a quote."""
    return "".join(f"export {name}='{value}'\n" for name, value in env.items())


class Operator(Protocol):
    """What the routes need of the exchange; :class:`~offhook.exchange.exchange.Exchange` is one."""

    settings: ExchangeSettings
    journal: Journal
    people: People

    @property
    def board(self) -> Switchboard:
        """The legs."""
        ...

    def env(self) -> dict[str, str]:
        """The environment that points a program here."""
        ...

    def status(self) -> dict[str, Any]:
        """What there is."""
        ...

    def numbers(self) -> list[str]:
        """The numbers that can be called."""
        ...

    def place_call(
        self, *, from_: str, to: str, phone: Phone, codec: str = "PCMU", recording: Path | None = None
    ) -> str:
        """Call a number of the exchange."""
        ...

    def handset(self, call_id: str) -> LineHandset:
        """The handset of a leg."""
        ...

    def report(self, call_id: str) -> dict[str, Any]:
        """One call."""
        ...

    def recording_path(self, call_id: str) -> Path | None:
        """Where the recording of a call is."""
        ...

    def new_recording_path(self) -> Path:
        """A fresh path for a recording."""
        ...


class Control:
    """The routes of ``/exchange``."""

    def __init__(self, exchange: Operator) -> None:
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
        asking = Asking(
            host=request.headers.get("host", ""),
            origin=request.headers.get("origin"),
            content_type=request.headers.get("content-type"),
            client=request.client.host if request.client is not None else "",
        )
        if not from_this_machine(asking, any_client=self._exchange.settings.control_from_anywhere):
            raise ApiError(403, "forbidden", "Forbidden", f"expected a request from this machine, got {_came(asking)}")
        if request.method not in ("GET", "HEAD") and not may_change(asking):
            raise ApiError(
                403, "forbidden", "Forbidden",
                "expected a program, or the exchange's own page, with a body of application/json, "
                f"got {_came(asking)}",
            )  # fmt: skip

    async def _env(self, request: Request) -> Response:
        return JSONResponse(self._exchange.env())

    async def _status(self, request: Request) -> Response:
        return JSONResponse(self._exchange.status())

    async def _place(self, request: Request) -> Response:
        body = await read_object(request)
        exchange = self._exchange
        to = body.get("to", next(iter(exchange.numbers()), ""))
        from_ = body.get("from", DEFAULT_CALLER)
        if not isinstance(to, str) or not isinstance(from_, str):
            raise ConfigError(
                f"expected from and to as text, got {kind_of(from_)} and {kind_of(to)}.",
                fix='write "from": "+15550150"',
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
        digits = (await read_object(request)).get("digits")
        if not isinstance(digits, str) or not digits or not set(digits) <= set("0123456789ABCD*#"):
            raise ConfigError(f"expected digits made of 0-9, A-D, * and #, got {kind_of(digits)}.")
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


def _came(asking: Asking) -> str:
    """What of a request says where it comes from, without telling it."""
    headers = {"host": asking.host, "origin": asking.origin, "content-type": asking.content_type}
    return ", ".join(f"{name}: {kind_of(value)}" for name, value in headers.items())
