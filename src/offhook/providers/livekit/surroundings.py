"""What plugins of LiveKit's expect around them: the http session of a job, one for each event loop.

It is there from the first use until the event loop ends, and then closes, with what the plugins hold open.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakSet

from offhook.waiting import within
from offhook.waits import CLOSE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["aclose", "begin"]

_here: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Surroundings]] = WeakKeyDictionary()


class _Surroundings:
    """Of one event loop."""

    def __init__(self) -> None:
        self.ready: asyncio.Future[Context] = asyncio.get_running_loop().create_future()
        self.plugins: WeakSet[Any] = WeakSet()
        self.task = asyncio.create_task(self._hold(), name="livekit-plugins")

    async def _hold(self) -> None:
        from livekit.agents.utils import http_context

        try:
            async with http_context.open():
                self.ready.set_result(copy_context())
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    for plugin in list(self.plugins):
                        with suppress(Exception):
                            await within(CLOSE, plugin.aclose())
        except Exception as error:
            if not self.ready.done():
                self.ready.set_exception(error)


async def begin(plugin: Any, make: Callable[[], Any]) -> Any:
    """What ``make`` makes, where the plugin finds what it expects: a stream of it, and the tasks of that."""
    loop = asyncio.get_running_loop()
    here = _here.get(loop)
    if here is None or here.task.done():
        here = _here[loop] = _Surroundings()
    here.plugins.add(plugin)
    context = await asyncio.shield(here.ready)
    return context.copy().run(make)


async def aclose() -> None:
    """Close what plugins hold open on this event loop: at the end of a program, or of a test."""
    here = _here.pop(asyncio.get_running_loop(), None)
    if here is not None:
        here.task.cancel()
        await asyncio.wait([here.task])
