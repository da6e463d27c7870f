"""Engines by name, and what a missing one says."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.errors import ConfigError, EngineMissing
from offhook.named import RECOGNISERS, VOICES
from offhook.speech import engines


class Voice:
    def __init__(self, voice: str = "") -> None:
        self.voice = voice


@pytest.fixture
def voices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offhook.speech.tts.flite.Flite", Voice)
    monkeypatch.setattr("offhook.speech.tts.espeak.Espeak", Voice)


@pytest.mark.usefixtures("voices")
@pytest.mark.parametrize(
    ("name", "voice"),
    [("flite", "slt"), ("flite:rms", "rms"), ("espeak", "en-us"), ("espeak:en-gb", "en-gb"), (None, "slt")],
)
def test_a_voice_is_named_engine_and_voice(name: str | None, voice: str) -> None:
    """One text chooses both, and an engine alone has a voice of its own."""
    assert engines.load_tts(name).voice == voice  # type: ignore[union-attr]


@pytest.mark.parametrize("loader", [engines.load_tts, engines.load_stt, engines.load_vad])
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(loader: Any) -> None:
    """The error is the list of what may be written."""
    with pytest.raises(ConfigError, match=r"expected .*\(.+\), got 'nothing'"):
        loader("nothing")


def test_an_engine_is_named_as_whoever_makes_it_has_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in the house that is, and with what follows the colon."""
    monkeypatch.setitem(RECOGNISERS, "parrot", "tests.speech.test_engines:Voice")
    monkeypatch.setitem(VOICES, "parrot", "tests.speech.test_engines:Voice")
    assert engines.load_stt("parrot:grey").voice == "grey"  # type: ignore[union-attr]
    assert engines.load_tts("parrot:green").voice == "green"  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match="expected moonshine alone"):
        engines.load_stt("moonshine:large")


def test_without_flite_the_voice_is_espeak(monkeypatch: pytest.MonkeyPatch, voices: None) -> None:
    """A machine without the better voice still speaks."""

    def missing(voice: str) -> None:
        raise EngineMissing("none", fix="none")

    monkeypatch.setattr("offhook.speech.tts.flite.Flite", missing)
    assert engines.default_tts().voice == "en-us"  # type: ignore[attr-defined]


def test_without_any_voice_the_error_says_both_ways_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Either of two commands ends the trouble, and the error gives both."""

    def missing(voice: str) -> None:
        raise EngineMissing("none", fix="none")

    monkeypatch.setattr("offhook.speech.tts.flite.Flite", missing)
    monkeypatch.setattr("offhook.speech.tts.espeak.Espeak", missing)
    with pytest.raises(EngineMissing, match=r".*\[local\].* or: apt install libflite1"):
        engines.default_tts()


@pytest.mark.parametrize("loader", [engines.default_stt, engines.load_vad])
def test_without_onnxruntime_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, loader: Any) -> None:
    """It is missed when the engine is chosen, not in the first call."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EngineMissing, match=r"expected onnxruntime .* fix: .*\[local\]"):
        loader()


def test_the_local_engines_load(require: Any) -> None:
    """All that an agent needs to hear comes in one extra, without a network."""
    from importlib.util import find_spec

    require(all(find_spec(name) for name in ("onnxruntime", "moonshine_voice")), "offhook[local]")
    assert engines.moonshine().sample_rate == 16000
    engines.load_vad()
