"""Voices that hold a connection, on a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import WORDS, settle

from offhook.agent import Agent, Limits, Texts
from offhook.agent.voices import Fallback
from offhook.audio.formats import PCM_8K, PCM_16K, PCMA, PCMU, AudioFormat
from offhook.errors import EngineRefused
from offhook.speech.streams import Sound, Word
from offhook.speech.testing import FakeStreamingTts, FakeTts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook import Call, Heard

THREE = "One is here. Two is here. Three is here."


class Answer:
    """Says the same to everything."""

    def __init__(self, answer: Any = THREE) -> None:
        self.answer = answer

    def respond(self, call: Call, heard: Heard) -> Any:
        return self.answer() if callable(self.answer) else self._whole()

    async def _whole(self) -> Any:
        return self.answer


def agent_of(answer: Any = THREE, greeting: str = "", **more: Any) -> Agent:
    return Agent("Front desk", greeting, dialog=Answer(answer), texts=Texts(clarify="Again?"), **more)


def heard(call: Any) -> list[str]:
    return [text for speaker, text in call.history if speaker == "agent"]


async def answered(phone: Any, tts: Any, *others: Any, agent: Agent | None = None, **more: Any) -> Any:
    call = await phone(agent or agent_of(), "when", tts=tts, fallback=Fallback(*others), **more)
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    return call


# -- audio and its format ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [PCMU, PCMA])
async def test_audio_in_the_lines_own_codec_is_played_byte_for_byte(phone: Any, written: AudioFormat) -> None:
    """Greeting and answer; the line gets what the provider has sent."""
    sent: list[bytes] = []

    class Provider(FakeStreamingTts):
        def open(self, audio: AudioFormat, *, call_id: str | None = None) -> Any:
            assert audio == written
            stream = super().open(audio)
            speak = stream.speak

            def kept(text: str, *, goes_on: bool = False) -> Any:
                sounds: Any = speak(text, goes_on=goes_on)
                give = sounds.give

                def kept_sound(sound: Sound) -> None:
                    sent.append(sound.audio)
                    give(sound)

                sounds.give = kept_sound
                return sounds

            stream.speak = kept  # type: ignore[method-assign]
            return stream

    tts = Provider(formats=(PCM_16K, PCMU, PCMA), piece_ms=33)
    call = await answered(phone, tts, agent=agent_of(greeting="Welcome here."), line=written)
    assert heard(call) == ["Welcome here.", THREE]
    assert bytes(call.stream.played) == b"".join(sent)
    assert len(sent) > 50


@pytest.mark.parametrize(
    ("formats", "line", "given"),
    [((PCMU, PCM_16K), PCMA, PCM_16K), ((PCMU,), PCMA, PCMU), ((PCMU,), PCM_8K, PCMU), ((PCM_16K,), PCMU, PCM_16K)],
)
async def test_a_voice_in_another_format_is_written_anew(phone: Any, formats: Any, line: Any, given: Any) -> None:
    """From what loses least."""
    tts = FakeStreamingTts(formats=formats)
    call = await answered(phone, tts, line=line)
    assert heard(call) == [THREE]
    assert {stream.audio for stream in tts.streams} == {given}
    assert len(call.stream.played) / line.bytes_per_ms == pytest.approx(9 * 200, abs=40)
    assert line.sounds(bytes(call.stream.played))


# -- connections ------------------------------------------------------------------------------------------------------


async def test_the_voice_is_connected_while_the_phone_rings(ringing: Any) -> None:
    """One connection serves the call, and is closed with it; without an answer, too."""
    tts = FakeStreamingTts()
    call = ringing(agent_of(), "when", tts=tts, line=PCMU)
    call.session.prepare()
    assert [stream.audio for stream in tts.streams] == [PCMU]
    await call.start()
    await call.say()
    await call.until_quiet()
    assert (len(tts.streams), tts.open_streams) == (1, 1)
    await call.end()
    assert tts.open_streams == 0
    unanswered = ringing(agent_of(), tts=tts)
    unanswered.session.prepare()
    await unanswered.session.aclose()
    assert tts.open_streams == 0


async def test_a_line_that_is_another_than_was_expected_gets_another_connection(ringing: Any) -> None:
    """And the greeting anew."""
    tts = FakeStreamingTts()
    call = ringing(agent_of(greeting="Welcome here."), tts=tts, line=PCMU)
    call.stream.output_format = PCMA
    await call.start()
    await call.until_quiet()
    assert heard(call) == ["Welcome here."]
    assert [stream.audio for stream in tts.streams if not stream.closed] == [PCM_16K]
    await call.end()


async def test_sentences_are_asked_for_ahead_and_told_whether_they_go_on(phone: Any) -> None:
    """The next while the one before is still coming, and no more than that."""
    tts = FakeStreamingTts(deeds=["hang"])
    call = await phone(agent_of(), "when", tts=tts)
    await call.say()
    assert tts.asked == [("One is here.", True), ("Two is here.", True)]
    assert tts.spoken == ["One is here."]
    tts = FakeStreamingTts()
    await answered(phone, tts)
    assert tts.asked == [("One is here.", True), ("Two is here.", True), ("Three is here.", False)]


async def test_no_sentence_is_asked_for_while_much_audio_waits(phone: Any) -> None:
    """The voice is shared with other calls, and the caller may interrupt."""
    tts = FakeStreamingTts(word_ms=1500)
    call = await phone(agent_of(), "when", tts=tts)
    await call.say()
    assert [text for text, _ in tts.asked] == ["One is here."] * 1 + ["Two is here."]
    await call.until_quiet()
    assert heard(call) == [THREE]


async def test_a_model_is_asked_for_the_next_sentence_while_the_voice_says_one(phone: Any) -> None:
    """As soon as it is known it is asked for, and goes on if more has come of it."""
    told = asyncio.Event()

    async def model() -> AsyncIterator[str]:
        yield "One is "
        yield "here. Two"
        await told.wait()
        yield " is here. "
        yield "Three is here."

    tts = FakeStreamingTts(deeds=["hang"])
    call = await phone(agent_of(model), "when", tts=tts)
    await call.say()
    assert tts.asked == [("One is here.", True)]
    told.set()
    await settle()
    assert tts.asked == [("One is here.", True), ("Two is here.", False)]


async def test_an_answer_is_not_stalled_while_the_voice_has_yet_to_speak(phone: Any) -> None:
    """The program may think of more, and the caller does not hear that it does."""

    async def model() -> AsyncIterator[str]:
        yield "One is here. "
        yield "Two is "
        await asyncio.Event().wait()

    tts = FakeStreamingTts(deeds=["mute"])
    call = await phone(agent_of(model, limits=Limits(filler_s=0.5)), "when", tts=tts)
    await call.say()
    await call.line(1500)
    assert tts.asked == [("One is here.", False)]


# -- what was heard ---------------------------------------------------------------------------------------------------


async def test_what_was_heard_is_known_to_the_word_where_the_voice_tells_its_times(phone: Any) -> None:
    """The caller interrupts in the middle of a long pause, which letters know nothing of."""

    class Slow(FakeStreamingTts):
        def open(self, audio: AudioFormat, *, call_id: str | None = None) -> Any:
            return SlowStream(audio)

    class SlowStream:
        cancelled = 0

        def __init__(self, audio: AudioFormat) -> None:
            self.audio = audio

        def speak(self, text: str, *, goes_on: bool = False) -> Any:
            return self.sounds(text)

        async def sounds(self, text: str) -> AsyncIterator[Sound]:
            loud, silent = b"\x20" * 1600, self.audio.silence * 200
            words = [Word("well", 0, 200), Word("extraordinarily", 4200, 4400), Word("so", 4400, 4600)]
            yield Sound(loud, tuple(words))
            yield Sound(silent)
            yield Sound(loud * 2)

        def cancel(self) -> None: ...

        close = cancel

    call = await phone(agent_of("Well, extraordinarily so."), "when", "stop", tts=Slow(), line=PCMU)
    await call.line(600, WORDS)
    await call.line(600 + 3000)
    await call.say()
    assert heard(call)[0] == "Well,"


# -- interruption -----------------------------------------------------------------------------------------------------


async def test_an_interruption_reaches_the_provider_at_once(phone: Any) -> None:
    """In the same turn of the loop in which the floor is the caller's; what was asked for ahead is not said."""
    tts = FakeStreamingTts(word_ms=400, deeds=["say", "hang"])
    call = await phone(agent_of(), "when", "stop now", tts=tts)
    await call.say()
    await call.line(1800)
    (stream,) = tts.streams
    assert tts.spoken == ["One is here.", "Two is here."]
    yielded: list[int] = []
    call.call.observe(lambda event: yielded.append(stream.cancelled) if event.type == "barge_in.yielded" else None)
    await call.line(1500, WORDS)
    assert yielded == [0]
    assert stream.cancelled == 1
    assert "Three is here." not in tts.spoken


async def test_late_audio_of_what_was_interrupted_is_in_no_later_sentence(phone: Any) -> None:
    """Even of a voice that goes on after it was told to stop."""

    class Deaf(FakeStreamingTts):
        def open(self, audio: AudioFormat, *, call_id: str | None = None) -> Any:
            return DeafStream()

    class DeafStream:
        number = 0

        def speak(self, text: str, *, goes_on: bool = False) -> Any:
            self.number += 1
            return DeafSounds(self.number)

        def cancel(self) -> None: ...

        close = cancel

    class DeafSounds:
        def __init__(self, number: int) -> None:
            self.left = 20
            self.code = bytes([number])

        def __aiter__(self) -> DeafSounds:
            return self

        async def __anext__(self) -> Sound:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            while True:
                try:
                    await asyncio.sleep(0.001)
                except asyncio.CancelledError:
                    continue
                return Sound(self.code * 1600)

        async def aclose(self) -> None: ...

    async def second() -> AsyncIterator[str]:
        yield "Four is here."

    answers = iter([Answer()._whole, second])
    call = await phone(agent_of(lambda: next(answers)()), "when", "stop now please", tts=Deaf(), line=PCMU)
    await call.say()
    for _ in range(200):
        await call.step()
        await asyncio.sleep(0.001)
        if len(call.stream.played) > 8000:
            break
    await call.line(1500, WORDS)
    before = len(call.stream.played)
    for _ in range(1000):
        await call.step()
        await asyncio.sleep(0.001)
        if len(heard(call)) == 2:
            break
    assert heard(call)[-1] == "Four is here."
    assert len(set(bytes(call.stream.played[before:]))) == 1


# -- another voice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["refuse", "mute", "silence"])
async def test_a_voice_that_does_not_speak_is_replaced_within_a_second(phone: Any, elapse: Any, deed: Any) -> None:
    """Where the program has given several: nothing is said twice, and nothing is lost."""
    first, second = FakeStreamingTts(deeds=["say", deed]), FakeStreamingTts()
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await elapse(1.05)
    await call.until_quiet()
    assert heard(call) == [THREE]
    assert second.spoken[0] == "Two is here."


async def test_the_next_voice_is_connected_before_it_is_needed(phone: Any, elapse: Any) -> None:
    """When half of the time is over: a connection takes time, too."""
    first, second = FakeStreamingTts(deeds=["mute"]), FakeStreamingTts()
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await elapse(0.45)
    assert second.streams == []
    await elapse(0.1)
    assert len(second.streams) == 1
    assert second.asked == []
    await elapse(0.5)
    assert second.asked[0] == ("One is here.", True)
    assert len(second.streams) == 1


@pytest.mark.parametrize("after_s", [0.0, 0.6])
async def test_the_next_voice_is_connected_only_where_the_first_is_late(
    phone: Any, elapse: Any, after_s: float
) -> None:
    """In the middle of a sentence, too: a sentence may take long, as long as something comes of it."""
    first, second = FakeStreamingTts(deeds=["hang"]), FakeStreamingTts()
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await elapse(after_s)
    assert len(second.streams) == (after_s > 0.5)


@pytest.mark.parametrize("deed", ["break", "hang"])
async def test_what_is_left_of_a_sentence_is_said_by_the_next_voice(phone: Any, elapse: Any, deed: Any) -> None:
    """From the word at which it broke off, where the first has told its words; nothing twice, and nothing is lost."""
    first = FakeStreamingTts(piece_ms=450, deeds=["say", deed])
    second = FakeStreamingTts()
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await elapse(1.05)
    await call.until_quiet()
    assert heard(call) == [THREE]
    assert second.asked == [("here.", True), ("Three is here.", False)]
    assert len(call.stream.played) / 16 == pytest.approx(9 * 200, abs=40)


@pytest.mark.parametrize("deed", ["break", "hang"])
async def test_a_sentence_that_breaks_off_before_it_is_sent_is_said_anew(phone: Any, elapse: Any, deed: Any) -> None:
    """All of it by the next voice, where the first does not tell its words: nothing twice, and nothing is lost."""
    first = FakeStreamingTts(word_ms=1000, timed=False, deeds=["say", deed])
    second = FakeStreamingTts(word_ms=1000, timed=False)
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await elapse(1.05)
    await call.until_quiet()
    assert heard(call) == [THREE]
    assert second.asked == [("Two is here.", True), ("Three is here.", False)]
    assert len(call.stream.played) / 16 == pytest.approx(9 * 1000, abs=40)


async def test_a_sentence_that_breaks_off_while_it_is_heard_is_not_gone_on_with(phone: Any, elapse: Any) -> None:
    """Where nobody knows its words: what there is of it is heard, then the next sentence."""
    first = FakeStreamingTts(piece_ms=450, timed=False, deeds=["hang"])
    second = FakeStreamingTts(timed=False)
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await call.line(600)
    await elapse(1.05)
    await call.until_quiet()
    assert second.asked == [("Two is here.", True), ("Three is here.", False)]
    assert len(call.stream.played) / 16 == pytest.approx(450 + 6 * 200, abs=40)


async def test_a_sentence_that_no_voice_says_to_its_end_is_heard_as_far_as_the_last_one_said_it(phone: Any) -> None:
    """It is said anew only where somebody is left to do so."""
    first = FakeStreamingTts(piece_ms=450, timed=False, deeds=["say", "break"])
    second = FakeStreamingTts(piece_ms=450, timed=False, deeds=["break"])
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await call.until_quiet()
    assert second.asked[0] == ("Two is here.", True)
    assert len(call.stream.played) / 16 == pytest.approx(600 + 450 + 600, abs=40)


async def test_a_voice_that_is_alone_says_what_is_left_itself(phone: Any) -> None:
    """On a new connection."""
    tts = FakeStreamingTts(piece_ms=450, deeds=["break"])
    call = await answered(phone, tts)
    assert heard(call) == [THREE]
    assert [text for text, _ in tts.asked] == [
        "One is here.",
        "Two is here.",
        "here.",
        "Two is here.",
        "Three is here.",
    ]
    assert len(tts.streams) == 2


async def test_a_last_resort_waits_until_the_voice_has_had_its_time(phone: Any, elapse: Any) -> None:
    """A voice that is slow is better than another one."""
    first, second = FakeStreamingTts(deeds=["mute"]), FakeTts()
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second, last_resort=True))
    await call.say()
    await elapse(2.4)
    assert second.spoken == []
    await elapse(0.2)
    assert second.spoken != []


async def test_a_voice_that_refuses_to_work_for_us_is_asked_once_by_all_calls(phone: Any) -> None:
    """Its key is wrong: the next call hears the other one at once."""

    class Refusing(FakeStreamingTts):
        def open(self, audio: AudioFormat, *, call_id: str | None = None) -> Any:
            self.asked.append(("open", False))
            raise EngineRefused("expected a key that is taken, got one that is not.")

    first, second = Refusing(), FakeStreamingTts()
    call = await phone(agent_of("Yes."), "one", "two", tts=first, fallback=Fallback(second), line=PCMU)
    for _ in range(2):
        await call.say()
        await call.until_quiet()
    assert heard(call) == ["Yes.", "Yes."]
    assert len(first.asked) == 2  # while it rang, and for the first answer


async def test_words_of_a_silent_voice_are_not_heard(phone: Any) -> None:
    """What it told of them goes with it."""
    call = await answered(phone, FakeStreamingTts(deeds=["silence", "say", "silence"]))
    assert heard(call) == ["Two is here. Three is here."]


async def test_a_connection_that_cannot_be_asked_ahead_is_asked_when_it_is_time(phone: Any) -> None:
    """And fails then, or does not."""

    class Moody(FakeStreamingTts):
        refused = 0

        def open(self, audio: AudioFormat, *, call_id: str | None = None) -> Any:
            stream = super().open(audio)
            speak = stream.speak

            def moody(text: str, *, goes_on: bool = False) -> Any:
                if text.startswith("Two") and not self.refused:
                    self.refused += 1
                    raise OSError("canary")
                return speak(text, goes_on=goes_on)

            stream.speak = moody  # type: ignore[method-assign]
            return stream

    tts = Moody()
    call = await answered(phone, tts)
    assert heard(call) == [THREE]
    assert tts.refused == 1


async def test_a_piece_of_audio_costs_neither_a_task_nor_a_timer(phone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence does, in however many pieces it comes."""
    loop = asyncio.get_running_loop()
    made: list[str] = []
    call_at = loop.call_at

    def task(loop_: Any, coro: Any, **more: Any) -> Any:
        made.append("task")
        return asyncio.Task(coro, loop=loop_, **more)

    def timer(when: float, callback: Any, *args: Any, **more: Any) -> Any:
        made.append("timer")
        return call_at(when, callback, *args, **more)

    monkeypatch.setattr(loop, "call_at", timer)  # which call_later uses
    counts = []
    for piece_ms in (10, 600):
        call = await phone(agent_of("One is here."), "when", tts=FakeStreamingTts(piece_ms=piece_ms), line=PCMU)
        await call.say()
        await call.until_quiet()
        made.clear()
        loop.set_task_factory(task)
        speaking = asyncio.ensure_future(call.cascade.say("Three is here.", "say"))
        for _ in range(20):
            await settle()
        loop.set_task_factory(None)
        counts.append(made.count("task") + made.count("timer"))
        await call.until_quiet()
        assert await speaking
    assert counts[0] == counts[1] > 0
