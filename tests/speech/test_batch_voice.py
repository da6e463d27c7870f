"""A voice that says a sentence is asked as one that holds a connection is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from offhook.audio.formats import PCMU, AudioFormat
from offhook.errors import ConfigError, EngineError
from offhook.speech.batch_voice import BatchVoice, as_streaming, say_whole
from offhook.speech.streams import Sound
from offhook.speech.testing import FakeStreamingTts, FakeTts


def open_of(tts: Any) -> Any:
    voice = as_streaming(tts)
    return voice.open(voice.formats[0], call_id="c1")


async def test_a_sentence_is_given_as_the_voice_says_it() -> None:
    """Piece by piece, as pcm at its rate."""
    tts = FakeTts(sample_rate=22050)
    voice = as_streaming(tts)
    assert voice.formats == (AudioFormat("pcm", 22050),)
    stream = voice.open(voice.formats[0])
    assert [sound async for sound in stream.speak("one two")] == [Sound(pcm) async for pcm in tts.speak("one two")]


async def test_a_sentence_is_begun_when_somebody_iterates() -> None:
    """A sentence that was asked for ahead, and dropped, costs the engine nothing."""
    tts = FakeTts()
    stream = open_of(tts)
    first, second = stream.speak("one"), stream.speak("two")
    assert tts.spoken == []
    await anext(first)
    assert tts.spoken == ["one"]
    await first.aclose()
    await second.aclose()
    assert (tts.spoken, tts.stopped) == (["one"], 1)
    for sentence in (first, second):
        with pytest.raises(StopAsyncIteration):
            await anext(sentence)


@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_what_was_cancelled_ends_and_what_is_asked_for_then_is_said(how: str) -> None:
    """Also a piece that the voice gives after that."""
    tts = FakeTts(first_ms=5)
    stream = open_of(tts)
    begun, asked = stream.speak("one two three"), stream.speak("two")
    waiting = asyncio.create_task(anext(begun, None))
    await asyncio.sleep(0)
    getattr(stream, how)()
    assert await waiting is None
    assert await anext(asked, None) is None
    assert tts.spoken == ["one two three"]
    await begun.aclose()
    assert tts.stopped == 1
    assert [sound async for sound in stream.speak("three")] != []


async def test_what_a_voice_raises_comes_out() -> None:
    """As it is."""

    class Broken(FakeTts):
        async def speak(self, text: str) -> Any:
            yield b"\0\0"
            raise OSError("canary")

    sentence = open_of(Broken()).speak("one")
    await anext(sentence)
    with pytest.raises(OSError, match="canary"):
        await anext(sentence)


async def test_what_is_no_audio_is_named() -> None:
    """By its type."""

    class Wrong(FakeTts):
        async def speak(self, text: str) -> Any:
            yield "pcm"

    with pytest.raises(EngineError, match="as bytes, got str"):
        await anext(open_of(Wrong()).speak("one"))


async def test_bytes_of_any_kind_are_bytes() -> None:
    """A voice may reuse its buffer."""

    class Buffered(FakeTts):
        async def speak(self, text: str) -> Any:
            buffer = bytearray(b"\1\0")
            yield memoryview(buffer)
            buffer[0] = 2
            yield buffer

    assert [sound.audio async for sound in open_of(Buffered()).speak("one")] == [b"\1\0", b"\2\0"]


async def test_what_a_voice_has_beside_its_audio_is_kept() -> None:
    """Its warming up, and how many sentences it says at a time."""

    class Here(FakeTts):
        at_once = 3
        warm = False

        async def warm_up(self) -> None:
            self.warm = True

    class Bare:
        sample_rate = 8000

        def speak(self, text: str) -> Any: ...

    here, bare = BatchVoice(Here()), BatchVoice(Bare())
    assert (here.at_once, bare.at_once) == (3, None)
    await here.warm_up()
    await bare.warm_up()
    assert here.tts.warm  # type: ignore[attr-defined]
    assert repr(here) == "<BatchVoice of Here>"


async def test_a_voice_that_streams_is_left_as_it_is() -> None:
    """And what is no voice is refused, before any call."""
    streaming = FakeStreamingTts()
    assert as_streaming(streaming) is streaming
    with pytest.raises(ConfigError, match="expected a voice, got a value of type object"):
        as_streaming(object())  # type: ignore[arg-type]


async def test_all_of_a_text_can_be_had_at_once() -> None:
    """The stream is closed whatever becomes of it."""
    tts = FakeStreamingTts(deeds=["say", "break"])
    assert len(await say_whole(tts, "one two", PCMU)) == 8 * 400
    with pytest.raises(EngineError):
        await say_whole(tts, "three", PCMU)
    assert (len(tts.streams), tts.open_streams) == (2, 0)
