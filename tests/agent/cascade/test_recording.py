"""A greeting that the voice says once, and every call hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.agent import Agent
from offhook.agent.cascade.recording import Greeting
from offhook.speech.testing import FakeTts, tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class BrokenOnce(FakeTts):
    """A voice that fails in the middle of the second sentence it is given, and never after."""

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """A tone, or an error after the first piece."""
        async for pcm in super().speak(text):
            yield pcm
            if len(self.spoken) == 2:
                raise RuntimeError("broken")


async def test_a_greeting_is_recorded_sentence_by_sentence() -> None:
    """A caller who interrupts it is known to have heard the sentences before."""
    tts = FakeTts(word_ms=100, piece_ms=30, sample_rate=8000)
    recording = await Greeting(Agent(name="x", greeting="Good morning. How can I help?"), tts).recording()
    assert recording == [("Good morning.", tone(8000, 200)), ("How can I help?", tone(8000, 400))]


async def test_the_voice_says_a_greeting_once() -> None:
    """The second call costs it nothing."""
    tts = FakeTts()
    greeting = Greeting(Agent(name="x", greeting="Hello."), tts)
    assert await greeting.recording() is await greeting.recording()
    assert tts.spoken == ["Hello."]


async def test_a_greeting_that_was_changed_is_recorded_anew() -> None:
    """And one that was taken away is not heard."""
    tts = FakeTts()
    agent = Agent(name="x", greeting="Hello.")
    greeting = Greeting(agent, tts)
    await greeting.recording()
    agent.greeting = "Good evening."
    assert [sentence for sentence, _ in await greeting.recording()] == ["Good evening."]
    agent.greeting = ""
    assert await greeting.recording() == []
    assert tts.spoken == ["Hello.", "Good evening."]


async def test_an_agent_without_a_greeting_asks_nothing_of_the_voice() -> None:
    """It listens first."""
    tts = FakeTts()
    assert await Greeting(Agent(name="x", greeting=""), tts).recording() == []
    assert tts.spoken == []


async def test_a_recording_that_failed_is_tried_again_and_no_half_of_it_is_kept() -> None:
    """A voice that comes back has lost one call its greeting, not all of them."""
    greeting = Greeting(Agent(name="x", greeting="One. Two."), BrokenOnce())
    with pytest.raises(RuntimeError, match="broken"):
        await greeting.recording()
    assert [sentence for sentence, _ in await greeting.recording()] == ["One.", "Two."]
