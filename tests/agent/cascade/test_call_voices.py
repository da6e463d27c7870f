"""The worker's voices on one call."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.agent.cascade.call_voices import CallVoices
from offhook.agent.voices import Fallback, Voices
from offhook.audio.formats import PCM_16K, PCMA, PCMU
from offhook.errors import EngineUnavailable
from offhook.speech.metering import Metering
from offhook.speech.testing import FakeStreamingTts


def on_call(*voices: FakeStreamingTts, **more: Any) -> CallVoices:
    return CallVoices(Voices(voices[0], Fallback(*voices[1:]), **more), call_id="c1")


def ask(voices: CallVoices, tts: FakeStreamingTts, text: str, owner: object, wanted: Any = PCMU) -> Any:
    return voices.ask(tts, text, wanted=wanted, goes_on=False, owner=owner)


async def test_the_voice_that_will_probably_speak_is_connected_early() -> None:
    """In what the line takes, once; a line that turns out to be another gets another."""
    first, second = FakeStreamingTts(), FakeStreamingTts()
    voices = on_call(first, second)
    voices.expect(PCMU)
    voices.expect(PCMU)
    assert [stream.audio for stream in first.streams] == [PCMU]
    voices.expect(PCMA)
    assert [(stream.audio, stream.closed) for stream in first.streams] == [(PCMU, True), (PCM_16K, False)]
    for _ in range(2):
        voices.shared.failed(first, EngineUnavailable("no"))
    voices.expect(PCMU)
    assert [stream.audio for stream in second.streams] == [PCMU]
    voices.close()
    assert first.open_streams == second.open_streams == 0


async def test_what_is_said_for_one_goes_over_one_connection() -> None:
    """One sentence after the other; for somebody else there is another, and a free one is used again."""
    tts = FakeStreamingTts()
    voices = on_call(tts)
    answer, draft = "answer", "draft"
    first, second = ask(voices, tts, "one", answer), ask(voices, tts, "two", answer)
    other = ask(voices, tts, "three", draft)
    assert len(tts.streams) == 2
    assert first.written == PCMU
    voices.over(first)
    voices.over(second)
    ask(voices, tts, "four", "next")
    assert len(tts.streams) == 2
    voices.over(other)
    voices.close()


async def test_what_is_dropped_is_cancelled_at_once_and_nothing_else() -> None:
    """The connection stays, for the next sentence."""
    tts = FakeStreamingTts(first_ms=60_000)
    voices = on_call(tts)
    said, ahead, draft = ask(voices, tts, "one", "a"), ask(voices, tts, "two", "a"), ask(voices, tts, "three", "b")
    voices.drop("nothing")
    voices.drop("a")
    assert [stream.cancelled for stream in tts.streams] == [1, 0]
    assert (said.dropped, ahead.dropped, draft.dropped) == (True, True, False)
    assert [sound async for sound in ahead.sounds] == []
    voices.drop("a")
    assert tts.streams[0].cancelled == 1
    ask(voices, tts, "four", "c")
    assert len(tts.streams) == 2
    voices.close()


async def test_a_voice_that_failed_is_asked_over_a_new_connection() -> None:
    """What somebody else is being said goes on."""
    tts, other = FakeStreamingTts(), FakeStreamingTts()
    voices = on_call(tts, other)
    failed, draft = ask(voices, tts, "one", "a"), ask(voices, tts, "two", "b")
    beside = ask(voices, other, "three", "a")
    voices.give_up(tts, "a")
    assert (failed.dropped, draft.dropped, beside.dropped) == (True, False, False)
    assert [stream.closed for stream in tts.streams] == [True, False]
    ask(voices, tts, "one again", "a")
    assert len(tts.streams) == 3
    voices.close()
    assert draft.dropped
    assert tts.open_streams == other.open_streams == 0


@pytest.mark.parametrize("error", [OSError("canary"), SystemExit(1)])
async def test_a_voice_that_raises_while_it_is_let_go_of_disturbs_nobody(error: BaseException) -> None:
    """What it raises when it is asked comes out; that it cannot be connected early is seen then."""

    class Broken(FakeStreamingTts):
        refuses = True

        def open(self, audio: Any, *, call_id: str | None = None) -> Any:
            assert call_id == "c1"
            if self.refuses:
                raise error
            stream = super().open(audio)
            stream.close()

            def fail() -> None:
                raise error

            stream.cancel = stream.close = fail  # type: ignore[method-assign]
            return stream

    tts = Broken()
    voices = on_call(tts)
    voices.expect(PCMU)
    with pytest.raises(Exception, match=r"canary|got SystemExit"):
        ask(voices, tts, "one", "a")
    tts.refuses = False
    ask(voices, tts, "one", "a")
    voices.drop("a")
    voices.close()


async def test_what_calls_ask_of_every_voice_is_told() -> None:
    """Of those that speak in place of another, too."""

    class Listener:
        def __init__(self) -> None:
            self.told: list[Any] = []

        def asked(self, engine: Any, audio_ms: float) -> None:
            self.told.append("asked")

        def answered(self, use: Any) -> None:
            self.told.append("answered")

        def done(self, engine: Any, audio_ms: float, *, dropped: bool) -> None:
            self.told.append(audio_ms)

    metering, listener = Metering(), Listener()
    metering.listener = listener
    first, second = FakeStreamingTts(), FakeStreamingTts()
    voices = on_call(first, second, metering=metering)
    for tts in (first, second):
        assert [sound async for sound in ask(voices, tts, "one", "a").sounds]
    assert listener.told == ["asked", "answered", 200.0] * 2
    voices.close()
