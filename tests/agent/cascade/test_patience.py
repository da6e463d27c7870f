"""What a caller hears while the program's own code takes long, or never comes to an end."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent import Agent, Limits, Texts, uninterrupted
from offhook.dialog.acts import HangUp, Say
from offhook.waiting import left_running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook import Call, Heard

FILLERS = ("Wait one.", "Wait two.")
TEXTS = Texts(fillers=FILLERS, apology="Sorry.", unfinished="It takes long.")
DESK = "+15550100050"


class Dialog:
    """Answers with what it is made of, given the call; "Yes." to what begins with "plain"."""

    def __init__(self, answer: Callable[[Call], Any]) -> None:
        self._answer = answer

    async def respond(self, call: Call, heard: Heard) -> AsyncIterator[Any]:
        if heard.text.startswith("plain"):
            yield "Yes."
            return
        async for piece in self._answer(call):
            yield piece


def make_agent(answer: Callable[[Call], Any], *, handover: bool = False, **limits: float) -> Agent:
    agent = Agent("Front desk", "", dialog=Dialog(answer), texts=TEXTS, limits=Limits(**limits))  # type: ignore[arg-type]
    if handover:
        agent.handover(to=DESK, message="To a person.")
    return agent


async def until(call: Any, true: Callable[[], bool]) -> None:
    """Let the call's time pass until something is true."""
    for _ in range(2000):
        if true():
            return
        await call.step()
    raise AssertionError("it does not become true")


def said(call: Any) -> list[str]:
    """What the caller has heard."""
    return [text for speaker, text in call.history if speaker == "agent"]


async def never(call: Call) -> AsyncIterator[str]:
    await asyncio.Event().wait()
    yield "never"


async def test_a_caller_who_waits_hears_fillers_and_then_the_answer(phone: Any) -> None:
    """In their rhythm; the answer comes when it is there, and a filler that is being said makes way for it."""
    answer = asyncio.Event()

    async def slow(call: Call) -> AsyncIterator[str]:
        await answer.wait()
        yield "At nine."

    call = await phone(make_agent(slow, filler_again_s=5), "when")
    await call.say()
    await call.line(2000)
    assert said(call) == []
    await call.line(1500)
    assert said(call) == ["Wait one."]
    await until(call, lambda: call.stream.audible)
    assert said(call) == ["Wait one."]
    answer.set()
    await call.until_quiet()
    assert said(call)[-1] == "At nine."
    filler, cut, reply = call.of("agent.speech_ended")
    assert (filler.kind, filler.heard, cut.kind, cut.interrupted) == ("filler", "Wait one.", "filler", True)
    assert reply.kind == "reply"
    assert len(call.of("turn.answered")) == 1


async def test_a_filler_is_no_answer_and_is_not_said_over_the_caller(phone: Any) -> None:
    """While the caller speaks on nothing is said; the turn that comes of it is joined to the one before."""
    call = await phone(make_agent(never), "when", "plain")
    await call.say()
    await call.line(2400)
    await call.line(2000, call_words())
    assert said(call) == []
    await call.line(600)
    await call.until_quiet()
    assert said(call) == ["Yes."]


def call_words() -> bytes:
    from offhook.speech.testing import tone

    return tone(8000, 20, frequency=1000)


async def test_an_agent_without_fillers_thinks_in_silence(phone: Any) -> None:
    """If it wants that."""
    agent = make_agent(never)
    agent.texts = Texts(fillers=())
    call = await phone(agent, "when")
    await call.say()
    await call.line(20_000)
    assert said(call) == []


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_handler_that_never_answers_is_apologised_for_then_handed_over(
    phone: Any, elapse: Any, caplog: Any, stubborn: bool
) -> None:
    """Also one that ignores its cancellation; the log has one warning for each; the caller is heard meanwhile."""
    let_go = asyncio.Event()

    async def handler(call: Call) -> AsyncIterator[str]:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                if not stubborn:
                    raise
        yield "never"

    call = await phone(make_agent(handler, handover=True), "one", "plain", "two", "three", "four")
    await call.say()
    await elapse(31)
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    assert said(call) == ["Sorry.", "Yes."]
    for _ in range(2):
        await call.say()
        await elapse(31)
        await call.until_quiet()
    assert said(call)[2:] == ["Sorry.", "To a person."]
    assert [event.error for event in call.of("handler.failed")] == ["WaitOver"] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
    assert (left_running() > 0) == stubborn
    let_go.set()
    await call.line(20)
    assert left_running() == 0


async def test_a_stream_that_stops_is_said_as_far_as_it_came(phone: Any, elapse: Any) -> None:
    """Then a filler, then the apology; nothing is said twice."""

    async def stream(call: Call) -> AsyncIterator[str]:
        yield "We open "
        yield "at "
        await asyncio.Event().wait()

    call = await phone(make_agent(stream), "when")
    await call.say()
    await call.line(6000)
    await elapse(11)
    await call.until_quiet()
    assert said(call) == ["We open at", "Wait one.", "Sorry."]


async def test_a_stream_that_goes_on_after_a_filler_is_said_to_its_end(phone: Any) -> None:
    """As a speech of its own, and what follows it is done."""
    more = asyncio.Event()

    async def stream(call: Call) -> AsyncIterator[Any]:
        yield Say("We open ")
        await more.wait()
        yield Say("at nine. ")
        yield Say("Every day.")
        yield HangUp()

    call = await phone(make_agent(stream, filler_s=0.5), "when")
    await call.say()
    await until(call, lambda: len(said(call)) == 2)
    more.set()
    await call.until_quiet()
    assert said(call) == ["We open", "Wait one.", "at nine. Every day."]
    assert call.of("session.ended")[0].reason == "hangup"


async def test_time_in_which_the_caller_is_asked_is_not_the_handlers(phone: Any, elapse: Any) -> None:
    """A caller may think for as long as they want."""

    async def book(call: Call) -> AsyncIterator[str]:
        yield f"Noted {await call.ask('Which day?')}."

    call = await phone(make_agent(book), "book", "friday")
    await call.say()
    await call.until_quiet()
    await elapse(60)
    await call.say()
    await call.until_quiet()
    assert said(call) == ["Which day?", "Noted friday."]


async def test_what_must_finish_is_not_cut_but_the_conversation_goes_on(phone: Any, elapse: Any) -> None:
    """The caller is told, and what they said meanwhile is answered; what it says in the end is not heard any more."""
    let_go, done = asyncio.Event(), []

    async def book(call: Call) -> AsyncIterator[str]:
        with uninterrupted():
            await let_go.wait()
            done.append(1)
            await call.say("never")
        yield "never"

    call = await phone(make_agent(book), "book", "plain")
    await call.say()
    await call.say()
    assert said(call) == []
    await elapse(31)
    await call.until_quiet()
    await call.until_quiet()
    assert said(call) == ["It takes long.", "Yes."]
    let_go.set()
    await call.line(1000)
    assert done == [1]
    assert said(call) == ["It takes long.", "Yes."]
    assert left_running() == 0


async def test_what_is_said_while_something_must_finish_is_answered_afterwards(phone: Any) -> None:
    """Also what is said over a filler: no word is lost."""
    let_go = asyncio.Event()

    async def book(call: Call) -> AsyncIterator[str]:
        with uninterrupted():
            await let_go.wait()
        yield "Booked."

    call = await phone(make_agent(book), "book", "plain and simple")
    await call.say()
    await until(call, lambda: call.stream.audible)
    await call.say(1400)
    let_go.set()
    await call.until_quiet()
    await call.until_quiet()
    assert [entry for entry in call.history if entry[1] != "Wait"][-2:] == [("agent", "Booked."), ("agent", "Yes.")]


async def test_a_key_whose_function_never_ends_is_apologised_for(phone: Any, elapse: Any) -> None:
    """And the next key is answered."""
    agent = make_agent(never)

    @agent.digit
    async def press(call: Call, digit: str) -> str:
        if digit == "1":
            await asyncio.Event().wait()
        return "Pressed."

    call = await phone(agent)
    call.session.media.digit("1")
    call.session.media.digit("2")
    await elapse(31)
    await call.until_quiet()
    await call.until_quiet()
    assert said(call) == ["Sorry.", "Pressed."]


async def test_a_plain_function_that_blocks_holds_up_no_call(phone: Any) -> None:
    """It runs in a thread: the line goes on, the caller hears a filler, and the answer when it is there."""
    let_go = threading.Event()

    class Blocking:
        def respond(self, call: Call, heard: Heard) -> str:
            let_go.wait(30)
            return "At nine."

    call = await phone(Agent("Front desk", "", dialog=Blocking(), texts=TEXTS), "when")
    await call.say()
    await call.line(5000)
    assert said(call) == ["Wait one."]
    let_go.set()
    while not call.stream.audible:
        await asyncio.sleep(0.001)  # the thread's own time
        await call.step()
    await call.until_quiet()
    assert said(call)[1] == "At nine."
