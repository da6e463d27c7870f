"""A conversation whose recogniser hears along: it tells words early, and may say when the caller has finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import HUM, WORDS, settle

from offhook.agent import Agent, Limits, TurnOptions
from offhook.audio.formats import PCM_8K, PCMU, Rewriter
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
from offhook.speech.testing import FakeStreamingStt, FakeStt

if TYPE_CHECKING:
    from offhook import Call, Heard


class Echo:
    """Says what it has heard, and how often it was asked; a draft it takes as any turn."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def respond(self, call: Call, heard: Heard) -> str:
        self.heard.append(heard.text)
        return f"You said {heard.text} and I have a great deal to say about that to you now."


@pytest.fixture
def dialog() -> Echo:
    return Echo()


@pytest.fixture
def agent_of(dialog: Echo) -> Any:
    def make(**options: Any) -> Agent:
        return Agent("Desk", "", dialog=dialog, **options)

    return make


async def test_all_of_the_callers_audio_reaches_the_recogniser_as_it_is_on_the_line(agent_of: Any, phone: Any) -> None:
    """Silence and speech, but for the last moment, of which voice activity is not known yet."""
    stt = FakeStreamingStt(["book a table"])
    call = await phone(agent_of(), stt=stt)
    await call.line(1000)
    await call.say(600)
    (stream,) = stt.streams
    assert stream.audio == PCMU
    line = Rewriter(PCM_8K, PCMU).process(bytes(16000) + WORDS * 30 + bytes(320) * 30)
    assert 0 <= len(line) - len(stream.pushed) <= 320
    assert line.startswith(bytes(stream.pushed))
    await call.end()
    assert stt.open_streams == 0


async def test_where_voice_activity_decides_the_words_are_asked_for_on_a_guess(
    agent_of: Any, phone: Any, dialog: Echo
) -> None:
    """As of a recogniser of whole utterances; what it told before is part of them."""
    stt = FakeStreamingStt(["table"], script=[[(500.0, PartialWords("book")), (700.0, FinalWords("book a"))]])
    call = await phone(agent_of(), stt=stt)
    await call.line(300)
    await call.say(600)
    assert dialog.heard == ["book a table"]
    assert stt.streams[0].flushes == 1
    assert [event.text for event in call.of("caller.words")] == ["book", "book a"]
    assert [event.text for event in call.of("turn.draft")] == ["book a table"]


async def test_a_turn_is_over_when_the_recogniser_says_so_and_has_its_words_with_their_times(
    agent_of: Any, phone: Any, dialog: Echo
) -> None:
    """Though the silence is longer than any that would have ended it; nothing is asked for."""
    words = (Word("book", 300.0, 500.0, 0.9), Word("tables", 600.0, 880.0, 0.7))
    stt = FakeStreamingStt(
        script=[[(700.0, PartialWords("book")), (1800.0, EndOfTurn("book tables", 0.8, words))]], ends_turns=True
    )
    call = await phone(agent_of(), stt=stt)
    began_ms = call.clock.wall_ms()
    await call.line(300)
    await call.line(600, WORDS)
    await call.line(800)
    assert call.of("turn.heard") == []
    await call.line(200)
    (heard,) = call.of("turn.heard")
    assert dialog.heard == ["book tables"]
    assert [(word.text, word.confidence) for word in heard.words] == [("book", 0.9), ("tables", 0.7)]
    times = [at - began_ms for word in heard.words for at in (word.began_at_ms, word.ended_at_ms)]
    assert times == pytest.approx([300, 500, 600, 880], abs=1)
    assert heard.to_dict()["words"][0]["text"] == "book"
    assert stt.streams[0].flushes == 0
    (answered,) = call.of("turn.answered")
    assert answered.words_ms == pytest.approx(900, abs=40)


async def test_a_recogniser_that_falls_silent_holds_no_call_up(agent_of: Any, phone: Any, dialog: Echo) -> None:
    """After a long silence its words are asked for, and answered; the next turn does not wait as long."""
    script = [[(700.0, PartialWords("book")), (4000.0, PartialWords("a")), (4200.0, PartialWords("a table"))]]
    stt = FakeStreamingStt([FinalWords("book"), FinalWords("a table")], script=script, ends_turns=True)
    call = await phone(agent_of(limits=Limits(end_of_turn_s=2)), stt=stt)
    await call.line(300)
    await call.line(600, WORDS)
    await call.line(1900)
    assert dialog.heard == []
    await call.line(200)
    assert dialog.heard == ["book"]
    await call.line(900)
    await call.line(600, WORDS)
    await call.line(500)
    assert dialog.heard == ["book", "a table"]


async def test_an_answer_may_be_begun_before_the_turn_is_over(agent_of: Any, phone: Any) -> None:
    """Where the recogniser believes that it is; and not where the caller goes on."""
    stt = FakeStreamingStt(ends_turns=True)
    call = await phone(agent_of(), stt=stt)
    begun: list[str | None] = []
    call.cascade._answering.may_be_turn = lambda words: begun.append(words.text)
    call.cascade._answering.drop_draft = lambda: begun.append(None)
    await call.line(300)
    await call.line(600, WORDS)
    (stream,) = stt.streams
    for event in (Onset(), EagerEnd("book a table"), TurnResumed(), EagerEnd("book a table for two")):
        stream.tell(event)
        await settle()
    assert begun == ["book a table", None, "book a table for two"]
    stream.tell(EndOfTurn("Book a table for two."))
    await settle()
    assert [event.text for event in call.of("turn.heard")] == ["Book a table for two."]


async def test_words_that_are_told_silence_the_agent_before_the_line_sounds_like_words(
    agent_of: Any, phone: Any
) -> None:
    """A caller whose line lets little of the voice through can interrupt, and is answered."""
    stt = FakeStreamingStt(["hello", "stop that"])
    call = await phone(agent_of(), stt=stt)
    await call.line(300)
    await call.say(600)
    await call.line(600)
    assert call.stream.audible
    await call.line(300, HUM)
    assert call.of("barge_in.paused") == []
    stt.streams[0].tell(PartialWords("stop"))
    await call.line(20, HUM)
    assert len(call.of("barge_in.paused")) == 1
    await call.line(600)
    assert [event.text for event in call.of("turn.heard")] == ["hello", "stop that"]


async def test_the_words_of_one_that_hears_whole_utterances_silence_nobody(agent_of: Any, phone: Any) -> None:
    """It makes words of a hum, too."""

    class Glancing(FakeStt):
        at_once = 1

        async def partial(self, pcm: bytes) -> Any:
            from offhook.speech.base import Recognition

            return Recognition("I am home", 0.6)

    call = await phone(agent_of(), stt=Glancing(["hello", "mm-hm"]))
    await call.line(300)
    await call.say(400)
    await call.line(600)
    assert [event.text for event in call.of("caller.words")] == []
    await call.line(600, HUM)
    await call.line(600)
    assert call.of("barge_in.paused") == []
    assert [event.text for event in call.of("caller.words")] == ["I am home"]


@pytest.mark.parametrize("when", ["while the caller speaks", "when it is asked", "before"])
async def test_a_recogniser_that_breaks_costs_the_caller_nothing(
    agent_of: Any, phone: Any, dialog: Echo, when: str
) -> None:
    """The next one hears what was said, whenever that was, and it is answered once."""
    first = FakeStreamingStt([OSError("canary")])
    second = FakeStt(["book a table"], sample_rate=8000)
    call = await phone(agent_of(), stt=first, stt_fallback=(second,))
    if when == "before":
        first.streams[0].tell(StreamBroke(OSError("canary")))
    await call.line(600)
    await call.line(300, WORDS)
    first.streams[0].tell(PartialWords("book"))
    if when == "while the caller speaks":
        first.streams[0].tell(StreamBroke(OSError("canary")))
    await call.line(300, WORDS)
    await call.line(600)
    assert dialog.heard == ["book a table"]
    assert len(second.heard[-1]) / 16 == pytest.approx(240 + 600 + 160, abs=60)
    assert call.of("caller.speech_began")
    assert first.streams[0].closed


async def test_another_recogniser_may_end_turns_where_the_first_did_not(
    agent_of: Any, phone: Any, dialog: Echo
) -> None:
    """And the other way round: whichever hears decides as it can."""
    first, second = FakeStreamingStt(), FakeStreamingStt(ends_turns=True)
    call = await phone(agent_of(), stt=first, stt_fallback=(second,))
    await call.line(600)
    first.streams[0].tell(StreamBroke(OSError()))
    await settle()
    await call.line(600, WORDS)
    second.streams[0].tell(PartialWords("book"))
    await call.line(900)
    assert dialog.heard == []
    second.streams[0].tell(EndOfTurn("book"))
    await settle()
    assert dialog.heard == ["book"]


async def test_whoever_decides_first_is_answered_once(agent_of: Any, phone: Any, dialog: Echo) -> None:
    """What the recogniser says of it afterwards is no second turn."""
    stt = FakeStreamingStt([FinalWords("book a table"), FinalWords("for two")], ends_turns=True)
    call = await phone(agent_of(turn_taking=TurnOptions(turn_detection="both")), stt=stt)
    await call.line(300)
    await call.say(600)
    assert dialog.heard == ["book a table"]
    stt.streams[0].tell(EndOfTurn("Book a table."))
    await call.line(200)
    await call.until_quiet()
    assert dialog.heard == ["book a table"]
    await call.line(300, WORDS)
    stt.streams[0].tell(EndOfTurn("for two"))
    await settle()
    assert dialog.heard == ["book a table", "for two"]
