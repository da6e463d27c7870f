"""The tools of an agent: found by name, used side by side, with an outcome for whatever happens."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from offhook.errors import ConfigError
from offhook.logs import describe
from offhook.tools.base import ToolError, ToolOutcome
from offhook.tools.consent import consent
from offhook.tools.results import outcome_of
from offhook.tools.signature import BadArguments
from offhook.waiting import WaitOver, as_failure, is_own_end, within
from offhook.waits import TOOL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from offhook.calls.call import Call
    from offhook.models.base import ToolCall, ToolSpec
    from offhook.tools.tool import Tool

__all__ = ["MOST_AT_ONCE", "Toolbox"]

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 16
"""So many tools of one answer are used; the model is told that the others were not."""
ASK_AGAIN = "Sorry, was that a yes or a no?"

_NOT_AGREED = "It was not done: the caller has not said yes. Ask what they want instead."
_NOT_CLEAR = "It was not done: the caller has said neither yes nor no. Ask what they want."


class Toolbox:
    """Tools by name (:class:`~offhook.tools.base.Tools`).

    Args:
        tools: what is in it.
        ask_again: what the caller is asked where their answer to a tool's question is neither yes nor no.

    Raises:
        ConfigError: two have the same name.
    """

    def __init__(self, *tools: Tool, ask_again: str = ASK_AGAIN) -> None:
        self._tools: dict[str, Tool] = {}
        self.preparing: list[Callable[[], Awaitable[None]]] = []
        """What has to be done before the first call."""
        self._ask_again = ask_again
        for tool in tools:
            self.add(tool)

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def add(self, tool: Tool) -> None:
        """Put a tool in.

        Raises:
            ConfigError: there is one of its name.
        """
        if tool.spec.name in self._tools:
            raise ConfigError(
                f"expected one tool named {tool.spec.name!r}, got a second.",
                fix='give it another: @agent.tool(name="…")',
            )
        self._tools[tool.spec.name] = tool

    async def warm_up(self) -> None:
        """Have everything ready, so that the first call does not wait for it.

        Raises:
            ConfigError: something cannot be had ready.
        """
        for prepare in self.preparing:
            await prepare()

    @property
    def specs(self) -> Sequence[ToolSpec]:
        """All of them, as a model sees them."""
        return tuple(tool.spec for tool in self._tools.values())

    async def run(self, call: Call, uses: Sequence[ToolCall]) -> tuple[ToolOutcome, ...]:
        """Use tools: see :meth:`offhook.tools.base.Tools.run`.

        The caller is asked what has to be asked first, one question after the other; then all are used at once.
        """
        outcomes: list[ToolOutcome | None] = []
        ready: list[tuple[int, Tool, Mapping[str, Any]]] = []
        began_s = time.monotonic()
        for number, use in enumerate(uses):
            checked = await self._checked(call, use) if number < MOST_AT_ONCE else _too_many(len(uses))
            outcomes.append(_timed(checked, began_s) if isinstance(checked, ToolOutcome) else None)
            if not isinstance(checked, ToolOutcome):
                ready.append((number, *checked))
        async with asyncio.TaskGroup() as group:
            running = {
                number: group.create_task(_used(call, tool, arguments, began_s)) for number, tool, arguments in ready
            }
        return tuple(outcome or running[number].result() for number, outcome in enumerate(outcomes))

    async def _checked(self, call: Call, use: ToolCall) -> ToolOutcome | tuple[Tool, Mapping[str, Any]]:
        """The tool and its arguments, or why it is not used."""
        tool = self._tools.get(use.name)
        if tool is None:
            logger.warning("call %s: a tool was asked for that the agent does not have", call.id)
            names = ", ".join(self._tools) or "none"
            return ToolOutcome(f"There is no such tool. There are: {names}.", failed=True)
        try:
            arguments = tool.read(use.arguments)
        except BadArguments as error:
            logger.warning("call %s: arguments for the tool %s do not fit", call.id, use.name)
            return ToolOutcome(error.message, failed=True)
        question = tool.question(arguments)
        if question is not None:
            agreed = consent(await call.ask(question))
            if agreed is None:
                agreed = consent(await call.ask(self._ask_again))
            if not agreed:
                return ToolOutcome(_NOT_AGREED if agreed is False else _NOT_CLEAR, failed=True)
        return tool, arguments


def _too_many(count: int) -> ToolOutcome:
    text = f"It was not done: {count} tools are too many at once, {MOST_AT_ONCE} are the most. Call it again."
    return ToolOutcome(text, failed=True)


async def _used(call: Call, tool: Tool, arguments: Mapping[str, Any], began_s: float) -> ToolOutcome:
    return _timed(await _use(call, tool, arguments), began_s)


def _timed(outcome: ToolOutcome, began_s: float) -> ToolOutcome:
    return replace(outcome, took_ms=(time.monotonic() - began_s) * 1000)


async def _use(call: Call, tool: Tool, arguments: Mapping[str, Any]) -> ToolOutcome:
    name = tool.spec.name
    try:
        value = await within(TOOL, tool.use(call, arguments), limit_s=tool.timeout_s, call_id=call.id)
    except ToolError as error:
        return ToolOutcome(error.message, failed=True)
    except WaitOver:
        text = f"It has not answered within {tool.timeout_s:g} s: whether it was done is not known."
        return ToolOutcome(text, failed=True)
    except BaseException as error:
        if is_own_end(error):
            raise
        logger.error("call %s: the tool %s raised %s", call.id, name, describe(as_failure(error)))
        return ToolOutcome("It failed. Tell the caller that it did not work, and what else you can do.", failed=True)
    return outcome_of(value)
