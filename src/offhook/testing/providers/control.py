"""The stand-ins' own API, ``/providers/…``: the environment, faults, and the journal. For this machine only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from offhook.errors import ConfigError, OffhookError, kind_of
from offhook.exchange.api.admission import Asking, from_this_machine, may_change
from offhook.testing.providers.answers import Answer
from offhook.testing.providers.faults import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from offhook.testing.providers.answers import Answers
    from offhook.testing.providers.faults import Faults
    from offhook.testing.providers.journal import Journal

__all__ = ["Standing", "routes"]


class Standing(Protocol):
    """What the routes need; :class:`~offhook.testing.providers.standins.StandIns` is one."""

    journal: Journal
    faults: Faults
    answers: Answers

    @property
    def env(self) -> dict[str, str]:
        """The environment that points programs here."""
        ...

    def add_fault(self, fault: Fault) -> None:
        """Let something go wrong."""
        ...


def routes(standing: Standing) -> list[BaseRoute]:
    """All of it."""

    async def env(request: Request) -> Response:
        return JSONResponse(standing.env)

    async def faults(request: Request) -> Response:
        match request.method:
            case "POST":
                body = await _object(request, '{"door": "deepgram", "stage": "final", "kind": "silence"}')
                standing.add_fault(Fault.of(body))
            case "DELETE":
                standing.faults.clear()
        return JSONResponse({"faults": standing.faults.planned()})

    async def answers(request: Request) -> Response:
        if request.method == "DELETE":
            standing.answers.clear()
        elif request.method == "POST":
            standing.answers.add(Answer.of(await _object(request, '{"text": "We open at nine."}')))
        return JSONResponse({"waiting": standing.answers.waiting})

    async def journal(request: Request) -> Response:
        if request.query_params.get("follow", "0") in ("1", "true"):
            return StreamingResponse(_lines(standing.journal), media_type="application/x-ndjson")
        entries = standing.journal.find(request.query_params.get("door"), stage=request.query_params.get("stage"))
        return JSONResponse({"entries": [entry.to_json() for entry in entries]})

    table: list[tuple[str, list[str], Callable[[Request], Awaitable[Response]]]] = [
        ("/providers/env", ["GET"], env),
        ("/providers/faults", ["GET", "POST", "DELETE"], faults),
        ("/providers/answers", ["GET", "POST", "DELETE"], answers),
        ("/providers/journal", ["GET"], journal),
    ]
    return [Route(path, _guarded(handler), methods=methods) for path, methods, handler in table]


async def _object(request: Request, example: str) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ConfigError(f"expected a JSON object, got {kind_of(body)}.", fix=example)
    return body


def _guarded(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        asking = Asking(
            host=request.headers.get("host", ""),
            origin=request.headers.get("origin"),
            content_type=request.headers.get("content-type"),
            client=request.client.host if request.client is not None else "",
        )
        if not from_this_machine(asking) or (request.method not in ("GET", "HEAD") and not may_change(asking)):
            return _refusal("expected a program of this machine, and a body of application/json", None, 403)
        try:
            return await handler(request)
        except OffhookError as error:
            return _refusal(error.message, error.fix, 422)

    return endpoint


def _refusal(error: str, fix: str | None, status: int) -> Response:
    body: dict[str, Any] = {"error": error, "fix": fix}
    return JSONResponse(body, status)


async def _lines(journal: Journal) -> AsyncIterator[str]:
    async for entry in journal.follow():
        yield json.dumps(entry.to_json()) + "\n"
