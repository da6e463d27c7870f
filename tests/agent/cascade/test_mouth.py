"""Speeches one after the other, and those that are made ready before it is their time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import FakeStream, settle

from offhook.agent.cascade.call_voices import CallVoices
from offhook.agent.cascade.mouth import Mouth
from offhook.agent.voices import Fallback, NoVoice, Voices
from offhook.audio.formats import PCM_8K
from offhook.clock import ManualClock
from offhook.speech.batch_voice import as_streaming
from offhook.speech.testing import FakeStreamingTts, FakeTts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.agent.cascade.speech import Speech


class Call:
    """A mouth on a line that plays in real time, and what it tells."""

    def __init__(self, *voices: Any) -> None:
        self.clock = ManualClock(now_ms=1000.0)
        self.stream = FakeStream(output_format=PCM_8K)
        first, *others = [as_streaming(voice) for voice in voices]
        self.voices = CallVoices(Voices(first, Fallback(*others)))
        self.told: list[str] = []
        self.errors: list[Exception] = []
        self.mouth = Mouth(self.stream, self.voices, clock=self.clock, watcher=self)

    def speech_begins(self, speech: Speech) -> None:
        self.told.append(f"begins {speech.kind}")

    def speech_sent(self, speech: Speech) -> None:
        self.told.append(f"sent {speech.kind}")

    def speech_ended(self, speech: Speech) -> None:
        self.told.append(f"ended {speech.kind}: {speech.heard}")

    def voice_failed(self, error: Exception) -> None:
        self.errors.append(error)

    async def line(self, ms: float) -> None:
        for _ in range(round(ms / 20)):
            self.clock.advance(20)
            self.mouth.tick()
            self.stream.play()
            marks, self.stream.returned = self.stream.returned, []
            for name in marks:
                self.mouth.mark_returned(name)
            await settle()

    async def end(self) -> None:
        self.mouth.close()
        self.voices.close()
        await settle()


@pytest.mark.parametrize("tts", [FakeStreamingTts, FakeTts])
async def test_what_was_prepared_is_heard_at_once_when_it_is_said(tts: Any) -> None:
    """Its audio is there, and none of it was sent before."""
    voice = tts()
    call = Call(voice)
    prepared = call.mouth.prepare("One is here. Two is here.")
    await settle()
    assert prepared.made_ms == pytest.approx(1200, abs=40)
    assert voice.spoken == ["One is here.", "Two is here."]
    await call.line(100)
    assert (call.told, list(call.stream.queue), call.mouth.current) == ([], [], None)
    speech = call.mouth.speak(prepared, "reply")
    assert call.told == ["begins reply", "sent reply"]
    assert speech.text == "One is here. Two is here."
    await call.line(1400)
    assert call.told[-1] == "ended reply: One is here. Two is here."
    assert await speech.wait()
    await call.end()


async def test_what_was_prepared_is_said_while_it_is_still_being_made() -> None:
    """The rest follows; pieces that come later, too."""
    go_on = asyncio.Event()

    async def words() -> AsyncIterator[str]:
        yield "One is here. "
        await go_on.wait()
        yield "Two is here."

    call = Call(FakeStreamingTts())
    prepared = call.mouth.prepare(words())
    await settle()
    assert prepared.made_ms == pytest.approx(600, abs=2)
    speech = call.mouth.speak(prepared, "reply")
    await call.line(100)
    go_on.set()
    await call.line(1400)
    assert speech.heard == "One is here. Two is here."
    await call.end()


async def test_what_was_prepared_and_is_not_said_is_dropped_at_once() -> None:
    """The provider is told in the same turn; it is over, and can be neither said nor dropped again."""
    voice = FakeStreamingTts(first_ms=60_000)
    call = Call(voice)
    prepared = call.mouth.prepare("One is here. Two is here.")
    await settle()
    call.mouth.drop(prepared)
    (stream,) = voice.streams
    assert stream.cancelled == 1
    call.mouth.drop(prepared)
    speech = call.mouth.speak(prepared, "reply")
    assert speech.over
    assert not await speech.wait()
    assert (stream.cancelled, call.mouth.current) == (1, None)
    await call.end()


async def test_a_long_answer_is_prepared_no_further_than_an_answer_that_is_said() -> None:
    """It may never be said."""
    voice = FakeStreamingTts(word_ms=1500)
    call = Call(voice)
    prepared = call.mouth.prepare("One is here. Two is here. Three is here.")
    await settle()
    assert [text for text, _ in voice.asked] == ["One is here.", "Two is here."]
    speech = call.mouth.speak(prepared, "reply")
    await call.line(14_500)
    assert speech.heard == "One is here. Two is here. Three is here."
    await call.end()


async def test_what_is_said_and_what_is_prepared_do_not_touch_each_other() -> None:
    """Falling silent drops the one and not the other, and either has a connection of its own."""
    voice = FakeStreamingTts()
    voice.deeds += ["hang", "hang"]
    call = Call(voice)
    said = call.mouth.speak("Six is here. Seven is here.", "reply")
    await settle()
    prepared = call.mouth.prepare("One is here.")
    await settle()
    assert len(voice.streams) == 2
    call.mouth.stop()
    assert said.over
    assert [stream.cancelled for stream in voice.streams] == [1, 0]
    call.mouth.drop(prepared)
    assert [stream.cancelled for stream in voice.streams] == [1, 1]
    again = call.mouth.speak("Eight is here.", "reply")
    await call.line(800)
    assert again.heard == "Eight is here."
    assert len(voice.streams) == 2
    await call.end()


async def test_what_was_prepared_waits_for_what_is_said_before_it() -> None:
    """In the order in which they are to be said; a filler makes way."""
    call = Call(FakeStreamingTts())
    prepared = call.mouth.prepare("One is here.")
    filler = call.mouth.speak("A moment.", "filler")
    await call.line(60)
    speech = call.mouth.speak(prepared, "reply")
    assert filler.interrupted
    following = call.mouth.speak("Two is here.", "say")
    await call.line(1400)
    assert (speech.heard, following.heard) == ("One is here.", "Two is here.")
    await call.end()


async def test_what_no_voice_could_make_ready_fails_when_it_is_to_be_said() -> None:
    """And not before, since it may never be."""
    call = Call(FakeStreamingTts(deeds=["refuse"] * 4))
    unsaid, prepared = call.mouth.prepare("One."), call.mouth.prepare("Two.")
    await settle()
    call.mouth.drop(unsaid)
    assert call.errors == []
    speech = call.mouth.speak(prepared, "reply")
    await settle()
    assert speech.over
    assert not await speech.wait()
    assert [type(error) for error in call.errors] == [NoVoice]
    await call.end()


async def test_a_failure_that_is_told_too_late_is_told_to_nobody() -> None:
    """The agent fell silent in the same turn."""
    call = Call(FakeStreamingTts(deeds=["refuse"] * 2))
    prepared = call.mouth.prepare("One.")
    await settle()
    call.mouth.speak(prepared, "reply")
    call.mouth.stop()
    await settle()
    assert call.errors == []
    await call.end()


async def test_an_end_of_the_call_drops_what_is_prepared_and_what_waits() -> None:
    """Nobody waits for it any more."""
    voice = FakeStreamingTts(first_ms=60_000)
    call = Call(voice)
    prepared = call.mouth.prepare("One is here.")
    speech, waiting = call.mouth.speak("Two is here.", "reply"), call.mouth.speak("Three is here.", "say")
    await settle()
    call.mouth.close()
    assert [stream.cancelled for stream in voice.streams] == [1, 1]
    assert speech.interrupted
    assert waiting.interrupted
    assert call.mouth.speak(prepared, "reply").over
    await call.mouth.idle()
    call.voices.close()
    assert voice.open_streams == 0
