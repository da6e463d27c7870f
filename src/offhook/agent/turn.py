"""What the caller does, a turn or a key, while the agent works on its answer."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.dialog.base import Heard

__all__ = ["ANY_FAILURE", "Press", "Turn", "as_failure", "current_turn", "current_work", "is_own_end", "uninterrupted"]

ANY_FAILURE = (Exception, asyncio.CancelledError, SystemExit)
"""What code that is not ours may raise. A cancellation can be somebody else's, that the code has waited for; and one
call has no say in whether the process goes on."""


def is_own_end(error: BaseException) -> bool:
    """Whether ``error`` is the cancellation of the running task, and not a failure of what the task does."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def as_failure(error: BaseException) -> Exception:
    """``error`` as something that can be raised again without cancelling anybody, or ending the process."""
    if isinstance(error, Exception):
        return error
    failure = RuntimeError(f"expected a result, got {type(error).__name__}")
    failure.__cause__ = error
    return failure


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


@dataclass(slots=True, eq=False)
class Press:
    """A key that the caller pressed, while the agent's function for it runs."""

    holds: int = 0


current_work: ContextVar[Turn | Press | None] = ContextVar("current_work", default=None)
"""What the running code answers; ``None`` outside of handlers."""


def current_turn() -> Turn | None:
    """The turn that the running code answers, if it answers one."""
    work = current_work.get()
    return work if isinstance(work, Turn) else None


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
