"""The key that the exchange signs webhooks with, kept so that its public half is the same tomorrow."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from typing import TYPE_CHECKING

from offhook.errors import ConfigError
from offhook.state import state_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["default_key_path", "load_private_key"]

_SEED_BYTES = 32


def default_key_path() -> Path:
    """``$XDG_STATE_HOME/offhook/exchange.key``, or under ``~/.local/state``."""
    return state_folder() / "exchange.key"


def load_private_key(path: Path | None = None) -> str:
    """The private Ed25519 key at ``path``: base64 of 32 bytes. If there is none it is made, readable by its owner only.

    Raises:
        ConfigError: the file cannot be read or written, or does not hold a key.
    """
    path = path or default_key_path()
    try:
        if not path.exists():
            _create(path)
        text = path.read_text(encoding="ascii").strip()
        if len(base64.b64decode(text, validate=True)) != _SEED_BYTES:
            raise ValueError
    except OSError as error:
        raise ConfigError(
            f"expected to keep the exchange's key in {path}, got: {error.strerror}.",
            fix="set XDG_STATE_HOME to a directory that can be written to",
        ) from None
    except (ValueError, binascii.Error):
        raise ConfigError(
            f"expected base64 of {_SEED_BYTES} bytes in {path}, got {path.stat().st_size} bytes that are none.",
            fix=f"delete {path}; a new key is made at the next start, and its public key changes",
        ) from None
    return text


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = base64.b64encode(secrets.token_bytes(_SEED_BYTES)).decode("ascii")
    # Written beside and linked into place: two exchanges that start at once must end up with one whole key.
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # the other one was first: its key counts
    finally:
        fresh.unlink()
