"""The loop that calls run on."""

from __future__ import annotations

import asyncio
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from offhook.server import loop
from offhook.server.loop import loop_factory

if TYPE_CHECKING:
    import pytest


def running_on() -> str:
    async def module() -> str:
        return type(asyncio.get_running_loop()).__module__.partition(".")[0]

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(module())


def test_calls_run_on_uvloop_where_it_is_installed(require: Any) -> None:
    """The faster loop is taken without being asked for."""
    require(find_spec("uvloop") is not None, "uvloop")
    assert running_on() == "uvloop"


def test_calls_run_on_asyncio_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but speed is missing without it."""
    monkeypatch.setattr(loop, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "uvloop", raising=False)
    assert loop_factory() is None
    assert running_on() == "asyncio"
