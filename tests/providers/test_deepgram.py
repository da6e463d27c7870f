"""Deepgram's two recognisers: what their addresses ask for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from offhook.audio.formats import PCM_16K, PCMA, PCMU
from offhook.errors import ConfigError
from offhook.providers.deepgram import Deepgram, Flux, named
from offhook.providers.deepgram_flux import FluxSession
from offhook.providers.deepgram_listen import ListenSession


def asked(engine: Any, audio: Any = PCMU) -> dict[str, list[str]]:
    return parse_qs(urlsplit(engine._link(audio).url).query)


def test_by_itself_it_asks_for_segments_in_the_format_of_the_line() -> None:
    """In either law, or linear; kept alive where nothing is said."""
    engine = Deepgram(api_key="k", base_url="http://127.0.0.1:1")
    query = asked(engine)
    assert query["model"] == ["nova-3"]
    assert query["interim_results"] == query["smart_format"] == query["vad_events"] == ["true"]
    assert "endpointing" not in query
    formats = {
        audio: asked(engine, audio)["encoding"] + asked(engine, audio)["sample_rate"] for audio in engine.formats
    }
    assert formats[PCMU] == ["mulaw", "8000"]
    assert formats[PCMA] == ["alaw", "8000"]
    assert formats[PCM_16K] == ["linear16", "16000"]
    link = engine._link(PCMU)
    assert link.url.startswith("ws://127.0.0.1:1/v1/listen?")
    assert link.headers == {"Authorization": "Token k"}
    assert link.keep_alive == '{"type":"KeepAlive"}'
    assert not engine.ends_turns
    assert isinstance(engine._session(PCMU), ListenSession)


def test_its_options_are_asked_for_by_its_own_names() -> None:
    """Lists as names that repeat."""
    engine = Deepgram(
        api_key="k",
        model="nova-2-phonecall",
        language="de",
        keyterms=["a b", "c"],
        smart_format=False,
        endpointing_ms=300,
        options={"numerals": True},
    )
    query = asked(engine)
    wanted = {"model": "nova-2-phonecall", "language": "de", "smart_format": "false", "endpointing": "300"}
    assert {name: query[name][0] for name in wanted} == wanted
    assert query["keyterm"] == ["a b", "c"]
    assert query["numerals"] == ["true"]


def test_flux_asks_for_turns() -> None:
    """It greets, and is not kept alive."""
    engine = Flux(
        api_key="k",
        base_url="http://127.0.0.1:1",
        eot_threshold=0.8,
        eager_eot_threshold=0.5,
        eot_timeout_ms=4000,
        keyterms=["a"],
        languages=["de", "en"],
        model="flux-general-multi",
    )
    query = asked(engine)
    assert {name: values[0] for name, values in query.items() if name not in ("language_hint", "keyterm")} == {
        "model": "flux-general-multi",
        "eot_threshold": "0.8",
        "eager_eot_threshold": "0.5",
        "eot_timeout_ms": "4000",
        "encoding": "mulaw",
        "sample_rate": "8000",
    }
    assert query["language_hint"] == ["de", "en"]
    link = engine._link(PCMU)
    assert link.url.startswith("ws://127.0.0.1:1/v2/listen?")
    assert link.greets
    assert link.keep_alive is None
    assert engine.ends_turns
    assert isinstance(engine._session(PCMU), FluxSession)


def test_thresholds_out_of_range_are_refused() -> None:
    """A probable end must not be surer than the end; it would be refused for the first call."""
    for options in ({"eot_threshold": 0.4}, {"eager_eot_threshold": 0.8}, {"eot_timeout_ms": 100}):
        with pytest.raises(ConfigError):
            Flux(api_key="k", **options)
    with pytest.raises(ConfigError, match=r"eager_eot_threshold from 0\.3 to 0\.6"):
        Flux(api_key="k", eot_threshold=0.6, eager_eot_threshold=0.65)


def test_they_are_made_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the model after a colon; flux is one of its own kind."""
    monkeypatch.setenv("DEEPGRAM_API_KEY", "k")
    assert [type(named(which)) for which in ("", "nova-2", "flux", "flux-general-multi")] == [
        Deepgram,
        Deepgram,
        Flux,
        Flux,
    ]
    assert [named(which).model for which in ("", "nova-2", "flux", "flux-general-multi")] == [
        "nova-3",
        "nova-2",
        "flux-general-en",
        "flux-general-multi",
    ]
    with pytest.raises(ConfigError, match="flux-general-en"):
        Deepgram(model="flux-general-en")
