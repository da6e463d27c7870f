"""What engines take, told to whoever wants to know."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from offhook.audio.formats import PCM_16K, PCMU
from offhook.errors import EngineError
from offhook.speech.batch_voice import as_streaming
from offhook.speech.metering import (
    EngineUse,
    MeteredStt,
    Metering,
    cost_of_recognition,
    cost_of_voice,
    metered_voice,
)
from offhook.speech.testing import FakeStreamingTts, FakeStt, FakeTts, tone


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.uses: list[EngineUse] = []

    def asked(self, engine: str, audio_ms: float) -> None:
        self.told.append(("asked", engine, audio_ms))

    def answered(self, use: EngineUse) -> None:
        self.told.append(("answered", use.engine, use.audio_ms))
        self.uses.append(use)

    def done(self, engine: str, audio_ms: float, *, dropped: bool) -> None:
        self.told.append(("done", engine, audio_ms, dropped))


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def metering(listener: Listener) -> Metering:
    metering = Metering()
    metering.listener = listener
    return metering


async def test_a_recognition_is_told_with_its_length(metering: Metering, listener: Listener) -> None:
    """Asked, answered, done."""
    stt = MeteredStt(FakeStt(["hello"], delay_ms=5), metering)
    assert (await stt.transcribe(tone(16000, 500))).text == "hello"
    assert stt.sample_rate == 16000
    assert listener.told == [
        ("asked", "recognition", 500.0),
        ("answered", "recognition", 500.0),
        ("done", "recognition", 500.0, False),
    ]
    assert listener.uses[0].answered_ms >= 4


async def test_a_recognition_that_is_dropped_has_no_answer(metering: Metering, listener: Listener) -> None:
    """Nor has one that fails."""
    stt = MeteredStt(FakeStt(["hello"], delay_ms=5000), metering)
    asking = asyncio.create_task(stt.transcribe(tone(16000, 500)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert listener.told == [("asked", "recognition", 500.0), ("done", "recognition", 500.0, True)]


def test_what_engines_do_on_the_side_is_added_up(metering: Metering) -> None:
    """Of those that do anything so; and what such a recogniser can do besides, can still be asked of it."""

    class Glancing(FakeStt):
        at_once = 1
        side_ms = 5.0

        async def partial(self, pcm: bytes) -> None: ...

    assert metering.side_ms == 0.0
    first = Glancing()
    stt = MeteredStt(first, metering)
    assert (stt.at_once, stt.partial) == (1, first.partial)
    plain = MeteredStt(FakeStt(), metering)
    assert (plain.at_once, plain.partial) == (None, None)
    MeteredStt(Glancing(), metering)
    assert metering.side_ms == 10.0


async def test_a_sentence_is_told_by_its_first_sound_and_its_end(metering: Metering, listener: Listener) -> None:
    """From when it is waited for, though it was asked for before; the audio is passed on as it is."""
    stream = metered_voice(FakeStreamingTts(first_ms=5).open(PCMU), PCMU, metering)
    first, second = stream.speak("one two", goes_on=True), stream.speak("three")
    assert listener.told == []
    said = [sound async for sound in first]
    assert said == [sound async for sound in FakeStreamingTts().open(PCMU).speak("one two")]
    assert listener.told == [("asked", "voice", 0.0), ("answered", "voice", 0.0), ("done", "voice", 400.0, False)]
    assert listener.uses[0].answered_ms >= 4
    await first.aclose()
    await second.aclose()
    assert len(listener.told) == 3
    stream.close()


async def test_a_sentence_that_is_cut_closes_the_voice(metering: Metering, listener: Listener) -> None:
    """At once, and counts as what was made of it."""
    tts = FakeStreamingTts()
    stream = metered_voice(tts.open(PCMU), PCMU, metering)
    sounds = stream.speak("one two")
    await anext(sounds)
    await sounds.aclose()
    assert tts.stopped == 1
    assert listener.told[-1] == ("done", "voice", 100.0, True)
    stream.cancel()
    assert tts.streams[0].cancelled == 1
    stream.close()
    assert tts.open_streams == 0


async def test_a_sentence_that_fails_is_told_as_dropped(metering: Metering, listener: Listener) -> None:
    """And what is no sound is passed on to whoever can say so."""
    stream = metered_voice(FakeStreamingTts(deeds=["refuse"]).open(PCMU), PCMU, metering)
    sounds = stream.speak("one")
    with pytest.raises(EngineError):
        await anext(sounds)
    await sounds.aclose()
    assert listener.told == [("asked", "voice", 0.0), ("done", "voice", 0.0, True)]
    stream.close()

    class Wrong:
        cancel = close = staticmethod(lambda: None)

        def speak(self, text: str, *, goes_on: bool = False) -> Any:
            async def sounds() -> Any:
                yield b"pcm"

            return sounds()

    passed: list[Any] = [sound async for sound in metered_voice(Wrong(), PCMU, metering).speak("one")]
    assert passed == [b"pcm"]


async def test_where_nobody_listens_nothing_is_counted() -> None:
    """The engine is asked as if there were no wrapper."""
    metering = Metering()
    assert (await MeteredStt(FakeStt(["hello"]), metering).transcribe(b"")).text == "hello"
    stream = FakeStreamingTts().open(PCMU)
    assert isinstance(metered_voice(stream, PCMU, metering).speak("one"), type(stream.speak("one")))
    stream.close()


async def test_what_engines_take_alone_is_measured_by_using_them() -> None:
    """With what they made or heard, and how many they do at a time, where they say so."""
    stt, tts = FakeStt(["hello"], delay_ms=5), FakeStreamingTts(first_ms=5)
    stt.at_once = 1  # type: ignore[attr-defined]
    heard = await cost_of_recognition(stt, tone(16000, 500))
    assert (heard.engine, heard.audio_ms, heard.at_once) == ("recognition", 500.0, 1)
    assert heard.answered_ms == heard.busy_ms >= 4
    said, pcm = await cost_of_voice(tts, "one two", PCM_16K)
    assert (said.engine, said.audio_ms, said.at_once) == ("voice", 400.0, None)
    assert len(pcm) == 2 * 16 * 400
    assert 4 <= said.answered_ms <= said.busy_ms
    here = FakeTts(word_ms=0)
    here.at_once = 2  # type: ignore[attr-defined]
    mute, nothing = await cost_of_voice(as_streaming(here), "one", PCM_16K)
    assert mute.at_once == 2
    assert tts.open_streams == 0
    assert nothing == b""
    assert mute.answered_ms == mute.busy_ms
