"""What a caller hears while a voice or a recogniser does not work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent import Agent, Texts
from offhook.agent.voices import Fallback
from offhook.calls.events import TransferBridged, TransferFailed
from offhook.speech.testing import FakeTts, FakeVad, tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook import Call, Heard
    from offhook.speech.base import VoiceActivityStream

DESK = "+15550100050"
THREE = "One is here. Two is here. Three is here."


class Answer:
    """Says the same to everything."""

    def __init__(self, text: str = THREE) -> None:
        self.text = text

    async def respond(self, call: Call, heard: Heard) -> str:
        return self.text


class Voice(FakeTts):
    """A voice that does with each sentence what it is told to, and then speaks."""

    def __init__(self, *deeds: str) -> None:
        super().__init__()
        self.deeds = list(deeds)

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        deed = self.deeds.pop(0) if self.deeds else "speak"
        if deed.startswith("half"):
            self.spoken.append(text)
            yield tone(16000, 300)
        match deed.removeprefix("half, "):
            case "hang":
                await asyncio.Event().wait()
            case "deaf":
                while True:
                    try:
                        await asyncio.sleep(3600)
                    except (asyncio.CancelledError, GeneratorExit):
                        if self.deeds == ["end"]:
                            return
                        self.deeds = ["end"]
            case "raise":
                raise OSError("canary")
            case "exit":
                raise SystemExit(1)
            case "text":
                yield "pcm"  # type: ignore[misc]
            case "nothing":
                return
            case "drip":
                while True:
                    yield b""
                    await asyncio.sleep(0.05)
            case "endless":
                while True:
                    yield tone(16000, 100)
            case "silence":
                while True:
                    yield bytes(3200)
            case "odd":
                self.spoken.append(text)
                whole = tone(16000, 200 * len(text.split()))
                for at in range(0, len(whole), 333):
                    yield whole[at : at + 333]
            case _:
                async for pcm in super().speak(text):
                    yield pcm


def agent_of(text: str = THREE, *, handover: bool = False) -> Agent:
    agent = Agent("Front desk", "", dialog=Answer(text), texts=Texts(clarify="Again?"))
    if handover:
        agent.handover(to=DESK, message="To a person.")
    return agent


async def answered(phone: Any, elapse: Any, *voices: Any, agent: Agent | None = None) -> Any:
    """A call in which the agent has answered, as far as it could."""
    first, *others = voices
    call = await phone(agent or agent_of(), "when", tts=first, fallback=Fallback(*others))
    await call.say()
    await elapse(6)
    await call.until_quiet()
    await elapse(6)
    await call.until_quiet()
    return call


def heard(call: Any) -> list[str]:
    return [text for speaker, text in call.history if speaker == "agent"]


@pytest.mark.parametrize("deed", ["hang", "deaf", "raise", "exit", "text", "nothing", "drip", "silence"])
async def test_a_sentence_that_a_voice_does_not_begin_is_said_by_the_next(phone: Any, elapse: Any, deed: str) -> None:
    """Whatever it does in place of it; and what follows, if it has failed: nothing is said twice, and none is lost."""
    first, second = Voice("speak", deed), Voice()
    call = await answered(phone, elapse, first, second)
    assert heard(call) == [THREE]
    assert second.spoken[0] == "Two is here."
    assert ("Three is here." in second.spoken) == (deed != "nothing")
    assert call.running.done() is False


@pytest.mark.parametrize("deed", ["half, hang", "half, deaf", "half, raise", "half, text", "half, drip", "endless"])
async def test_a_sentence_that_breaks_off_before_it_is_sent_is_said_anew_by_the_next(
    phone: Any, elapse: Any, deed: str
) -> None:
    """Nothing is heard twice, and nothing is lost."""
    first, second = Voice("speak", deed), Voice()
    call = await answered(phone, elapse, first, second)
    assert second.spoken == ["Two is here.", "Three is here."]
    assert heard(call) == [THREE]


@pytest.mark.parametrize("deed", ["half, hang", "half, deaf", "half, drip"])
async def test_a_sentence_that_a_voice_breaks_off_is_gone_on_from_the_next(phone: Any, elapse: Any, deed: str) -> None:
    """What was said of it is not said again; how much that was is guessed."""
    first, second = Voice(deed), Voice()
    call = await phone(agent_of(), "when", tts=first, fallback=Fallback(second))
    await call.say()
    await call.line(400)
    await elapse(6)
    await call.until_quiet()
    assert second.spoken[1:] == ["Two is here.", "Three is here."]
    assert "One is here.".endswith(second.spoken[0])
    assert heard(call) == [THREE]


async def test_a_voice_that_failed_twice_is_left_alone_by_every_call(phone: Any, elapse: Any, caplog: Any) -> None:
    """The log has a line for each failure, and one for the rest."""
    first, second = Voice("raise"), Voice()
    call = await phone(agent_of("Yes."), "one", "two", "three", tts=first, fallback=Fallback(second))
    for deed in ("raise", "never"):
        await call.say()
        await call.until_quiet()
        first.deeds = [deed]
    await call.say()
    await call.until_quiet()
    assert heard(call) == ["Yes."] * 3
    assert first.deeds == ["never"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR", "WARNING"]


async def test_a_voice_that_is_alone_is_tried_again_at_once(phone: Any, elapse: Any) -> None:
    """If it raised before the first sound."""
    call = await answered(phone, elapse, Voice("raise", "speak", "raise"))
    assert heard(call) == [THREE]


@pytest.mark.parametrize("deeds", [("raise",) * 2, ("hang",), ("half, raise",) * 4, ("nothing",) * 4])
async def test_without_another_voice_the_host_apologises_at_once(phone: Any, elapse: Any, deeds: Any) -> None:
    """A sentence that nobody begins is enough; of those that were broken off, or had no sound, two in a row."""
    call = await answered(phone, elapse, Voice(*deeds))
    assert call.of("session.ended")[0].reason == "engine_failed"
    assert call.running.exception().code == "no_voice"


async def test_an_odd_number_of_bytes_is_no_failure(phone: Any, elapse: Any) -> None:
    """Samples may be cut in two."""
    call = await answered(phone, elapse, Voice("odd", "odd", "odd"))
    assert heard(call) == [THREE]


async def test_a_voice_with_an_impossible_rate_is_passed_over(phone: Any, elapse: Any) -> None:
    """It is asked for each time."""

    class Wrong(FakeTts):
        @property
        def sample_rate(self) -> int:
            return -1

    call = await answered(phone, elapse, Wrong(), Voice())
    assert heard(call) == [THREE]


@pytest.mark.parametrize("deed", ["raise", "hang"])
async def test_a_greeting_that_cannot_be_recorded_is_said_by_another_voice(phone: Any, elapse: Any, deed: str) -> None:
    """As soon as that is clear."""
    agent = agent_of()
    agent.greeting = "Welcome here. How can I help?"
    second = Voice()
    call = await phone(agent, tts=Voice(deed), fallback=Fallback(second))
    await elapse(3)
    await call.until_quiet()
    assert heard(call) == ["Welcome here. How can I help?"]
    assert second.spoken[-2:] == ["Welcome here.", "How can I help?"]


@pytest.mark.parametrize("bridged", [True, False])
async def test_an_agent_without_a_voice_hands_over_without_a_word(phone: Any, elapse: Any, bridged: bool) -> None:
    """If nobody answers, the host apologises."""
    call = await phone(agent_of(handover=True), "when", tts=Voice("hang"))
    await call.say()
    await elapse(3)
    await call.line(100)
    assert call.carrier.transfers == [DESK]
    fact = TransferBridged(at_ms=0.0, call_id="v3:call")
    call.call.notify(fact if bridged else TransferFailed(at_ms=0.0, call_id="v3:call", cause="busy"))
    await call.line(100)
    assert call.of("session.ended")[0].reason == ("handover" if bridged else "engine_failed")
    assert (call.running.exception() is None) == bridged
    assert heard(call) == []


class Hearing:
    """A recogniser that does with each utterance what it is told to, and then hears."""

    sample_rate = 16000

    def __init__(self, *deeds: str) -> None:
        self.deeds = list(deeds)

    async def transcribe(self, pcm: bytes) -> Any:
        from offhook.speech.base import Recognition

        deed = self.deeds.pop(0) if self.deeds else "hear"
        if deed == "hang":
            await asyncio.Event().wait()
        if deed == "raise":
            raise OSError("canary")
        return "words" if deed == "text" else Recognition("when", 0.9)


@pytest.mark.parametrize("deed", ["hang", "raise", "text"])
async def test_what_was_not_recognised_is_asked_for_again(phone: Any, elapse: Any, deed: str) -> None:
    """Once is bad luck; the next words are answered."""
    call = await phone(agent_of("Yes."), stt=Hearing(deed))
    await call.say()
    await elapse(6)
    await call.line(100)
    await call.until_quiet()
    assert heard(call) == ["Again?"]
    await call.say()
    await call.until_quiet()
    assert heard(call) == ["Again?", "Yes."]


@pytest.mark.parametrize("handover", [False, True])
async def test_a_deaf_agent_hands_over_or_has_the_host_apologise(phone: Any, elapse: Any, handover: bool) -> None:
    """The second time in a row; the person is announced, as the voice works."""
    call = await phone(agent_of(handover=handover), stt=Hearing("hang", "hang"))
    for _ in range(2):
        await call.say()
        await elapse(6)
        await call.line(3000)
    assert heard(call) == (["Again?", "To a person."] if handover else ["Again?"])
    assert call.carrier.transfers == ([DESK] if handover else [])
    if not handover:
        assert call.of("session.ended")[0].reason == "engine_failed"


class Vad(FakeVad):
    """Voice activity that fails as it is told to."""

    def __init__(self, deed: str) -> None:
        super().__init__()
        self.deed = deed

    def open(self, on_probability: Callable[[float, float], None]) -> VoiceActivityStream:
        if self.deed == "open":
            raise OSError("canary")
        return BrokenActivity(self, super().open(on_probability))


class BrokenActivity:
    """A stream of it, which works for the first second and a half."""

    def __init__(self, vad: Vad, stream: VoiceActivityStream) -> None:
        self.vad = vad
        self.stream = stream
        self.pushed = 0

    def push(self, pcm: bytes) -> None:
        self.pushed += 1
        if self.pushed < 75:
            self.stream.push(pcm)
        elif self.vad.deed == "raise":
            raise OSError("canary")

    def close(self) -> None:
        self.stream.close()


@pytest.mark.parametrize("deed", ["open", "raise", "hang"])
async def test_voice_activity_that_fails_costs_no_turn(phone: Any, caplog: pytest.LogCaptureFixture, deed: str) -> None:
    """Before the call, in the middle of the caller's words, or without a sound: they are heard, and answered."""
    agent = Agent(name="Desk", greeting="Hello.", dialog=Answer("We open at nine."))
    call = await phone(agent, "when are you open", "and on friday", vad=Vad(deed))
    await call.line(1300)
    await call.say()
    await call.line(1000)
    await call.until_quiet()
    await call.say()
    await call.line(400)
    await call.until_quiet()
    assert [turn.text for turn in call.of("turn.heard")] == ["when are you open", "and on friday"]
    assert [heard for _, heard in call.history].count("We open at nine.") == 2
    assert "loudness takes its place" in caplog.text
    assert "canary" not in caplog.text
