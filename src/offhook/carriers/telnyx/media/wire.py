"""What both sides of the media socket share: names, numbers, and lenient reading of JSON."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import pybase64

__all__ = [
    "AUTH_TOKEN_FIELD",
    "GARBAGE",
    "INVALID_MEDIA",
    "MALFORMED_FRAME",
    "MAX_AUDIO_MS",
    "MAX_INTEGER",
    "MIN_AUDIO_MS",
    "RATE_LIMIT_REACHED",
    "UNKNOWN_ERROR",
    "b64encode",
    "decode_any",
    "encode",
    "from_base64",
    "integer",
    "object_",
    "text",
]

AUTH_TOKEN_FIELD: Final = "x-telnyx-streaming-auth-token"  # noqa: S105 - the name of a header, not a secret
"""Where ``stream_auth_token`` arrives: a header of the handshake and a field of the ``connected`` message."""

UNKNOWN_ERROR: Final = 100002
MALFORMED_FRAME: Final = 100003
INVALID_MEDIA: Final = 100004
RATE_LIMIT_REACHED: Final = 100005

MIN_AUDIO_MS: Final = 20
MAX_AUDIO_MS: Final = 30_000
"""How much audio one ``media`` message to the carrier may hold, in ``rtp`` mode."""

decode_any = msgspec.json.Decoder().decode
encode = msgspec.json.encode
b64encode = pybase64.b64encode

GARBAGE: Final = (ValueError, RecursionError)
"""Everything a decoder raises on garbage: ``MsgspecError`` and ``UnicodeDecodeError`` are ``ValueError``."""

MAX_INTEGER: Final = 10**18
"""Counters at and above this are garbage."""


def object_(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that is an object; else an empty one."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def text(fields: dict[str, Any], name: str) -> str:
    """A field that is a string; else the empty one."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def integer(value: object) -> int | None:
    """A whole number ≥ 0 of at most 18 digits, written as a number or as a string; ``None`` for all else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_INTEGER else None


def from_base64(value: object) -> bytes | None:
    """The bytes behind ``value``; ``None`` if it is not base64."""
    if not isinstance(value, str):
        return None
    try:
        return pybase64.b64decode(value, validate=True)
    except ValueError:
        return None
