"""How a call's audio becomes words, by whichever recogniser works."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agent.conftest import settle

from offhook.agent.cascade.recognising import Recogniser
from offhook.agent.options import Limits
from offhook.agent.recognisers import Recognisers
from offhook.audio.formats import PCM_8K, PCM_16K, PCMA, PCMU, AudioFormat, Rewriter
from offhook.clock import ManualClock
from offhook.errors import EngineRefused
from offhook.speech.base import Recognition
from offhook.speech.streams import (
    EagerEnd,
    EndOfTurn,
    FinalWords,
    Onset,
    PartialWords,
    StreamBroke,
    TurnResumed,
    Word,
)
from offhook.speech.testing import FakeRecognitionStream, FakeStreamingStt, FakeStt
from offhook.waiting import WaitOver

if TYPE_CHECKING:
    from offhook.agent.cascade.words import Told
    from offhook.speech.streams import RecognitionEvent


class Listener:
    """Notes what it is told, as it is told it."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.errors: list[Exception] = []
        self.engines: list[Any] = []
        self.raises = False

    def words_known(self, draft: int, words: Told, *, ended: bool) -> None:
        self.told.append(("known", draft, words.text, ended))

    def not_recognised(self, draft: int) -> None:
        self.told.append(("not recognised", draft))

    def recogniser_failed(self, error: Exception) -> None:
        self.errors.append(error)

    def words_so_far(self, words: Told, *, live: bool) -> None:
        if self.raises:
            raise ValueError
        self.told.append(("so far", words.text, live))

    def turn_may_be_over(self, words: Told) -> None:
        self.told.append(("may be over", words.text))

    def turn_goes_on(self) -> None:
        self.told.append(("goes on",))

    def turn_over(self, words: Told) -> None:
        self.told.append(("over", words.text))

    def hears(self, engine: Any) -> None:
        self.engines.append(engine)


class Hearing:
    """A call that is heard. A piece of audio is 20 ms, and numbered."""

    def __init__(self, *engines: Any, rate: int = 8000, line: AudioFormat = PCM_8K, **limits: Any) -> None:
        self.listener = Listener()
        self.clock = ManualClock(5000.0)
        self.recognisers = Recognisers(*engines, now_s=lambda: self.clock.now_ms() / 1000)
        self.words = Recogniser(
            self.recognisers, self.listener, clock=self.clock, limits=Limits(**limits), call_id="v3:call"
        )
        self.rate = rate
        self.pieces = 0
        self.words.begin(rate, line)

    def pcm(self, number: int) -> bytes:
        return number.to_bytes(2, "little") * (self.rate // 50)

    async def hear(self, ms: float, *, number: int | None = None) -> None:
        """Pieces that are numbered on, or all have this number."""
        for _ in range(round(ms / 20)):
            self.pieces += 1
            self.clock.advance(20)
            self.words.hear(self.pcm(self.pieces if number is None else number), self.clock.now_ms())
        await settle()

    async def say(self, ms: float) -> None:
        """Something is said since now, and noticed at once."""
        self.words.speech_began(self.clock.now_ms())
        await self.hear(ms)

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)

    def audio(self, first: int, last: int) -> bytes:
        """The pieces that are numbered so."""
        return b"".join(self.pcm(number) for number in range(first, last + 1))

    @property
    def told(self) -> list[tuple[Any, ...]]:
        return self.listener.told


@pytest.fixture
def live() -> FakeStreamingStt:
    return FakeStreamingStt(formats=(PCM_8K,))


# -- words ------------------------------------------------------------------------------------------------------------


async def test_the_words_of_a_draft_are_told_with_its_number() -> None:
    """By a recogniser of whole utterances, it is the utterance that is heard, with the moment before it."""
    stt = FakeStt(["hello"], sample_rate=8000)
    call = Hearing(stt)
    await call.hear(1000)
    await call.say(400)
    call.words.start(7)
    busy = call.words.busy
    await settle()
    assert call.told == [("known", 7, "hello", False)]
    assert (busy, call.words.busy) == (True, False)
    assert len(stt.heard[0]) == len(call.audio(39, 70))


async def test_one_that_streams_hears_all_of_the_audio_and_answers_a_draft(live: FakeStreamingStt) -> None:
    """Silence, too; and it is told where an utterance begins and ends."""
    live.answers.extend(["hello", "there"])
    call = Hearing(live)
    await call.hear(1000)
    await call.say(400)
    call.words.start(1)
    await settle()
    call.words.drop()
    call.words.start(2)
    call.words.drop()
    await call.hear(100)
    await settle()
    call.words.start(3)
    await settle()
    call.words.speech_over()
    (stream,) = live.streams
    assert bytes(stream.pushed) == call.audio(1, 75)
    assert stream.hints == ["began", "resumed", "over"]
    assert call.told == [
        ("known", 1, "hello", False),
        ("so far", "hello there", True),
        ("known", 3, "hello there", False),
    ]


async def test_a_draft_that_is_dropped_is_never_told() -> None:
    """The recogniser is stopped, and dropping nothing does nothing."""
    stt = FakeStt(["hello"], delay_ms=60_000)
    call = Hearing(stt)
    call.words.drop()
    await call.say(400)
    call.words.start(1)
    await settle()
    call.words.drop()
    await settle()
    assert stt.cancelled == 1
    assert call.told == []
    assert not call.words.busy


async def test_the_answer_to_a_flush_of_before_is_not_the_answer_to_the_last(live: FakeStreamingStt) -> None:
    """What was said in between is not in it."""
    live.answers.extend([None, None])
    call = Hearing(live)
    await call.say(400)
    call.words.start(1)
    await settle()
    call.words.drop()
    await call.hear(400)
    call.words.start(2)
    (stream,) = live.streams
    stream.tell(FinalWords("book a", flushed=1))
    await settle()
    assert call.told == [("so far", "book a", True)]
    stream.tell(FinalWords("table", flushed=2))
    await settle()
    assert call.told[1:] == [("known", 2, "book a table", False)]


async def test_what_a_recogniser_tells_of_its_own_accord_is_passed_on(live: FakeStreamingStt) -> None:
    """All that was said is in it, of however many of its turns."""
    call = Hearing(live)
    await call.say(400)
    (stream,) = live.streams
    events: list[RecognitionEvent] = [
        Onset(1.0),
        PartialWords(""),
        PartialWords("book"),
        EagerEnd("book a table"),
        TurnResumed(),
        EndOfTurn("book a table"),
        PartialWords("for two"),
    ]
    for event in events:
        stream.tell(event)
    await settle()
    assert call.told == [
        ("so far", "book", True),
        ("may be over", "book a table"),
        ("goes on",),
        ("over", "book a table"),
        ("so far", "book a table for two", True),
    ]


async def test_the_end_of_a_turn_that_a_flush_has_made_is_no_end_of_its_own_accord(live: FakeStreamingStt) -> None:
    """It was told to end it, whether the answer is still waited for or not."""
    live.answers.extend([EndOfTurn("book"), EndOfTurn("a table")])
    call = Hearing(live)
    await call.say(400)
    call.words.start(1)
    await settle()
    call.words.drop()
    call.words.start(2)
    call.words.drop()
    await settle()
    assert call.told == [("known", 1, "book", True), ("so far", "book a table", True)]


async def test_the_words_of_two_utterances_are_not_mixed(live: FakeStreamingStt) -> None:
    """Nor are those of one told again: a turn of the recogniser's may hold both."""
    live.answers.extend(["yes", "yes", "no"])
    call = Hearing(live)
    for draft in (1, 2):
        await call.say(400)
        call.words.start(draft)
        await settle()
        call.words.speech_over()
        await call.hear(1000)
    assert [told[2] for told in call.told] == ["yes", "yes"]
    live.streams[0].tell(EndOfTurn("yes yes"))
    await settle()
    assert call.told[2:] == [("over", "")]


async def test_words_are_placed_in_time_where_that_is_known(live: FakeStreamingStt) -> None:
    """On the clock of the call, whatever audio the stream began with."""
    call = Hearing(live)
    await call.hear(1000)
    await call.say(400)
    (stream,) = live.streams
    word = Word("hello", 1100.0, 1250.0, 0.8)
    stream.tell(FinalWords("hello", words=(word,)))
    await settle()
    assert call.words.spoken() == [Word("hello", 6100.0, 6250.0, 0.8)]
    stream.tell(FinalWords("there", words=(Word("there", -5.0, 10.0),)))
    await settle()
    assert call.words.spoken() == []
    call.words.close()
    assert call.words.spoken() == []


# -- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [PCMU, PCMA])
async def test_the_codes_of_the_line_reach_a_recogniser_that_takes_them(line: AudioFormat) -> None:
    """All 256 of them, each as the sample that it is: the two zeros of mu-law are one in pcm, and so one comes out."""
    codes = bytes(range(256)) + bytes(64)
    pcm = Rewriter(line, PCM_8K).process(codes)
    stt = FakeStreamingStt(formats=(PCM_16K, PCMA, PCMU))
    call = Hearing(stt, line=line)
    call.words.hear(pcm, 5040.0)
    (stream,) = stt.streams
    assert stream.audio == line
    minus_zero = 0x7F
    expected = bytes(0xFF if line == PCMU and code == minus_zero else code for code in codes)
    assert bytes(stream.pushed) == expected
    assert Rewriter(line, PCM_8K).process(bytes(stream.pushed)) == pcm


@pytest.mark.parametrize(
    ("rate", "line", "formats", "wanted"),
    [
        (8000, PCMU, (PCM_16K, PCM_8K), PCM_8K),
        (8000, PCMA, (PCMU, PCM_16K), PCM_16K),
        (16000, PCM_16K, (PCMU, PCM_16K), PCM_16K),
        (24000, AudioFormat("pcm", 24000), (PCMU, PCM_16K), PCM_16K),
        (8000, PCMA, (PCMU,), PCMU),
    ],
)
async def test_audio_is_rewritten_only_where_it_must_be(
    rate: int, line: AudioFormat, formats: tuple[AudioFormat, ...], wanted: AudioFormat
) -> None:
    """With the least loss, and as much of it as came."""
    stt = FakeStreamingStt(formats=formats)
    call = Hearing(stt, rate=rate, line=line)
    await call.hear(1000)
    (stream,) = stt.streams
    assert stream.audio == wanted
    assert stream.pushed_ms == pytest.approx(1000, abs=2)


# -- failures ---------------------------------------------------------------------------------------------------------


class Stubborn:
    """Fails or hangs as it is told, one thing after the other."""

    sample_rate = 16000

    def __init__(self, *what: Any) -> None:
        self.what = list(what)

    async def transcribe(self, pcm: bytes) -> Recognition:
        what = self.what.pop(0)
        if what is None:
            await asyncio.Event().wait()
        if isinstance(what, BaseException):
            raise what
        return Recognition(what, 0.9)


async def test_a_failure_is_no_words_and_the_second_in_a_row_is_told() -> None:
    """A draft is answered whatever happens, or turn-taking would wait for ever."""
    call = Hearing(Stubborn(OSError("a"), "hello", OSError("b"), asyncio.CancelledError()))
    for draft in range(4):
        await call.say(400)
        call.words.start(draft)
        await settle()
        call.words.speech_over()
    assert call.told == [("not recognised", 0), ("known", 1, "hello", False), ("not recognised", 2)]
    (error,) = call.listener.errors
    assert isinstance(error, RuntimeError)
    assert not call.words.busy


async def test_a_recogniser_that_hangs_has_heard_nothing() -> None:
    """It counts as a failure."""
    call = Hearing(Stubborn(None, None), recognition_s=0.01)
    for draft in (1, 2):
        await call.say(400)
        call.words.start(draft)
        await call.until(lambda: not call.words.busy)
        call.words.speech_over()
    assert call.told == [("not recognised", 1)]
    assert [type(error) for error in call.listener.errors] == [WaitOver]


@pytest.mark.parametrize("breaks", ["tells", "hangs", "raises", "garbage", "is deaf"])
async def test_the_next_recogniser_hears_all_of_an_utterance_again(breaks: str, caplog: Any) -> None:
    """However the first one fails; what that had told is forgotten, and so nothing is lost, and nothing heard twice."""

    class Broken(FakeStreamingStt):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            stream = super().open(*args, **kwargs)
            if breaks == "raises":
                stream.flush = lambda: 1 / 0  # type: ignore[method-assign, assignment]
            return stream

        def deafen(self) -> None:
            self.streams[0].push = lambda audio: 1 / 0  # type: ignore[method-assign, assignment]

    answers: dict[str, Any] = {"tells": OSError("canary"), "garbage": FinalWords(5)}  # type: ignore[arg-type]
    first = Broken([answers.get(breaks)], formats=(PCM_8K,), script=[[(1200.0, FinalWords("book a"))]])
    second = FakeStreamingStt(["book a table"], formats=(PCM_8K,))
    call = Hearing(first, second, flush_s=0.05)
    await call.hear(1000)
    await call.say(380)
    if breaks == "is deaf":
        first.deafen()
    await call.hear(20)
    call.words.start(1)
    await call.until(lambda: not call.words.busy)
    assert call.told == [("so far", "book a", True), ("known", 1, "book a table", False)]
    assert [stream.closed for stream in first.streams] == [True]
    (stream,) = second.streams
    assert bytes(stream.pushed) == call.audio(39, 70)
    assert stream.hints == ["began"]
    assert call.listener.engines == [first, second]
    assert "canary" not in caplog.text
    await call.hear(100)
    assert bytes(stream.pushed) == call.audio(39, 75)


async def test_the_words_of_the_next_recogniser_are_placed_in_time() -> None:
    """Its audio began later than the call's."""
    first, second = FakeStreamingStt(formats=(PCM_8K,)), FakeStreamingStt(formats=(PCM_8K,))
    call = Hearing(first, second)
    await call.hear(1000)
    await call.say(400)
    first.streams[0].tell(StreamBroke(OSError()))
    await settle()
    word = Word("hello", 100.0, 250.0)
    second.streams[0].tell(FinalWords("hello", words=(word,)))
    await settle()
    assert call.words.spoken() == [Word("hello", 5860.0, 6010.0)]


async def test_a_connection_that_is_lost_is_made_anew_once() -> None:
    """Where there is no other recogniser; one that refuses to work is not asked again."""
    only = FakeStreamingStt([OSError(), "hello", EngineRefused("no")], formats=(PCM_8K,))
    call = Hearing(only)
    await call.say(400)
    call.words.start(1)
    await settle()
    assert call.told == [("known", 1, "hello", False)]
    assert len(only.streams) == 2
    call.words.speech_over()
    await call.say(400)
    call.words.start(2)
    await settle()
    assert call.told[1:] == [("not recognised", 2)]
    assert len(only.streams) == 2


async def test_one_that_breaks_again_and_again_is_opened_again_with_the_next_utterance() -> None:
    """Not in a loop; and what is said until it is there is kept."""
    only = FakeStreamingStt(formats=(PCM_8K,))
    call = Hearing(only)
    await call.hear(1000)
    for stream_number in range(2):
        only.streams[stream_number].tell(StreamBroke(OSError()))
        await settle()
    assert len(only.streams) == 2
    await call.hear(1000)
    only.answers.append("hello")
    await call.say(400)
    call.words.start(1)
    await settle()
    assert call.told == [("known", 1, "hello", False)]
    assert bytes(only.streams[2].pushed) == call.audio(89, 120)


async def test_a_draft_is_asked_of_a_recogniser_that_is_opened_for_it() -> None:
    """The caller may have gone on since it broke."""
    only = FakeStreamingStt(formats=(PCM_8K,))
    call = Hearing(only)
    await call.say(400)
    for _ in range(2):
        only.streams[-1].tell(StreamBroke(OSError()))
        await settle()
    await call.hear(400)
    only.answers.append("hello")
    call.words.start(1)
    await settle()
    assert call.told == [("known", 1, "hello", False)]
    assert len(only.streams) == 3


async def test_the_words_that_were_told_before_a_recogniser_broke_are_better_than_none() -> None:
    """If no other hears any."""
    script = [[(200.0, PartialWords("book a table"))]]
    call = Hearing(FakeStreamingStt([None, None], formats=(PCM_8K,), script=script), flush_s=0.01)
    await call.say(400)
    call.words.start(1)
    await call.until(lambda: not call.words.busy)
    assert call.told == [("so far", "book a table", True), ("known", 1, "book a table", False)]
    assert call.listener.errors == []


async def test_a_recogniser_that_tells_nothing_of_long_speech_is_asked_and_given_up_if_it_is_not_there() -> None:
    """One that is there, and hears no words, is not."""
    first = FakeStreamingStt(["", None], formats=(PCM_8K,))
    second = FakeStreamingStt(formats=(PCM_8K,))
    call = Hearing(first, second, flush_s=0.02)
    await call.hear(1000)
    (stream,) = first.streams
    for asked in (1, 2):
        await call.say(1740)
        assert stream.flushes == asked - 1
        await call.hear(40)
        assert stream.flushes == asked
        if asked == 1:
            await call.hear(3000)
            assert stream.flushes == 1
            call.words.speech_over()
    await call.until(lambda: second.streams)
    assert first.open_streams == 0
    assert call.told == []


async def test_a_recogniser_of_whole_utterances_is_not_asked_whether_it_is_there() -> None:
    """It tells nothing until somebody wants to know."""
    stt = FakeStt()
    call = Hearing(stt)
    await call.say(5000)
    assert stt.heard == []


async def test_what_a_recogniser_tells_after_it_was_given_up_is_late() -> None:
    """Its words are told by another by now."""
    late: list[Any] = []

    class Late(FakeStreamingStt):
        def open(self, audio: AudioFormat, on_event: Any, *, call_id: str | None = None) -> Any:
            late.append(on_event)
            return super().open(audio, on_event, call_id=call_id)

    second = FakeStreamingStt(formats=(PCM_8K,))
    call = Hearing(Late(formats=(PCM_8K,)), second)
    await call.say(400)
    late[0](StreamBroke(OSError()))
    late[0](FinalWords("book a table"))
    late[0](StreamBroke(OSError()))
    assert call.told == []
    assert second.open_streams == 1


@pytest.mark.parametrize(
    "event",
    [
        "words",
        None,
        PartialWords(None),  # type: ignore[arg-type]
        FinalWords("a", 2.0),
        EndOfTurn("a", "sure"),  # type: ignore[arg-type]
        EagerEnd(b"a"),  # type: ignore[arg-type]
        FinalWords("a", words=("a",)),  # type: ignore[arg-type]
        FinalWords("a", flushed="1"),  # type: ignore[arg-type]
        StreamBroke("broken"),  # type: ignore[arg-type]
        FinalWords("a", float("nan")),
    ],
)
async def test_what_is_no_event_is_a_failure(event: Any) -> None:
    """And no word of it is anywhere."""
    first, second = FakeStreamingStt(formats=(PCM_8K,)), FakeStreamingStt(formats=(PCM_8K,))
    call = Hearing(first, second)
    await call.say(400)
    first.streams[0].tell(event)
    await settle()
    assert second.open_streams == 1
    assert call.told == []


async def test_a_recogniser_that_cannot_be_opened_is_passed_over() -> None:
    """Nor does one hold anything up that cannot be closed."""

    class Closed(FakeStreamingStt):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("canary")

    class Sticky(FakeStreamingStt):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            stream = super().open(*args, **kwargs)
            stream.close = stream.speech_over = lambda: 1 / 0  # type: ignore[method-assign, assignment]
            return stream

    class Strange(FakeStreamingStt):
        @property
        def formats(self) -> tuple[AudioFormat, ...]:
            return (AudioFormat("pcm", -1),)

    sticky = Sticky(formats=(PCM_8K,))
    last = FakeStreamingStt(formats=(PCM_8K,))
    assert Hearing(Closed(), Strange(), sticky).listener.engines == [sticky]
    call = Hearing(sticky, last)
    await call.say(400)
    call.words.speech_over()
    await settle()
    assert last.open_streams == 1
    call.words.close()
    assert last.open_streams == 0


async def test_a_call_without_any_recogniser_says_so_when_words_are_wanted() -> None:
    """And tries again with each utterance."""

    class Closed(FakeStreamingStt):
        opened = 0

        def open(self, *args: Any, **kwargs: Any) -> Any:
            self.opened += 1
            raise OSError("canary")

    stt = Closed()
    call = Hearing(stt)
    for draft in (1, 2):
        await call.say(400)
        call.words.start(draft)
        await settle()
        call.words.speech_over()
    assert call.told == [("not recognised", 1)]
    assert [type(error) for error in call.listener.errors] == [OSError]
    assert stt.opened == 5


async def test_a_draft_that_is_dropped_while_it_is_given_up_is_not_told() -> None:
    """Nobody waits for it."""

    class Closed(FakeStreamingStt):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("canary")

    call = Hearing(Closed())
    await call.say(400)
    call.words.start(1)
    call.words.drop()
    call.words.start(2)
    call.words.close()
    await settle()
    assert call.told == []


async def test_a_call_goes_back_to_a_better_recogniser_between_two_utterances() -> None:
    """As soon as that is left alone no more, and with nothing of what is decided upon; not where it may go on."""
    first, second = FakeStreamingStt(formats=(PCM_8K,)), FakeStreamingStt(["hello"], formats=(PCM_8K,))
    call = Hearing(first, second)
    call.recognisers.failed(first, EngineRefused("no"))
    first.streams[0].tell(StreamBroke(OSError()))
    await settle()
    call.clock.advance(60_000)
    await call.say(400)
    assert second.open_streams == 1
    call.words.speech_over(keep=True)
    assert first.open_streams == 0
    call.words.speech_began(call.clock.now_ms(), goes_on=True)
    call.words.speech_over()
    assert (first.open_streams, second.open_streams) == (1, 0)
    await call.hear(20)
    assert bytes(first.streams[1].pushed) == call.audio(21, 21)


async def test_the_same_words_are_heard_again_by_another_recogniser() -> None:
    """What the one before has told of an utterance that is over says nothing of the next: a second "yes" is one."""
    first, second = FakeStreamingStt(formats=(PCM_8K,)), FakeStreamingStt(formats=(PCM_8K,))
    call = Hearing(first, second)
    await call.say(400)
    first.streams[0].tell(StreamBroke(OSError()))
    await settle()
    second.streams[0].tell(PartialWords("yes", 0.9))
    await settle()
    assert ("so far", "yes", True) in call.told
    call.words.speech_over()
    assert first.open_streams == 1
    call.told.clear()
    await call.say(400)
    first.streams[1].tell(PartialWords("yes", 0.9))
    await settle()
    assert call.told[-1] == ("so far", "yes", True)


async def test_what_fails_in_the_call_is_no_failure_of_the_recogniser(live: FakeStreamingStt) -> None:
    """It comes from the midst of the recogniser's own code, and is told to whoever looks after the event loop."""
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
    call = Hearing(live)
    call.listener.raises = True
    await call.say(400)
    live.streams[0].tell(PartialWords("book"))
    await settle()
    assert isinstance(seen[0]["exception"], ValueError)
    assert live.open_streams == 1


async def test_an_utterance_that_was_cut_off_goes_on_with_its_words(live: FakeStreamingStt) -> None:
    """Both are one."""
    live.answers.extend(["when are", "you open"])
    call = Hearing(live)
    await call.say(400)
    call.words.start(1)
    await settle()
    call.words.speech_over(keep=True)
    await call.hear(200)
    call.words.speech_began(call.clock.now_ms(), goes_on=True)
    await call.hear(400)
    call.words.start(2)
    await settle()
    assert call.told == [("known", 1, "when are", False), ("known", 2, "when are you open", False)]
    assert live.streams[0].hints == ["began", "over", "goes on"]


# -- what holds whatever breaks ---------------------------------------------------------------------------------------

WORD_EVERY = 5
"""Every fifth piece of speech is a word: its own number."""


class Counting(FakeStreamingStt):
    """Hears the numbers of the pieces of speech, and breaks when it has heard what the test says."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(formats=(PCM_8K,))
        self.plan = plan

    def open(self, audio: AudioFormat, on_event: Any, *, call_id: str | None = None) -> Any:
        stream = CountingStream(self, audio, on_event, ())
        self.streams.append(stream)
        return stream


class CountingStream(FakeRecognitionStream):
    """Tells what it hears as words that may change, and now and then for good."""

    heard: tuple[str, ...] = ()
    final = 0

    def push(self, audio: bytes) -> None:
        plan = self._stt.plan  # type: ignore[attr-defined]
        for at in range(0, len(audio), 320):
            number = int.from_bytes(audio[at : at + 2], "little")
            if not number:
                continue
            if number % WORD_EVERY == 0:
                self.heard = (*self.heard, str(number))
            if number in plan.breaks:
                plan.breaks.remove(number)
                self.tell(StreamBroke(OSError()))
            elif number % plan.finals == 0:
                self._settle(FinalWords(" ".join(self.heard[self.final :])))
            elif number % plan.turns == 0:
                self.tell(EndOfTurn(" ".join(self.heard)))
                self.heard, self.final = (), 0
            else:
                self.tell(PartialWords(" ".join(self.heard[self.final :])))

    def flush(self) -> None:
        self.flushes += 1
        plan = self._stt.plan  # type: ignore[attr-defined]
        if plan.flushes_break:
            plan.flushes_break -= 1
            self.tell(StreamBroke(OSError()))
        else:
            self._settle(FinalWords(" ".join(self.heard[self.final :]), flushed=self.flushes))

    def _settle(self, event: FinalWords) -> None:
        self.final = len(self.heard)
        self.tell(event)


@dataclass
class Plan:
    """What happens in a call."""

    breaks: set[int]
    finals: int
    turns: int
    flushes_break: int = 0


@settings(max_examples=60, deadline=None)
@given(
    speeches=st.lists(st.integers(5, 60), min_size=1, max_size=4),
    breaks=st.lists(st.integers(0, 59), max_size=4),
    finals=st.sampled_from([7, 11, 1000]),
    turns=st.sampled_from([13, 17, 1000]),
    flushes_break=st.integers(0, 1),
)
def test_no_word_is_lost_or_told_twice_whatever_breaks(
    speeches: list[int], breaks: list[int], finals: int, turns: int, flushes_break: int
) -> None:
    """At most one of three recognisers in each utterance, and one more when it is asked, at any moment."""

    async def hold() -> None:
        plan = Plan(set(), finals, turns, flushes_break)
        call = Hearing(Counting(plan), Counting(plan), Counting(plan))
        number = 0
        for draft, length in enumerate(speeches):
            await call.hear(400, number=0)
            spoken = range(number + 1, number + length + 1)
            if draft < len(breaks) and breaks[draft] < length:
                plan.breaks = {spoken[breaks[draft]]}
            call.words.speech_began(call.clock.now_ms())
            for number in spoken:
                await call.hear(20, number=number)
            call.words.start(draft)
            await call.until(lambda: not call.words.busy)
            call.words.speech_over()
            said = " ".join(str(each) for each in spoken if each % WORD_EVERY == 0)
            (known,) = (told for told in call.told if told[0] == "known" and told[1] == draft)
            assert known[2] == said

    asyncio.run(hold())
