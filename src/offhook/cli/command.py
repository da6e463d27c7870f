"""What to type to run this program again: what is printed must be runnable as it is."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

__all__ = ["command"]


def command() -> str:
    """``offhook`` where the shell finds it; else the path of what was run, or of the Python that runs it."""
    here = Path(sys.executable).with_name("offhook")
    found = shutil.which("offhook")
    if found is not None and (not here.exists() or here.samefile(found)):
        return "offhook"
    if here.exists():
        return shlex.quote(_near(here))
    return f"{shlex.quote(_near(Path(sys.executable)))} -m offhook"


def _near(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
