"""The HTTP side of a host: webhooks and health."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from offhook.carriers.wire import WebhookRequest
from offhook.server.inbox import MAX_BODY_BYTES, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from offhook.server.host import Host

__all__ = ["build_app"]

logger = logging.getLogger(__name__)


def build_app(host: Host, *, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The application of ``host``: ``POST /webhooks/{carrier}`` and ``GET /healthz``, and ``routes`` of yours.

    ``/healthz`` is answered 503 while the host drains, so that a load balancer looks elsewhere.
    """

    async def webhook(request: Request) -> Response:
        carrier = host.carrier(request.path_params["carrier"])
        if carrier is None:
            return PlainTextResponse("expected the name of a carrier of this server", 404)
        try:
            body = await _body(request)
        except ClientDisconnect:  # nobody reads the answer; what remains is the line in the log
            return _answer(host.inbox.refuse_unread(400, "body_incomplete", 0))
        if body is None:
            return _answer(host.inbox.refuse_unread(413, "body_too_large", MAX_BODY_BYTES + 1))
        verdict = host.webhook(carrier, _delivery(request, body, host.public_url))
        for written in verdict.written:  # never for long: the journal sees to that
            await written
        if verdict.document is None:
            return _answer(verdict)
        answer = await host.inbox.document_of(verdict, host.options.times.document_s)
        if isinstance(answer, Verdict):
            return _answer(answer)
        return Response(answer.body, media_type=answer.content_type)

    async def healthz(_: Request) -> Response:
        return JSONResponse(host.report(), 503 if host.draining else 200)

    return Starlette(
        routes=[
            Route("/webhooks/{carrier}", webhook, methods=["POST"]),
            Route("/healthz", healthz, methods=["GET"]),
            *routes,
        ]
    )


def _delivery(request: Request, body: bytes, public_url: str | None) -> WebhookRequest:
    """The request as the carrier wrote it: what is between it and us, and us at a port of our own, it does not see."""
    path: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    query: bytes = request.scope["query_string"]
    base = public_url.rstrip("/") if public_url is not None else f"{request.url.scheme}://{request.url.netloc}"
    url = base + path.decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
    return WebhookRequest(method=request.method, url=url, headers=request.headers, body=body)


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
    headers = None
    if verdict.status == 503:
        headers = {"retry-after": "1"}
    elif verdict.status == 413:
        headers = {"connection": "close"}  # what comes is not read
    return PlainTextResponse(verdict.reason or "ok", status_code=verdict.status, headers=headers)
