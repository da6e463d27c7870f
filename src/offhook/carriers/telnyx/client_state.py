"""``client_state``: the text an application hangs on a leg, base64 on the wire.

Telnyx refuses anything but base64 (422, code 90017) and echoes it in every later webhook of the leg and in the media
stream's ``start``. Above this room it is plain text.
"""

from __future__ import annotations

import base64

__all__ = ["decode_client_state", "encode_client_state"]


def encode_client_state(text: str) -> str:
    """The wire form of ``text``."""
    return base64.b64encode(text.encode()).decode()


def decode_client_state(wire: object) -> str | None:
    """The text behind ``wire``, or ``None`` if there is none or it is not text in base64 (then it is not ours)."""
    if not isinstance(wire, str):
        return None
    try:
        return base64.b64decode(wire, validate=True).decode()
    except ValueError:  # binascii.Error and UnicodeError alike
        return None
