"""What the benchmarks' tests share: the compiled programs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from offhook.bench.native import build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that this run compiles into."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture
def compiler(require: Any) -> None:
    """Needs a C compiler."""
    require(shutil.which("cc") is not None, "a C compiler")


@pytest.fixture
def wsload(compiler: None, programs: Path) -> Path:
    """The load."""
    return build("wsload", folder=programs)


@pytest.fixture
def wsbridge(compiler: None, programs: Path) -> Path:
    """The C server."""
    return build("wsbridge", folder=programs)
