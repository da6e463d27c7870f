"""Recognisers of LiveKit's plugins: real plugins over real sockets, before stand-ins that really hear."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.providers.conftest import Listener, frames, understood, words_in

from offhook.audio.formats import PCMU, Rewriter
from offhook.errors import ConfigError, EngineRefused, EngineUnavailable
from offhook.providers.livekit import LiveKitStt
from offhook.speech.engines import load_stt
from offhook.speech.streams import PCM_16K, EndOfTurn, FinalWords, PartialWords

if TYPE_CHECKING:
    from offhook.speech.streams import RecognitionStream
    from offhook.testing.providers import StandIns

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Plugins leave failed tasks behind that nobody asks for their error."""

NAMES = {
    "deepgram": "deepgram.STT(base_url={DEEPGRAM_BASE_URL}/v1/listen)",
    "flux": "deepgram.STTv2(base_url={DEEPGRAM_BASE_URL}/v2/listen)",
    "assemblyai": "assemblyai.STT(base_url={ASSEMBLYAI_BASE_URL})",
}
"""The plugins, by the stand-ins that they speak to."""


def plugin_for(door: str, standins: StandIns) -> LiveKitStt:
    engine: Any = load_stt("livekit:" + NAMES[door].format(**standins.env))
    assert isinstance(engine, LiveKitStt)
    return engine


async def say(stream: RecognitionStream, ulaw: bytes) -> None:
    wider = Rewriter(PCMU, PCM_16K)
    for frame in frames(ulaw):
        stream.push(wider.process(frame))
        await asyncio.sleep(0.004)


async def keep_silent(stream: RecognitionStream, until: asyncio.Event) -> None:
    while not until.is_set():
        stream.push(bytes(640))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("door", ["flux", "assemblyai"])
async def test_a_plugin_that_judges_turns_tells_their_end(vendors: StandIns, phrase: bytes, door: str) -> None:
    """With all of the words, and drafts of them before."""
    engine, listener, over = plugin_for(door, vendors), Listener(), asyncio.Event()
    assert engine.ends_turns
    await engine.warm_up()
    stream = engine.open(PCM_16K, listener, call_id="v3:call")
    stream.speech_began(500)
    await say(stream, phrase)
    silence = asyncio.create_task(keep_silent(stream, over))
    turn = await listener.wait_for(lambda event: isinstance(event, EndOfTurn))
    over.set()
    await silence
    stream.close()
    assert understood(words_in(turn.text))
    assert any(isinstance(event, PartialWords) for event in listener.events)


async def test_a_flush_is_answered_with_the_words(vendors: StandIns, phrase: bytes) -> None:
    """Where voice activity decides: for good, with their times, and then at once with nothing more."""
    engine, listener = plugin_for("deepgram", vendors), Listener()
    assert not engine.ends_turns
    stream = engine.open(PCM_16K, listener, call_id="v3:call")
    stream.speech_began(500)
    await say(stream, phrase)
    stream.flush()
    final = await listener.wait_for(lambda event: isinstance(event, FinalWords) and event.flushed == 1)
    stream.flush()
    await listener.wait_for(lambda event: isinstance(event, FinalWords) and event.flushed == 2)
    stream.close()
    said = [word for event in listener.events if isinstance(event, FinalWords) for word in event.words]
    assert understood(words_in(" ".join(word.text for word in said)))
    assert 300 < said[0].began_ms < 900
    assert final.flushed == 1


async def test_audio_that_comes_before_the_plugin_is_ready_is_heard(vendors: StandIns, phrase: bytes) -> None:
    """All of it, at once."""
    engine, listener = plugin_for("deepgram", vendors), Listener()
    stream = engine.open(PCM_16K, listener)
    wider = Rewriter(PCMU, PCM_16K)
    stream.speech_began(500)
    for frame in frames(phrase):
        stream.push(wider.process(frame))
    stream.flush()
    final = await listener.wait_for(lambda event: isinstance(event, FinalWords) and event.flushed == 1)
    stream.close()
    stream.close()
    stream.push(bytes(640))
    stream.flush()
    assert understood(words_in(final.text))


@pytest.mark.parametrize("door", list(NAMES))
async def test_one_that_is_not_let_in_says_so_at_once(vendors: StandIns, door: str) -> None:
    """The next recogniser is asked; a key that is refused is refused again."""
    vendors.fault(door, "connect", "refuse", status=401)
    listener = Listener()
    stream = plugin_for(door, vendors).open(PCM_16K, listener)
    stream.push(bytes(640))
    broke = await listener.broken()
    stream.push(bytes(640))
    stream.close()
    assert isinstance(broke.error, EngineRefused), broke
    assert vendors.env["DEEPGRAM_API_KEY"] not in str(broke.error)


@pytest.mark.parametrize("door", list(NAMES))
async def test_one_that_breaks_off_in_the_middle_says_so_at_once(vendors: StandIns, phrase: bytes, door: str) -> None:
    """It is not tried again there: another one may hear all of the turn sooner."""
    vendors.fault(door, "partial", "reset")
    listener = Listener()
    stream = plugin_for(door, vendors).open(PCM_16K, listener)
    await say(stream, phrase)
    broke = await listener.broken()
    stream.close()
    assert isinstance(broke.error, EngineUnavailable)


async def test_one_that_falls_silent_is_given_up(vendors: StandIns, phrase: bytes) -> None:
    """The second time that it tells nothing of what it was asked for."""
    vendors.fault("deepgram", "partial", "silence")
    listener = Listener()
    stream = plugin_for("deepgram", vendors).open(PCM_16K, listener)
    for _ in range(2):
        stream.speech_began(0)
        await say(stream, phrase)
        stream.flush()
        await asyncio.sleep(0)
    broke = await listener.broken()
    stream.close()
    assert isinstance(broke.error, EngineUnavailable)


async def test_what_a_listener_raises_is_not_the_plugins_fault(vendors: StandIns, phrase: bytes) -> None:
    """The stream goes on."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    heard = asyncio.Event()

    def listener(event: object) -> None:
        if isinstance(event, FinalWords):
            heard.set()
        raise LookupError

    stream = plugin_for("deepgram", vendors).open(PCM_16K, listener)
    await say(stream, phrase)
    stream.flush()
    async with asyncio.timeout(10):
        await heard.wait()
    stream.close()
    assert {type(context["exception"]) for context in told} == {LookupError}


def test_one_of_whole_utterances_is_refused(plugins: None) -> None:
    """With what to do about it."""
    with pytest.raises(ConfigError, match="whole utterances"):
        LiveKitStt("openai.STT(api_key=none, use_realtime=false)")
