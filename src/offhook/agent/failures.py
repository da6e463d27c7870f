"""What is done when something fails that is not ours: the program's own code, or an engine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from offhook.agent import events
from offhook.agent.work import current_work
from offhook.logs import describe
from offhook.waiting import Ended, WaitOver

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.calls.call import Call

__all__ = ["FailureHost", "InARow", "ProgramFailures"]

logger = logging.getLogger(__name__)

_LIMIT = 2
"""Once is bad luck; twice in a row it does not work."""


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

    async def failed(self, error: Exception) -> None:
        """The program's own code raised, or took too long; returns when the caller was told, or is with a person.

        One that must finish, and goes on after its time, has not failed yet: the caller hears that it takes long.
        """
        host = self._host
        work = current_work.get()
        moot = host.over or (work is not None and work.stale)
        again = not moot and self._in_a_row.failed()
        leaves = again and host.agent.handing_over is not None
        if not isinstance(error, WaitOver):  # which has told of itself
            what = (
                "nobody waits for its answer" if moot else f"the caller {'goes to a person' if leaves else 'is told'}"
            )
            logger.error("call %s: the program's own code raised %s, and %s", host.call.id, describe(error), what)
            logger.debug("call %s: the error of the program's own code", host.call.id, exc_info=error)
        if moot:
            return
        host.notify(events.HandlerFailed(at_ms=host.wall_ms(), call_id=host.call.id, error=_kind_of(error)))
        texts = host.agent.texts
        if leaves:
            await host.connect(None, reason="the agent failed twice in a row")
        elif isinstance(error, WaitOver) and work is not None and work.holds:
            await host.apologise(texts.unfinished)
        else:
            await host.apologise(texts.apology)


def _kind_of(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, Ended) else None
    return type(cause or error).__name__
