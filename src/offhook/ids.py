"""Identifiers."""

from __future__ import annotations

import uuid

__all__ = ["new_id"]


def new_id() -> str:
    """A fresh identifier: a random UUID, as the carrier asks for in ``command_id``."""
    return str(uuid.uuid4())
