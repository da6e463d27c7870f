"""How a call that the agent has made begins."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.agent import Agent
from offhook.agent.opening import AFTER_HELLO_MS, HELLO_WAIT_MS, LONGEST_MS, Opening

GREETING = "This is Hill Street Dental. Is this a good time?"


class Silent:
    """A dialog that notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def respond(self, call: Any, heard: Any) -> str:
        self.heard.append(heard.text)
        return "Good."


def test_silence_after_the_answer_is_not_waited_out_for_ever() -> None:
    """Who picks up and says nothing is greeted after a moment, once."""
    opening = Opening(1000)
    assert not opening.tick(1000 + HELLO_WAIT_MS - 1)
    assert opening.tick(1000 + HELLO_WAIT_MS)
    assert opening.over
    assert not opening.tick(1000 + HELLO_WAIT_MS + 10)


def test_a_hello_is_let_finish() -> None:
    """The greeting comes a moment after it, however long it takes."""
    opening = Opening(0)
    opening.speech_began()
    assert not opening.tick(HELLO_WAIT_MS + 500)
    opening.speech_over(HELLO_WAIT_MS + 500)
    assert not opening.tick(HELLO_WAIT_MS + 500 + AFTER_HELLO_MS - 1)
    assert opening.tick(HELLO_WAIT_MS + 500 + AFTER_HELLO_MS)


def test_who_talks_on_and_on_is_greeted_at_the_next_pause() -> None:
    """It may be a machine, and it will not stop for a moment."""
    opening = Opening(0)
    opening.speech_began()
    opening.speech_over(LONGEST_MS)
    assert opening.tick(LONGEST_MS)


@given(st.lists(st.sampled_from(["began", "over", "tick"]), max_size=40))
def test_the_agent_is_told_to_greet_once_and_never_into_speech(course: list[str]) -> None:
    """Whatever is heard."""
    opening, now_ms, talking, greeted = Opening(0), 0.0, False, 0
    for step in course:
        now_ms += 300
        if step == "began":
            opening.speech_began()
            talking = True
        elif step == "over":
            opening.speech_over(now_ms)
            talking = False
        elif opening.tick(now_ms):
            greeted += 1
            assert not talking
    assert greeted == opening.over <= 1


async def test_a_hello_is_answered_by_the_greeting(phone: Any) -> None:
    """It neither cuts the greeting short nor is a turn."""
    dialog = Silent()
    call = await phone(Agent("Front desk", GREETING, dialog=dialog), "Hello, who is this?", direction="outbound")
    await call.line(200)
    await call.say(600)
    await call.line(AFTER_HELLO_MS + 100)
    await call.until_quiet()
    assert call.history == [("agent", GREETING)]
    assert dialog.heard == []
    (ignored,) = call.of("speech.ignored")
    assert ignored.reason == "hello"
    (ended,) = call.of("agent.speech_ended")
    assert not ended.interrupted


async def test_who_picks_up_and_says_nothing_is_greeted(phone: Any) -> None:
    """After the wait for a hello."""
    call = await phone(Agent("Front desk", GREETING, dialog=Silent()), direction="outbound")
    await call.line(HELLO_WAIT_MS - 100)
    assert not call.stream.played.strip(b"\0")
    await call.line(300)
    assert call.stream.played.strip(b"\0")


@pytest.mark.parametrize(("said", "history"), [("Hello?", [GREETING]), ("I am busy.", ["Good."])])
async def test_a_late_hello_over_the_greeting_does_not_take_the_floor(
    phone: Any, said: str, history: list[str]
) -> None:
    """The greeting goes on where it was heard last; anything else that is said over it is a turn."""
    call = await phone(Agent("Front desk", GREETING, dialog=Silent()), said, direction="outbound")
    await call.line(HELLO_WAIT_MS + 400)
    await call.say(400)
    await call.until_quiet()
    assert [heard for speaker, heard in call.history if speaker == "agent"][-1:] == history


async def test_who_calls_the_agent_is_greeted_at_once(phone: Any) -> None:
    """Only a call that the agent has made waits for a hello."""
    call = await phone(Agent("Front desk", GREETING, dialog=Silent()))
    await call.line(60)
    assert call.stream.played.strip(b"\0")
