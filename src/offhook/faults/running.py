"""The whole table, several calls at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offhook.faults.cases import HEALTHY, MOST_LATER_MS
from offhook.faults.scripts import CALLER
from offhook.faults.trial import KEY, hold
from offhook.faults.verdict import Verdict, judge
from offhook.models.openai import aclose_connections as close_models
from offhook.providers.openai_speech import aclose_connections as close_voices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from offhook.faults.cases import Case
    from offhook.faults.trial import Conversation

__all__ = ["run_cases"]

AT_ONCE = 10
_LIMIT_S = 60.0
_SECRET = (KEY, "zanzibar", *CALLER, "open at nine")
"""What no line of the log may hold: keys, and what people, models and tools have said."""


class _Log(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


async def run_cases(
    cases: Sequence[Case], tell: Callable[[Verdict], None], *, most_later_ms: float = MOST_LATER_MS
) -> tuple[list[Verdict], list[str]]:
    """Try all of them.

    Args:
        cases: what to try.
        tell: told each, as soon as it is known.
        most_later_ms: how much longer than without a fault a caller may wait.

    Returns:
        What came of each, in their order; and the lines of the log that hold what they must not.
    """
    log, ours = _Log(), logging.getLogger("offhook")
    ours.addHandler(log)
    propagate, ours.propagate = ours.propagate, False
    server = logging.getLogger("uvicorn.error")  # which wonders why a stand-in does not answer
    level = server.level
    server.setLevel(logging.CRITICAL)
    turns = asyncio.Semaphore(AT_ONCE)
    healthy: dict[tuple[str, str], asyncio.Task[Conversation]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for case in cases:
                if case.fault == HEALTHY:
                    healthy[case.role, case.provider] = group.create_task(_hold(case, turns))
            trials = [
                group.create_task(_try(case, healthy[case.role, case.provider], turns, tell, most_later_ms))
                for case in cases
            ]
    finally:
        ours.removeHandler(log)
        ours.propagate = propagate
        server.setLevel(level)
        await close_models()
        await close_voices()
    told = [line for line in log.lines if any(secret.lower() in line.lower() for secret in _SECRET)]
    return [trial.result() for trial in trials], told


async def _hold(case: Case, turns: asyncio.Semaphore) -> Conversation:
    async with turns, asyncio.timeout(_LIMIT_S):
        return await hold(case)


async def _try(
    case: Case,
    healthy: asyncio.Task[Conversation],
    turns: asyncio.Semaphore,
    tell: Callable[[Verdict], None],
    most_later_ms: float,
) -> Verdict:
    usual = await healthy
    if case.fault == HEALTHY:
        verdict = judge(case, usual, usual)
    else:
        try:
            verdict = judge(case, await _hold(case, turns), usual, most_later_ms=most_later_ms)
        except TimeoutError:
            verdict = Verdict(case=case, wrong=(f"the call was not over after {_LIMIT_S:.0f} s",))
    tell(verdict)
    return verdict
