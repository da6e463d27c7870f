"""How to install what is missing: the one place that knows, for every ``fix:`` that says so."""

from __future__ import annotations

import re
import shlex
import sys
from importlib import metadata
from pathlib import Path

__all__ = ["install", "install_package"]


def install(extra: str) -> str:
    """The command that installs what an extra of offhook needs, for the Python that is running.

    In a clone of the project it is pip's editable install of it; elsewhere the packages by their own names: offhook
    itself is in no index.
    """
    pip = f"{_python()} -m pip install"
    clone = Path(__file__).parents[2]
    if (clone / "pyproject.toml").exists() and (clone / "constraints.txt").exists():
        return f"{pip} -c {shlex.quote(_near(clone / 'constraints.txt'))} -e {shlex.quote(f'{_near(clone)}[{extra}]')}"
    return f"{pip} {' '.join(map(shlex.quote, _packages(extra)))}"


def install_package(name: str) -> str:
    """The command that installs a package which is no part of an extra."""
    return f"{_python()} -m pip install {shlex.quote(name)}"


def _packages(extra: str) -> list[str]:
    """What the extra names, without the conditions."""
    marker = re.compile(rf"""extra\s*==\s*['"]{re.escape(extra)}['"]""")
    wanted = [one.partition(";") for one in metadata.requires("offhook") or ()]
    return [name.strip() for name, _, condition in wanted if marker.search(condition)]


def _python() -> str:
    return shlex.quote(_near(Path(sys.executable)))


def _near(path: Path) -> str:
    """A path as it is written from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
