"""Telnyx's voices over the network, where they differ from others: see test_voice.py for what all have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.errors import ConfigError, EngineError, EngineRefused, EngineUnavailable
from offhook.providers import TelnyxTts
from offhook.speech.engines import load_tts
from offhook.speech.streams import PCM_8K
from offhook.testing.providers import Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.speech.streams import Sounds

DOOR = "telnyx-tts"


@pytest.fixture
async def standins(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIns]:
    async with StandIns(Scripted(word_ms=200.0)) as standins:
        for name, value in standins.env.items():
            monkeypatch.setenv(name, value)
        yield standins


async def heard_ms(sounds: Sounds) -> float:
    async with asyncio.timeout(10):
        return sum([len(sound.audio) for sound in [sound async for sound in sounds]]) / PCM_8K.bytes_per_ms


def count(standins: StandIns, stage: str, way: str = "in") -> int:
    return len(standins.journal.find(DOOR, way=way, stage=stage))


async def until(standins: StandIns, stage: str, number: int, way: str = "in") -> None:
    async with asyncio.timeout(10):
        while count(standins, stage, way) < number:
            await asyncio.sleep(0.001)


async def test_the_connection_of_the_next_sentence_is_made_ahead(standins: StandIns) -> None:
    """And begun, so that a text is all that it takes."""
    stream = TelnyxTts().open(PCM_8K)
    for nth in range(1, 4):
        await until(standins, "configure", nth)
        assert count(standins, "flush") == nth - 1
        assert await heard_ms(stream.speak("one two three")) == pytest.approx(650, abs=40)
    stream.close()


async def test_what_is_set_is_told_when_it_begins(standins: StandIns) -> None:
    """The voice and the options in the address, the settings before the first text."""
    voice = TelnyxTts("Telnyx.NaturalHD.astra", settings={"voice_speed": 1.2}, options={"language": "de"})
    stream = voice.open(PCM_8K)
    await heard_ms(stream.speak("one"))
    stream.close()
    begun = standins.journal.find(DOOR, way="in", stage="configure")[0]
    assert begun.message == '{"text":" ","voice_settings":{"voice_speed":1.2}}'


@pytest.mark.parametrize("voice", ["AWS.Polly.Joanna", "Telnyx.Natural.abbie"])
async def test_a_sentence_is_heard_once_however_its_audio_comes(standins: StandIns, voice: str) -> None:
    """In one with its text, or as it is made."""
    stream = TelnyxTts(voice).open(PCM_8K)
    assert await heard_ms(stream.speak("one two three")) == pytest.approx(650, abs=40)
    stream.close()


async def test_a_connection_that_is_not_used_is_made_anew_for_a_while(standins: StandIns) -> None:
    """Three times, then when it is wanted."""
    stream = TelnyxTts(options={"inactivity_timeout": 0.02}).open(PCM_8K)
    await until(standins, "gone", 4)
    await asyncio.sleep(0.1)
    assert count(standins, "connect") == 4
    assert await heard_ms(stream.speak("one")) > 200
    stream.close()


async def test_a_provider_that_is_not_there_is_not_asked_again_and_again(standins: StandIns) -> None:
    """Nothing is owed: the next sentence asks, and is an error."""
    await standins.stop()
    stream = TelnyxTts().open(PCM_8K)
    await asyncio.sleep(0.05)
    with pytest.raises(EngineUnavailable):
        await heard_ms(stream.speak("one"))
    stream.close()


async def test_a_refusal_is_told_to_the_next_sentence(standins: StandIns) -> None:
    """Nobody is asked a second time."""
    standins.fault(DOOR, "connect", "refuse", times=None)
    stream = TelnyxTts().open(PCM_8K)
    await until(standins, "refused", 1, "out")
    await asyncio.sleep(0.05)
    with pytest.raises(EngineRefused):
        await heard_ms(stream.speak("one"))
    assert count(standins, "connect") == 1
    stream.close()


async def test_what_is_no_mp3_is_an_error(standins: StandIns) -> None:
    """And not heard."""
    options: dict[str, Any] = {"audio_format": "linear16"}
    stream = TelnyxTts("Telnyx.NaturalHD.astra", options=options).open(PCM_8K)
    sounds = stream.speak("one two")
    with pytest.raises(EngineError, match="expected MP3 of Telnyx"):
        await heard_ms(sounds)
    assert await heard_ms(sounds) == 0
    stream.close()


async def test_a_sentence_without_a_sound_comes_to_its_end(standins: StandIns) -> None:
    """As one of another script does."""
    standins.fault(DOOR, "audio", "drop", times=None)
    stream = TelnyxTts().open(PCM_8K)
    assert await heard_ms(stream.speak("one two")) == 0
    assert await heard_ms(stream.speak("  ")) == 0
    stream.close()


def test_a_voice_is_named_with_its_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """By all three parts of its name."""
    monkeypatch.setenv("TELNYX_API_KEY", "a key")
    assert isinstance(load_tts("telnyx:Telnyx.NaturalHD.astra"), TelnyxTts)
    with pytest.raises(ConfigError, match=r"expected a voice as Provider\.Model\.Voice, got 'astra'"):
        load_tts("telnyx:astra")
