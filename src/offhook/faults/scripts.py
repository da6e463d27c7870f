"""What the models and the tools of the table do: pure."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from offhook.faults.cases import FALLBACK, SAID
from offhook.testing.providers.answers import Answer, Answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.agent.agent import Agent

__all__ = ["CALLER", "InTurn", "add_tools", "answers_for"]

CALLER: Final = ("When do you open?", "Thank you and goodbye.")
"""What the caller says, and recognisers hear."""
_THINKS_MS, _PIECE_MS = 100.0, 15.0
_TOOL_TURNS: Final = 5
_TOOL_S: Final = 2.0


class InTurn(Answers):
    """To the caller's first words these answers, one after the other and then the last again and again; to the others
    the goodbye."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__()
        self._first = deque(answers)

    def next(self, messages: Sequence[Any]) -> Answer:
        """The answer to a conversation."""
        said = [one for one in messages if isinstance(one, dict) and one.get("role") == "user"]
        if said and "goodbye" in str(said[-1].get("content")).lower():
            return _says(FALLBACK)
        return self._first.popleft() if len(self._first) > 1 else self._first[0]


def _says(text: str, piece_ms: float = _PIECE_MS) -> Answer:
    return Answer(text=text, first_ms=_THINKS_MS, piece_ms=piece_ms)


def _uses(name: str, arguments: str = "{}") -> Answer:
    return Answer(tools=((name, arguments),), first_ms=_THINKS_MS)


def answers_for(script: str, answer: str = SAID) -> Answers:
    """What a model answers by a script (:attr:`~offhook.faults.cases.Case.script`)."""
    said = _says(answer)
    scripts: Mapping[str, Sequence[Answer]] = {
        "slow": (_says(answer, piece_ms=200.0),),
        "empty": (Answer(first_ms=_THINKS_MS), said),
        "endless": (_says("Then there is one thing more that I have to tell you. " * 900, piece_ms=0.0),),
        "unknown tool": (_uses("no_such_tool"), said),
        "broken call": (_uses("hours", '{"day": '), said),
        "tool loop": (*(_uses("hours") for _ in range(_TOOL_TURNS)), said),
    }
    used = (_uses("hours"), said) if script.startswith("tool") else (said,)
    return InTurn(scripts.get(script, used))


def add_tools(agent: Agent, script: str) -> None:
    """Give the agent a tool that does what the script says."""

    @agent.tool(timeout_s=_TOOL_S)
    async def hours(day: str = "today") -> str:
        """When we open."""
        match script:
            case "tool raises":
                raise RuntimeError("zanzibar")
            case "tool hangs":
                await asyncio.get_running_loop().create_future()
            case "tool returns a megabyte":
                return "zanzibar " * 120_000
        return "nine"
