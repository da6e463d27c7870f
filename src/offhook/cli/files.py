"""Where the verbs write to: looked at before anything is started, so that no call is held for nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from offhook.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_file", "make_folder"]


def check_file(path: Path, fix: str) -> None:
    """See whether a file can be written at ``path``.

    Raises:
        ConfigError: it cannot; ``fix`` is what to write instead.
    """
    folder = path.parent
    if path.is_dir():
        got = "a folder"
    elif not folder.is_dir():
        got = "one in a folder that is not there"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        got = "one that may not be written"
    else:
        return
    raise ConfigError(f"expected a file to write to at {path}, got {got}.", fix=fix)


def make_folder(path: Path, fix: str) -> None:
    """Make a folder, and those above it.

    Raises:
        ConfigError: it cannot be made, or written to; ``fix`` is what to write instead.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        got = None if os.access(path, os.W_OK) else "one that may not be written"
    except OSError as error:
        got = str(error.strerror)
    if got is not None:
        raise ConfigError(f"expected a folder to write to at {path}, got: {got}.", fix=fix)
