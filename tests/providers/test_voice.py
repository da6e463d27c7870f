"""Voices over the network: each over its vendor's protocol, against the stand-in for it."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from offhook.errors import ConfigError, EngineError, EngineRefused, EngineUnavailable
from offhook.providers.cartesia import Cartesia
from offhook.providers.deepgram import Aura
from offhook.providers.elevenlabs import ElevenLabs
from offhook.providers.openai_speech import OpenAISpeech, aclose_connections
from offhook.providers.rime import Rime
from offhook.providers.telnyx_voice import TelnyxTts
from offhook.speech.batch_voice import as_streaming
from offhook.speech.engines import load_tts
from offhook.speech.streams import PCM_16K, PCMU
from offhook.testing.providers import Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.speech.streams import Sounds, StreamingTextToSpeech

WORD_MS = 40.0


@dataclass(frozen=True)
class Vendor:
    """A voice, and what the stand-ins call where it comes in."""

    make: Callable[[], Any]
    door: str
    key: str
    timed: bool = True
    coded: bool = False
    """Whether its audio is made of frames, which begin and end with silence."""


VENDORS = {
    "deepgram": Vendor(Aura, "aura", "DEEPGRAM_API_KEY", timed=False),
    "cartesia": Vendor(lambda: Cartesia("a voice"), "cartesia", "CARTESIA_API_KEY"),
    "elevenlabs": Vendor(lambda: ElevenLabs("a voice"), "elevenlabs", "ELEVENLABS_API_KEY"),
    "rime": Vendor(Rime, "rime", "RIME_API_KEY"),
    "telnyx": Vendor(TelnyxTts, "telnyx-tts", "TELNYX_API_KEY", timed=False, coded=True),
    "openai": Vendor(OpenAISpeech, "speech", "OPENAI_API_KEY", timed=False),
}
REAL: dict[str, Callable[[], Any]] = {
    "cartesia": lambda: Cartesia("694f9389-aac1-45b6-b726-9d9369183238"),
    "elevenlabs": lambda: ElevenLabs("21m00Tcm4TlvDq8ikWAM"),
}
"""Voices that there are."""
SOCKETS = [name for name in VENDORS if name != "openai"]


@pytest.fixture
async def standins(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIns]:
    async with StandIns(Scripted(word_ms=WORD_MS)) as standins:
        for name, value in standins.env.items():
            monkeypatch.setenv(name, value)
        yield standins
        await aclose_connections()


def voice_of(name: str) -> StreamingTextToSpeech:
    return as_streaming(VENDORS[name].make())


async def all_of(sounds: Sounds, audio: bytearray | None = None) -> tuple[bytes, list[str]]:
    audio = bytearray() if audio is None else audio
    words = []
    async with asyncio.timeout(10):
        async for sound in sounds:
            audio += sound.audio
            words += [word.text for word in sound.words]
    return bytes(audio), words


def lasting(words: int, name: str) -> Any:
    """The length of so many words, in milliseconds: frames of MP3 begin 46 ms before, and the last one is whole."""
    coded = VENDORS[name].coded
    return pytest.approx(words * WORD_MS + 55 * coded, abs=25 if coded else 3)


def ms_of(audio: bytes, voice: StreamingTextToSpeech) -> float:
    return len(audio) / voice.formats[0].bytes_per_ms


@pytest.mark.parametrize("name", VENDORS)
async def test_sentences_are_said_in_their_order(name: str, standins: StandIns) -> None:
    """Each is asked for at once and has its own audio, in the line's own codec where the vendor can; and its words with
    their times where it tells them."""
    voice = voice_of(name)
    await voice.warm_up()  # type: ignore[attr-defined]
    assert (voice.formats[0] == PCMU) is (name not in ("openai", "telnyx"))
    stream = voice.open(voice.formats[0], call_id="c")
    sentences = [stream.speak("one two three"), stream.speak("four", goes_on=True), stream.speak("five six")]
    said = [await all_of(sentence) for sentence in sentences]
    assert [ms_of(audio, voice) for audio, _ in said] == [lasting(3, name), lasting(1, name), lasting(2, name)]
    words = [["one", "two", "three"], ["four"], ["five", "six"]] if VENDORS[name].timed else [[], [], []]
    assert [told for _, told in said] == words
    assert all(any(audio) for audio, _ in said)
    stream.close()


@pytest.mark.parametrize("name", VENDORS)
async def test_it_speaks_to_the_stand_in_and_to_the_vendor_alike(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``OFFHOOK_TEST_REAL=1`` and a key to the vendor itself: a sentence is heard, for as long as one takes."""
    vendor = VENDORS[name]
    async with StandIns(Scripted(word_ms=300)) as standins:
        if not (os.environ.get("OFFHOOK_TEST_REAL") and os.environ.get(vendor.key)):
            for variable, value in standins.env.items():
                monkeypatch.setenv(variable, value)
        voice = as_streaming(REAL.get(name, vendor.make)())
        stream = voice.open(voice.formats[0])
        for text in ("We open at nine every day of the week.", "Would you like to come?"):
            audio, _ = await all_of(stream.speak(text))
            assert 1000 < ms_of(audio, voice) < 6000
            assert voice.formats[0].sounds(audio)
        stream.close()
        await aclose_connections()


@pytest.mark.parametrize("name", SOCKETS)
async def test_each_format_that_is_offered_is_given(name: str, standins: StandIns) -> None:
    """And another is refused."""
    voice = voice_of(name)
    for audio in voice.formats:
        stream = voice.open(audio)
        sound, _ = await all_of(stream.speak("one two three"))
        assert len(sound) / audio.bytes_per_ms == lasting(3, name)
        stream.close()
    with pytest.raises(ConfigError, match="expected audio as one of"):
        voice.open(type(PCM_16K)("pcm", 11_025))


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_cancellation_is_at_the_provider_within_50_ms(name: str, standins: StandIns) -> None:
    """What was asked for ends; what is asked for next has its own audio alone, whatever still comes of the other."""
    voice, vendor = voice_of(name), VENDORS[name]
    standins.fault(vendor.door, "cancel", "late", delay_ms=30)
    stream = voice.open(voice.formats[0])
    took_ms = []
    for nth in range(1, 4):  # the best of three, for a machine that is busy
        standins.fault(vendor.door, "audio", "slow", delay_ms=100)
        first, second = stream.speak("one two three four"), stream.speak("five")
        while len(standins.journal.find(vendor.door, way="fault", stage="audio")) < nth:
            await asyncio.sleep(0.001)
        seen = len(standins.journal.find(vendor.door, way="in", stage="cancel"))
        began = time.monotonic()
        stream.cancel()
        while len(standins.journal.find(vendor.door, way="in", stage="cancel")) == seen:
            await asyncio.sleep(0)
        took_ms.append((time.monotonic() - began) * 1000)
        assert [await all_of(first), await all_of(second)] == [(b"", []), (b"", [])]
        audio, _ = await all_of(stream.speak("six seven"))
        assert ms_of(audio, voice) == lasting(2, name)
    assert min(took_ms) < 50
    stream.close()


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_sentence_that_is_there_is_dropped_with_the_others(name: str, standins: StandIns) -> None:
    """Nothing of what was asked for is given after a cancellation, whether or not the vendor is done with it."""
    voice = voice_of(name)
    stream = voice.open(voice.formats[0])
    first, second = stream.speak("one two"), stream.speak("three")
    await all_of(second)
    stream.cancel()
    assert await all_of(first) == (b"", [])
    stream.close()


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_sentence_that_is_not_wanted_is_dropped_alone(name: str, standins: StandIns) -> None:
    """The one after it is said; the last one that is dropped cancels."""
    voice = voice_of(name)
    stream = voice.open(voice.formats[0])
    first, second = stream.speak("one two three"), stream.speak("four")
    await first.aclose()
    audio, _ = await all_of(second)
    assert ms_of(audio, voice) == lasting(1, name)
    last = stream.speak("five")
    await last.aclose()
    await last.aclose()
    assert await all_of(last) == (b"", [])
    await standins.journal.wait_for(VENDORS[name].door, way="in", stage="cancel")
    stream.close()
    stream.close()
    assert await all_of(stream.speak("six")) == (b"", [])
    await standins.journal.wait_for(VENDORS[name].door, way="in", stage="gone")


@pytest.mark.parametrize("name", VENDORS)
async def test_a_key_that_is_refused_is_told_with_what_to_correct(name: str, standins: StandIns) -> None:
    """At the first sentence and at every other; without the provider's words, and without the key."""
    standins.fault(VENDORS[name].door, "connect", "refuse", times=None, text="sk-secret")
    stream = voice_of(name).open(voice_of(name).formats[0])
    for _ in range(2):
        with pytest.raises(EngineRefused) as refused:
            await all_of(stream.speak("one"))
        assert refused.value.fix == f"correct {VENDORS[name].key}"
        assert "secret" not in str(refused.value)
    stream.close()


@pytest.mark.parametrize("kind", ["close", "reset"])
@pytest.mark.parametrize("name", VENDORS)
async def test_a_connection_that_ends_in_a_sentence_breaks_it(name: str, kind: Any, standins: StandIns) -> None:
    """What came was given; so was the sentence after it broken, where that was asked for on the same connection."""
    standins.fault(VENDORS[name].door, "audio", kind, after=1, code=1011)
    voice = voice_of(name)
    stream = voice.open(voice.formats[0])
    heard = bytearray()
    with pytest.raises(EngineError):
        await all_of(stream.speak("one two three four five six seven eight"), heard)
    assert 0 < ms_of(bytes(heard), voice) < 8 * WORD_MS
    stream.close()


@pytest.mark.parametrize("garbage", ["json", "shape", "array", "text", "huge"])
@pytest.mark.parametrize("name", SOCKETS)
async def test_garbage_is_an_error_or_nothing(name: str, garbage: Any, standins: StandIns) -> None:
    """It never hangs the stream, and is never heard: what ends the sentence may be lost, and then its time is over."""
    standins.fault(VENDORS[name].door, "audio", "garbage", times=None, garbage=garbage)
    voice = voice_of(name)
    stream = voice.open(voice.formats[0])
    heard = bytearray()
    with suppress(EngineError):
        await all_of(stream.speak("one two three"), heard)
    assert heard == b""
    stream.close()


@pytest.mark.parametrize("name", SOCKETS)
async def test_an_error_that_the_vendor_tells_breaks_the_sentence(name: str, standins: StandIns) -> None:
    """In its own way."""
    standins.fault(VENDORS[name].door, "audio", "error", code=1011)
    voice = voice_of(name)
    stream = voice.open(voice.formats[0])
    with pytest.raises(EngineUnavailable):
        await all_of(stream.speak("one two"))
    stream.close()


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_connection_that_ended_while_nothing_was_owed_is_made_anew(name: str, standins: StandIns) -> None:
    """Whether that was noticed before the next sentence is asked for, or not."""
    door = VENDORS[name].door
    voice = voice_of(name)
    stream = voice.open(voice.formats[0])
    await all_of(stream.speak("one"))
    await standins.stop()
    await standins.start()
    audio, _ = await all_of(stream.speak("two three"))  # it is perhaps not known yet that the connection is gone
    assert ms_of(audio, voice) == lasting(2, name)
    made = len(standins.journal.find(door, way="in", stage="connect"))
    assert 3 <= made <= 5 if name == "telnyx" else made == 2  # the next sentence's, too
    stream.close()


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_sentence_is_asked_for_once_more_where_a_connection_dies_under_it(
    name: str, standins: StandIns
) -> None:
    """Nothing of it was heard, and the connection had worked; a second time it is an error."""
    door = VENDORS[name].door
    voice = voice_of(name)
    stream = voice.open(voice.formats[0])
    await all_of(stream.speak("one"))
    standins.fault(door, "audio", "reset")
    audio, _ = await all_of(stream.speak("two three"))
    assert ms_of(audio, voice) == lasting(2, name)
    standins.fault(door, "audio", "reset", times=2)
    with pytest.raises(EngineUnavailable):
        await all_of(stream.speak("four"))
    stream.close()


@pytest.mark.parametrize("name", VENDORS)
def test_a_missing_key_is_told_when_the_voice_is_made(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a server does not start."""
    monkeypatch.setenv(VENDORS[name].key, "")
    with pytest.raises(ConfigError) as missing:
        load_tts(f"{name}:which.one")
    assert f"set {VENDORS[name].key}" in str(missing.value.fix)


@pytest.mark.parametrize("name", ["cartesia", "elevenlabs"])
def test_a_voice_must_be_named_where_the_vendor_has_none_of_its_own(name: str) -> None:
    """Its id is the account's."""
    with pytest.raises(ConfigError, match="expected the id of a voice"):
        load_tts(name)


@pytest.mark.parametrize("name", ["deepgram", "rime", "telnyx", "openai"])
def test_a_vendor_alone_has_a_voice_of_its_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is written in its documentation."""
    monkeypatch.setenv(VENDORS[name].key, "a key")
    load_tts(name)


async def test_openai_is_told_how_to_speak(standins: StandIns) -> None:
    """Where instructions are given."""
    voice = as_streaming(OpenAISpeech(instructions="Be cheerful.", options={"speed": 1.1}))
    await all_of(voice.open(voice.formats[0]).speak("one"))
    (asked,) = standins.journal.find("speech", stage="request")
    assert asked.message is not None
    assert all(part in asked.message for part in ("Be cheerful.", '"speed"', "marin", '"pcm"'))
