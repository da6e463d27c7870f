"""Recognisers over the network: what holds for each of them, before stand-ins or the vendor itself."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.codecs import make_encoder
from offhook.clock import SystemClock
from offhook.errors import ConfigError, EngineError, EngineRefused, EngineUnavailable
from offhook.providers import connection, recognition
from offhook.speech.engines import load_stt
from offhook.speech.streams import (
    PCM_16K,
    EndOfTurn,
    FinalWords,
    Onset,
    PartialWords,
    StreamBroke,
)
from offhook.speech.testing import tone
from offhook.waits import PROVIDER_CONNECT, PROVIDER_WORDS

from .conftest import KEYS, QUIET, Listener, frames, say, understood, words_in

if TYPE_CHECKING:
    from offhook.speech.streams import RecognitionEvent

    from .conftest import Service

TONE = make_encoder("PCMU", 8000).encode(tone(8000, 1000))
"""What a script takes for a second of speech."""
PAUSE = QUIET * 15
"""As long as it takes to notice that somebody has stopped."""
CANARY = "canary-0451"


def said(event: RecognitionEvent) -> bool:
    return isinstance(event, EndOfTurn | FinalWords) and bool(event.text)


def words_told(listener: Listener) -> list[str]:
    """All words until the first flush was answered."""
    told = []
    for event in listener.events:
        flushed = getattr(event, "flushed", 0)
        if isinstance(event, EndOfTurn | FinalWords) or (flushed and isinstance(event, PartialWords)):
            told += words_in(event.text)
        if flushed:
            break
    return told


def answers(number: int) -> Any:
    return lambda event: getattr(event, "flushed", 0) >= number


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit for words that is over soon."""
    monkeypatch.setattr(recognition, "PROVIDER_WORDS", replace(PROVIDER_WORDS, limit_s=0.3))


def let_in_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit for connections that is over soon: for those that are never made."""
    monkeypatch.setattr(connection, "PROVIDER_CONNECT", replace(PROVIDER_CONNECT, limit_s=0.3))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that is not over on a busy machine."""
    monkeypatch.setattr(recognition, "PROVIDER_WORDS", replace(PROVIDER_WORDS, limit_s=20.0))


# -- words ------------------------------------------------------------------------------------------------------------


async def test_what_is_said_becomes_words(service: Service, phrase: bytes) -> None:
    """While it is said there are words that may change, and after it those that were said, placed in the audio."""
    listener = Listener()
    stream = service.open(listener)
    await say(stream, phrase + QUIET * 100)
    event = await listener.wait_for(said)
    assert understood(words_in(event.text))
    assert isinstance(event, EndOfTurn) == service.engine.ends_turns
    assert 0.5 < event.confidence <= 1.0
    assert any(isinstance(event, PartialWords) for event in listener.events)
    for word in event.words:
        assert 400 < word.began_ms < word.ended_ms < len(phrase) / 8 + 200
    for onset in listener.events:
        if isinstance(onset, Onset) and onset.at_ms is not None:
            assert 300 < onset.at_ms < 900
    stream.close()


async def test_a_flush_is_answered_with_the_words_at_once(service: Service, phrase: bytes, patient: None) -> None:
    """After a short pause, though the caller may go on."""
    listener = Listener()
    stream = service.open(listener)
    await say(stream, phrase + PAUSE)
    stream.flush()
    await listener.wait_for(answers(1))
    assert understood(words_told(listener))
    stream.close()


async def test_audio_that_was_pushed_before_there_is_a_connection_is_heard(
    service: Service, phrase: bytes, patient: None
) -> None:
    """All of it, at once, and a flush after it too."""
    listener = Listener()
    stream = service.open(listener)
    for frame in frames(phrase + PAUSE):
        stream.push(frame)
    stream.flush()
    await listener.wait_for(answers(1))
    assert understood(words_told(listener))
    stream.close()


async def test_pcm_is_heard_as_well(service: Service, phrase: bytes) -> None:
    """At 16 kHz, as other programs than a telephone line have it."""
    from offhook.audio.formats import PCMU, Rewriter

    listener = Listener()
    stream = service.engine.open(PCM_16K, listener)
    pcm = Rewriter(PCMU, PCM_16K).process(phrase + QUIET * 100)
    for at in range(0, len(pcm), 640):
        stream.push(pcm[at : at + 640])
        await asyncio.sleep(0.004)
    event = await listener.wait_for(said)
    assert understood(words_in(event.text))
    stream.close()


async def test_a_flush_is_answered_where_nothing_was_said(scripted: Service, soon: None) -> None:
    """Without words, and within the limit."""
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, QUIET * 30)
    stream.flush()
    event = await listener.wait_for(answers(1))
    assert (event.text, event.flushed) == ("", 1)
    stream.close()


async def test_flushes_are_answered_by_their_number(scripted: Service, patient: None) -> None:
    """The second with what was said after the first."""
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, TONE)
    stream.flush()
    first = await listener.wait_for(answers(1))
    await say(stream, QUIET * 30 + TONE)
    stream.flush()
    second = await listener.wait_for(answers(2))
    assert (words_in(first.text), words_in(second.text)) == (["book", "a", "table"], ["for", "two"])
    stream.close()


# -- the end ----------------------------------------------------------------------------------------------------------


async def test_the_provider_is_told_of_the_end_within_50_ms(scripted: Service) -> None:
    """It is asked to finish, and the socket is closed; nobody waits for that, and nothing is told after it."""
    assert scripted.standins is not None
    journal, took_ms = scripted.standins.journal, []
    for _ in range(3):  # a machine that is busy is late now and then
        seen = len(journal.find(scripted.door, way="in", stage="gone"))
        listener = Listener()
        stream = scripted.open(listener)
        await say(stream, TONE, every_ms=1)
        await listener.wait_for(lambda event: isinstance(event, PartialWords))
        began_ms = SystemClock().now_ms()
        stream.close()
        told = len(listener.events)
        async with asyncio.timeout(10):
            while len(gone := journal.find(scripted.door, way="in", stage="gone")) == seen:
                await asyncio.sleep(0.001)
        (end,) = journal.find(scripted.door, way="in", stage="end", connection=gone[-1].connection)
        took_ms.append(max(end.at_ms, gone[-1].at_ms) - began_ms)
        assert len(listener.events) == told
    assert min(took_ms) < 50


async def test_a_stream_that_is_closed_before_it_is_connected_leaves_nothing(scripted: Service) -> None:
    """No task, no connection, no event."""
    assert scripted.standins is not None
    before = asyncio.all_tasks()
    listener = Listener()
    stream = scripted.open(listener)
    stream.push(QUIET)
    stream.close()
    stream.close()
    stream.flush()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > len(before):
            await asyncio.sleep(0.01)
    assert listener.events == []


async def test_connections_leave_no_task_behind(scripted: Service) -> None:
    """Once they are closed, by us or by the provider."""
    assert scripted.standins is not None
    before = asyncio.all_tasks()
    scripted.standins.fault(scripted.door, "partial", "close", code=1011)
    for _ in range(2):
        listener = Listener()
        stream = scripted.open(listener)
        await say(stream, TONE + QUIET * 20, every_ms=1)
        await listener.wait_for(lambda event: True)
        stream.close()
    async with asyncio.timeout(5):
        while asyncio.all_tasks() - before - {asyncio.current_task()}:
            await asyncio.sleep(0.01)


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"), [(401, EngineRefused), (403, EngineRefused), (400, EngineRefused), (402, EngineRefused)]
)
async def test_a_refusal_is_told_as_one(scripted: Service, status: int, kind: type[EngineError]) -> None:
    """Another stream of the same engine would be refused, too."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "connect", "refuse", status=status)
    listener = Listener()
    scripted.open(listener)
    error = (await listener.broken()).error
    assert type(error) is kind
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_provider_that_is_busy_is_worth_another_try(scripted: Service, status: int) -> None:
    """After the time that it names, if it names one."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "connect", "refuse", status=status)
    listener = Listener()
    scripted.open(listener)
    error = (await listener.broken()).error
    assert isinstance(error, EngineUnavailable)
    assert error.retry_after_s == (1.0 if status == 429 else None)


async def test_a_handshake_that_is_never_answered_is_given_up(
    scripted: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the time that is listed for it."""
    let_in_soon(monkeypatch)
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "connect", "hang")
    listener = Listener()
    scripted.open(listener)
    assert isinstance((await listener.broken()).error, EngineUnavailable)


async def test_nobody_listens_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that cannot be made is worth another try."""
    for variable in (*KEYS.values(), "ASSEMBLYAI_BASE_URL", "DEEPGRAM_BASE_URL", "TELNYX_SPEECH_BASE_URL"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9" if "URL" in variable else "a key")
    engine: Any = load_stt(name)
    listener = Listener()
    engine.open(engine.formats[0], listener)
    assert isinstance((await listener.broken()).error, EngineUnavailable)


@pytest.mark.parametrize("kind", ["close", "reset"])
async def test_a_connection_that_ends_in_a_turn_breaks_the_stream(scripted: Service, kind: str) -> None:
    """Nothing follows; whoever has the audio gives it to another."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "partial", kind, code=1011)
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, TONE + QUIET * 40)
    broke = await listener.broken()
    assert isinstance(broke.error, EngineUnavailable)
    assert listener.events[-1] is broke
    stream.push(QUIET)
    stream.flush()
    stream.close()
    assert listener.events[-1] is broke


async def test_a_normal_end_that_nobody_asked_for_breaks_the_stream_too(scripted: Service) -> None:
    """The audio that follows would not be heard."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "partial", "close", code=1000)
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, TONE + QUIET * 40)
    assert isinstance((await listener.broken()).error, EngineUnavailable)


async def test_an_error_of_the_providers_breaks_the_stream(scripted: Service) -> None:
    """In the way that each of them tells it."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "partial", "error", code=3005, text=CANARY)
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, TONE + QUIET * 40)
    broke = await listener.broken()
    assert isinstance(broke.error, EngineError)
    assert CANARY not in str(broke.error)


@pytest.mark.parametrize("garbage", ["json", "shape", "binary", "huge"])
@pytest.mark.parametrize("stage", ["partial", "final"])
async def test_garbage_breaks_the_stream_or_is_passed_over(
    scripted: Service, stage: str, garbage: Any, soon: None
) -> None:
    """It raises nothing that a listener would not be told; a flush is answered, or the stream is over."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, stage, "garbage", garbage=garbage)
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, TONE + QUIET * 40, every_ms=1)
    stream.flush()
    event = await listener.wait_for(lambda event: isinstance(event, StreamBroke) or getattr(event, "flushed", 0) >= 1)
    if isinstance(event, StreamBroke):
        assert isinstance(event.error, EngineError)
    stream.close()


async def test_a_provider_that_tells_nothing_of_what_it_was_asked_is_given_up(
    scripted: Service, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would have said that there was nothing; one that should speak first is not waited for that long."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "*", "silence")
    listener = Listener()
    stream = scripted.open(listener)
    if scripted.door in ("assemblyai", "flux"):  # these speak first
        let_in_soon(monkeypatch)
        assert isinstance((await listener.broken()).error, EngineUnavailable)
        return
    await say(stream, TONE)
    stream.flush()
    assert isinstance((await listener.broken()).error, EngineUnavailable)


async def test_a_provider_that_falls_silent_later_is_given_up_too(scripted: Service, soon: None) -> None:
    """Its words may have changed: another one hears all of them."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "partial", "silence", after=1)
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, TONE)
    await scripted.standins.journal.wait_for(scripted.door, way="fault", stage="partial")
    stream.flush()
    assert isinstance((await listener.broken()).error, EngineUnavailable)


@pytest.mark.parametrize("name", ["deepgram:flux"])
async def test_a_provider_that_tells_something_all_along_is_missed_when_it_does_not(scripted: Service) -> None:
    """In the middle of a turn, and without being asked: the turn would not end."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "update", "silence", after=3)
    scripted.standins.fault(scripted.door, "partial", "silence", after=2)
    listener = Listener()
    stream = scripted.open(listener)
    await say(stream, TONE * 3)
    broke = await listener.broken()
    assert isinstance(broke.error, EngineUnavailable)
    assert "nothing for 1 s" in broke.error.message
    assert any(isinstance(event, PartialWords) for event in listener.events)


async def test_audio_that_waits_for_more_than_10_s_is_dropped(
    scripted: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """The oldest first; what is left is heard, and placed where it was said."""
    assert scripted.standins is not None
    scripted.standins.fault(scripted.door, "connect", "slow", delay_ms=100)
    listener = Listener()
    stream = scripted.open(listener)
    for frame in [QUIET] * 600 + [TONE[at : at + 160] for at in range(0, 8000, 160)] + [QUIET] * 50:
        stream.push(frame)
    event = await listener.wait_for(said)
    assert words_in(event.text) == ["book", "a", "table"]
    onsets = [event.at_ms for event in listener.events if isinstance(event, Onset) and event.at_ms is not None]
    assert all(11_900 < at_ms < 12_200 for at_ms in onsets)
    assert "have waited" in caplog.text
    audio = sum(entry.bytes for entry in scripted.standins.journal.find(scripted.door, way="in", stage="audio"))
    assert audio <= 80_000
    stream.close()


async def test_a_listener_that_raises_does_not_end_the_stream(scripted: Service) -> None:
    """Its fault is the loop's to tell."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    events: list[RecognitionEvent] = []
    over = asyncio.Event()

    def listener(event: RecognitionEvent) -> None:
        events.append(event)
        if said(event):
            over.set()
        raise RuntimeError("a listener of somebody's")

    stream = scripted.engine.open(scripted.engine.formats[0], listener)
    await say(stream, TONE + QUIET * 100, every_ms=1)
    await asyncio.wait_for(over.wait(), 5)
    stream.close()
    assert len(told) >= len(events) > 1


# -- keys -------------------------------------------------------------------------------------------------------------


async def test_a_key_is_in_no_log_and_in_no_error(
    scripted: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However much is logged, and though the provider repeats it."""
    assert scripted.standins is not None
    for variable in KEYS.values():
        monkeypatch.setenv(variable, CANARY)
    engine: Any = load_stt(scripted.name)
    scripted.standins.fault(scripted.door, "connect", "refuse", status=401, text=f"wrong key: {CANARY}")
    caplog.set_level(logging.DEBUG)
    listener = Listener()
    engine.open(engine.formats[0], listener)
    broke = await listener.broken()
    listener = Listener()
    stream = engine.open(engine.formats[0], listener)
    await say(stream, TONE)
    stream.close()
    link = engine._link(engine.formats[0])
    own = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn"))
    assert CANARY in caplog.text  # in the log of the stand-in, which runs in this process
    for text in (own, str(broke.error), repr(broke), repr(engine), repr(link)):
        assert CANARY not in text


@pytest.mark.parametrize("engine", ["assemblyai", "deepgram", "deepgram:flux", "telnyx"])
def test_without_a_key_there_is_no_engine(engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """It is refused where it is made, so that nothing starts with it, and says what to set."""
    monkeypatch.chdir(tmp_path)
    variable = KEYS[engine.partition(":")[0]]
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigError) as missing:
        load_stt(engine)
    assert variable in str(missing.value.fix)


async def test_what_cannot_be_heard_is_refused_when_it_is_asked_for(scripted: Service) -> None:
    """With the formats that can be."""
    from offhook.audio.formats import AudioFormat

    with pytest.raises(ConfigError, match="pcmu at 8000 Hz"):
        scripted.engine.open(AudioFormat("pcm", 11025), Listener())


async def test_warming_up_has_tls_ready(scripted: Service) -> None:
    """So that no call waits for it."""
    connection.tls.cache_clear()
    await scripted.engine.warm_up()  # type: ignore[attr-defined]  # every engine may have it
    assert connection.tls.cache_info().currsize == 1
