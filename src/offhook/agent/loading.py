"""Find the agent that a command line names: ``module:attribute``."""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.agent.agent import Agent
from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["find_agent", "load_agent"]

_OURS = Path(__file__).parent.parent
_PATH = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*)(:(?P<attribute>[^\W\d]\w*))?")


def load_agent(path: str, *, folder: Path | None = None) -> Agent:
    """The agent at ``path``: ``module:attribute``, or ``module`` for its attribute ``agent``.

    Args:
        path: the module is found as by ``python -m`` in ``folder``.
        folder: where to look first; ``None``: the current folder.

    Raises:
        ConfigError: there is no agent at that path; the message says what is there instead.
    """
    module_name, attribute = _parts(path)
    module = _import(module_name, folder or Path.cwd())
    found = getattr(module, attribute, None)
    if isinstance(found, Agent):
        return found
    agents = [name for name, value in vars(module).items() if isinstance(value, Agent)]
    fix = (
        f"write {module_name}:{agents[0]}"
        if agents
        else f'add {attribute} = Agent(name="…", greeting="…") to module {module_name}'
    )
    got = "no such attribute" if found is None else f"an object of type {type(found).__name__}"
    raise ConfigError(f"expected an Agent at {module_name}:{attribute}, got {got}.", fix=fix)


def find_agent(path: str, *, folder: Path | None = None) -> None:
    """See whether there is a module at ``path``, without importing anything.

    Raises:
        ConfigError: there is none, or ``path`` is not one of an agent.
    """
    module_name, _ = _parts(path)
    folder = folder or Path.cwd()
    places: Sequence[str] | None = [str(folder), *sys.path]
    found = ""
    for name in module_name.split("."):
        found = f"{found}.{name}" if found else name
        spec = PathFinder.find_spec(found, places)
        if spec is None:
            raise _no_module(module_name, folder)
        places = spec.submodule_search_locations


def _parts(path: str) -> tuple[str, str]:
    match = _PATH.fullmatch(path)
    if match is None or match["module"].endswith(".py"):
        raise ConfigError(f"expected an agent as module:attribute, got {path!r}.", fix=_instead_of(path))
    return match["module"], match["attribute"] or "agent"


def _no_module(name: str, folder: Path) -> ConfigError:
    return ConfigError(
        f"expected a module {name} in {folder}, found none.", fix="change to its folder, or correct the name"
    )


def _import(name: str, folder: Path) -> object:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ConfigError:
        raise  # the definition of the agent is wrong, and says how
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _no_module(name, folder) from None
        raise ConfigError(
            f"expected module {name} to import, but it needs {error.name}, which is not installed.",
            fix=f"pip install the package that holds {error.name}",
        ) from error
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        raise ConfigError(
            f"expected module {name} to import, but it raised {type(error).__name__}{f': {said}' if said else ''}.",
            fix=f"look at {_where(error, folder)}",
        ) from error


def _where(error: BaseException, folder: Path) -> str:
    """The line to look at: the last of the user's own, not of a library that it calls."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{Path(error.filename).name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(Path(frame.filename), folder)]
    frame = (own or frames)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"


def _is_own(file: Path, folder: Path) -> bool:
    return file.is_relative_to(folder) and "site-packages" not in file.parts and not file.is_relative_to(_OURS)


def _instead_of(path: str) -> str:
    """What to write for ``path``, which is not ``module:attribute``."""
    file = Path(path.partition(":")[0])
    parts = file.with_suffix("").parts if file.suffix == ".py" else file.parts
    if not parts or re.fullmatch(r"\w[\w-]*", parts[-1]) is None:
        return "for a file app.py write app:agent"
    if not parts[-1].isidentifier():
        plain = parts[-1].replace("-", "_").lstrip("_0123456789") or "app"
        return f"name the file {plain}.py, and write {plain}:agent"
    if all(part.isidentifier() for part in parts):
        return f"for a file {'/'.join(parts)}.py write {'.'.join(parts)}:agent"
    return f"change to the folder of {parts[-1]}.py, and write {parts[-1]}:agent"
