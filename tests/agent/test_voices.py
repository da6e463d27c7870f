"""The voices of a worker: the one that speaks, and those that speak where it does not work."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.agent import Engines
from offhook.agent.voices import Fallback, Voices
from offhook.errors import ConfigError, EngineMissing, EngineRefused, EngineUnavailable
from offhook.speech.batch_voice import as_streaming
from offhook.speech.testing import FakeStreamingTts, FakeStt, FakeTts, FakeVad

ONCE = EngineUnavailable("expected an answer, got none.")


def voices_of(*voices: Any, **more: Any) -> tuple[Voices, list[Any]]:
    first, *others = [as_streaming(voice) for voice in voices]
    return Voices(first, Fallback(*others), **more), [first, *others]


def test_a_voice_that_failed_twice_in_a_row_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """By all calls; then it is tried again, and one more failure is enough."""
    now_s = 0.0
    voices, (first, second) = voices_of(FakeTts(), FakeStreamingTts(), now_s=lambda: now_s)
    voices.failed(first, ONCE)
    voices.worked(first)
    voices.failed(first, ONCE)
    assert voices.order() == [first, second]
    assert voices.likely is first
    voices.failed(first, ONCE)
    assert voices.order() == [second]
    assert voices.likely is second
    now_s = 60.0
    assert voices.order() == [first, second]
    voices.failed(first, ONCE)
    assert voices.order() == [second]
    voices.worked(first)
    assert voices.order() == [first, second]
    assert [record.message for record in caplog.records] == [
        "voice 1 does not work: others speak for 60 s",
        "voice 1 works again",
    ]


def test_a_voice_that_refuses_to_work_for_us_is_left_alone_at_once() -> None:
    """A key that is wrong is wrong the second time."""
    voices, (first, second) = voices_of(FakeStreamingTts(), FakeTts(), now_s=lambda: 0.0)
    voices.failed(first, EngineRefused("expected a key that is taken, got one that is not."))
    assert voices.order() == [second]


def test_voices_that_all_rest_are_tried_all_the_same() -> None:
    """A caller is worth a try."""
    voices, (only,) = voices_of(FakeTts(), now_s=lambda: 0.0)
    for _ in range(3):
        voices.failed(only, ONCE)
    assert voices.order() == [only]
    assert voices.likely is only


async def test_fallback_voices_are_loaded_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, beside the event loop; one that is not to be had is left out."""
    loaded = {"flite": FakeStreamingTts(), "plain": object()}

    def load(name: str) -> Any:
        if name not in loaded:
            raise EngineMissing(name, fix="none")
        return loaded[name]

    monkeypatch.setattr("offhook.speech.engines.load_tts", load)
    own = FakeStreamingTts()
    fallback = Fallback("flite", own, "nobody", "plain")
    assert fallback.ready == [own]
    await fallback.load()
    assert fallback.ready == [loaded["flite"], own]


async def test_a_fallback_voice_of_the_program_stays_whatever_its_warming_up_comes_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its provider may be there by the time that it is wanted."""

    class Cold(FakeTts):
        async def warm_up(self) -> None:
            raise OSError("canary")

    fallback = Fallback(Cold(), last_resort=True)
    await fallback.load()
    assert len(fallback.ready) == 1
    assert [record.message for record in caplog.records] == ["fallback voice 2 could not be warmed up: OSError"]


@pytest.mark.parametrize("last_resort", [False, True])
async def test_a_first_voice_that_cannot_be_made_ready_matters_where_it_has_no_equal(
    last_resort: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A provider that is down must not keep a server from starting that has another."""

    class Down(FakeStreamingTts):
        async def warm_up(self) -> None:
            raise EngineRefused("expected a key that is taken, got one that is not.")

    first, second = Down(), FakeStreamingTts()
    voices = Voices(first, Fallback(second, last_resort=last_resort))
    if last_resort:
        with pytest.raises(EngineRefused):
            await voices.warm_up()
    else:
        await voices.warm_up()
        assert voices.likely is second
        assert "voice 1 could not be made ready: EngineRefused" in caplog.text


def test_a_list_of_voices_is_the_first_and_its_fallback() -> None:
    """And no other; a single voice has those that come with us behind it, as a last resort."""
    first, second = FakeStreamingTts(), FakeStreamingTts()
    engines = Engines.load(tts=[first, second], stt=FakeStt(), vad=FakeVad())
    assert engines.voices.order() == [first, second]
    assert engines.voices.alike
    alone = Engines.load(tts=first, stt=FakeStt(), vad=FakeVad()).voices
    assert alone.order() == [first]
    assert not alone.alike
    with pytest.raises(ConfigError, match="empty list of voices"):
        Engines.load(tts=[], stt=FakeStt(), vad=FakeVad())


def test_a_voice_of_a_list_that_is_not_to_be_had_is_said_at_the_start() -> None:
    """And not when the first one fails."""
    with pytest.raises(ConfigError, match="expected a voice"):
        Engines.load(tts=[FakeTts(), "nobody"], stt=FakeStt(), vad=FakeVad())
    with pytest.raises(ConfigError, match="expected a voice"):
        Engines.load(tts=[FakeTts(), object()], stt=FakeStt(), vad=FakeVad())  # type: ignore[list-item]
