"""What a voice is asked to say of a text, what is shown of it, and what happens where nothing is heard of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent import Agent, Texts, TurnOptions
from offhook.dialog.acts import HandOver, HangUp, Say
from offhook.speech.testing import FakeTts
from offhook.speech.text import Cutting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook import Call, Heard

DESK = "+15550100050"
APOLOGY = "Sorry."


class Dialog:
    """Answers with what it is made of, given the call."""

    def __init__(self, answer: Callable[[Call], Any]) -> None:
        self._answer = answer

    async def respond(self, call: Call, heard: Heard) -> AsyncIterator[Any]:
        async for piece in self._answer(call):
            yield piece


def agent_of(answer: Callable[[Call], Any] | str, *, handover: bool = False, greeting: str = "", **more: Any) -> Agent:
    async def whole(call: Call) -> AsyncIterator[Any]:
        yield Say(str(answer), whole=True)

    dialog: Any = Dialog(whole if isinstance(answer, str) else answer)
    agent = Agent("Front desk", greeting, dialog=dialog, texts=Texts(apology=APOLOGY, fillers=()), **more)
    if handover:
        agent.handover(to=DESK, message="To a person.")
    return agent


def heard(call: Any) -> list[str]:
    """What the caller has heard."""
    return [text for speaker, text in call.history if speaker == "agent"]


async def ask(call: Any) -> None:
    await call.say()
    await call.until_quiet()
    await call.line(100)


async def test_a_voice_is_given_words_and_the_transcript_shows_what_is_written(phone: Any) -> None:
    """Clean both, as a whole text and in pieces."""

    async def pieces(call: Call) -> AsyncIterator[str]:
        for piece in ("**Lei", "cester** costs [£", "5](http", "s://x.dev) 🎉. Come at 9", ":05"):
            yield piece

    for answer in (pieces, "**Leicester** costs [£5](https://x.dev) 🎉. Come at 9:05"):
        call = await phone(agent_of(answer, pronounce={"Leicester": "lester"}), "when")
        await ask(call)
        assert call.tts.spoken == ["lester costs five pounds.", "Come at nine oh five"]
        assert heard(call) == ["Leicester costs £5. Come at 9:05"]
        (entry,) = [entry for entry in call.call.transcript if entry.speaker == "agent"]
        assert entry.said == entry.heard


async def test_a_greeting_is_said_as_other_texts_are(phone: Any) -> None:
    """It is recorded, and shown as it is written."""
    call = await phone(agent_of("Yes.", greeting="*Dr. Hill's* desk, open 9-5."), "when")
    await call.until_quiet()
    assert call.tts.spoken == ["Doctor Hill's desk, open nine to five."]
    assert heard(call) == ["Dr. Hill's desk, open 9-5."]


async def test_of_a_number_that_is_broken_off_what_was_heard_is_shown(phone: Any) -> None:
    """By the time that its words take, not by its signs."""
    call = await phone(agent_of("It costs £1,234,567 and a bit."), "what", "stop")
    await call.say()
    await call.line(600)
    await call.say()
    assert heard(call)[0] == "It costs"


async def test_the_language_of_the_agent_is_that_of_its_texts(phone: Any) -> None:
    """Of one that is not known the numbers are left to the voice."""
    call = await phone(agent_of("Es kostet 5 €.", turn_taking=TurnOptions(language="de")), "wann")
    await ask(call)
    assert call.tts.spoken == ["Es kostet 5 €."]


async def test_a_sentence_that_has_come_is_said_while_the_next_is_thought_of(phone: Any) -> None:
    """Without a space behind it, too."""
    go_on = asyncio.Event()

    async def slow(call: Call) -> AsyncIterator[str]:
        yield "It is nine."
        await go_on.wait()
        yield "On Sunday it is ten."

    call = await phone(agent_of(slow), "when")
    await call.say()
    await call.line(200)
    assert call.tts.spoken == ["It is nine."]
    go_on.set()
    await call.until_quiet()
    assert heard(call) == ["It is nine. On Sunday it is ten."]


async def test_words_that_do_not_come_are_not_waited_for(phone: Any) -> None:
    """What there is is said when nothing is left to be heard."""

    async def slow(call: Call) -> AsyncIterator[str]:
        yield "It is nine. On Sunday we are open from"
        await asyncio.Event().wait()

    call = await phone(agent_of(slow, cutting=Cutting(stalled_ms=300)), "when")
    await call.say()
    assert call.tts.spoken == ["It is nine."]
    await call.line(800)
    assert call.tts.spoken == ["It is nine.", "On Sunday we are open from"]


# -- what makes no sound ---------------------------------------------------------------------------------------------


async def emoji(call: Call) -> AsyncIterator[str]:
    yield "👍"
    yield " 🎉"


async def code(call: Call) -> AsyncIterator[str]:
    yield "```py\n"
    yield "print()\n```"


@pytest.mark.parametrize("answer", ["👍", emoji, "```\nx = 1\n```", code, "![a map](b)"])
async def test_an_answer_that_makes_no_sound_is_a_failure_that_the_caller_hears_of(
    phone: Any, answer: Any, caplog: Any
) -> None:
    """Once it is apologised for, the second time in a row a person takes over."""
    call = await phone(agent_of(answer, handover=True), "when", "when then")
    await ask(call)
    assert heard(call) == [APOLOGY]
    (failed,) = call.of("handler.failed")
    assert failed.error == "AnswerInvalid"
    await call.say()
    await call.line(2000)
    assert heard(call)[1:] == ["To a person."]
    assert call.carrier.transfers == [DESK]
    assert "👍" not in caplog.text


async def test_an_answer_that_the_voice_has_no_sound_for_is_a_failure_too(phone: Any) -> None:
    """The caller hears of it as far as the voice can say that."""

    class Latin(FakeTts):
        """Has no sound for other scripts."""

        async def speak(self, text: str) -> AsyncIterator[bytes]:
            if text.isascii():
                async for pcm in super().speak(text):
                    yield pcm

    call = await phone(agent_of("Привет."), "when", tts=Latin())
    await ask(call)
    assert heard(call) == [APOLOGY]


@pytest.mark.parametrize("last", [HangUp(), HandOver("x", to=DESK)])
async def test_a_deed_needs_no_words(phone: Any, last: Any) -> None:
    """A picture before it is no failure."""

    async def leave(call: Call) -> AsyncIterator[Any]:
        yield Say("👋")
        yield last

    call = await phone(agent_of(leave, handover=True), "bye")
    await call.say()
    await call.line(2000)
    assert APOLOGY not in heard(call)
    assert call.session.over or call.carrier.transfers == [DESK]


async def test_a_picture_behind_words_is_no_failure(phone: Any) -> None:
    """Something was heard of the answer."""

    async def both(call: Call) -> AsyncIterator[str]:
        await call.say("It is nine.")
        yield "👍"

    call = await phone(agent_of(both), "when")
    await ask(call)
    assert heard(call) == ["It is nine."]
    assert call.of("handler.failed") == []


@pytest.mark.parametrize("text", ["", " ", "\n"])
async def test_nothing_to_say_is_no_failure(phone: Any, text: str) -> None:
    """Nobody wanted anything said."""

    async def nothing(call: Call) -> AsyncIterator[str]:
        yield text

    call = await phone(agent_of(nothing), "when")
    await ask(call)
    assert heard(call) == []
    assert call.of("handler.failed") == []


@pytest.mark.parametrize("way", ["say", "ask"])
async def test_a_handler_that_says_no_words_is_told_so(phone: Any, way: str) -> None:
    """It has failed, unless it knows better."""

    async def handler(call: Call) -> AsyncIterator[str]:
        await getattr(call, way)("👍")
        yield "never"

    call = await phone(agent_of(handler), "when")
    await ask(call)
    assert heard(call) == [APOLOGY]
