"""The carrier's REST API, ``/v2/…``, as far as the exchange plays it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from offhook.addresses import host_name, is_loopback
from offhook.exchange.api.bodies import read_object
from offhook.exchange.api.calls import call_json
from offhook.exchange.api.resources import count_of, page_of
from offhook.exchange.commands.command import asked_in_vain
from offhook.exchange.words import errors
from offhook.exchange.words.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from offhook.exchange.api.resources import Resources
    from offhook.exchange.commands.intake import Intake
    from offhook.exchange.legs.journal import Journal
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["Api"]

_UNPLAYED_PATHS = (
    "ai", "available_phone_numbers", "call_events", "conferences", "connections", "credential_connections",
    "fqdn_connections", "fqdns", "media", "number_orders", "outbound_voice_profiles", "queues", "recordings",
    "recording_transcriptions", "speech-to-text", "texml", "texml_applications", "text-to-speech",
    "webhook_deliveries", "whatsapp",
)  # fmt: skip
"""Parts of the carrier's API that have to do with voice and are not played; the rest is just not found."""

_PARTS = {*_UNPLAYED_PATHS, "calls", "call_control_applications", "phone_numbers"}

Reply = tuple[int, dict[str, Any]]


class Api:
    """The routes of ``/v2``. Every request must carry a bearer key; every refusal is in the carrier's envelope.

    Args:
        board: the legs.
        intake: takes commands.
        resources: the account.
        journal: gets every command.
        api_key: the key to carry; ``None`` takes any.
        local_only: refuse a ``Host`` that is not this machine, so that no web page can reach an exchange that listens
            on loopback by pointing a name of its own at it.
    """

    def __init__(
        self,
        board: Switchboard,
        intake: Intake,
        resources: Resources,
        journal: Journal,
        *,
        api_key: str | None,
        local_only: bool = False,
    ) -> None:
        self._local_only = local_only
        self._board = board
        self._intake = intake
        self._directory = board.directory
        self._resources = resources
        self._journalled = journal
        self._api_key = api_key

    def routes(self) -> list[BaseRoute]:
        """All of it; the last route catches what is not there."""
        apps = "/v2/call_control_applications"
        numbers = "/v2/phone_numbers"
        table: list[tuple[str, str, Callable[[Request], Awaitable[Reply]]]] = [
            ("POST", "/v2/calls", self._dial),
            ("GET", "/v2/calls/{call_id}", self._call),
            ("POST", "/v2/calls/{call_id}/actions/{action}", self._action),
            ("PUT", "/v2/calls/{call_id}/actions/{action}", self._action),
            ("GET", "/v2/connections/{connection_id}/active_calls", self._active_calls),
            ("GET", apps, self._list_applications),
            ("POST", apps, self._create_application),
            ("GET", apps + "/{id}", self._application),
            ("PATCH", apps + "/{id}", self._update_application),
            ("DELETE", apps + "/{id}", self._delete_application),
            ("GET", numbers, self._list_numbers),
            ("GET", numbers + "/{id}", self._number),
            ("PATCH", numbers + "/{id}", self._update_number),
        ]
        routes: list[BaseRoute] = [
            Route(path, self._guarded(handler, path), methods=[method]) for method, path, handler in table
        ]
        everything = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        routes.append(Route("/v2/{rest:path}", self._guarded(self._rest, "/v2/…"), methods=everything))
        return routes

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Reply]], path: str
    ) -> Callable[[Request], Awaitable[JSONResponse]]:
        """``handler``, with what all have in common. ``path`` is for the journal: a real one can hold a number."""

        async def endpoint(request: Request) -> JSONResponse:
            request.state.action = f"{request.method} {path}"
            began_ms = self._board.clock.now_ms()
            code: str | None = None
            headers: dict[str, str] = {}
            try:
                self._authenticate(request)
                status, body = await handler(request)
            except ApiError as refusal:
                status, body, code = refusal.status, refusal.body(), refusal.code
                if status == 501:
                    headers["x-should-retry"] = "false"  # the carrier's library would try a 5xx again
            if unplayed := getattr(request.state, "unplayed", None):
                headers["x-offhook-not-played"] = ", ".join(unplayed)
            if request.method != "GET":
                self._journal(request, status, code, self._board.clock.now_ms() - began_ms, unplayed)
            return JSONResponse(body, status, headers)

        return endpoint

    def _journal(self, request: Request, status: int, code: str | None, ms: float, unplayed: list[str] | None) -> None:
        facts: dict[str, Any] = {
            "action": request.state.action,
            "status": status,
            "ms": round(ms, 3),
        }
        if code is not None:
            facts["code"] = code
        if unplayed:
            facts["not_played"] = unplayed
        self._journalled.append("command.received", getattr(request.state, "call_id", None), **facts)

    def _authenticate(self, request: Request) -> None:
        if self._local_only and not is_loopback(host_name(request.headers.get("host", ""))):
            raise errors.not_authorized()
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key or (self._api_key is not None and key != self._api_key):
            raise errors.unauthenticated()

    # -- calls ------------------------------------------------------------------------------------------------------

    async def _dial(self, request: Request) -> Reply:
        request.state.action = "dial"
        body = await read_object(request)
        request.state.unplayed = asked_in_vain(self._intake.registry.opening("dial"), body)
        reply = self._intake.begin("dial", body)
        request.state.call_id = reply["data"]["call_control_id"]
        return 200, reply

    async def _call(self, request: Request) -> Reply:
        circuit = self._board.circuit(request.path_params["call_id"])
        return 200, {"data": call_json(circuit.leg, self._board.clock.wall_ms())}

    async def _action(self, request: Request) -> Reply:
        action = request.path_params["action"]
        request.state.action = action
        command = self._intake.registry.command(action)
        if command.method != request.method:
            raise errors.method_not_allowed()
        body = await read_object(request)
        circuit = self._board.circuit(request.path_params["call_id"])
        request.state.call_id = circuit.call_id
        request.state.unplayed = asked_in_vain(command, body)
        return 200, self._intake.perform(circuit, action, body)

    async def _active_calls(self, request: Request) -> Reply:
        connection_id = request.path_params["connection_id"]
        if connection_id not in self._directory.applications:
            raise errors.invalid_connection_id()
        alive = self._board.alive(connection_id)
        now_ms = self._board.clock.wall_ms()
        limit = count_of(request.query_params, "page[limit]", 20, 250)
        after = request.query_params.get("page[after]")
        ids = [one.call_id for one in alive]
        first = ids.index(after) + 1 if after in ids else 0
        before = request.query_params.get("page[before]")
        if before in ids:
            first = max(0, ids.index(before) - limit)
        numbered = page_of(alive, request.query_params)
        page, pages = alive[first : first + limit], numbered["meta"]
        if "page[number]" in request.query_params or "page[size]" in request.query_params:
            # The API description pages this list by cursors, the official library by number: both are taken.
            page, first = numbered["data"], (pages["page_number"] - 1) * pages["page_size"]
        else:
            pages = {**pages, "page_size": limit, "total_pages": max(1, -(-len(alive) // limit))}
        cursors = {}
        if page and first + len(page) < len(alive):
            cursors["after"] = page[-1].call_id
        if page and first:
            cursors["before"] = page[0].call_id
        return 200, {
            "data": [call_json(one.leg, now_ms, brief=True) for one in page],
            "meta": {"cursors": cursors, "total_items": len(alive), **pages},
        }

    # -- the account --------------------------------------------------------------------------------------------------

    async def _list_applications(self, request: Request) -> Reply:
        return 200, self._resources.list_applications(request.query_params)

    async def _create_application(self, request: Request) -> Reply:
        application = self._resources.create_application(await read_object(request))
        return 201, {"data": self._resources.application_json(application)}

    async def _application(self, request: Request) -> Reply:
        application = self._resources.application(request.path_params["id"])
        return 200, {"data": self._resources.application_json(application)}

    async def _update_application(self, request: Request) -> Reply:
        application = self._resources.update_application(request.path_params["id"], await read_object(request))
        return 200, {"data": self._resources.application_json(application)}

    async def _delete_application(self, request: Request) -> Reply:
        application = self._resources.delete_application(request.path_params["id"])
        return 200, {"data": self._resources.application_json(application)}

    async def _list_numbers(self, request: Request) -> Reply:
        return 200, self._resources.list_numbers(request.query_params)

    async def _number(self, request: Request) -> Reply:
        return 200, {"data": self._resources.number_json(self._resources.number(request.path_params["id"]))}

    async def _update_number(self, request: Request) -> Reply:
        number = self._resources.update_number(request.path_params["id"], await read_object(request))
        return 200, {"data": self._resources.number_json(number)}

    async def _rest(self, request: Request) -> Reply:
        first = request.path_params["rest"].split("/", 1)[0]
        if first in _PARTS:
            request.state.action = f"{request.method} /v2/{first}/…"
        if first in ("calls", "call_control_applications", "phone_numbers"):
            known = (("calls", 1), ("call_control_applications", 1), ("phone_numbers", 1), ("calls", 2))
            if (first, len(request.path_params["rest"].rstrip("/").split("/"))) in known:
                raise errors.method_not_allowed()
            raise errors.not_found()
        if first in _UNPLAYED_PATHS:
            raise errors.not_played(f"/v2/{first}")
        raise errors.not_found()
