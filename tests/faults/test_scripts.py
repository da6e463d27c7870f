"""What the models and tools of the table do."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from offhook.agent import Agent
from offhook.faults import scripts
from offhook.faults.cases import FALLBACK, SAID
from offhook.faults.scripts import CALLER, add_tools, answers_for

FIRST = [{"role": "user", "content": CALLER[0]}]
SECOND = [*FIRST, {"role": "user", "content": CALLER[1]}]


def asked(script: str, times: int) -> list[Any]:
    answers = answers_for(script)
    return [answers.next(FIRST) for _ in range(times)]


def test_both_of_the_callers_turns_are_answered() -> None:
    """Again and again, whoever asks."""
    answers = answers_for("")
    assert [answers.next(FIRST).text for _ in range(3)] == [SAID] * 3
    assert answers.next(SECOND).text == FALLBACK
    assert answers.next([]).text == SAID


@pytest.mark.parametrize(
    ("script", "first"),
    [("empty", ""), ("slow", SAID), ("unknown tool", ""), ("broken call", ""), ("tool", ""), ("tool hangs", "")],
)
def test_in_the_end_the_answer_is_given(script: str, first: str) -> None:
    """After what the script is named for."""
    answers = asked(script, 2)
    assert answers[0].text == first
    assert bool(answers[0].tools) == ("tool" in script or "call" in script)
    assert answers[1].text == SAID


def test_a_loop_of_tools_ends_only_where_none_are_offered() -> None:
    """Five times, which is how often they are used."""
    answers = asked("tool loop", 6)
    assert [bool(answer.tools) for answer in answers] == [True] * 5 + [False]


def test_ten_thousand_words_are_ten_thousand_words() -> None:
    """Or about that."""
    assert len(asked("endless", 1)[0].text.split()) > 9_000


@pytest.mark.parametrize("script", ["tool", "tool raises", "tool returns a megabyte", "tool hangs"])
async def test_a_tool_does_what_its_script_says(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the time that the table gives it."""
    given: dict[str, Any] = {}

    class Noting(Agent):
        def tool(self, *args: Any, **options: Any) -> Any:
            given.update(options)
            return lambda function: given.setdefault("function", function)

    add_tools(Noting("A", "Hello.", instructions="Be kind.", llm="ollama:x"), script)
    assert given["timeout_s"] == scripts._TOOL_S
    used = given["function"]
    assert inspect.iscoroutinefunction(used)
    match script:
        case "tool raises":
            with pytest.raises(RuntimeError):
                await used()
        case "tool hangs":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await used()
        case "tool returns a megabyte":
            assert len(await used()) > 1_000_000
        case _:
            assert await used() == "nine"
