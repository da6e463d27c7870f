"""How what is missing is installed."""

from __future__ import annotations

import shlex
import sys
from importlib import metadata
from pathlib import Path

import pytest

from offhook import installing
from offhook.installing import install

NEEDED = [
    "numpy>=2",
    "onnxruntime>=1.20; extra == 'local'",
    'rapidfuzz[all]>=3; python_version > "3" and extra == "local"',
]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """offhook in a folder of packages, as pip puts it, with what its extra needs."""
    module = tmp_path / "lib" / "site-packages" / "offhook" / "installing.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(installing, "__file__", str(module))
    monkeypatch.setattr(metadata, "requires", lambda name: NEEDED if name == "offhook" else None)
    return tmp_path


def test_in_a_clone_it_is_pips_editable_install_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the versions that the project is tested with; paths are as short as they can be written from here."""
    clone = Path(installing.__file__).parents[2]
    monkeypatch.chdir(clone)
    assert install("local").endswith("-m pip install -c constraints.txt -e '.[local]'")
    monkeypatch.chdir("/")
    words = shlex.split(install("local"))
    assert words[1:] == ["-m", "pip", "install", "-c", str(clone / "constraints.txt").lstrip("/"), "-e", words[-1]]
    assert words[-1] == f"{str(clone).lstrip('/')}[local]"


def test_elsewhere_it_is_the_packages_that_the_extra_needs(elsewhere: Path) -> None:
    """By their own names, since offhook is in no index; quoted for the shell, for the Python that runs."""
    words = shlex.split(install("local"))
    assert words[-2:] == ["onnxruntime>=1.20", "rapidfuzz[all]>=3"]
    assert words[1:4] == ["-m", "pip", "install"]
    assert "'rapidfuzz[all]>=3'" in install("local")


def test_the_python_is_named_as_it_is_found_from_here(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a path below this folder where it is there, and quoted where it has a space in it."""
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "executable", str(elsewhere / "my env" / "bin" / "python"))
    assert install("local").startswith("'my env/bin/python' -m pip install ")
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert install("local").startswith("/usr/bin/python3 -m pip install ")
