"""A greeting that the voice says once, and every call hears."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent import Agent, Limits
from offhook.agent.cascade.recording import Greeting
from offhook.agent.voices import Fallback, Voices
from offhook.audio.formats import PCM_8K, PCM_16K, PCMU
from offhook.speech.batch_voice import as_streaming
from offhook.speech.streams import Word
from offhook.speech.testing import FakeStreamingTts, FakeTts, tone
from offhook.waiting import WaitOver

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


def greeting_of(text: str, *voices: Any, **more: Any) -> Greeting:
    first, *others = voices
    agent = Agent(name="x", greeting=text, **more)
    return Greeting(agent, Voices(as_streaming(first), Fallback(*others)))


async def shown(greeting: Greeting) -> list[str]:
    return [recorded.sentence.text for recorded in await greeting.recording()]


async def test_a_greeting_is_recorded_sentence_by_sentence() -> None:
    """A caller who interrupts it is known to have heard the sentences before."""
    tts = FakeTts(word_ms=100, piece_ms=30, sample_rate=8000)
    recording = await greeting_of("Good morning. How can I help?", tts).recording(PCM_8K)
    assert [(recorded.sentence.text, recorded.audio) for recorded in recording] == [
        ("Good morning.", tone(8000, 200)),
        ("How can I help?", tone(8000, 400)),
    ]


async def test_the_voice_says_a_greeting_once_for_each_kind_of_line() -> None:
    """The second call costs it nothing, also if it begins while the first is being prepared."""
    tts = FakeStreamingTts()
    greeting = greeting_of("Hello. Who is there?", tts)
    first, second = await asyncio.gather(greeting.recording(PCMU), greeting.recording(PCMU))
    assert first is second
    assert tts.asked == [("Hello.", True), ("Who is there?", False)]
    assert first[0].words == (Word("Hello.", 0.0, 200.0),)
    assert [len(recorded.audio) for recorded in first] == [1600, 4800]
    assert [len(recorded.audio) for recorded in await greeting.recording(PCM_16K)] == [6400, 19200]
    assert [stream.audio for stream in tts.streams] == [PCMU, PCM_16K]
    assert tts.open_streams == 0


async def test_a_greeting_that_was_changed_is_recorded_anew() -> None:
    """And one that was taken away is not heard."""
    tts = FakeTts()
    greeting = greeting_of("Hello.", tts)
    agent = greeting._agent
    await greeting.recording()
    agent.greeting = "Good evening."
    assert await shown(greeting) == ["Good evening."]
    agent.greeting = ""
    assert await greeting.recording() == []
    assert tts.spoken == ["Hello.", "Good evening."]


async def test_an_agent_without_a_greeting_asks_nothing_of_the_voice() -> None:
    """It listens first."""
    tts = FakeTts()
    for text in ("", " ", "…"):
        assert await greeting_of(text, tts).recording() == []
    assert tts.spoken == []


async def test_a_recording_that_failed_is_tried_again_and_no_half_of_it_is_kept() -> None:
    """A voice that comes back has lost one call its greeting, not all of them."""
    greeting = greeting_of("One. Two.", BrokenOnce())
    with pytest.raises(RuntimeError, match="broken"):
        await greeting.recording()
    assert await shown(greeting) == ["One.", "Two."]


async def test_a_greeting_is_recorded_by_the_first_voice_that_says_all_of_it() -> None:
    """Two voices in one greeting would be two people."""
    first, second = FakeStreamingTts(deeds=["say", "break"]), FakeTts()
    assert await shown(greeting_of("One. Two.", first, second)) == ["One.", "Two."]
    assert second.spoken == ["One.", "Two."]


async def test_a_greeting_is_said_anew_by_the_first_voice_once_it_works_again() -> None:
    """Or callers would be greeted by one voice and answered by another until the next start."""
    first, second = FakeStreamingTts(deeds=["break", "say", "refuse"]), FakeStreamingTts(timed=False)
    greeting = greeting_of("One.", first, second)
    greeting._voices.failed(first, OSError())
    assert [recorded.words for recorded in await greeting.recording()] == [()]
    assert len(second.asked) == 1
    assert [recorded.words for recorded in await greeting.recording()] == [()]
    assert len(second.asked) == 1, "the first one rests"
    greeting._voices.worked(first)
    assert [recorded.words for recorded in await greeting.recording()] == [(Word("One.", 0.0, 200.0),)]
    await greeting.recording()
    assert (len(first.asked), len(second.asked)) == (2, 1)


async def test_a_voice_has_as_long_as_the_agents_limits_say() -> None:
    """For a recording as for anything else."""
    limits = Limits(voice_first_s=0.01)
    with pytest.raises(WaitOver):
        await greeting_of("One.", FakeStreamingTts(deeds=["mute"]), limits=limits).recording()
    limits = Limits(voice_next_s=0.01)
    with pytest.raises(WaitOver):
        await greeting_of("One two.", FakeStreamingTts(deeds=["hang"]), limits=limits).recording()


async def test_a_sentence_that_the_voice_has_no_sound_for_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody hears it, so it is in no transcript."""
    assert await shown(greeting_of("One. Two.", FakeStreamingTts(deeds=["silence"]))) == ["Two."]
    assert "no sound of a sentence of 4 characters" in caplog.text
