"""A recogniser of whole utterances as one that streams."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.formats import PCM_8K, PCM_16K, AudioFormat
from offhook.audio.resample import Resampler
from offhook.errors import ConfigError, EngineError
from offhook.speech.base import Recognition
from offhook.speech.batch import BatchSpeechToText, metered, streaming, unadapted
from offhook.speech.metering import Metering
from offhook.speech.streams import PartialWords, RecognitionEvent, StreamBroke
from offhook.speech.testing import FakeStreamingStt, FakeStt, tone

if TYPE_CHECKING:
    from offhook.speech.streams import RecognitionStream

PIECE = tone(8000, 20)
PIECE_BYTES = len(PIECE)


async def settle() -> None:
    """Let every task run as far as it can without time."""
    for _ in range(20):
        await asyncio.sleep(0)


class Held:
    """A recogniser whose transcriptions are held until they are let go."""

    sample_rate = 16000

    def __init__(self, at_once: int | None = None) -> None:
        if at_once is not None:
            self.at_once = at_once
        self.heard: list[bytes] = []
        self.waiting: list[asyncio.Future[Any]] = []
        self.cancelled = 0

    async def transcribe(self, pcm: bytes) -> Recognition:
        self.heard.append(pcm)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        try:
            words: Recognition = await future
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return words

    async def give(self, words: Any, at: int = -1) -> None:
        future = self.waiting.pop(at)
        if isinstance(words, Exception):
            future.set_exception(words)
        else:
            future.set_result(Recognition(words, 0.9) if isinstance(words, str) else words)
        await settle()


class Glancing(Held):
    """One that can look at an utterance on the side."""

    def __init__(self, *seen: Any) -> None:
        super().__init__(at_once=1)
        self.seen = list(seen)
        self.looked: list[bytes] = []

    async def partial(self, pcm: bytes) -> Recognition | None:
        self.looked.append(pcm)
        seen = self.seen.pop(0) if self.seen else None
        if isinstance(seen, Exception):
            raise seen
        return Recognition(seen, 0.6) if isinstance(seen, str) else seen


class Caller:
    """A stream, and what it tells."""

    def __init__(self, engine: Any, audio: AudioFormat = PCM_8K) -> None:
        self.engine = engine
        self.events: list[RecognitionEvent] = []
        self.stream: RecognitionStream = engine.open(audio, self.events.append, call_id="v3:call")
        self.pushed_ms = 0.0

    async def push(self, ms: float, piece: bytes = PIECE) -> None:
        for _ in range(round(ms / 20)):
            self.stream.push(piece)
            self.pushed_ms += 20
            await asyncio.sleep(0)
        await settle()

    async def begin(self, ms: float) -> None:
        """Something is said since now, and for so long."""
        self.stream.speech_began(self.pushed_ms)
        await self.push(ms)


async def test_a_flush_is_answered_with_the_words_of_the_utterance() -> None:
    """From where it began, at the recogniser's rate."""
    stt = FakeStt(["hello"])
    caller = Caller(BatchSpeechToText(stt))
    await caller.push(1000, bytes(PIECE_BYTES))
    caller.stream.speech_began(760.0)
    await caller.push(400)
    caller.stream.flush()
    assert caller.events == []
    await settle()
    assert caller.events == [PartialWords("hello", 0.95, flushed=1)]
    resampler = Resampler(8000, 16000)
    expected = resampler.process(bytes(12 * PIECE_BYTES)) + b"".join(resampler.process(PIECE) for _ in range(20))
    assert stt.heard == [expected]


async def test_an_utterance_that_goes_on_is_heard_again_as_a_whole() -> None:
    """Two halves are recognised worse than one whole; the answer to the first flush is not waited for."""
    stt = Held()
    caller = Caller(BatchSpeechToText(stt))
    await caller.begin(400)
    caller.stream.flush()
    await settle()
    caller.stream.speech_resumed()
    await caller.push(400)
    caller.stream.flush()
    await settle()
    assert stt.cancelled == 1
    assert stt.heard[1].startswith(stt.heard[0])
    assert len(stt.heard[1]) == 2 * len(stt.heard[0])
    await stt.give("hello there")
    assert caller.events == [PartialWords("hello there", 0.9, flushed=2)]


async def test_the_next_utterance_begins_anew_and_one_that_was_cut_off_goes_on() -> None:
    """Nothing of the one before is in it, or all of it."""
    stt = FakeStt()
    caller = Caller(BatchSpeechToText(stt))
    for _ in range(2):
        await caller.begin(400)
        caller.stream.flush()
        await settle()
        caller.stream.speech_over()
        await caller.push(400, bytes(PIECE_BYTES))
    caller.stream.speech_began(caller.pushed_ms - 400, goes_on=True)
    await caller.push(200)
    caller.stream.flush()
    await settle()
    assert [len(pcm) / 32 for pcm in stt.heard] == [400, 400, 1000]


async def test_an_utterance_is_cut_after_30_s() -> None:
    """And its beginning can be 600 ms ago: of before that nothing is kept."""
    stt = FakeStt()
    caller = Caller(BatchSpeechToText(stt))
    await caller.push(1000)
    caller.stream.speech_began(0.0)
    caller.stream.flush()
    await settle()
    await caller.push(40_000)
    caller.stream.flush()
    await settle()
    assert [len(pcm) / 32 for pcm in stt.heard] == [600, 30_000]


async def test_without_an_utterance_a_flush_is_answered_too() -> None:
    """Nobody waits in vain."""
    caller = Caller(BatchSpeechToText(FakeStt()))
    caller.stream.flush()
    await settle()
    assert caller.events == [PartialWords("", 0.0, flushed=1)]


async def test_after_the_end_of_an_utterance_or_of_the_stream_nothing_is_told() -> None:
    """What is being recognised is given up."""
    stt = Held()
    caller = Caller(BatchSpeechToText(stt))
    await caller.begin(400)
    caller.stream.flush()
    await settle()
    caller.stream.speech_over()
    caller.stream.speech_began(0.0)
    caller.stream.flush()
    await settle()
    caller.stream.close()
    await settle()
    caller.stream.flush()
    caller.stream.speech_began(0.0)
    await caller.push(1000)
    assert stt.cancelled == len(stt.heard) == 2
    assert caller.events == []


@pytest.mark.parametrize(
    ("gives", "error"), [(OSError("a"), OSError), ("not words", EngineError), (asyncio.CancelledError(), RuntimeError)]
)
async def test_a_recogniser_that_fails_breaks_the_stream(gives: Any, error: type[Exception]) -> None:
    """Be it by what it raises or by what it gives."""

    class Failing:
        sample_rate = 16000

        async def transcribe(self, pcm: bytes) -> Recognition:
            if isinstance(gives, BaseException):
                raise gives
            return gives  # type: ignore[no-any-return]

    caller = Caller(BatchSpeechToText(Failing()))
    await caller.begin(400)
    caller.stream.flush()
    await settle()
    (broke,) = caller.events
    assert isinstance(broke, StreamBroke)
    assert isinstance(broke.error, error)
    caller.stream.flush()
    await settle()
    assert len(caller.events) == 1


# -- words while the caller speaks ------------------------------------------------------------------------------------


async def test_words_are_told_while_the_caller_speaks_as_often_as_there_is_something_new() -> None:
    """First after 700 ms, then each 500 ms, and not once they are waited for, until the caller goes on."""
    stt = Glancing("when", "", "when are you")
    caller = Caller(BatchSpeechToText(stt))
    await caller.begin(680)
    assert stt.looked == []
    await caller.push(1520)
    assert [len(pcm) / 32 for pcm in stt.looked] == pytest.approx([700, 1200, 1700, 2200], abs=41)
    assert caller.events == [PartialWords("when", 0.6), PartialWords("when are you", 0.6)]
    caller.stream.flush()
    await caller.push(2000)
    assert len(stt.looked) == 4
    caller.stream.speech_resumed()
    await caller.push(20)
    assert len(stt.looked) == 5


async def test_no_words_are_looked_for_in_a_pause() -> None:
    """They are likely to be asked for within a moment; if not, the look is made when the caller goes on."""
    stt = Glancing("when are you")
    caller = Caller(BatchSpeechToText(stt))
    await caller.begin(680)
    await caller.push(140, tone(8000, 20, peak=400))
    assert stt.looked == []
    await caller.push(20)
    assert len(stt.looked) == 1


async def test_a_look_is_given_up_in_a_pause() -> None:
    """Not in one of a few milliseconds, as between two words."""
    stt = Held(at_once=1)
    caller = Caller(BatchSpeechToText(stt, partials=True))
    await caller.begin(700)
    assert len(stt.heard) == 1
    await caller.push(60, bytes(PIECE_BYTES))
    await caller.push(20)
    await caller.push(60, bytes(PIECE_BYTES))
    assert stt.cancelled == 0
    await caller.push(20, bytes(PIECE_BYTES))
    assert stt.cancelled == 1
    await caller.push(400)
    assert len(stt.heard) == 1
    await caller.push(100)
    assert len(stt.heard) == 2


@pytest.mark.parametrize("partials", [False, True, None])
async def test_words_so_far_can_be_turned_off_and_otherwise_are_told_on_the_side(partials: bool | None) -> None:
    """An engine that can do that does so unless it is told not to."""
    stt = Glancing("when")
    caller = Caller(BatchSpeechToText(stt, partials=partials))
    await caller.begin(1000)
    assert bool(caller.events) == (partials is not False)
    assert stt.heard == []


async def test_a_recogniser_that_cannot_look_on_the_side_is_asked_only_where_that_is_wanted() -> None:
    """It may be somewhere else, and be paid by the request."""
    stt = Held()
    caller = Caller(BatchSpeechToText(stt))
    await caller.begin(2000)
    assert stt.heard == []
    caller = Caller(BatchSpeechToText(stt, partials=True))
    await caller.begin(1000)
    await caller.push(1000)
    assert len(stt.heard) == 1, "one at a time"
    await stt.give("when are")
    assert caller.events == [PartialWords("when are", 0.9)]


async def test_nobody_who_waits_for_words_waits_for_a_look_at_others() -> None:
    """Of an engine that does one thing at a time: none is begun meanwhile, and one under way is given up."""
    stt = Held(at_once=1)
    engine = BatchSpeechToText(stt, partials=True)
    one, other = Caller(engine), Caller(engine)
    await one.begin(1000)
    await other.begin(1000)
    assert len(stt.heard) == 1
    other.stream.flush()
    await settle()
    assert stt.cancelled == 1
    assert len(stt.heard) == 2
    await one.push(1000)
    assert len(stt.heard) == 2
    await stt.give("hello")
    assert other.events == [PartialWords("hello", 0.9, flushed=1)]
    await one.push(500)
    assert len(stt.heard) == 3
    other.stream.close()
    one.stream.flush()
    await settle()
    assert stt.cancelled == 2


@pytest.mark.parametrize("gives", [OSError("a"), 5, SystemExit(1), asyncio.CancelledError()])
async def test_a_look_that_fails_is_told_by_nobody(gives: Any) -> None:
    """Whoever asks for the words will find out."""

    class Blind(Glancing):
        async def partial(self, pcm: bytes) -> Recognition | None:
            if isinstance(gives, BaseException):
                raise gives
            return gives  # type: ignore[no-any-return]

    stt = Blind()
    caller = Caller(BatchSpeechToText(stt))
    await caller.begin(1000)
    assert caller.events == []
    caller.stream.flush()
    await settle()
    await stt.give("hello")
    assert caller.events == [PartialWords("hello", 0.9, flushed=1)]


# -- which kind an engine is ------------------------------------------------------------------------------------------


async def test_it_takes_pcm_at_the_rates_of_telephone_lines_and_its_own() -> None:
    """So that nothing is resampled while nobody speaks."""
    engine = BatchSpeechToText(FakeStt(sample_rate=16000))
    assert engine.formats == (PCM_16K, PCM_8K, AudioFormat("pcm", 24000))
    assert BatchSpeechToText(FakeStt(sample_rate=11025)).formats[0] == AudioFormat("pcm", 11025)
    assert (engine.ends_turns, engine.live) == (False, False)


async def test_it_is_made_ready_as_the_recogniser_is() -> None:
    """Whether it has to be or not."""
    warm: list[int] = []

    class Cold(FakeStt):
        async def warm_up(self) -> None:
            warm.append(1)

    await BatchSpeechToText(Cold()).warm_up()
    await BatchSpeechToText(Held()).warm_up()
    assert warm == [1]


def test_either_kind_of_recogniser_streams_in_the_end() -> None:
    """And what is neither is refused, before any call."""
    live, batch = FakeStreamingStt(), FakeStt()
    assert streaming(live) is live
    adapted = streaming(batch)
    assert isinstance(adapted, BatchSpeechToText)
    assert streaming(adapted) is adapted
    assert (unadapted(live), unadapted(adapted), unadapted(batch)) == (None, batch, batch)
    with pytest.raises(ConfigError, match="expected a recogniser, with transcribe or open, got a text"):
        streaming("moonshine")


async def test_what_takes_whole_utterances_is_metered_and_what_streams_is_not() -> None:
    """A stream is busy all along, and somewhere else."""
    metering = Metering()
    live = FakeStreamingStt()
    assert metered(live, metering) is live

    class Listener:
        def __init__(self) -> None:
            self.told: list[str] = []

        def asked(self, engine: str, audio_ms: float) -> None:
            self.told.append("asked")

        def answered(self, use: Any) -> None:
            self.told.append("answered")

        def done(self, engine: str, audio_ms: float, *, dropped: bool) -> None:
            self.told.append("done")

    metering.listener = listener = Listener()
    stt = Glancing("when")
    engine = metered(BatchSpeechToText(stt), metering)
    caller = Caller(engine)
    await caller.begin(1000)
    assert len(caller.events) == 1, "the words so far are told on the side"
    assert listener.told == []
    caller.stream.flush()
    await settle()
    assert listener.told == ["asked"]
    await stt.give("when are you open")
    assert listener.told == ["asked", "answered", "done"]
