"""What engines take, told to whoever wants to know."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from offhook.speech.metering import (
    EngineUse,
    MeteredStt,
    MeteredTts,
    Metering,
    cost_of_recognition,
    cost_of_voice,
)
from offhook.speech.testing import FakeStt, FakeTts, tone


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
    """The audio is passed on as it is."""
    tts = MeteredTts(FakeTts(first_ms=5), metering)
    said = [pcm async for pcm in tts.speak("one two")]
    assert said == [pcm async for pcm in FakeTts().speak("one two")]
    assert tts.sample_rate == 16000
    assert listener.told == [("asked", "voice", 0.0), ("answered", "voice", 0.0), ("done", "voice", 400.0, False)]
    assert listener.uses[0].answered_ms >= 4


async def test_a_sentence_that_is_cut_closes_the_voice(metering: Metering, listener: Listener) -> None:
    """At once, and counts as what was made of it."""
    voice = FakeTts()
    pieces: Any = MeteredTts(voice, metering).speak("one two")
    await anext(pieces)
    await pieces.aclose()
    assert voice.stopped == 1
    assert listener.told[-1] == ("done", "voice", 100.0, True)


async def test_where_nobody_listens_nothing_is_counted() -> None:
    """The engine is asked as if there were no wrapper."""
    metering = Metering()
    assert (await MeteredStt(FakeStt(["hello"]), metering).transcribe(b"")).text == "hello"
    assert [pcm async for pcm in MeteredTts(FakeTts(), metering).speak("one")]


async def test_what_engines_take_alone_is_measured_by_using_them() -> None:
    """With what they made or heard, and how many they do at a time, where they say so."""
    stt, tts = FakeStt(["hello"], delay_ms=5), FakeTts(first_ms=5)
    stt.at_once = 1  # type: ignore[attr-defined]
    heard = await cost_of_recognition(stt, tone(16000, 500))
    assert (heard.engine, heard.audio_ms, heard.at_once) == ("recognition", 500.0, 1)
    assert heard.answered_ms == heard.busy_ms >= 4
    said, pcm = await cost_of_voice(tts, "one two")
    assert (said.engine, said.audio_ms, said.at_once) == ("voice", 400.0, None)
    assert len(pcm) == 2 * 16 * 400
    assert 4 <= said.answered_ms <= said.busy_ms
    mute, nothing = await cost_of_voice(FakeTts(word_ms=0), "one")
    assert nothing == b""
    assert mute.answered_ms == mute.busy_ms
