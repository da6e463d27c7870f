"""The voices of a worker: the one that speaks, and those that speak where it does not work."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.agent import Engines
from offhook.agent.voices import Fallback, Voices
from offhook.errors import ConfigError, EngineMissing
from offhook.speech.testing import FakeStt, FakeTts, FakeVad


def test_a_voice_that_failed_twice_in_a_row_is_left_alone_for_a_while() -> None:
    """By all calls; then it is tried again, and one more failure is enough."""
    now_s = 0.0
    first, second = FakeTts(), FakeTts()
    voices = Voices(first, Fallback(second), now_s=lambda: now_s)
    voices.failed(first)
    voices.worked(first)
    voices.failed(first)
    assert voices.order() == [first, second]
    voices.failed(first)
    assert voices.order() == [second]
    now_s = 60.0
    assert voices.order() == [first, second]
    voices.failed(first)
    assert voices.order() == [second]
    voices.worked(first)
    assert voices.order() == [first, second]


def test_voices_that_all_rest_are_tried_all_the_same() -> None:
    """A caller is worth a try."""
    only = FakeTts()
    voices = Voices(only, Fallback(), now_s=lambda: 0.0)
    for _ in range(3):
        voices.failed(only)
    assert voices.order() == [only]


async def test_fallback_voices_are_loaded_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, beside the event loop; one that is not to be had is left out."""
    loaded = {"flite": FakeTts(), "plain": object()}

    def load(name: str) -> Any:
        if name not in loaded:
            raise EngineMissing(name, fix="none")
        return loaded[name]

    monkeypatch.setattr("offhook.speech.engines.load_tts", load)
    own = FakeTts()
    fallback = Fallback("flite", own, "nobody", "plain")
    assert fallback.ready == [own]
    await fallback.load()
    assert fallback.ready == [loaded["flite"], own, loaded["plain"]]


def test_a_list_of_voices_is_the_first_and_its_fallback() -> None:
    """And no other; a single voice has those that come with us behind it."""
    first, second = FakeTts(), FakeTts()
    engines = Engines.load(tts=[first, second], stt=FakeStt(), vad=FakeVad())
    assert engines.voices.order() == [first, second]
    assert Engines.load(tts=first, stt=FakeStt(), vad=FakeVad()).voices.order() == [first]
    with pytest.raises(ConfigError, match="empty list of voices"):
        Engines.load(tts=[], stt=FakeStt(), vad=FakeVad())
