"""Reading the body of a request: a JSON object of a reasonable size, or a refusal; never a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import ClientDisconnect

from offhook.exchange.words import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["read_object"]

MAX_BODY_BYTES = 4 * 1024 * 1024
"""More than any command needs, ``playback_content`` included."""

_decode = msgspec.json.Decoder().decode
"""Strict, unlike the standard library's: neither ``NaN`` nor half a surrogate pair, which no answer could repeat."""


async def read_object(request: Request) -> Mapping[str, Any]:
    """The request's body; an empty one is an empty object. No more than :data:`MAX_BODY_BYTES` of it are kept.

    Raises:
        ApiError: 413 when it is larger, 400 when it is not a JSON object.
    """
    raw = bytearray()
    try:
        async for piece in request.stream():
            raw += piece
            if len(raw) > MAX_BODY_BYTES:
                raise errors.body_too_large(MAX_BODY_BYTES)
    except ClientDisconnect:  # nobody reads the answer
        raise errors.invalid_json() from None
    if not raw.strip():
        return {}
    try:
        body = _decode(raw)
    except (ValueError, RecursionError):
        raise errors.invalid_json() from None
    if not isinstance(body, dict):
        raise errors.invalid_json()
    return body
