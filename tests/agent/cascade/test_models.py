"""A language model on the phone: from the caller's words to its own, and what the caller hears where it fails."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tests.agent.conftest import WORDS, settle

from offhook.agent import Agent, Limits, Texts
from offhook.dialog.model import ModelDialog
from offhook.errors import EngineUnavailable
from offhook.models.base import Finished, ToolCall, ToolSpec
from offhook.models.openai import OpenAIModel
from offhook.models.testing import FakeModel
from offhook.tools.base import ToolOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook import Call

DESK = "+15550100050"
TEXTS = Texts(fillers=("Wait one.",), apology="Sorry.", clarify="Pardon?")
BROKE = EngineUnavailable("expected fake to answer, got nothing.")
LONG = "one two three four five six seven eight nine ten eleven twelve."


def agent_of(llm: Any, *, handover: bool = False, greeting: str = "", **more: Any) -> Agent:
    agent = Agent("Front desk", greeting, instructions="You are Ann.", llm=llm, texts=TEXTS, **more)
    if handover:
        agent.handover(to=DESK, message="To a person.")
    return agent


def said(call: Any) -> list[str]:
    return [text for speaker, text in call.history if speaker == "agent"]


async def ask(call: Any, times: int = 1) -> None:
    for _ in range(times):
        await call.say()
        await call.until_quiet()
        await call.line(100)


async def test_a_caller_talks_with_a_model(phone: Any) -> None:
    """Turn by turn; it is told all that both have heard."""
    model = FakeModel("At nine. On Sunday at ten.", "You are welcome.")
    call = await phone(agent_of(model, greeting="Front desk."), "when are you open", "thank you")
    await call.until_quiet()
    await ask(call, 2)
    assert said(call) == ["Front desk.", "At nine. On Sunday at ten.", "You are welcome."]
    assert model.told()[1:] == [
        ("agent", "Front desk."),
        ("caller", "when are you open"),
        ("agent", "At nine. On Sunday at ten."),
        ("caller", "thank you"),
    ]
    assert len(model.asked) == 2


async def test_its_first_sentence_is_said_while_it_thinks_of_the_next(phone: Any) -> None:
    """The voice does not wait for the answer's end."""
    go_on = asyncio.Event()

    class Thinks(FakeModel):
        async def stream(self, messages: Any, *, tools: Any = (), call_id: Any = None) -> Any:
            async for event in super().stream(messages):
                if getattr(event, "text", "") == " Sunday":
                    await go_on.wait()
                yield event

    call = await phone(agent_of(Thinks("At nine. On Sunday at ten.")), "when")
    await call.say()
    await call.line(600)
    assert call.of("agent.speech_ended") == []
    assert call.tts.spoken == ["At nine."]
    go_on.set()
    await call.line(40)
    await call.until_quiet()
    assert said(call) == ["At nine. On Sunday at ten."]


async def test_a_model_that_is_interrupted_knows_what_was_heard_of_it(phone: Any) -> None:
    """And its request is given up."""
    model = FakeModel([f"{LONG} ", 60.0, "never"], "Yes?")
    call = await phone(agent_of(model), "tell me", "wait a moment")
    await call.say()
    await call.line(1000)
    assert model.given_up == 0
    await ask(call)
    assert model.given_up == 1
    (_, caller, agent, interrupting) = model.told()
    assert caller == ("caller", "tell me")
    assert agent[1].endswith(" …")
    assert LONG.startswith(agent[1].removesuffix(" …"))
    assert interrupting == ("caller", "(interrupts) wait a moment")
    assert said(call)[-1] == "Yes?"


async def test_an_answer_that_begins_late_is_another_models(phone: Any, elapse: Any) -> None:
    """After a second and a half."""
    slow, quick = FakeModel([60.0, "never"]), FakeModel("At nine.")
    call = await phone(agent_of([slow, quick]), "when")
    await call.say()
    await elapse(1.4)
    assert quick.asked == []
    await elapse(0.2)
    await call.until_quiet()
    assert said(call) == ["At nine."]
    assert call.of("handler.failed") == []


async def test_a_model_that_is_alone_has_its_time_and_the_caller_company(phone: Any, elapse: Any) -> None:
    """A filler, then an apology."""
    call = await phone(agent_of(FakeModel([60.0, "never"]), limits=Limits(handler_s=10)), "when")
    await call.say()
    await call.line(3400)
    assert said(call) == ["Wait one."]
    await elapse(11)
    await call.until_quiet()
    assert said(call) == ["Wait one.", "Sorry."]


async def test_an_answer_that_breaks_off_is_gone_on_with_in_the_same_breath(phone: Any) -> None:
    """The caller hears one answer, and nothing of it twice."""
    models = [FakeModel(["We open at nine. And ", "on Sunday ", BROKE]), FakeModel("And on Sunday at ten.")]
    call = await phone(agent_of(models), "when")
    await ask(call)
    assert said(call) == ["We open at nine. And on Sunday at ten."]


async def test_where_no_model_answers_twice_in_a_row_a_person_takes_over(phone: Any) -> None:
    """After an apology the first time."""
    call = await phone(agent_of([FakeModel([BROKE]), FakeModel([])], handover=True), "when", "when")
    await ask(call, 2)
    await call.until_quiet()
    assert said(call) == ["Sorry.", "To a person."]
    assert call.carrier.transfers == [DESK]


async def test_a_model_that_refuses_twice_in_a_row_is_no_help(phone: Any) -> None:
    """The caller is asked to say it in another way, then a person takes over."""
    call = await phone(agent_of(FakeModel([Finished(reason="refused")]), handover=True), "x", "x")
    await ask(call, 2)
    await call.until_quiet()
    assert said(call) == ["Pardon?", "To a person."]


async def test_a_model_uses_tools_and_says_what_came_of_them(phone: Any) -> None:
    """In one turn, and without telling the caller to wait where it is quick."""

    class Tools:
        specs = (ToolSpec("book", "Books.", {"type": "object"}),)

        async def run(self, call: Call, uses: Sequence[ToolCall]) -> tuple[ToolOutcome, ...]:
            return tuple(ToolOutcome(f"booked {use.arguments}") for use in uses)

    model = FakeModel(["Let me see. ", ToolCall("a", "book", '{"day": 1}')], "It is booked.")
    agent = agent_of(model)
    agent.tools = Tools()
    call = await phone(agent, "book")
    await ask(call, 1)
    await call.until_quiet()
    assert said(call) == ["Let me see.", "It is booked."]
    assert model.told()[-1] == ("tool", 'booked {"day": 1}')


async def test_a_sure_intent_answers_and_the_model_takes_the_rest(phone: Any, require: Any) -> None:
    """No model is asked what an intent knows, and none begins to answer it."""
    require(find_spec("rapidfuzz") is not None, "the extra local")
    model = FakeModel("Bring it along.")
    agent = agent_of(model)
    agent.intent("hours", ["when are you open"], reply="At nine.")
    call = await phone(agent, "when are you open", "when are you open and may my dog come")
    await ask(call, 2)
    assert said(call) == ["At nine.", "Bring it along."]
    assert len(model.asked) == 1
    assert [event.intent for event in call.of("turn.reply")] == ["hours", None]


async def test_an_interruption_ends_the_request_at_the_hosts_socket(phone: Any, chat_server: Any) -> None:
    """When the caller has the floor, and before any time passes; how soon that is, the client's own tests say."""

    async def endless(reply: Any) -> None:
        await reply.head()
        await reply.words(*(f"{word} " for word in LONG.split()))
        await asyncio.wait_for(reply.asked.closed.wait(), 20)

    async def yes(reply: Any) -> None:
        await reply.head()
        await reply.words("Yes?")
        await reply.done()

    chat_server.replies = [endless, yes]
    model = OpenAIModel("m", base_url=chat_server.base_url)
    await model.warm_up()
    call = await phone(Agent("Front desk", "", dialog=ModelDialog(model, speculative=False)), "tell me", "wait")
    await call.say()
    while not call.of("agent.speech_began"):
        await asyncio.sleep(0.001)
        await call.step()
    await call.line(600)
    (asked,) = chat_server.chats
    assert not asked.closed.is_set()
    await call.line(300, WORDS)
    while not call.of("barge_in.yielded"):
        await call.step()
    await asyncio.wait_for(asked.closed.wait(), 5)
    await call.line(600)
    for _ in range(200):
        await asyncio.sleep(0.001)
        await settle()
        if call.of("turn.reply")[1:]:
            break
    await call.until_quiet()
    assert said(call)[-1] == "Yes?"


async def test_a_draft_that_is_thrown_away_ends_its_request_at_the_hosts_socket(phone: Any, chat_server: Any) -> None:
    """When the caller goes on, and before any time passes."""

    async def endless(reply: Any) -> None:
        await reply.head()
        await reply.words("At ")
        await asyncio.wait_for(reply.asked.closed.wait(), 20)

    chat_server.replies = [endless]
    model = OpenAIModel("m", base_url=chat_server.base_url)
    await model.warm_up()
    call = await phone(Agent("Front desk", "", llm=model), "when are", "when are you open")
    await call.line(600, WORDS)
    while not call.of("turn.draft"):
        await call.step()
    while not chat_server.chats:
        await asyncio.sleep(0.001)
    (asked,) = chat_server.chats
    await call.line(60, WORDS)
    await asyncio.wait_for(asked.closed.wait(), 5)
    assert call.of("turn.heard") == []
