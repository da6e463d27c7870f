"""Finding the agent that a command line names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from offhook.agent.loading import find_agent, load_agent
from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFINITION = 'from offhook import Agent\nagent = Agent("Desk", "hello")\nother = 5\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_an_agent_is_found_by_module_and_attribute(folder: Path) -> None:
    """In the current folder, or in another; ``agent`` is the attribute if none is named."""
    (folder / "desk_a.py").write_text(DEFINITION)
    assert load_agent("desk_a:agent").name == "Desk"
    assert load_agent("desk_a") is load_agent("desk_a:agent")
    below = folder / "below"
    (below / "pack").mkdir(parents=True)
    (below / "pack" / "desk_b.py").write_text(DEFINITION)
    assert load_agent("pack.desk_b:agent", folder=below).greeting == "hello"


@pytest.mark.parametrize(
    ("path", "message", "fix"),
    [
        ("desk_c.py:agent", "expected an agent as module:attribute", "for a file desk_c.py write desk_c:agent"),
        ("desk_c:agent:x", "got 'desk_c:agent:x'", "write desk_c:agent"),
        ("--help", "got '--help'", "write app:agent"),
        ("desk_c:nothing", "got no such attribute", "write desk_c:agent"),
        ("desk_c:other", "got an object of type int", "write desk_c:agent"),
        ("no_agent:agent", "got no such attribute", "add agent = Agent("),
        ("nowhere:agent", "expected a module nowhere in", "change to its folder"),
        ("nowhere.deep:agent", "expected a module nowhere.deep in", "change to its folder"),
        ("needs:agent", "it needs not_installed_either, which is not installed", "pip install"),
        ("raises:agent", "it raised ZeroDivisionError: division by zero", "look at raises.py, line 2"),
        ("typo:agent", "it raised SyntaxError", "look at typo.py, line 1"),
        ("wrong:agent", "expected a name for the agent", "Agent(name="),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_a_fix(folder: Path, path: str, message: str, fix: str) -> None:
    """Expected, got, and what to do."""
    (folder / "desk_c.py").write_text(DEFINITION)
    (folder / "no_agent.py").write_text("")
    (folder / "needs.py").write_text("import not_installed_either")
    (folder / "raises.py").write_text("\nx = 1 / 0")
    (folder / "typo.py").write_text("def (")
    (folder / "wrong.py").write_text('from offhook import Agent\nagent = Agent("", "")')
    with pytest.raises(ConfigError) as raised:
        load_agent(path)
    assert message in raised.value.message
    assert raised.value.fix is not None
    assert fix in raised.value.fix


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("bots/desk.py", "for a file bots/desk.py write bots.desk:agent"),
        ("./desk:agent", "for a file desk.py write desk:agent"),
        ("/srv/bots/desk.py:agent", "change to the folder of desk.py, and write desk:agent"),
        ("../desk.py", "change to the folder of desk.py, and write desk:agent"),
        ("my-desk:agent", "name the file my_desk.py, and write my_desk:agent"),
        ("2nd.py", "name the file nd.py, and write nd:agent"),
        ("", "for a file app.py write app:agent"),
        (":agent", "for a file app.py write app:agent"),
        ("desk.txt:", "for a file app.py write app:agent"),
    ],
)
def test_a_path_of_a_file_is_turned_into_what_to_write(folder: Path, path: str, fix: str) -> None:
    """It works when it is typed."""
    with pytest.raises(ConfigError) as raised:
        load_agent(path)
    assert raised.value.fix == fix


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("import sys\nsys.exit()", "it raised SystemExit.", 2),
        ("import sys\nsys.exit('no database')", "it raised SystemExit: no database.", 2),
        ("raise RuntimeError", "it raised RuntimeError.", 1),
        ("raise RuntimeError('one\\ntwo')", "it raised RuntimeError: one two.", 1),
        ("import json\n\njson.loads('{')", "it raised JSONDecodeError: ", 3),
    ],
)
def test_whatever_a_module_raises_is_one_sentence_and_a_line_of_its_own(
    folder: Path, source: str, message: str, line: int
) -> None:
    """Not one of a library that it calls, and not a silent end."""
    (folder / "faulty.py").write_text(source)
    with pytest.raises(ConfigError) as raised:
        load_agent("faulty:agent")
    assert message in raised.value.message
    assert "\n" not in raised.value.message
    assert raised.value.fix == f"look at faulty.py, line {line}"


def test_an_agent_can_be_looked_for_without_importing_anything(folder: Path) -> None:
    """A module that raises is there all the same; so is one in a package, here or in another folder."""
    (folder / "desk_f.py").write_text("raise RuntimeError('not to be run')")
    (folder / "below" / "pack_f").mkdir(parents=True)
    (folder / "below" / "pack_f" / "__init__.py").write_text("raise RuntimeError('not to be run')")
    (folder / "below" / "pack_f" / "desk.py").write_text(DEFINITION)
    find_agent("desk_f:agent")
    find_agent("desk_f")
    find_agent("pack_f.desk:agent", folder=folder / "below")
    assert not {"desk_f", "pack_f"} & set(sys.modules)


@pytest.mark.parametrize("path", ["nowhere_f:agent", "desk_f.inner:agent", "pack_f.nowhere:agent"])
def test_a_module_that_is_not_there_is_not_found(folder: Path, path: str) -> None:
    """Neither at the top, nor in a module that is no package, nor in a package; the message names module and folder."""
    (folder / "desk_f.py").write_text(DEFINITION)
    (folder / "pack_f").mkdir()
    with pytest.raises(ConfigError, match=f"expected a module {path.partition(':')[0]} in .*, found none"):
        find_agent(path)


def test_what_is_no_module_is_not_looked_for(folder: Path) -> None:
    """A path of a file is none; what to write is said."""
    with pytest.raises(ConfigError, match="expected an agent as module:attribute") as caught:
        find_agent("desk_f.py:agent")
    assert (caught.value.fix or "").endswith("write desk_f:agent")
