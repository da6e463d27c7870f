"""A conversation, from the greeting to the last word."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import settle

from offhook.agent import Agent, Limits, Texts, TurnOptions, uninterrupted
from offhook.agent.voices import NoVoice
from offhook.calls.events import TransferBridged, TransferFailed
from offhook.dialog.base import Heard, Reply
from offhook.errors import CarrierUnavailable, CommandInvalid, ConfigError
from offhook.speech.base import Recognition
from offhook.speech.testing import FakeTts, tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook import Call

DESK = "+15550100050"
GREETING = "Hill Street Dental, how can I help?"


class Script:
    """A dialog that answers by the words it hears."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.heard: list[str] = []

    async def respond(self, call: Call, heard: Heard) -> Reply:
        self.heard.append(heard.text)
        answer = self.answers.get(heard.text.split()[0] if heard.text else "nothing", "Yes.")
        if callable(answer):
            answer = answer(call)
            if asyncio.iscoroutine(answer):
                answer = await answer
        return answer if isinstance(answer, Reply) else Reply(answer, intent="scripted")


def make_agent(dialog: Any = None, *, greeting: str = "", handover: bool = False, **more: Any) -> Agent:
    agent = Agent("Front desk", greeting, dialog=dialog or Script(), **more)
    if handover:
        agent.handover(to=DESK, message="One moment please.")
    return agent


WORDS = tone(8000, 20, frequency=1000)
HUM = tone(8000, 20, frequency=250)
LONG = "one two three four five six seven eight nine ten eleven twelve."


# -- the first words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("opening", "said"), [(None, GREETING), ("Please go on.", "Please go on.")])
async def test_a_call_opens_with_what_counts_when_its_audio_begins(
    ringing: Any, opening: str | None, said: str
) -> None:
    """A leg that is found after a restart may turn out to ring still: it is greeted, and not asked to go on."""
    call = ringing(make_agent(greeting=GREETING))
    call.call.opening = "We were cut off."
    call.session.prepare()
    await settle()
    call.call.opening = opening
    await call.start()
    await call.until_quiet()
    assert call.history == [("agent", said)]
    await call.end()


# -- turns ----------------------------------------------------------------------------------------------------------


async def test_the_greeting_starts_with_the_audio(phone: Any) -> None:
    """Prepared while the phone rings, its first 20 ms leave as soon as audio flows."""
    call = await phone(make_agent(greeting=GREETING))
    assert len(call.stream.queue[0]) == 320
    assert call.kinds() == ["session.started", "agent.speech_began"]
    assert call.events[1].at_ms == call.events[0].at_ms
    await call.until_quiet()
    (ended,) = call.of("agent.speech_ended")
    assert (ended.kind, ended.heard, ended.interrupted) == ("greeting", GREETING, False)
    assert call.history == [("agent", GREETING)]
    assert call.audible_ms == 7 * 200 + 20  # the resampler's delay fills one more frame


async def test_a_turn_is_heard_and_answered(phone: Any) -> None:
    """The events of a turn come in order, with the times of each step."""
    call = await phone(make_agent(Script(when="We open at nine.")), "when are you open")
    await call.say()
    await call.until_quiet()
    assert call.kinds() == [
        "session.started",
        "caller.speech_began",
        "turn.draft",
        "caller.speech_ended",
        "turn.heard",
        "turn.reply",
        "agent.speech_began",
        "turn.answered",
        "agent.speech_ended",
    ]
    (heard,) = call.of("turn.heard")
    assert heard.text == "when are you open"
    assert heard.speech_ended_at_ms - heard.speech_began_at_ms == pytest.approx(600, abs=40)
    (answered,) = call.of("turn.answered")
    assert answered.words_ms == pytest.approx(160, abs=40)
    assert answered.endpoint_ms == pytest.approx(400, abs=40)
    assert answered.endpoint_ms <= answered.reply_ms <= answered.audio_ms <= answered.endpoint_ms + 20
    assert call.history == [("caller", "when are you open"), ("agent", "We open at nine.")]


async def test_the_recogniser_gets_the_utterance_at_its_own_rate_with_a_little_before(phone: Any) -> None:
    """240 ms of pre-roll: a beginning that was detected late is not lost."""
    call = await phone(make_agent(), "hello")
    await call.line(1000)
    await call.say(600)
    (pcm,) = call.stt.heard
    assert len(pcm) / 32 == pytest.approx(240 + 600 + 160, abs=60)


async def test_sentences_are_spoken_as_they_come(phone: Any) -> None:
    """The first sentence is heard while the second is still being thought of."""
    gate = asyncio.Event()

    async def words() -> AsyncIterator[str]:
        yield "We open at nine. On Sat"
        await gate.wait()
        yield "urday we open at ten."

    call = await phone(make_agent(Script(when=lambda call: words())), "when")
    await call.say()
    assert call.tts.spoken == ["We open at nine."]
    gate.set()
    await call.until_quiet()
    assert call.tts.spoken == ["We open at nine.", "On Saturday we open at ten."]
    assert call.of("agent.speech_ended")[0].heard == "We open at nine. On Saturday we open at ten."


async def test_recognition_that_fails_is_silence(phone: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The call goes on, and the log names the error."""

    class Broken:
        sample_rate = 16000

        async def transcribe(self, pcm: bytes) -> Any:
            raise RuntimeError("no")

    call = await phone(make_agent(), stt=Broken())
    await call.say()
    assert [e.reason for e in call.of("speech.ignored")] == ["unintelligible"]
    assert "recognition raised RuntimeError" in caplog.text


class BrokenStt:
    """A recogniser that fails at these of its transcriptions, and hears "when" at the others."""

    sample_rate = 16000

    def __init__(self, *failures: int, error: type[BaseException] = OSError) -> None:
        self.failures = failures
        self.error = error
        self.done = 0

    async def transcribe(self, pcm: bytes) -> Recognition:
        self.done += 1
        if self.done in self.failures:
            raise self.error("no words")
        return Recognition("when", 0.9)


@pytest.mark.parametrize("error", [OSError, asyncio.CancelledError])
async def test_a_recogniser_that_fails_twice_in_a_row_ends_the_session_with_its_error(phone: Any, error: Any) -> None:
    """The host then says so: a caller does not talk to an agent that is deaf."""
    call = await phone(make_agent(), stt=BrokenStt(1, 2, error=error))
    await call.say()
    assert not call.session.over
    await call.say()
    assert call.of("session.ended")[0].reason == "engine_failed"
    with pytest.raises((OSError, RuntimeError)):
        await call.running


async def test_a_recogniser_that_fails_now_and_then_is_bad_luck(phone: Any) -> None:
    """Only failures in a row mean that it does not work."""
    call = await phone(make_agent(), stt=BrokenStt(1, 3))
    for _ in range(4):
        await call.say()
        await call.until_quiet()
    again = ("agent", Texts().clarify)
    assert call.history == [again, ("caller", "when"), ("agent", "Yes.")] * 2


async def test_a_dialog_can_say_that_a_turn_is_complete(phone: Any) -> None:
    """Then the answer comes 120 ms earlier."""

    class Sure(Script):
        def is_complete(self, text: str) -> bool:
            return text == "no thank you"

    call = await phone(make_agent(Sure()), "no thank you")
    await call.say()
    assert call.of("turn.answered")[0].endpoint_ms == pytest.approx(280, abs=40)


async def test_a_caller_who_goes_on_before_the_answer_is_answered_as_a_whole(phone: Any) -> None:
    """A pause for breath that was taken for the end is mended: the first answer is cancelled, both parts are one."""
    dialog = Script()
    started = []

    async def slow(call: Call) -> str:
        started.append(1)
        await asyncio.Event().wait()
        return "never"

    dialog.answers["when"] = lambda call: slow(call) if not started else "At ten."
    call = await phone(make_agent(dialog), "when are you open", "on Sunday")
    await call.say()
    await call.say()
    await call.until_quiet()
    assert dialog.heard == ["when are you open", "when are you open on Sunday"]
    assert call.history[-1] == ("agent", "At ten.")


async def test_a_new_turn_cancels_a_handler_that_still_runs(phone: Any) -> None:
    """After a while it is a new turn of its own."""
    dialog = Script(now="Sure.")
    cancelled = []

    async def slow(call: Call) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(1)
            raise
        return "never"

    dialog.answers["first"] = slow
    call = await phone(make_agent(dialog), "first", "now")
    await call.say()
    await call.line(2000)
    await call.say()
    await call.until_quiet()
    assert cancelled == [1]
    assert dialog.heard == ["first", "now"]
    assert call.history == [("caller", "first"), ("caller", "now"), ("agent", "Sure.")]


async def test_a_handler_that_must_finish_finishes_and_the_new_turn_waits(phone: Any) -> None:
    """What was said in the meantime is answered afterwards, as one."""
    dialog = Script()
    gate = asyncio.Event()

    async def book(call: Call) -> str:
        with uninterrupted():
            await gate.wait()
        return "Booked."

    dialog.answers["book"] = book
    call = await phone(make_agent(dialog), "book it", "please", "hello")
    await call.say()
    await call.line(2000)
    await call.say()
    await call.say()
    gate.set()
    await call.until_quiet()
    await call.until_quiet()
    assert dialog.heard == ["book it", "please hello"]
    assert call.history[-2:] == [("agent", "Booked."), ("agent", "Yes.")]


async def test_a_handler_that_must_finish_outlives_the_call(phone: Any) -> None:
    """A booking is not lost because the caller hung up; what it says then is not spoken."""
    gate = asyncio.Event()
    done: list[int] = []

    async def book(call: Call) -> str:
        with uninterrupted():
            await gate.wait()
            await conversation.say("Booked.")
            assert await conversation.ask("Anything else?") == ""
            await conversation.hand_over(reason="x")
            await conversation.hangup()
            done.append(1)
        return "Booked."

    call = await phone(make_agent(Script(book=book)), "book it")
    conversation = call.call.conversation
    await call.say()
    call.session.media.media_stopped()
    gate.set()
    await call.line(100)
    assert done == [1]
    assert call.tts.spoken == []


async def test_uninterrupted_code_outside_of_a_turn_is_just_run() -> None:
    """A handler can be tested without a call."""
    with uninterrupted():
        pass


# -- interruptions --------------------------------------------------------------------------------------------------


async def test_an_interruption_silences_the_agent_and_cuts_its_words_to_what_was_heard(phone: Any) -> None:
    """Silent within 200 ms; the history holds what reached the caller's ear."""
    dialog = Script(wait="Go on.")
    call = await phone(make_agent(dialog, greeting=LONG), "wait a moment")
    await call.line(1000)
    heard_before = call.audible_ms
    await call.line(600, WORDS)
    assert call.audible_ms - heard_before <= 200
    assert call.stream.cleared == 1
    await call.line(600)
    await call.until_quiet()
    assert dialog.heard == ["wait a moment"]
    (first, _) = call.of("agent.speech_ended")
    assert first.interrupted
    assert first.text == LONG
    assert LONG.startswith(first.heard)
    assert 4 <= len(first.heard.split()) <= 6
    assert call.history == [("agent", first.heard), ("caller", "wait a moment"), ("agent", "Go on.")]
    (paused,) = call.of("barge_in.paused")
    assert paused.onset_at_ms <= paused.at_ms <= paused.onset_at_ms + 160
    assert len(call.of("barge_in.yielded")) == 1


async def test_a_listeners_word_lets_the_agent_go_on_where_it_stopped(phone: Any) -> None:
    """Paused, recognised, resumed: every word is heard, and none twice."""
    call = await phone(make_agent(greeting=LONG), "okay")
    await call.line(1000)
    await call.line(300, WORDS)
    await call.until_quiet()
    (ended,) = call.of("agent.speech_ended")
    assert (ended.heard, ended.interrupted) == (LONG, False)
    assert [(e.reason, e.text) for e in call.of("barge_in.resumed")] == [("backchannel", "okay")]
    assert call.audible_ms == pytest.approx(12 * 200, abs=60)


async def test_a_hum_does_not_pause_the_agent(phone: Any) -> None:
    """Not a frame is missing."""
    call = await phone(make_agent(greeting=LONG), "no")
    await call.line(1000)
    await call.line(400, HUM)
    await call.until_quiet()
    assert call.stream.cleared == 0
    assert [e.text for e in call.of("backchannel.ignored")] == [""]
    assert call.of("agent.speech_ended")[0].heard == LONG


async def test_a_listeners_word_at_the_end_of_a_question_answers_it(phone: Any) -> None:
    """ "Okay" over the last half second of a question is the answer."""
    dialog = Script(okay="Thank you.")
    call = await phone(make_agent(dialog, greeting="Shall I book it for you?"), "okay")
    await call.line(1000)
    await call.line(300, WORDS)
    await call.line(600)
    assert dialog.heard == ["okay"]


async def test_the_greeting_can_be_protected(phone: Any) -> None:
    """Nothing said over it counts."""
    options = TurnOptions(protect_greeting=True)
    call = await phone(make_agent(greeting=LONG, turn_taking=options), "wait")
    await call.line(400)
    await call.say(600)
    await call.until_quiet()
    assert call.stream.cleared == 0
    assert [e.reason for e in call.of("speech.ignored")] == ["protected"]
    assert call.stt.heard == []


async def test_a_turn_from_before_the_protected_greeting_waits_for_it(phone: Any) -> None:
    """The greeting is not cut, and the answer follows."""
    options = TurnOptions(protect_greeting=True)
    call = await phone(make_agent(greeting=LONG, turn_taking=options), "hello", tts=FakeTtsLate())
    await call.line(600, WORDS)
    call.tts.gate.set()
    await call.line(600)
    await call.until_quiet()
    await call.until_quiet()
    assert [line[1] for line in call.history] == ["hello", LONG, "Yes."]


async def test_an_answer_does_not_start_over_a_caller_who_speaks_on(phone: Any) -> None:
    """It is held before its first sound, and given up for what the caller says."""
    gate = asyncio.Event()
    dialog = Script(second="Right.")

    async def slow(call: Call) -> str:
        await gate.wait()
        return LONG

    dialog.answers["first"] = slow
    call = await phone(make_agent(dialog), "first", "second")
    await call.say()
    await call.line(1600)
    await call.line(300, WORDS)
    gate.set()
    await call.line(300, WORDS)
    assert call.audible_ms == 0
    await call.line(600)
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Right.")
    assert len(call.of("agent.speech_ended")) == 1


async def test_a_caller_who_took_the_floor_without_a_word_is_asked(phone: Any) -> None:
    """The dialog hears an empty text."""
    dialog = Script(nothing="Pardon?")
    call = await phone(make_agent(dialog, greeting=LONG), "")
    await call.line(1000)
    await call.say(1400)
    await call.until_quiet()
    assert dialog.heard == [""]
    assert call.history[-1] == ("agent", "Pardon?")


# -- questions ------------------------------------------------------------------------------------------------------


async def test_a_handler_asks_and_gets_the_next_turn(phone: Any) -> None:
    """The question is spoken, and the words of the next turn are returned to the handler, not to the dialog."""

    async def book(call: Call) -> str:
        day = await call.ask("Which day?")
        return f"Noted, {day}."

    dialog = Script(book=book)
    call = await phone(make_agent(dialog), "book", "on Monday..")
    await call.say()
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    assert dialog.heard == ["book"]
    assert [text for _, text in call.history] == ["book", "Which day?", "on Monday..", "Noted, on Monday."]


async def test_a_question_can_be_answered_before_it_is_over(phone: Any) -> None:
    """An interrupted question is a question all the same."""

    async def book(call: Call) -> str:
        return f"Noted, {await call.ask(LONG)}."

    call = await phone(make_agent(Script(book=book)), "book", "on Monday")
    await call.say()
    await call.line(400)
    await call.say()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Noted, on Monday.")


async def test_an_answer_that_is_not_understood_is_asked_for_again(phone: Any) -> None:
    """The handler still waits."""

    async def book(call: Call) -> str:
        return f"Noted, {await call.ask(LONG)}."

    call = await phone(make_agent(Script(book=book)), "book", "", "on Monday")
    await call.say()
    await call.line(400)
    await call.say(1400)
    await call.until_quiet()
    assert call.tts.spoken[-1] == "Could you say it another way?"
    await call.say()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Noted, on Monday.")


async def test_a_question_without_an_answer_returns_nothing(phone: Any) -> None:
    """A handler that waits when the call ends, or that asks anew, is told so."""
    answers = []

    async def book(call: Call) -> str:
        first = asyncio.ensure_future(call.ask("First?"))
        await asyncio.sleep(0)
        with uninterrupted():
            answers.append(await call.ask("Second?"))
        answers.append(await first)
        return ""

    call = await phone(make_agent(Script(book=book)), "book")
    await call.say()
    call.session.media.media_stopped()
    await call.line(100)
    assert answers == ["", ""]


async def test_what_a_handler_says_is_heard_before_it_goes_on(phone: Any) -> None:
    """``say`` returns when the caller has heard it."""
    said = []

    async def look(call: Call) -> str:
        await call.say("One moment.")
        said.append(call.data["phone"].audible_ms)
        return "Found it."

    call = await phone(make_agent(Script(look=look)), "look")
    call.call.data["phone"] = call
    await call.say()
    await call.until_quiet()
    await call.until_quiet()
    assert said[0] >= 400
    assert [text for _, text in call.history] == ["look", "One moment.", "Found it."]


# -- failures -------------------------------------------------------------------------------------------------------


async def broken(call: Call) -> str:
    raise ValueError("secret")


async def test_a_handler_that_raises_is_apologised_for(phone: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What was raised, and where, is logged once, and the conversation goes on."""
    call = await phone(make_agent(Script(first=broken, second="Fine.")), "first", "second")
    await call.say()
    await call.until_quiet()
    assert call.history[-1][1].startswith("I am sorry")
    assert [e.error for e in call.of("handler.failed")] == ["ValueError"]
    assert caplog.text.count("ValueError at ") == 1
    await call.say()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Fine.")


async def test_two_failures_in_a_row_hand_over(phone: Any) -> None:
    """An agent that does not work gets out of the way."""
    call = await phone(make_agent(Script(first=broken), handover=True), "first", "first")
    await call.say()
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    await call.line(200)
    assert call.carrier.transfers == [DESK]
    assert call.of("handover.started")[0].reason == "the agent failed twice in a row"


async def test_sentences_need_no_space_between_them(phone: Any) -> None:
    """A handler that yields them is heard, and written down, sentence by sentence."""

    async def words() -> AsyncIterator[str]:
        yield "It is forty dollars."
        yield "A tube is ten more."

    call = await phone(make_agent(Script(when=lambda call: words())), "when")
    await call.say()
    await call.until_quiet()
    assert call.history[1] == ("agent", "It is forty dollars. A tube is ten more.")


async def test_all_of_a_greeting_is_told_when_it_begins(phone: Any) -> None:
    """It was recorded before; none of it has to be waited for."""
    call = await phone(make_agent(greeting="Good day. How can I help?"))
    assert call.of("agent.speech_began")[0].text == "Good day. How can I help?"


async def test_words_that_fail_half_way_are_apologised_for(phone: Any) -> None:
    """What was said until then was said."""

    async def words() -> AsyncIterator[str]:
        yield "We open at nine. And"
        raise ValueError

    call = await phone(make_agent(Script(when=lambda call: words())), "when")
    await call.say()
    await call.until_quiet()
    await call.until_quiet()
    assert call.history[1] == ("agent", "We open at nine. And")
    assert call.history[2][1].startswith("I am sorry")


class FakeTtsLate:
    """A voice that begins when it is told to."""

    sample_rate = 16000

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.inner = FakeTts()

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        await self.gate.wait()
        async for pcm in self.inner.speak(text):
            yield pcm


class BrokenTts:
    """A voice that fails as often as it is told to, then speaks."""

    sample_rate = 16000
    error: type[BaseException] = OSError

    def __init__(self, times: int) -> None:
        self.times = times
        self.inner = FakeTts()

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        if self.times:
            self.times -= 1
            raise self.error("no voice")
        async for pcm in self.inner.speak(text):
            yield pcm


class EnglishTts(FakeTts):
    """A voice that has no sound for other scripts."""

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        if text.isascii():
            async for pcm in super().speak(text):
                yield pcm


async def test_what_a_voice_cannot_say_was_not_heard_and_is_logged_without_its_words(phone: Any, caplog: Any) -> None:
    """Or the transcript would hold what nobody has heard, and nobody would know why."""
    dialog = Script(first="Hello. Здравствуйте. Bye.", second="Здравствуйте.")
    call = await phone(make_agent(dialog), "first", "second", tts=EnglishTts())
    await call.say()
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    assert call.history[:3] == [("caller", "first"), ("agent", "Hello. Bye."), ("caller", "second")]
    assert call.history[3:] == [("agent", Texts().apology)]
    assert call.of("agent.speech_ended")[0].heard == "Hello. Bye."
    assert caplog.text.count("made no sound of a sentence of 13 characters") == 2
    assert "Здра" not in caplog.text


async def test_a_voice_that_fails_once_is_bad_luck(phone: Any) -> None:
    """It is asked again at once."""
    call = await phone(make_agent(greeting=GREETING), "hello", tts=BrokenTts(1))
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    assert call.history == [("agent", GREETING), ("caller", "hello"), ("agent", "Yes.")]


async def test_a_voice_that_fails_again_and_again_ends_the_session_with_its_error(phone: Any) -> None:
    """The host then lets the carrier's own voice apologise: never silence."""
    call = await phone(make_agent(greeting=GREETING), "hello", tts=BrokenTts(3))
    await call.say()
    assert call.running is not None
    assert isinstance(call.running.exception(), NoVoice)
    assert call.of("session.ended")[0].reason == "engine_failed"


async def test_pieces_of_words_that_are_nothing_are_skipped(phone: Any) -> None:
    """A language model's stream begins and ends with None."""

    async def words() -> AsyncIterator[Any]:
        for piece in (None, "We open ", None, "at nine.", None):
            yield piece

    call = await phone(make_agent(Script(when=lambda call: words())), "when")
    await call.say()
    await call.until_quiet()
    assert call.history[1:] == [("agent", "We open at nine.")]


async def test_pieces_of_words_that_are_no_text_are_a_failure_of_the_program(phone: Any) -> None:
    """Not of the voice: the caller gets an apology each time, and the session goes on."""

    async def words() -> AsyncIterator[Any]:
        yield "Well. "
        yield 12

    call = await phone(make_agent(Script(when=lambda call: words())), "when", "when", "when")
    for _ in range(3):
        await call.say()
        await call.until_quiet()
        await call.until_quiet()
    assert [e.error for e in call.of("handler.failed")] == ["AnswerInvalid"] * 3
    assert [text[:10] for _, text in call.history] == ["when", "Well.", "I am sorry"] * 3
    assert not call.session.over


class Wrong:
    """A dialog that answers with something that is no reply."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply

    async def respond(self, call: Call, heard: Heard) -> Any:
        return self.reply


@pytest.mark.parametrize("reply", [12, [], Reply(12)])  # type: ignore[arg-type]
async def test_a_dialog_that_answers_with_no_reply_is_apologised_for(phone: Any, reply: Any, caplog: Any) -> None:
    """The caller is not left in silence, and the log says what was expected."""
    call = await phone(make_agent(Wrong(reply)), "when")
    await call.say()
    await call.until_quiet()
    await call.until_quiet()
    assert [e.error for e in call.of("handler.failed")] == ["AnswerInvalid"]
    assert call.history[-1][1].startswith("I am sorry")
    assert "expected the dialog to return" in caplog.text
    assert not call.session.over


async def test_what_the_programs_errors_say_is_in_nobodys_log(phone: Any, caplog: Any) -> None:
    """A program with a logging of its own formats what is logged by itself, and its errors hold what callers said."""

    def handler(call: Call) -> str:
        raise LookupError("no diary of Anna")

    call = await phone(make_agent(Script(when=handler)), "when")
    await call.say()
    await call.until_quiet()
    await call.until_quiet()
    assert "the program's own code raised LookupError at " in caplog.text
    assert "Anna" not in caplog.text


async def cancelled() -> None:
    """What awaiting a task that somebody else has cancelled does."""
    raise asyncio.CancelledError


async def leaving() -> None:
    raise SystemExit(1)


@pytest.mark.parametrize("work", [cancelled, leaving])
async def test_whatever_a_handler_raises_is_apologised_for(phone: Any, work: Any) -> None:
    """Also a cancellation that is not its own, and the wish to end the process."""

    async def handler(call: Call) -> str:
        await work()
        return "never"

    async def words() -> AsyncIterator[str]:
        yield "Well. "
        await work()

    agent = make_agent(Script(first=handler, second=lambda call: words()))

    @agent.digit
    async def press(call: Call, digit: str) -> None:
        await work()

    call = await phone(agent, "first", "second", "third")
    await call.say()
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    await call.until_quiet()
    call.session.media.digit("1")
    await call.line(100)
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    texts = [text[:10] for _, text in call.history]
    assert texts == ["first", "I am sorry", "second", "Well.", "I am sorry", "I am sorry", "third", "Yes."]
    assert len(call.of("handler.failed")) == 3


async def test_a_voice_whose_work_was_cancelled_has_failed(phone: Any) -> None:
    """The next thing is said: a mouth does not wait for ever."""

    class Cancelled(BrokenTts):
        error = asyncio.CancelledError

    call = await phone(make_agent(), "first", "second", tts=Cancelled(1))
    await call.say()
    await call.line(400)
    await call.say()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Yes.")


async def test_a_failure_of_a_handler_that_was_given_up_is_only_logged(phone: Any, caplog: Any) -> None:
    """The caller has asked something else in the meantime, and is answered that."""

    async def stubborn(call: Call) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError from None
        return ""

    call = await phone(make_agent(Script(first=stubborn), handover=True), "first", "second")
    await call.say()
    await call.line(2000)
    await call.say()
    await call.until_quiet()
    assert call.history[1:] == [("caller", "second"), ("agent", "Yes.")]
    assert call.of("handler.failed") == []
    assert caplog.text.count("raised") == 1


# -- hand-over and the end --------------------------------------------------------------------------------------------


def bridged(call: Any) -> None:
    call.call.notify(TransferBridged(at_ms=0.0, call_id="v3:call"))


async def test_a_hand_over_speaks_waits_for_the_last_word_transfers_and_leaves(phone: Any) -> None:
    """The transfer is asked for when the message was heard; the session ends when the person is there."""
    dialog = Script(person=Reply("Of course.", handover="the caller asked for a person"))
    call = await phone(make_agent(dialog, handover=True), "person")
    await call.say()
    while not call.carrier.transfers:
        await call.step()
        assert call.clock.now_ms() < 20_000
    assert not call.stream.audible
    assert [text for _, text in call.history] == ["person", "Of course."]
    await call.line(1000)
    assert not call.session.over
    bridged(call)
    await call.line(20)
    assert call.running is not None
    assert call.running.done()
    assert call.call.transferring
    assert call.kinds()[-2:] == ["handover.done", "session.ended"]
    done = call.of("handover.done")[0].to_dict()
    assert done["to"] == DESK
    assert done["reason"] == "the caller asked for a person"
    assert call.of("session.ended")[0].reason == "handover"


async def test_what_is_said_during_a_hand_over_is_not_answered(phone: Any) -> None:
    """Neither over the message, nor while it rings."""
    dialog = Script(person=Reply(None, handover="asked"))
    agent = make_agent(dialog)
    agent.handover(to=DESK, message=LONG)
    call = await phone(agent, "person", "hello")
    await call.say()
    await call.line(100)
    await call.line(300, WORDS)
    await call.until_quiet()
    await call.line(1000)
    await call.say()
    assert dialog.heard == ["person"]
    assert {e.reason for e in call.of("speech.ignored")} == {"protected", "handover"}
    assert call.carrier.transfers == [DESK]


async def test_a_hand_over_that_nobody_answers_is_told_and_the_conversation_goes_on(phone: Any) -> None:
    """The caller is not left in silence."""
    dialog = Script(person=Reply(None, handover="asked"))
    call = await phone(make_agent(dialog, handover=True), "person", "hello")
    await call.say()
    await call.until_quiet()
    await call.line(200)
    call.call.notify("something else")
    call.call.notify(TransferFailed(at_ms=0.0, call_id="v3:call", cause="timeout"))
    bridged(call)
    await call.until_quiet()
    assert [e.cause for e in call.of("handover.failed")] == ["timeout"]
    assert call.history[-1][1].startswith("I am sorry, nobody")
    await call.say()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Yes.")


@pytest.mark.parametrize("error", [CarrierUnavailable("down"), CommandInvalid("bad")])
async def test_a_hand_over_that_the_carrier_refuses_is_told(phone: Any, error: Any) -> None:
    """The event holds the error's code."""
    call = await phone(make_agent(Script(person=Reply(None, handover="asked")), handover=True), "person")
    call.carrier.refuse = error
    await call.say()
    await call.until_quiet()
    await call.until_quiet()
    assert [e.cause for e in call.of("handover.failed")] == [error.code]
    assert not call.session.over


async def test_a_hand_over_in_time_is_limited(phone: Any, elapse: Any) -> None:
    """If the carrier never says how it went, the caller is told that nobody came; the call is the agent's again."""
    call = await phone(make_agent(Script(person=Reply(None, handover="asked")), handover=True), "person")
    await call.say()
    await call.until_quiet()
    await elapse(46)
    await call.line(200)
    assert [e.cause for e in call.of("handover.failed")] == ["timeout"]
    assert not call.call.transferring


async def test_a_caller_hears_from_time_to_time_that_it_still_rings(phone: Any, elapse: Any) -> None:
    """Until the person answers, or does not: then that is said at once."""
    call = await phone(make_agent(Script(person=Reply(None, handover="asked")), handover=True), "person")
    await call.say()
    await call.until_quiet()
    rings = ("agent", Texts().handover_waiting)
    for count in (1, 2):
        await elapse(5.5)
        await call.line(100)
        assert not call.stream.audible
        await elapse(0.6)
        await call.until_quiet()
        assert call.history[-count:] == [rings] * count
    await elapse(6)
    await call.line(100)
    assert call.stream.audible
    call.call.notify(TransferFailed(at_ms=0.0, call_id="v3:call", cause="busy"))
    await call.until_quiet()
    assert call.history[-1][1] == Texts().handover_failed
    assert call.of("agent.speech_ended")[-2].interrupted


async def test_a_transfer_whose_command_is_lost_counts_by_what_becomes_of_it(phone: Any) -> None:
    """The carrier never answers the command; that the person does is enough."""
    call = await phone(make_agent(Script(person=Reply(None, handover="asked")), handover=True), "person")
    asked = asyncio.Event()

    async def lost(*_: Any, **__: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    call.carrier.transfer = lost
    await call.say()
    await call.until_quiet()
    assert asked.is_set()
    bridged(call)
    await call.line(100)
    assert call.of("session.ended")[0].reason == "handover"


async def test_a_caller_who_hangs_up_while_it_rings_is_told_nothing(phone: Any, caplog: Any) -> None:
    """Nobody waits for the person any longer."""
    call = await phone(make_agent(Script(person=Reply(None, handover="asked")), handover=True), "person")
    await call.say()
    await call.until_quiet()
    await call.line(100)
    call.session.media.media_stopped()
    await settle()
    assert call.of("handover.failed") == []
    assert call.session._handing_over._transfer is None
    assert caplog.records == []


async def test_without_anybody_to_hand_over_to_the_caller_is_told(phone: Any) -> None:
    """An agent without a hand-over says so."""
    call = await phone(make_agent(Script(person=Reply(None, handover="asked"))), "person")
    await call.say()
    await call.until_quiet()
    assert call.history[-1][1].startswith("I am sorry, I cannot")
    assert call.of("handover.started") == []


async def test_a_handler_can_hand_over_to_a_number_of_its_own(phone: Any) -> None:
    """Any number that can be dialled; a second hand-over at the same time does nothing."""

    async def person(call: Call) -> str:
        with pytest.raises(ConfigError):
            await call.hand_over("12")
        second = asyncio.ensure_future(call.hand_over("+15550100099"))
        await call.hand_over("+15550100060", reason="wanted")
        await second
        return "Back again."

    call = await phone(make_agent(Script(person=person)), "person")
    await call.say()
    await call.line(200)
    assert call.carrier.transfers == ["+15550100060"]
    call.session.media.media_stopped()
    await call.line(20)
    assert call.kinds()[-1] == "session.ended"


async def test_a_reply_that_hangs_up_waits_for_its_last_word(phone: Any) -> None:
    """The host hangs up when ``run`` returns."""
    call = await phone(make_agent(Script(bye=Reply("Goodbye then.", hangup=True))), "bye")
    await call.say()
    await call.until_quiet()
    await call.line(20)
    assert call.running is not None
    assert call.running.done()
    assert call.history[-1] == ("agent", "Goodbye then.")
    assert call.of("session.ended")[0].reason == "hangup"
    assert call.call.conversation is None


async def test_a_goodbye_that_is_interrupted_does_not_hang_up(phone: Any) -> None:
    """The caller had something to add."""
    call = await phone(make_agent(Script(bye=Reply(LONG, hangup=True))), "bye", "wait")
    await call.say()
    await call.line(400)
    await call.say()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Yes.")
    assert not call.session.over


async def bye(call: Call) -> None:
    await call.say(LONG)
    await call.hangup()


async def test_a_handler_does_not_hang_up_on_a_caller_who_interrupts_its_goodbye(phone: Any) -> None:
    """They had something to add, and are answered."""
    call = await phone(make_agent(Script(bye=bye)), "bye", "wait")
    await call.say()
    await call.line(400)
    await call.say(1400)
    await call.until_quiet()
    assert call.history[-2:] == [("caller", "wait"), ("agent", "Yes.")]
    assert not call.session.over


async def test_a_handler_that_must_finish_hangs_up_when_the_caller_has_finished(phone: Any) -> None:
    """Not in the middle of their words."""

    async def must(call: Call) -> None:
        with uninterrupted():
            await bye(call)

    call = await phone(make_agent(Script(bye=must)), "bye", "wait")
    await call.say()
    await call.line(400)
    await call.line(1400, WORDS)
    assert not call.session.over
    await call.line(600)
    assert call.history[-1] == ("caller", "wait")
    assert call.of("session.ended")[0].reason == "hangup"


async def test_a_handler_can_hang_up(phone: Any) -> None:
    """After what it said was heard; what it returns is not spoken any more."""

    async def bye(call: Call) -> str:
        said = asyncio.ensure_future(call.say("Goodbye."))
        await asyncio.sleep(0)
        await call.hangup()
        await said
        return "too late"

    call = await phone(make_agent(Script(bye=bye)), "bye")
    await call.say()
    await call.until_quiet()
    await call.line(20)
    assert call.session.over
    assert call.history == [("caller", "bye"), ("agent", "Goodbye.")]


async def test_silence_is_reminded_of_and_ends_the_call_with_a_goodbye(phone: Any) -> None:
    """Twice asked, then goodbye."""
    call = await phone(make_agent(limits=Limits(silence_s=3)))
    await call.line(16_000)
    assert [e.count for e in call.of("silence.reminder")] == [1, 2]
    reminder = "Are you still there?"
    assert [text for _, text in call.history] == [reminder, reminder, "Thank you for calling. Goodbye."]
    assert call.of("session.ended")[0].reason == "silence"


async def test_a_call_that_lasts_too_long_ends_with_a_goodbye(phone: Any) -> None:
    """Whatever is being said, and whatever a handler is doing."""
    call = await phone(make_agent(Script(tell=LONG), limits=Limits(max_duration_s=2)), "tell")
    await call.say()
    await call.until_quiet()
    await call.line(20)
    assert call.history[-1] == ("agent", "Thank you for calling. Goodbye.")
    assert call.of("session.ended")[0].reason == "max_duration"


async def test_the_end_of_the_audio_ends_the_session(phone: Any) -> None:
    """Everything stops; nothing that comes after it has an effect; only the first reason counts."""
    call = await phone(make_agent(greeting=GREETING))
    call.session.media.media_stopped()
    await call.line(100)
    call.session.media.digit("1")
    call.session.media.media_stopped()
    await call.session.aclose()
    assert call.running is not None
    assert call.running.done()
    assert [e.reason for e in call.of("session.ended")] == ["media_stopped"]
    assert call.of("agent.speech_ended")[0].interrupted


async def test_a_session_that_never_has_audio_is_only_closed(ringing: Any) -> None:
    """It says nothing of itself."""
    call = ringing(make_agent(greeting=GREETING))
    call.session.prepare()
    call.session.audio(b"", 0.0)
    call.session.tick(0.0)
    await call.end()
    call.session.prepare()
    assert call.events == []


async def test_a_cancelled_run_ends_the_session(phone: Any) -> None:
    """The host may stop waiting."""
    call = await phone(make_agent(greeting=GREETING))
    call.running.cancel()
    await call.line(20)
    assert call.of("session.ended")[0].reason == "closed"


# -- keys -----------------------------------------------------------------------------------------------------------


async def test_keys_are_told_to_the_agents_function_in_order(phone: Any) -> None:
    """What it returns is spoken at once; what it raises is apologised for."""
    agent = make_agent(greeting=LONG)
    pressed = []

    @agent.digit
    async def press(call: Call, digit: str) -> str | None:
        pressed.append(digit)
        if digit == "0":
            raise ValueError
        return f"You pressed {digit}." if digit == "2" else None

    call = await phone(agent)
    await call.line(400)
    call.session.media.digit("1")
    call.session.media.digit("2")
    await call.line(100)
    assert pressed == ["1", "2"]
    await call.until_quiet()
    assert call.history[-1] == ("agent", "You pressed 2.")
    call.session.media.digit("0")
    await call.line(100)
    await call.until_quiet()
    assert call.history[-1][1].startswith("I am sorry")
    assert [e.digit for e in call.of("digit.pressed")] == ["1", "2", "0"]


async def test_a_key_can_hand_over_and_hang_up(phone: Any) -> None:
    """Its function answers as that of an intent does, once its words were heard; anything else is its failure."""
    agent = make_agent(handover=True)

    @agent.digit
    def press(call: Call, digit: str) -> Any:
        return {"0": Reply("Of course.", handover="asked"), "9": Reply("Goodbye.", hangup=True)}.get(digit, 5)

    call = await phone(agent)
    call.session.media.digit("5")
    await call.line(100)
    await call.until_quiet()
    assert [e.error for e in call.of("handler.failed")] == ["AnswerInvalid"]
    call.session.media.digit("0")
    await call.line(100)
    await call.until_quiet()
    await call.line(200)
    assert call.carrier.transfers == [DESK]
    call.call.notify(TransferFailed(at_ms=0.0, call_id="v3:call", cause="timeout"))
    await call.until_quiet()
    call.session.media.digit("9")
    await call.line(100)
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Goodbye.")
    assert call.of("session.ended")[0].reason == "hangup"


async def test_what_must_finish_for_a_key_outlives_the_call(phone: Any) -> None:
    """As in a turn; a key that waits for it, and what it says then, is of the call that is over."""
    gate = asyncio.Event()
    done: list[str] = []
    agent = make_agent()

    @agent.digit
    async def press(call: Call, digit: str) -> str:
        with uninterrupted():
            await gate.wait()
            done.append(digit)
        return "Done."

    call = await phone(agent)
    call.session.media.digit("1")
    call.session.media.digit("2")
    await call.line(100)
    call.session.media.media_stopped()
    gate.set()
    await call.line(100)
    assert done == ["1"]
    assert call.tts.spoken == []


async def test_keys_without_a_function_are_only_events(phone: Any) -> None:
    """The conversation is not disturbed."""
    call = await phone(make_agent())
    call.session.media.digit("5")
    assert [e.digit for e in call.of("digit.pressed")] == ["5"]


async def test_words_that_fail_for_a_key_are_apologised_for(phone: Any) -> None:
    """As in a turn."""
    agent = make_agent()

    @agent.digit
    def press(call: Call, digit: str) -> AsyncIterator[str]:
        async def words() -> AsyncIterator[str]:
            yield "Well. "
            raise ValueError

        return words()

    call = await phone(agent)
    call.session.media.digit("1")
    await call.line(100)
    await call.until_quiet()
    await call.until_quiet()
    assert [text[:10] for _, text in call.history] == ["Well.", "I am sorry"]


async def test_a_key_can_be_answered_with_a_reply(phone: Any) -> None:
    """As a turn can: what follows its words is done when they were heard."""
    agent = make_agent()

    @agent.digit
    def press(call: Call, digit: str) -> Reply:
        return Reply("Goodbye then.", hangup=True)

    call = await phone(agent)
    call.session.media.digit("1")
    await call.line(100)
    await call.until_quiet()
    await call.line(20)
    assert call.history == [("agent", "Goodbye then.")]
    assert call.of("session.ended")[0].reason == "hangup"


async def test_a_key_whose_answer_was_interrupted_does_not_hang_up(phone: Any) -> None:
    """The caller had something to add."""
    agent = make_agent()

    @agent.digit
    def press(call: Call, digit: str) -> Reply:
        return Reply(LONG, hangup=True)

    call = await phone(agent, "wait")
    call.session.media.digit("1")
    await call.line(400)
    await call.say()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "Yes.")
    assert not call.session.over


async def test_a_key_that_is_answered_with_something_else_is_apologised_for(phone: Any) -> None:
    """Silence would hide the mistake."""
    agent = make_agent()

    @agent.digit
    def press(call: Call, digit: str) -> Any:
        return 12

    call = await phone(agent)
    call.session.media.digit("1")
    await call.line(100)
    await call.until_quiet()
    assert [e.error for e in call.of("handler.failed")] == ["AnswerInvalid"]
    assert call.history[-1][1].startswith("I am sorry")


def keys(agent: Agent) -> list[str]:
    """The keys that ``agent`` is told; it answers each."""
    told = []

    @agent.digit
    def press(call: Call, digit: str) -> str:
        told.append(digit)
        return "You pressed it."

    return told


async def test_keys_during_a_hand_over_are_only_events(phone: Any) -> None:
    """Neither over its message, which is said to its end, nor while it rings."""
    agent = make_agent(Script(person=Reply(None, handover="asked")))
    agent.handover(to=DESK, message=LONG)
    told = keys(agent)
    call = await phone(agent, "person")
    await call.say()
    await call.line(400)
    call.session.media.digit("1")
    await call.until_quiet()
    await call.line(400)
    call.session.media.digit("2")
    await call.line(400)
    assert call.history == [("caller", "person"), ("agent", LONG)]
    assert [e.digit for e in call.of("digit.pressed")] == ["1", "2"]
    assert told == []
    assert call.carrier.transfers == [DESK]


async def test_keys_during_the_last_goodbye_are_only_events(phone: Any) -> None:
    """It is said to its end."""
    agent = make_agent(texts=Texts(goodbye=LONG), limits=Limits(max_duration_s=1))
    told = keys(agent)
    call = await phone(agent)
    await call.line(1400)
    call.session.media.digit("1")
    await call.until_quiet()
    assert call.history == [("agent", LONG)]
    assert told == []


async def test_an_answer_to_a_key_waits_for_a_protected_greeting(phone: Any) -> None:
    """As one to a turn does."""
    agent = make_agent(greeting=LONG, turn_taking=TurnOptions(protect_greeting=True))
    keys(agent)
    call = await phone(agent)
    await call.line(400)
    call.session.media.digit("1")
    await call.until_quiet()
    await call.until_quiet()
    assert call.history == [("agent", LONG), ("agent", "You pressed it.")]


async def test_a_caller_who_presses_keys_is_there(phone: Any) -> None:
    """The silence counts from the last key, and the reminders from the start."""
    agent = make_agent(limits=Limits(silence_s=3, reminders=1))
    call = await phone(agent)
    await call.line(2500)
    call.session.media.digit("1")
    await call.line(2500)
    assert call.of("silence.reminder") == []
    for _ in range(3):
        await call.line(600)
        await call.until_quiet()
        call.session.media.digit("1")
        await call.line(2500)
    assert [e.count for e in call.of("silence.reminder")] == [1, 1, 1]
    assert not call.session.over


async def test_no_words_of_the_caller_are_logged(phone: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Nor numbers: they are in events only."""
    caplog.set_level(logging.DEBUG)
    call = await phone(make_agent(handover=True), "xylophone")
    await call.say()
    await call.until_quiet()
    assert call.history[0] == ("caller", "xylophone")
    assert "xylophone" not in caplog.text
    assert DESK not in caplog.text


async def test_an_answer_whose_voice_is_slow_is_given_up_for_a_new_turn(phone: Any) -> None:
    """Nothing was heard of it yet, but nobody waits for it any more."""
    dialog = Script(first="One.", second="Two.")
    call = await phone(make_agent(dialog), "first", "second", tts=FakeTtsLate())
    await call.say()
    await call.line(2000)
    await call.say()
    call.tts.gate.set()
    await call.until_quiet()
    assert call.history[2:] == [("agent", "Two.")]


async def test_what_waits_to_be_said_is_given_up_with_what_is_being_said(phone: Any) -> None:
    """Several things said at once come one after the other, and end together."""
    call = await phone(make_agent(greeting=LONG))
    said = [asyncio.ensure_future(call.call.say(text)) for text in ("Second.", "Third.")]
    await call.line(400)
    assert not any(task.done() for task in said)
    await call.session.aclose()
    await asyncio.gather(*said)
    assert len(call.history) == 1


async def test_a_long_answer_is_not_spoken_far_ahead(phone: Any) -> None:
    """The voice is shared: the next sentence is begun when the last is nearly out."""
    call = await phone(make_agent(Script(tell=f"{LONG} {LONG} {LONG} {LONG}")), "tell")
    await call.say()
    assert len(call.tts.spoken) == 2
    await call.line(3000)
    assert len(call.tts.spoken) == 3
    await call.until_quiet()
    assert call.of("agent.speech_ended")[0].heard == " ".join([LONG] * 4)


async def test_a_goodbye_stops_what_a_key_is_answered_with(phone: Any) -> None:
    """The end of a conversation ends all of it."""
    agent = make_agent()
    gate = asyncio.Event()

    @agent.digit
    async def press(call: Call, digit: str) -> None:
        await gate.wait()

    call = await phone(agent)
    call.session.media.digit("1")
    await call.line(40)
    await call.end()
    assert not gate.is_set()


async def test_a_session_that_was_closed_before_its_audio_came_does_not_begin(ringing: Any) -> None:
    """The audio may be a moment late."""
    call = ringing(make_agent(greeting=GREETING))
    await call.session.aclose()
    await call.start()
    await call.end()
    assert call.events == []


async def test_a_handler_that_ends_the_call_ends_what_follows(phone: Any) -> None:
    """Neither its words nor its failure matter any more."""

    async def late(call: Call) -> str:
        with uninterrupted():
            await gate.wait()
        raise ValueError

    gate = asyncio.Event()
    call = await phone(make_agent(Script(late=late)), "late")
    await call.say()
    await call.session.aclose()
    gate.set()
    await call.line(40)
    assert call.of("handler.failed") == []


async def test_a_handler_may_answer_after_the_caller_was_cut_off(phone: Any) -> None:
    """A handler that swallows its cancellation is not heard."""

    async def stubborn(call: Call) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "I am still here."
        return ""

    call = await phone(make_agent(Script(first=stubborn)), "first", "second")
    await call.say()
    await call.line(2000)
    await call.say()
    await call.until_quiet()
    assert call.history[2:] == [("agent", "Yes.")]


async def test_an_empty_apology_is_not_spoken(phone: Any) -> None:
    """Texts can be left out."""
    call = await phone(make_agent(Script(first=broken), texts=Texts(apology="")), "first")
    await call.say()
    await call.line(400)
    assert call.tts.spoken == []


async def test_an_answer_without_words_is_silence(phone: Any) -> None:
    """The caller has the floor again."""
    call = await phone(make_agent(Script(first=Reply(None)), limits=Limits(silence_s=3)), "first")
    await call.say()
    await call.line(3100)
    assert len(call.of("silence.reminder")) == 1
