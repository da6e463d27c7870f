"""The tools that a model uses on one call, and what is to become of the call because of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from offhook.agent import events
from offhook.agent.work import Work, current_work, end_work
from offhook.calls.deeds import HandOver, HangUp
from offhook.models.base import ToolCall
from offhook.providers.realtime import protocol
from offhook.waiting import within
from offhook.waits import TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.agent.conversant import ConversantHost
    from offhook.calls.deeds import Deed
    from offhook.providers.realtime.history import Used
    from offhook.providers.realtime.protocol import ToolAsked
    from offhook.providers.realtime.replies import Reply
    from offhook.providers.realtime.sessions import Sessions
    from offhook.providers.realtime.speaking import Speaking
    from offhook.tools.base import ToolOutcome

__all__ = ["ROUNDS", "Using"]

ROUNDS = 5
"""How many times in a turn a model may use tools; then it answers without."""

_NONE = "There are no tools."


class _Floor(Protocol):
    @property
    def caller_speaks(self) -> bool:
        """Whether the caller does."""
        ...

    async def idle(self) -> None:
        """Wait until nothing is being said."""
        ...


class Using:
    """Uses tools, each answer's in a task of its own.

    A tool goes on where the caller speaks meanwhile: what came of it is told to the model when it is there. What is to
    become of the call because of it (a hand-over, a hang-up) is given up then.

    Args:
        host: the session on the call.
        sessions: with the model.
        speaking: what the model says.
        used: is told.
        floor: who speaks.
    """

    def __init__(self, host: ConversantHost, sessions: Sessions, speaking: Speaking, used: Used, floor: _Floor) -> None:
        self._host = host
        self._sessions = sessions
        self._speaking = speaking
        self._used = used
        self._floor = floor
        self._running: dict[asyncio.Task[None], Work] = {}
        self._turn = 0
        self._rounds = 0

    @property
    def using(self) -> bool:
        """Whether any tool is being used."""
        return bool(self._running)

    def caller_turn(self) -> None:
        """The caller has said something: what the model wanted to become of the call is given up."""
        self._turn += 1
        self._rounds = 0

    def use(self, reply: Reply) -> None:
        """Use the tools of a response."""
        work = Work(spoke=reply.spoke)
        task = asyncio.create_task(self._work(work, reply))
        self._running[task] = work
        task.add_done_callback(self._running.pop)

    def close(self) -> None:
        """The conversation is over: what must finish does."""
        for task, work in list(self._running.items()):
            work.stale = True
            end_work(task, work)

    async def _work(self, work: Work, reply: Reply) -> None:
        current_work.set(work)
        turn, self._rounds = self._turn, self._rounds + 1
        try:
            deed = await self._use(work, reply.tools)
            if deed is None:
                self._speaking.ask("reply", tools=self._rounds < ROUNDS)
                return
            announced = True
            if isinstance(deed, HangUp) and not reply.spoke:
                announced = await self._speaking.ask("reply", tools=False, optional=True).done
            await self._floor.idle()
            added = reply.cut or not announced or turn != self._turn or self._floor.caller_speaks
            if not added and not self._host.over:
                await self._do(deed)
        except Exception as error:
            await self._host.program_failed(error)

    async def _do(self, deed: Deed) -> None:
        match deed:
            case HandOver(reason, to):
                await self._host.hand_over(to, reason=reason)
            case HangUp():
                await self._host.hangup()

    async def _use(self, work: Work, asked: Sequence[ToolAsked]) -> Deed | None:
        """Use them, and tell the model what came of it."""
        host, tools, session = self._host, self._host.agent.tools, self._sessions.current
        if tools is None:
            for one in asked:
                self._sessions.send(protocol.tool_result(one.call, _NONE))
            return None
        calls = [ToolCall(one.call, one.name, one.arguments) for one in asked]
        running = tools.run(host.call, calls)
        outcomes = await within(TOOLS, running, keep=lambda: work.holds > 0, call_id=host.call.id)
        transcript = host.call.transcript
        for one, outcome in zip(asked, outcomes, strict=True):
            self._tell(one.name, outcome)
            self._used.add(len(transcript) + transcript.dropped, one.name, one.arguments, outcome.text)
            if session is self._sessions.current:
                self._sessions.send(protocol.tool_result(one.call, outcome.text))
            else:  # which has not asked for it
                self._sessions.send(protocol.said("system", self._used.uses[-1][1]))
        host.program_worked()
        return next((outcome.deed for outcome in outcomes if outcome.deed is not None), None)

    def _tell(self, name: str, outcome: ToolOutcome) -> None:
        host, took_ms = self._host, round(outcome.took_ms, 1)
        host.notify(
            events.ToolUsed(
                at_ms=host.wall_ms(), call_id=host.call.id, name=name, failed=outcome.failed, took_ms=took_ms
            )
        )
