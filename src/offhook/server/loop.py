"""The event loop of a process that carries calls."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["loop_factory"]


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop, for :class:`asyncio.Runner`: uvloop's where it is installed, else ``None``, asyncio's own.

    On uvloop a frame of a call costs about a tenth less CPU time: its sockets are read without a step in Python.
    """
    if find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory
