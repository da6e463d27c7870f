"""Tools in a conversation: used in the turn's time, with the caller kept company, and given up with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import WORDS, settle

from offhook.agent import Agent, Limits, Texts, uninterrupted
from offhook.dialog.acts import HangUp, Say, UseTool, UseTools
from offhook.tools.base import ToolOutcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from offhook import Call, Heard
    from offhook.models.base import ToolCall, ToolSpec

TEXTS = Texts(fillers=("Wait one.", "Wait two."), apology="Sorry.")


class FakeTools:
    """Runs what it is made of, side by side, with the call; notes what was asked for."""

    def __init__(self, **tools: Callable[[Call], Awaitable[str]]) -> None:
        self._tools = tools
        self.used: list[tuple[str, str]] = []

    @property
    def specs(self) -> Sequence[ToolSpec]:
        return ()

    async def run(self, call: Call, uses: Sequence[ToolCall]) -> tuple[ToolOutcome, ...]:
        self.used += [(use.name, use.arguments) for use in uses]
        texts = await asyncio.gather(*(self._tools[use.name](call) for use in uses))
        return tuple(ToolOutcome(text) for text in texts)


class Dialog:
    """Answers with what it is made of, given the call."""

    def __init__(self, answer: Callable[[Call], AsyncIterator[Any]]) -> None:
        self._answer = answer

    def respond(self, call: Call, heard: Heard) -> AsyncIterator[Any]:
        return self._answer(call)


def agent_of(answer: Callable[[Call], AsyncIterator[Any]], tools: FakeTools | None, **more: Any) -> Agent:
    agent = Agent("Front desk", "", dialog=Dialog(answer), texts=TEXTS, **more)
    agent.tools = tools
    return agent


def said(call: Any) -> list[str]:
    return [text for speaker, text in call.history if speaker == "agent"]


def gives(text: str, seconds: float = 0.0) -> Callable[[Call], Awaitable[str]]:
    async def tool(call: Call) -> str:
        await asyncio.sleep(seconds)
        return text

    return tool


async def test_what_came_of_a_tool_is_there_when_the_dialog_goes_on(phone: Any) -> None:
    """Of one, and of several side by side; arguments by name are JSON then, and JSON is as it was written."""
    outcomes = []

    async def answer(call: Call) -> AsyncIterator[Any]:
        one = UseTool("book", {"day": "Sunday"})
        yield one
        several = UseTools((UseTool("look", '{"x": 1}'), UseTool("book")))
        yield several
        for use in (one, *several.uses):
            assert use.begun
            assert use.outcome is not None
            outcomes.append(use.outcome.text)
        yield "Done."

    tools = FakeTools(book=gives("booked"), look=gives("seen"))
    call = await phone(agent_of(answer, tools), "book")
    await call.say()
    await call.until_quiet()
    assert outcomes == ["booked", "seen", "booked"]
    assert tools.used == [("book", '{"day": "Sunday"}'), ("look", '{"x": 1}'), ("book", "{}")]
    assert said(call) == ["Done."]
    assert [(told.name, told.failed) for told in call.of("tool.used")] == [
        ("book", False),
        ("look", False),
        ("book", False),
    ]


async def test_an_agent_without_tools_uses_none(phone: Any) -> None:
    """It is the program's failure, and the caller is told."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield UseTool("book")

    call = await phone(agent_of(answer, None), "book")
    await call.say()
    await call.until_quiet()
    assert said(call) == ["Sorry."]
    assert [event.error for event in call.of("handler.failed")] == ["AnswerInvalid"]


async def test_a_tool_works_while_the_words_before_it_are_being_heard(phone: Any) -> None:
    """And what comes of it is said after them."""
    running = asyncio.Event()

    async def look(call: Call) -> str:
        running.set()
        return "nine"

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield "Let me "
        yield "see for you. "
        use = UseTool("look")
        yield use
        assert use.outcome is not None
        yield Say(f"At {use.outcome.text}.")

    call = await phone(agent_of(answer, FakeTools(look=look)), "when")
    await call.say()
    assert running.is_set()
    assert call.of("agent.speech_ended") == []
    await call.until_quiet()
    await call.line(200)
    await call.until_quiet()
    assert said(call) == ["Let me see for you.", "At nine."]


async def test_what_comes_after_a_tool_is_ready_when_the_words_before_it_were_heard(phone: Any) -> None:
    """The voice makes audio of it meanwhile."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield "Let me "
        yield "see for you, one moment. "
        yield UseTool("look")
        yield "At nine. "

    call = await phone(agent_of(answer, FakeTools(look=gives(""))), "when")
    await call.say()
    await call.line(200)
    assert call.of("agent.speech_ended") == []
    assert call.tts.spoken == ["Let me see for you, one moment.", "At nine."]
    await call.until_quiet()
    assert said(call) == ["Let me see for you, one moment.", "At nine."]


async def test_an_end_after_a_tool_waits_until_everything_was_heard(phone: Any) -> None:
    """The call is not over in the middle of a word."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield "Goodbye then, "
        yield "and thank you. "
        yield UseTool("look")
        yield HangUp()

    call = await phone(agent_of(answer, FakeTools(look=gives(""))), "bye")
    await call.say()
    await call.until_quiet()
    await call.line(100)
    assert said(call) == ["Goodbye then, and thank you."]
    assert call.of("session.ended")[0].reason == "hangup"


async def test_a_dialog_may_say_nothing_after_a_tool(phone: Any) -> None:
    """The turn is over when what was said before was heard; the failures in a row are forgotten."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        if len(call.transcript) != 3:
            raise ValueError
        yield "Noted. "
        yield UseTool("look")

    agent = agent_of(answer, FakeTools(look=gives("")))
    agent.handover(to="+15550100")
    call = await phone(agent, "a", "b", "c")
    for _ in range(3):
        await call.say()
        await call.until_quiet()
        await call.line(100)
    assert said(call) == ["Sorry.", "Noted.", "Sorry."]
    assert call.carrier.transfers == []


async def test_a_caller_who_interrupts_gives_up_the_tool(phone: Any) -> None:
    """It is cancelled, and nothing is said of it."""
    cancelled = []

    async def look(call: Call) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(1)
            raise
        return ""

    async def answer(call: Call) -> AsyncIterator[Any]:
        if len(call.transcript) > 1:
            yield "Yes?"
            return
        yield UseTool("look")
        yield "never"

    call = await phone(agent_of(answer, FakeTools(look=look)), "book", "wait")
    await call.say()
    await call.line(1600)
    await call.say()
    await call.until_quiet()
    assert cancelled == [1]
    assert said(call)[-1] == "Yes?"


async def test_words_that_were_interrupted_before_a_tool_was_done_are_the_last(phone: Any) -> None:
    """Where the tool must finish, what would be said of it is given up with them."""
    done, go_on = [], asyncio.Event()

    async def book(call: Call) -> str:
        with uninterrupted():
            await go_on.wait()
            done.append(1)
        return "booked"

    async def answer(call: Call) -> AsyncIterator[Any]:
        if len(call.transcript) > 1:
            yield "Yes?"
            return
        yield "I will book that for you now, one moment. "
        yield UseTool("book")
        yield "never"

    call = await phone(agent_of(answer, FakeTools(book=book)), "book", "wait a moment")
    await call.say()
    await call.line(400)
    await call.say()
    go_on.set()
    await call.line(40)
    await call.until_quiet()
    assert done == [1]
    assert said(call)[-1] == "Yes?"
    assert "never" not in call.tts.spoken


async def test_a_tool_may_speak_and_ask_in_the_turn(phone: Any) -> None:
    """It runs as the turn's own code."""

    async def book(call: Call) -> str:
        return f"for {await call.ask('Which day?')}"

    async def answer(call: Call) -> AsyncIterator[Any]:
        use = UseTool("book")
        yield use
        assert use.outcome is not None
        yield f"Booked {use.outcome.text}."

    call = await phone(agent_of(answer, FakeTools(book=book)), "book", "Sunday")
    await call.say()
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    assert said(call) == ["Which day?", "Booked for Sunday."]


@pytest.mark.parametrize(("ms", "heard"), [(1300, []), (1800, ["Wait one."])])
async def test_a_caller_who_waits_for_a_tool_is_kept_company(phone: Any, ms: float, heard: list[str]) -> None:
    """Sooner than for other code, and not before a second and a half."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield UseTool("look")

    stuck = asyncio.Event()

    async def look(call: Call) -> str:
        await stuck.wait()
        return ""

    call = await phone(agent_of(answer, FakeTools(look=look)), "when")
    await call.line(600, WORDS)
    while not call.of("turn.reply"):
        await call.step()
    await call.line(ms)
    assert call.tts.spoken == heard
    stuck.set()
    await settle()


async def test_a_tool_has_no_more_time_than_a_caller_has(phone: Any, elapse: Any) -> None:
    """Whatever runs it: it is cancelled, and the caller hears an apology."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield UseTool("look")
        yield "never"

    async def look(call: Call) -> str:
        await asyncio.Event().wait()
        return ""

    call = await phone(agent_of(answer, FakeTools(look=look), limits=Limits(tool_filler_s=1000)), "when")
    await call.say()
    await elapse(61)
    await call.until_quiet()
    assert said(call) == ["Sorry."]
    assert [event.error for event in call.of("handler.failed")] == ["WaitOver"]
