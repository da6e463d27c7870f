"""The HTTP side of a host: webhooks and health."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from offhook.server.inbox import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from offhook.server.host import Host
    from offhook.server.inbox import Verdict

__all__ = ["build_app"]

logger = logging.getLogger(__name__)


def build_app(host: Host, *, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The application of ``host``: ``POST /webhooks/{carrier}`` and ``GET /healthz``, and ``routes`` of yours.

    ``/healthz`` is answered 503 while the host drains, so that a load balancer looks elsewhere.
    """

    async def webhook(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:  # nobody reads the answer; what remains is the line in the log
            return _answer(host.inbox.refuse_unread(400, "body_incomplete", 0))
        if body is None:
            return _answer(host.inbox.refuse_unread(413, "body_too_large", MAX_BODY_BYTES + 1))
        return _answer(host.webhook(body, request.headers))

    async def healthz(_: Request) -> Response:
        return JSONResponse(host.report(), 503 if host.draining else 200)

    return Starlette(
        routes=[
            Route(f"/webhooks/{host.wire.name}", webhook, methods=["POST"]),
            Route("/healthz", healthz, methods=["GET"]),
            *routes,
        ]
    )


async def _body(request: Request) -> bytes | None:
    """The raw body, as it was signed; ``None`` if it is larger than is read."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _answer(verdict: Verdict) -> Response:
    headers = {"retry-after": "1"} if verdict.status == 503 else None
    return PlainTextResponse(verdict.reason or "ok", status_code=verdict.status, headers=headers)
