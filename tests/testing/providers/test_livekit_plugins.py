"""LiveKit's plugins must take the stand-ins for the vendors whose protocol they speak: they share no code with us.

For Telnyx's and Rime's voices, and for several contexts of ElevenLabs' on one connection, there is no package of the
vendor's own.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.resample import resample

from .conftest import PHRASE, understood, words_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.testing.providers import StandIns

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
async def http(require: Any) -> AsyncIterator[Any]:
    """The connections of a plugin, which in an agent's process are the process's."""
    require(find_spec("livekit") is not None and find_spec("livekit.agents") is not None, "the package livekit-agents")
    import aiohttp

    async with aiohttp.ClientSession() as session:
        yield session


async def spoken(tts: Any, *texts: str) -> tuple[bytes, list[str]]:
    """What a plugin makes of texts that come piece by piece: pcm at 16 kHz, and the words that it was told."""
    pcm, words = bytearray(), []
    async with asyncio.timeout(30), tts.stream() as stream:
        for text in texts:
            stream.push_text(text)
        stream.end_input()
        async for event in stream:
            pcm += event.frame.data.tobytes()
            words += [str(word) for word in event.frame.userdata.get("lk.timed_transcripts", [])]
    return resample(bytes(pcm), tts.sample_rate, 16_000), words


async def heard(providers: StandIns, pcm: bytes) -> list[str]:
    recognition = await providers.engines.recogniser().recognise(pcm, 0, None)
    return words_in(recognition.text)


async def test_the_plugin_for_telnyx_says_a_sentence(providers: StandIns, http: Any, require: Any) -> None:
    """It takes the audio for MP3, and the end of the connection for the end of the sentence."""
    require(find_spec("livekit.plugins.telnyx") is not None, "the package livekit-plugins-telnyx")
    from livekit.plugins import telnyx

    where = providers.env["TELNYX_SPEECH_BASE_URL"].replace("http", "ws", 1) + "/text-to-speech/speech"
    tts = telnyx.TTS(voice="Telnyx.KokoroTTS.af_heart", api_key="a key", base_url=where, http_session=http)
    async with aclosing(tts):
        pcm, _ = await spoken(tts, PHRASE[:10], PHRASE[10:])
    assert understood(await heard(providers, pcm))


async def test_the_plugin_for_rime_says_a_sentence(providers: StandIns, http: Any, require: Any) -> None:
    """And is told its words with their times, and that it is done."""
    require(find_spec("livekit.plugins.rime") is not None, "the package livekit-plugins-rime")
    from livekit.plugins import rime

    where = providers.env["RIME_BASE_URL"].replace("http", "ws", 1)
    tts = rime.TTS(base_url=where, model="mistv2", api_key="a key", http_session=http)
    async with aclosing(tts):
        pcm, words = await spoken(tts, PHRASE[:10], PHRASE[10:])
    assert understood(await heard(providers, pcm))
    assert understood(words_in("".join(words)))


async def test_the_plugin_for_elevenlabs_says_two_texts_at_once(providers: StandIns, http: Any, require: Any) -> None:
    """Each in a context of its own, on one connection, with its words."""
    require(find_spec("livekit.plugins.elevenlabs") is not None, "the package livekit-plugins-elevenlabs")
    from livekit.plugins import elevenlabs

    tts = elevenlabs.TTS(
        voice_id="a voice",
        base_url=providers.env["ELEVENLABS_BASE_URL"] + "/v1",
        encoding="pcm_16000",
        api_key="a key",
        http_session=http,
    )
    async with aclosing(tts):
        first, second = await asyncio.gather(spoken(tts, PHRASE[:10], PHRASE[10:]), spoken(tts, PHRASE))
    for pcm, words in (first, second):
        assert understood(await heard(providers, pcm))
        assert understood(words_in("".join(words)))
    assert len(providers.journal.find("elevenlabs", way="in", stage="connect")) == 1
