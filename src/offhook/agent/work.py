"""The program's own code while it runs for a call: what it must finish, and what it may still do."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Work", "current_work", "end_work", "uninterrupted", "until_begun"]


@dataclass(slots=True, eq=False, kw_only=True)
class Work:
    """A function of the program that answers a turn, a key, or whatever a conversant lets it answer."""

    holds: int = 0
    """How many :func:`uninterrupted` blocks it is in."""
    stale: bool = False
    """Whether something else is answered by now: what it says and asks for is not done any more."""
    spoke: bool = False
    """Whether it has said something since the caller last spoke."""
    sounded: bool = False
    """Whether the caller has heard anything of what it said."""
    unheard: int = 0
    """How many characters it has said that made no sound."""
    begins: asyncio.Event | None = None
    """Set at the end of the turn that it is a draft of an answer to: until then it must not do anything."""

    def begin(self) -> None:
        """What it answers is over: it may do what it wants to."""
        if self.begins is not None:
            self.begins.set()


current_work: ContextVar[Work | None] = ContextVar("current_work", default=None)
"""What the running code answers; ``None`` outside of handlers."""


async def until_begun() -> None:
    """Wait, in the code of a draft, until the turn is over that it is one of."""
    work = current_work.get()
    if work is not None and work.begins is not None:
        await work.begins.wait()


_finishing: set[asyncio.Task[None]] = set()
"""Work that must finish, of conversations that are over: the event loop itself keeps no reference to a task."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Around code of a handler that must run to its end: it is not cancelled when the caller speaks on or hangs up.

    What the caller says in the meantime is answered afterwards.
    """
    work = current_work.get()
    if work is None:
        yield
        return
    work.holds += 1
    try:
        yield
    finally:
        work.holds -= 1


def end_work(task: asyncio.Task[None], work: Work | None = None) -> None:
    """Cancel a task of a conversation that is over, unless it must finish or is what ends the conversation."""
    if work is not None and (work.holds or work is current_work.get()):
        _finishing.add(task)
        task.add_done_callback(_finishing.discard)
    elif task is not asyncio.current_task():
        task.cancel()
