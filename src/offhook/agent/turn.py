"""One turn of the caller, while the agent works on its answer."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from offhook.dialog.base import Heard

__all__ = ["Turn", "current_turn", "uninterrupted"]


@dataclass(slots=True, eq=False)
class Turn:
    """What the caller said, when, and how far the answer is. Times are milliseconds of the session's clock."""

    heard: Heard
    speech_began_ms: float
    speech_ended_ms: float
    words_at_ms: float
    endpoint_at_ms: float
    reply_at_ms: float | None = None
    audio_at_ms: float | None = None
    holds: int = 0
    task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the answer is still being worked on or spoken."""
        return self.task is not None and not self.task.done()


current_turn: ContextVar[Turn | None] = ContextVar("current_turn", default=None)
"""The turn that the running code answers; ``None`` outside of handlers."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Around code of a handler that must run to its end: it is not cancelled when the caller speaks on or hangs up.

    What the caller says in the meantime is answered afterwards.
    """
    turn = current_turn.get()
    if turn is None:
        yield
        return
    turn.holds += 1
    try:
        yield
    finally:
        turn.holds -= 1
