"""A speech-to-speech model on a call, over its own protocol, against the stand-in for it."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import FRAME_MS, WORDS

from offhook import Agent, HandOver, Limits, Texts
from offhook.agent import TurnOptions
from offhook.errors import EngineError, EngineRefused
from offhook.providers.realtime import speaking
from offhook.providers.realtime.model import OpenAIRealtime
from offhook.testing.providers import Answer
from offhook.waits import REALTIME

if TYPE_CHECKING:
    from tests.providers.realtime.conftest import Caller

    from offhook import Call
    from offhook.testing.providers import StandIns

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


def agent_of(**more: Any) -> Agent:
    return Agent(
        "Desk",
        more.pop("greeting", "Hello there."),
        realtime="openai:gpt-realtime",
        **{"instructions": "Be short.", **more},
    )


def sent(standins: StandIns, stage: str) -> list[dict[str, Any]]:
    """What the model was sent."""
    return [json.loads(entry.message or "{}") for entry in standins.journal.find("realtime", way="in", stage=stage)]


async def test_it_greets_hears_and_answers_in_the_lines_own_encoding(phone: Caller, standins: StandIns) -> None:
    """Nothing is brought to another rate, and both sides are written down in their order."""
    standins.answers.add("We open at nine.")
    call = await phone(agent_of())
    await call.heard("Hello there.")
    await call.say()
    await call.heard("We open at nine.")
    (settings,) = sent(standins, "configure")
    audio = settings["session"]["audio"]
    assert [audio[way]["format"]["type"] for way in ("input", "output")] == ["audio/pcmu"] * 2
    assert settings["session"]["instructions"].endswith("Be short.")
    assert call.history == [
        ("agent", "Hello there."),
        ("caller", "When are you open?"),
        ("agent", "We open at nine."),
    ]
    (answered,) = call.of("turn.answered")
    assert 0 <= answered.endpoint_ms <= answered.reply_ms <= answered.audio_ms
    assert [event.kind for event in call.of("agent.speech_began")] == ["greeting", "reply"]


async def test_a_caller_who_interrupts_is_heard_and_the_model_told_what_they_have_heard(
    phone: Caller, standins: StandIns
) -> None:
    """To the millisecond, as the marks and the clock have it."""
    standins.answers.add(LONG, "On Sunday we are closed.")
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.until(lambda: call.of("agent.speech_began"))
    await call.line(500)
    await call.line(400, WORDS)
    await call.until(lambda: call.stream.cleared)
    await standins.journal.wait_for("realtime", way="in", stage="truncate")
    (cut,) = sent(standins, "truncate")
    first = call.of("agent.speech_ended")[0]
    assert first.interrupted
    assert first.heard == LONG[: len(first.heard)]
    assert 0 < len(first.heard) < len(LONG)
    assert abs(cut["audio_end_ms"] - len(call.stream.played) / 8) <= FRAME_MS
    assert [event.type for event in call.events if "barge_in" in getattr(event, "type", "")] == [
        "barge_in.paused",
        "barge_in.yielded",
    ]
    await call.heard("On Sunday we are closed.")


async def test_it_uses_tools_and_tells_what_came_of_them(phone: Caller, standins: StandIns) -> None:
    """The result reaches the model, and its words the caller."""
    agent = agent_of(greeting="")

    @agent.tool
    async def price(what: str) -> str:
        """What something costs."""
        return f"{what}: sixty"

    standins.answers.add(Answer(tools=(("price", '{"what": "a check-up"}'),)), "It costs sixty.")
    call = await phone(agent)
    await call.say()
    await call.heard("It costs sixty.")
    results = [one["item"] for one in sent(standins, "item") if one["item"]["type"] == "function_call_output"]
    assert [one["output"] for one in results] == ["a check-up: sixty"]
    (used,) = call.of("tool.used")
    assert (used.name, used.failed) == ("price", False)
    (settings,) = sent(standins, "configure")
    assert {tool["name"] for tool in settings["session"]["tools"]} == {"price", "hang_up"}


async def test_it_hands_over_once_that_was_announced(phone: Caller, standins: StandIns) -> None:
    """By the tool of the house."""
    agent = agent_of(greeting="")
    agent.handover("+15550100050", message="One moment.")
    standins.answers.add(Answer(tools=(("hand_over", '{"reason": "wants a person"}'),)))
    call = await phone(agent)
    await call.say()
    await call.until(lambda: call.carrier.transfers)
    assert call.carrier.transfers == ["+15550100050"]
    assert "One moment." in call.said
    assert call.of("handover.started")[0].reason == "wants a person"


async def test_it_hangs_up_once_its_goodbye_was_heard(phone: Caller, standins: StandIns) -> None:
    """By the tool of the house, whether it says goodbye before or after."""
    standins.answers.add(Answer(text="Goodbye then.", tools=(("hang_up", "{}"),)))
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.until(lambda: call.session.over)
    assert call.said == ["Goodbye then."]
    standins.answers.add(Answer(tools=(("hang_up", "{}"),)), "See you.")
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.until(lambda: call.session.over)
    assert call.said == ["See you."]


async def test_a_question_of_a_tool_is_asked_and_answered(phone: Caller, standins: StandIns) -> None:
    """The model does not answer the caller meanwhile."""
    agent = agent_of(greeting="")
    heard: list[str] = []

    @agent.tool
    async def book(call: Call) -> str:
        """Book it."""
        heard.append(await call.ask("Shall I book it?"))
        return "booked"

    standins.answers.add(Answer(tools=(("book", "{}"),)), "It is booked.")
    call = await phone(agent)
    await call.say()
    await call.heard("Shall I book it?")
    await call.say()
    await call.heard("It is booked.")
    assert heard == ["And on Sunday?"]
    creates = [one["session"]["audio"]["input"]["turn_detection"] for one in sent(standins, "configure")]
    assert [one["create_response"] for one in creates] == [True, False, True]


async def test_a_question_that_nobody_answers_has_no_answer(phone: Caller, standins: StandIns) -> None:
    """After the time of a silence."""
    agent = agent_of(greeting="", limits=Limits(silence_s=0.2))
    heard: list[str] = []

    @agent.tool
    async def book(call: Call) -> str:
        """Book it."""
        heard.append(await call.ask("Shall I?"))
        return "not booked"

    standins.answers.add(Answer(tools=(("book", "{}"),)), "Then not.")
    call = await phone(agent)
    await call.say()
    await call.heard("Then not.")
    assert heard == [""]


async def test_an_answer_in_which_the_session_breaks_is_gone_on_with(phone: Caller, standins: StandIns) -> None:
    """No word is missing, and none is said twice."""
    standins.answers.add(LONG, LONG)
    standins.fault("realtime", "voice", "reset", after=8)
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.until(lambda: " ".join(call.said).split() == LONG.split())
    assert len(call.said) == 2
    assert len(standins.journal.find("realtime", stage="connect", way="in")) == 2
    told = [one["item"] for one in sent(standins, "item")]
    assert (told[-1]["role"], told[-1]["content"][0]["text"]) == ("assistant", call.said[0])


async def test_fixed_words_in_which_the_session_breaks_are_gone_on_with(phone: Caller, standins: StandIns) -> None:
    """A greeting, say."""
    standins.fault("realtime", "voice", "reset", after=4)
    call = await phone(agent_of(greeting=LONG))
    await call.until(lambda: " ".join(call.said).split() == LONG.split())
    assert [event.kind for event in call.of("agent.speech_began")] == ["greeting", "greeting"]


async def test_what_the_caller_says_while_the_session_breaks_is_understood(phone: Caller, standins: StandIns) -> None:
    """The next session is sent it again."""
    standins.answers.add("We open at nine.")
    call = await phone(agent_of())
    await call.heard("Hello there.")
    standins.fault("realtime", "audio", "reset", after=5)
    await call.say(800)
    await call.heard("We open at nine.")
    assert call.history[1] == ("caller", "When are you open?")


async def test_a_turn_that_is_not_answered_as_the_session_breaks_is_answered_by_the_next(
    phone: Caller, standins: StandIns
) -> None:
    """It knows what the caller has said, and what was said before."""
    standins.answers.add("We open at nine.", "We open at nine.")
    call = await phone(agent_of())
    await call.heard("Hello there.")
    standins.fault("realtime", "created", "reset")
    await call.say()
    await call.heard("We open at nine.")
    told = [one["item"] for one in sent(standins, "item")]
    assert [(one["role"], one["content"][0]["text"]) for one in told] == [
        ("assistant", "Hello there."),
        ("user", "When are you open?"),
    ]


async def test_a_model_that_hangs_is_given_up_for_another_session(
    phone: Caller, standins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time, on the clock of the call."""
    monkeypatch.setattr(speaking, "REALTIME", REALTIME)
    standins.answers.add("We open at nine.", "We open at nine.")
    call = await phone(agent_of())
    await call.heard("Hello there.")
    standins.fault("realtime", "created", "silence")
    await call.say()
    await call.heard("We open at nine.")
    assert call.of("turn.answered")[0].audio_ms >= 5000 if call.of("turn.answered") else True
    assert len(standins.journal.find("realtime", stage="connect", way="in")) == 2


async def test_where_a_model_refuses_the_next_one_talks(phone: Caller, standins: StandIns) -> None:
    """And the caller does not notice."""
    standins.fault("realtime", "connect", "refuse", status=404)
    models = [OpenAIRealtime("gpt-gone"), OpenAIRealtime("gpt-there")]
    call = await phone(agent_of(), models=models)
    await call.heard("Hello there.")
    assert repr(models[0]) == "<OpenAIRealtime gpt-gone>"


async def test_where_none_works_the_conversation_is_over(
    phone: Caller, standins: StandIns, caplog: pytest.LogCaptureFixture
) -> None:
    """At once where the key is refused, and the log has no key."""
    standins.fault("realtime", "connect", "refuse", times=None)
    call = await phone(agent_of())
    await call.until(lambda: call.session.over)
    assert call.running is not None
    with pytest.raises(EngineRefused):
        await call.running
    assert standins.env["OPENAI_API_KEY"] not in caplog.text


async def test_where_a_session_breaks_again_and_again_the_conversation_is_over(
    phone: Caller, standins: StandIns
) -> None:
    """It is not tried for ever."""
    standins.fault("realtime", "created", "reset", times=None)
    call = await phone(agent_of())
    await call.until(lambda: call.session.over)
    assert call.running is not None
    with pytest.raises(EngineError):
        await call.running
    assert len(standins.journal.find("realtime", stage="connect", way="in")) == 2
    assert await call.conversant.say("Hello?", "say") is False
    assert await call.conversant.ask("Hello?") == ""


@pytest.mark.parametrize("kind", ["garbage", "error", "close"])
async def test_whatever_ends_a_session_another_one_takes_over(phone: Caller, standins: StandIns, kind: str) -> None:
    """An error of the model's own, a message that is none, the end of the connection."""
    standins.answers.add("We open at nine.", "We open at nine.")
    call = await phone(agent_of())
    await call.heard("Hello there.")
    standins.fault("realtime", "created", kind, code=1011)
    await call.say()
    await call.heard("We open at nine.")


async def test_a_response_that_fails_is_asked_for_again(phone: Caller, standins: StandIns) -> None:
    """In another session."""
    standins.answers.add(Answer(finish="failed"), "We open at nine.")
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.heard("We open at nine.")


async def test_answers_without_a_sound_are_asked_for_again_and_then_a_failure(
    phone: Caller, standins: StandIns
) -> None:
    """Twice in a row the model does not work."""
    standins.answers.add("", "We open at nine.", "", "")
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.heard("We open at nine.")
    await call.say()
    await call.until(lambda: call.session.over)
    assert call.running is not None
    with pytest.raises(EngineError, match="without a sound"):
        await call.running


async def test_keys_are_told_to_the_model(phone: Caller, standins: StandIns) -> None:
    """Several at once, at # or after a moment, and it answers."""
    standins.answers.add("You have pressed one and two.", "And three.")
    call = await phone(agent_of())
    await call.until(lambda: call.of("agent.speech_began"))
    for key in "12#":
        call.session.media.digit(key)
    await call.heard("You have pressed one and two.")
    call.session.media.digit("3")
    await call.heard("And three.")
    told = [one["item"]["content"][0]["text"] for one in sent(standins, "item")]
    assert ["1 2 #" in told[0], "pressed 3 on" in told[1]] == [True, True]


async def test_a_caller_who_says_nothing_is_asked_and_then_bidden_goodbye(phone: Caller) -> None:
    """As with any agent."""
    limits = Limits(silence_s=1, reminders=1)
    call = await phone(agent_of(limits=limits, texts=Texts(silence_reminder="Still there?", goodbye="Goodbye.")))
    await call.until(lambda: call.session.over)
    assert call.said == ["Hello there.", "Still there?", "Goodbye."]
    assert call.of("session.ended")[0].reason == "silence"


async def test_what_is_protected_cannot_be_interrupted(phone: Caller, standins: StandIns) -> None:
    """The model does not hear the caller meanwhile."""
    call = await phone(agent_of(greeting=LONG, turn_taking=TurnOptions(protect_greeting=True)))
    await call.until(lambda: call.of("agent.speech_began"))
    await call.line(600, WORDS)
    await call.heard(LONG)
    assert not call.of("caller.speech_began")
    assert sent(standins, "clear")


async def test_where_nobody_may_interrupt_nobody_does(phone: Caller, standins: StandIns) -> None:
    """``barge_in=False``: what the caller says over an answer is answered after it."""
    standins.answers.add("And now?")
    call = await phone(agent_of(greeting=LONG, turn_taking=TurnOptions(barge_in=False)))
    await call.until(lambda: call.of("agent.speech_began"))
    await call.say()
    await call.heard(LONG)
    await call.heard("And now?")
    assert not call.stream.cleared


async def test_whoever_is_called_says_hello_first(phone: Caller, standins: StandIns) -> None:
    """That is no turn: the greeting is the answer to it."""
    standins.answers.add("We open at nine.")
    call = await phone(agent_of(), direction="outbound")
    await call.say()
    await call.heard("Hello there.")
    assert [event.reason for event in call.of("speech.ignored")] == ["hello"]
    await call.say()
    await call.heard("We open at nine.")


async def test_whoever_is_called_and_says_nothing_is_greeted(phone: Caller) -> None:
    """After a moment."""
    call = await phone(agent_of(), direction="outbound")
    await call.heard("Hello there.")


async def test_a_caller_who_waits_for_a_slow_tool_hears_that(phone: Caller, standins: StandIns) -> None:
    """The filler is no part of the conversation."""
    agent = agent_of(greeting="", texts=Texts(fillers=["One moment."]), limits=Limits(tool_filler_s=0.5))
    done = asyncio.Event()

    @agent.tool
    async def search() -> str:
        """Search."""
        await done.wait()
        return "found"

    standins.answers.add(Answer(tools=(("search", "{}"),)), "I have found it.")
    call = await phone(agent)
    await call.say()
    await call.heard("One moment.")
    done.set()
    await call.heard("I have found it.")
    asks = [one["response"] for one in sent(standins, "ask")]
    assert [one.get("conversation") for one in asks] == ["none", None]


async def test_a_tool_that_is_used_again_and_again_is_given_up(phone: Caller, standins: StandIns) -> None:
    """After some rounds the model answers without."""
    agent = agent_of(greeting="")

    @agent.tool
    async def again() -> str:
        """Try again."""
        return "no"

    standins.answers.add(*[Answer(text=f"{number}.", tools=(("again", "{}"),)) for number in range(8)])
    call = await phone(agent)
    await call.say()
    await call.heard("5.")
    await call.line(1000)
    assert call.said == ["0.", "1.", "2.", "3.", "4.", "5."]


async def test_a_tool_of_the_program_that_fails_badly_is_apologised_for(phone: Caller, standins: StandIns) -> None:
    """Tools of one's own may break their word."""
    agent = agent_of(greeting="", texts=Texts(apology="Sorry about that."))

    class Broken:
        specs = ()

        async def run(self, call: Any, uses: Any) -> Any:
            raise OSError("broken")

    agent.tools = Broken()
    standins.answers.add(Answer(tools=(("anything", "{}"),)))
    call = await phone(agent)
    await call.say()
    await call.heard("Sorry about that.")


async def test_a_hand_over_is_given_up_where_the_caller_has_something_to_add(phone: Caller, standins: StandIns) -> None:
    """What they say is answered."""
    agent = agent_of(greeting="")
    agent.handover("+15550100050")

    @agent.tool
    async def person() -> HandOver:
        """Connect the caller."""
        return HandOver("asked")

    standins.answers.add(Answer(text=LONG, tools=(("person", "{}"),)), "Then not.")
    call = await phone(agent)
    await call.say()
    await call.until(lambda: call.of("tool.used"))
    await call.say()
    await call.heard("Then not.")
    await call.line(500)
    assert not call.carrier.transfers


async def test_words_that_are_not_known_of_a_turn_do_not_hold_up_the_story(phone: Caller, standins: StandIns) -> None:
    """A transcription that fails, or never comes."""
    standins.answers.add("We open at nine.", "And on Sunday, too.")
    standins.fault("realtime", "heard", "drop")
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.heard("We open at nine.")
    assert call.history == [("agent", "We open at nine.")]


async def test_where_the_line_is_lost_an_answer_waits_for_it(phone: Caller, standins: StandIns) -> None:
    """It goes on where the caller stopped hearing it."""
    standins.answers.add(LONG)
    call = await phone(agent_of(greeting=""))
    await call.say()
    await call.until(lambda: call.of("agent.speech_began"))
    await call.line(300)
    call.session.media.media_lost()
    call.stream.queue.clear()
    await call.line(300)
    call.session.media.media_resumed()
    await call.heard(LONG)


async def test_a_call_that_did_not_ring_has_its_session_all_the_same(phone: Caller, standins: StandIns) -> None:
    """Instructions may be a function of the call."""
    call = await phone(agent_of(instructions=lambda call: f"You serve {call.id}."), rings=False)
    await call.heard("Hello there.")
    (settings,) = sent(standins, "configure")
    assert settings["session"]["instructions"].endswith("You serve v3:call.")


async def test_instructions_that_raise_end_the_conversation(phone: Caller) -> None:
    """A model without them would talk about anything."""

    def instructions(call: Call) -> str:
        raise KeyError("no such customer")

    call = await phone(agent_of(instructions=instructions))
    await call.until(lambda: call.session.over)
    assert call.running is not None
    with pytest.raises(KeyError):
        await call.running


async def test_a_call_is_opened_with_what_it_has_to_be_opened_with(phone: Caller) -> None:
    """After a restart, say: in place of the greeting."""
    call = await phone(agent_of(), opening="Sorry, we were cut off.")
    await call.heard("Sorry, we were cut off.")
    assert "Hello there." not in call.said


async def test_the_model_hears_what_it_is_sent_and_nothing_else(phone: Caller, standins: StandIns) -> None:
    """In messages of 40 ms."""
    call = await phone(agent_of(greeting=""))
    await call.line(400)
    entries = standins.journal.find("realtime", way="in", stage="audio")
    sizes = {entry.bytes // entry.count for entry in entries}
    piece = len('{"type":"input_audio_buffer.append","audio":""}') + len(base64.b64encode(bytes(320)))
    assert sizes == {piece}
