"""How this program is run again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from offhook.cli.command import command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the Python that runs, which the shell does not know."""
    folder = tmp_path / "my env" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    return folder


def program(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "offhook").write_text("#!/bin/sh\n")
    (folder / "offhook").chmod(0o755)


def test_it_is_its_name_where_the_shell_finds_it(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it finds is this one."""
    program(scripts)
    monkeypatch.setenv("PATH", str(scripts))
    assert command() == "offhook"


def test_it_is_its_name_where_there_is_no_other(scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose scripts are elsewhere."""
    program(tmp_path / "elsewhere")
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    assert command() == "offhook"


def test_it_is_its_path_where_the_shell_does_not_find_it(scripts: Path) -> None:
    """As short as it can be written from here, and quoted."""
    program(scripts)
    assert command() == "'my env/bin/offhook'"


def test_it_is_its_path_where_the_shell_finds_another(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of another environment would be another version."""
    program(scripts)
    program(tmp_path / "elsewhere")
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    assert command() == "'my env/bin/offhook'"


def test_it_is_the_python_that_runs_it_where_it_was_not_installed(
    scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``-m offhook``; a path from elsewhere is whole."""
    assert command() == "'my env/bin/python' -m offhook"
    monkeypatch.setattr(sys, "executable", "/opt/python/bin/python3")
    assert command() == "/opt/python/bin/python3 -m offhook"
