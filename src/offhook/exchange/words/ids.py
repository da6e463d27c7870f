"""Names for calls, legs, events and resources, in the shapes the carrier uses."""

from __future__ import annotations

import secrets
import uuid

__all__ = ["new_call_control_id", "new_resource_id", "new_speak_id", "new_uuid"]


def new_call_control_id() -> str:
    """``v3:`` and 54 base64url characters: opaque, used raw in the path of a command."""
    return "v3:" + secrets.token_urlsafe(41)[:54]


def new_uuid() -> str:
    """A lower-case UUID of version 1, as legs and sessions have; its node part is random, not this machine's."""
    return str(uuid.uuid1(node=secrets.randbits(47) | 1 << 40, clock_seq=secrets.randbits(14)))


def new_resource_id() -> str:
    """19 decimal digits in a string, as applications and numbers have."""
    return str(10**18 + secrets.randbelow(9 * 10**18))


def new_speak_id() -> str:
    """The short token that pairs ``call.speak.started`` with ``call.speak.ended``."""
    return secrets.token_urlsafe(8)
