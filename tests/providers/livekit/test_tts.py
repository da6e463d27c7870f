"""Voices of LiveKit's plugins: real plugins over real sockets, before stand-ins that really speak."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from offhook.errors import EngineError, EngineRefused, EngineUnavailable
from offhook.providers.livekit import LiveKitTts
from offhook.speech.engines import load_tts

if TYPE_CHECKING:
    from offhook.speech.streams import Sounds
    from offhook.testing.providers import StandIns

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Plugins leave failed tasks behind that nobody asks for their error."""

NAMES = {
    "aura": "deepgram.TTS(base_url={DEEPGRAM_BASE_URL}/v1/speak)",
    "cartesia": "cartesia.TTS(base_url={CARTESIA_BASE_URL})",
    "elevenlabs": "elevenlabs.TTS(base_url={ELEVENLABS_BASE_URL}/v1, api_key={ELEVENLABS_API_KEY}, encoding=pcm_24000)",
    "speech": "openai.TTS(response_format=pcm)",
}
"""The plugins, by the stand-ins that they speak to."""
TEXT = "Good morning. We open at nine."


def plugin_for(door: str, standins: StandIns) -> LiveKitTts:
    voice: Any = load_tts("livekit:" + NAMES[door].format(**standins.env))
    assert isinstance(voice, LiveKitTts)
    return voice


async def seconds_of(sounds: Sounds, rate: int) -> float:
    async with asyncio.timeout(15):
        return sum([len(sound.audio) async for sound in sounds]) / 2 / rate


@pytest.mark.parametrize("door", list(NAMES))
async def test_two_sentences_are_said_one_after_the_other(vendors: StandIns, door: str) -> None:
    """The second is asked for while the first is being said; each is all there."""
    voice = plugin_for(door, vendors)
    await voice.warm_up()
    (audio,) = voice.formats
    stream = voice.open(audio, call_id="v3:call")
    first = stream.speak(TEXT, goes_on=True)
    second = stream.speak(TEXT)
    assert 1.5 < await seconds_of(first, audio.sample_rate) < 4.0
    assert 1.5 < await seconds_of(second, audio.sample_rate) < 4.0
    stream.close()
    assert await seconds_of(stream.speak(TEXT), audio.sample_rate) == 0


async def test_words_come_with_their_times_where_the_plugin_tells_them(vendors: StandIns) -> None:
    """Each once, in their order, within the audio."""
    voice = plugin_for("cartesia", vendors)
    (audio,) = voice.formats
    stream = voice.open(audio)
    sounds = [sound async for sound in stream.speak(TEXT)]
    stream.close()
    words = [word for sound in sounds for word in sound.words]
    length_ms = sum(len(sound.audio) for sound in sounds) / audio.bytes_per_ms
    assert " ".join(word.text for word in words) == TEXT
    assert [word.began_ms for word in words] == sorted(word.began_ms for word in words)
    assert words[-1].ended_ms <= length_ms + 1


@pytest.mark.parametrize("door", ["aura", "cartesia"])
async def test_a_cancelled_sentence_ends_and_the_next_is_said(vendors: StandIns, door: str) -> None:
    """Its iterator at once, and the provider is told within 50 ms; nothing of it is in the next one."""
    voice = plugin_for(door, vendors)
    (audio,) = voice.formats
    stream = voice.open(audio)
    long = stream.speak("One moment please. " * 40)
    assert (await anext(long)).audio
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    stream.cancel()
    assert [sound async for sound in long] == []
    assert loop.time() - began_s < 0.05
    assert 1.5 < await seconds_of(stream.speak(TEXT), audio.sample_rate) < 4.0
    stream.close()


async def test_a_sentence_that_is_dropped_costs_the_others_nothing(vendors: StandIns) -> None:
    """Also one that nobody has begun to iterate over."""
    voice = plugin_for("aura", vendors)
    (audio,) = voice.formats
    stream = voice.open(audio)
    dropped, kept = stream.speak(TEXT), stream.speak(TEXT)
    await dropped.aclose()
    await dropped.aclose()
    assert await seconds_of(kept, audio.sample_rate) > 1.5
    stream.close()


@pytest.mark.parametrize("door", list(NAMES))
async def test_one_that_is_not_let_in_raises(vendors: StandIns, door: str) -> None:
    """At once: another voice says the sentence."""
    vendors.fault(door, "connect", "refuse", status=401)
    voice = plugin_for(door, vendors)
    stream = voice.open(voice.formats[0])
    async with asyncio.timeout(5):
        with pytest.raises(EngineRefused) as refused:
            [sound async for sound in stream.speak(TEXT)]
    stream.close()
    assert TEXT not in str(refused.value)


@pytest.mark.parametrize("door", ["aura", "cartesia"])
async def test_one_that_breaks_off_raises_after_what_there_was(vendors: StandIns, door: str) -> None:
    """What was said is said."""
    vendors.fault(door, "audio", "reset", after=2)
    voice = plugin_for(door, vendors)
    stream = voice.open(voice.formats[0])
    sounds = stream.speak(TEXT)
    assert (await anext(sounds)).audio
    with pytest.raises(EngineUnavailable):
        await seconds_of(sounds, voice.formats[0].sample_rate)
    stream.close()


def test_audio_that_is_not_what_was_promised_is_an_error(plugins: None) -> None:
    """Two channels, or another rate."""
    from offhook.providers.livekit.tts import sound_of

    for channels, rate in ((2, 24_000), (1, 8000)):
        frame = SimpleNamespace(num_channels=channels, sample_rate=rate, data=b"", userdata={})
        with pytest.raises(EngineError, match="expected mono at 24000 Hz"):
            sound_of(frame, 24_000)
