"""What is done when something fails that is not ours: the program's own code, or an engine."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from offhook.agent import events
from offhook.agent.work import current_work

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.calls.call import Call

__all__ = ["ANY_FAILURE", "FailureHost", "InARow", "ProgramFailures", "as_failure", "is_own_end"]

logger = logging.getLogger(__name__)

ANY_FAILURE = (Exception, asyncio.CancelledError, SystemExit)
"""What code that is not ours may raise. A cancellation can be somebody else's, that the code has waited for; and one
call has no say in whether the process goes on."""

_LIMIT = 2
"""Once is bad luck; twice in a row it does not work."""


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


class InARow:
    """Counts failures of one thing: two in a row mean that it does not work."""

    def __init__(self) -> None:
        self._failed = 0

    def failed(self) -> bool:
        """It failed; whether that was once too often. The count then starts again."""
        self._failed = (self._failed + 1) % _LIMIT
        return self._failed == 0

    def worked(self) -> None:
        """It worked."""
        self._failed = 0


class FailureHost(Protocol):
    """What :class:`ProgramFailures` needs of a session."""

    @property
    def call(self) -> Call:
        """The call."""
        ...

    @property
    def agent(self) -> Agent:
        """Whose program it is."""
        ...

    @property
    def over(self) -> bool:
        """Whether the conversation is over."""
        ...

    def wall_ms(self, at_ms: float | None = None) -> float:
        """The time for events."""
        ...

    def notify(self, event: events.SessionEvent) -> None:
        """Tell the observers of the call."""
        ...

    async def apologise(self, text: str) -> None:
        """Say it; returns when it was heard, or interrupted."""
        ...

    async def connect(self, to: str | None, *, reason: str, announced: bool = False) -> None:
        """Hand the caller over to a person."""
        ...


class ProgramFailures:
    """The program's own code on one call: a failure is apologised for, a second in a row handed over to a person."""

    def __init__(self, host: FailureHost) -> None:
        self._host = host
        self._in_a_row = InARow()

    def worked(self) -> None:
        """The program has answered."""
        self._in_a_row.worked()

    async def failed(self, error: BaseException) -> None:
        """The program's own code raised; returns when the caller was told, or is with a person."""
        host = self._host
        logger.error("call %s: a handler raised", host.call.id, exc_info=error)
        work = current_work.get()
        if host.over or (work is not None and work.stale):
            return
        again = self._in_a_row.failed()
        host.notify(events.HandlerFailed(at_ms=host.wall_ms(), call_id=host.call.id, error=type(error).__name__))
        if again and host.agent.handing_over is not None:
            await host.connect(None, reason="the agent failed twice in a row")
        else:
            await host.apologise(host.agent.texts.apology)
