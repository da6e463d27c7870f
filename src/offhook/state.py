"""Where what is kept between runs lies on this machine."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["state_folder"]


def state_folder() -> Path:
    """``$XDG_STATE_HOME/offhook``, or the same under ``~/.local/state``. It may not be there yet."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "offhook"
