"""How long a wait lasts: time that passes, but not while the work waits for others, nor while the loop stood still."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Patience", "uncounted"]

_LATE_S = 0.1
"""A timer that is later than this means that the event loop stood still."""


class Patience:
    """The time of one wait after the other. It stands still while the work is :func:`uncounted`.

    It is part of the wait, if any, that the running task is waited for in: what is uncounted here is so there, too.
    """

    def __init__(self) -> None:
        self._outer = _current.get()
        self._pauses = 0
        self._left_s = 0.0
        self._grace = False
        self._over: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    def begin(self) -> None:
        """The running task does the work that is waited for."""
        _current.set(self)

    async def wait_for(self, work: asyncio.Future[Any], limit_s: float) -> None:
        """Wait until ``work`` is done, or ``limit_s`` are over."""
        self._over = over = asyncio.get_running_loop().create_future()
        self._left_s = limit_s
        self._grace = False
        if not self._pauses:
            self._arm(over)
        try:
            await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._disarm()
            self._over = None

    def pause(self) -> None:
        """The work waits for somebody else."""
        self._pauses += 1
        self._disarm()
        if self._outer is not None:
            self._outer.pause()

    def resume(self) -> None:
        """It goes on."""
        self._pauses -= 1
        if not self._pauses and self._over is not None:
            self._arm(self._over)
        if self._outer is not None:
            self._outer.resume()

    def _arm(self, over: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        self._due_s = loop.time() + self._left_s
        # No timer may be asked when it is due: uvloop makes none for a time that is over.
        self._timer = loop.call_later(self._left_s, self._rung, over, self._due_s)

    def _disarm(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            self._left_s = max(0.0, self._due_s - asyncio.get_running_loop().time())

    def _rung(self, over: asyncio.Future[None], due_s: float) -> None:
        late_s = asyncio.get_running_loop().time() - due_s
        if late_s > _LATE_S and not self._grace:
            # Something held up the loop, and so the work: what has come meanwhile is still on its way.
            self._grace = True
            self._left_s = min(late_s, self._left_s)
            self._arm(over)
        elif not over.done():
            over.set_result(None)


_current: ContextVar[Patience | None] = ContextVar("_current", default=None)
"""The time of the work that is running."""


@contextmanager
def uncounted() -> Iterator[None]:
    """Around what others are waited for in, within work that is waited for: that time is not the work's own.

    A handler that asks the caller something takes as long as the caller does.
    """
    patience = _current.get()
    if patience is None:
        yield
        return
    patience.pause()
    try:
        yield
    finally:
        patience.resume()
