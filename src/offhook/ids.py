"""Identifiers and secrets."""

from __future__ import annotations

import hashlib
import secrets
import uuid

__all__ = ["digest", "new_id", "new_token"]


def new_id() -> str:
    """A fresh identifier: a random UUID, as the carrier asks for in ``command_id``."""
    return str(uuid.uuid4())


def new_token() -> str:
    """A fresh secret of 256 bits that can stand in a URL path."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What to keep of a secret instead of the secret.

    Looking a digest up in a table takes a time that tells nothing about the secret: who guesses does not choose the
    digest's bytes.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
