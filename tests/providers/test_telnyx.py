"""Telnyx's transcription: its address, and its protocol without I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from offhook.audio.formats import PCM_8K, PCMU
from offhook.errors import EngineRefused, EngineUnavailable
from offhook.providers.telnyx import TelnyxSession, TelnyxStt, named
from offhook.speech.streams import FinalWords, PartialWords

if TYPE_CHECKING:
    from pathlib import Path


def asked(engine: TelnyxStt, audio: Any = PCMU) -> dict[str, list[str]]:
    return parse_qs(urlsplit(engine._link(audio).url).query)


def transcript(said: str, *, final: bool = False, **more: object) -> str:
    values = {"type": "transcript", "transcript": said, "is_final": final, "confidence": 0.8}
    return json.dumps({**values, **more})


def events(session: TelnyxSession, *messages: str) -> list[Any]:
    return [event for message in messages for event in session.received(message)]


def test_by_itself_it_asks_for_deepgram_in_the_format_of_the_line() -> None:
    """With one key for calls and words."""
    engine = TelnyxStt(api_key="k", base_url="http://127.0.0.1:1/v2")
    assert asked(engine) == {
        "input_format": ["mulaw"],
        "sample_rate": ["8000"],
        "transcription_engine": ["Deepgram"],
        "model": ["nova-3"],
        "interim_results": ["true"],
    }
    link = engine._link(PCMU)
    assert link.url.startswith("ws://127.0.0.1:1/v2/speech-to-text/transcription?")
    assert link.headers == {"Authorization": "Bearer k"}
    assert link.keep_alive == '{"type":"KeepAlive"}'
    assert asked(engine, PCM_8K)["input_format"] == ["linear16"]
    assert not engine.ends_turns
    assert engine.formats[0] == PCMU


def test_another_engine_takes_no_requests() -> None:
    """It is neither kept alive nor asked to finish."""
    engine = TelnyxStt(api_key="k", engine="Google", language="de-DE", keyterms=["a"], endpointing_ms=200)
    query = asked(engine)
    assert query["transcription_engine"] == ["Google"]
    assert query["language"] == ["de-DE"]
    assert "model" not in query
    assert engine._link(PCMU).keep_alive is None
    assert engine._session(PCMU).flush() == (1, [])
    assert TelnyxStt(api_key="k")._session(PCMU).flush() == (1, ['{"type":"Finalize"}'])


def test_its_address_is_that_of_calls_unless_there_is_one_for_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So one exchange can serve both."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELNYX_SPEECH_BASE_URL", raising=False)
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:2/v2")
    assert TelnyxStt(api_key="k")._link(PCMU).url.startswith("ws://127.0.0.1:2/v2/")
    monkeypatch.setenv("TELNYX_SPEECH_BASE_URL", "http://127.0.0.1:3/v2")
    assert TelnyxStt(api_key="k")._link(PCMU).url.startswith("ws://127.0.0.1:3/v2/")


@pytest.mark.parametrize(
    ("which", "engine", "model"),
    [
        ("", "Deepgram", "nova-3"),
        ("nova-2", "Deepgram", "nova-2"),
        ("speechmatics", "Speechmatics", None),
        ("Deepgram/nova-2", "Deepgram", "nova-2"),
        ("New/model", "New", "model"),
    ],
)
def test_it_is_made_by_its_name(which: str, engine: str, model: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an engine, a model, or both after a colon."""
    monkeypatch.setenv("TELNYX_API_KEY", "k")
    made = named(which)
    assert (made.engine, made.model) == (engine, model)


def test_words_are_told_as_they_grow_and_then_for_good() -> None:
    """The end of an utterance says nothing about words."""
    told = events(
        TelnyxSession(PCMU, finishes=True),
        transcript("book a"),
        transcript(""),
        transcript("book a table", final=True, speech_final=True),
        transcript("", final=True, utterance_end=True),
    )
    assert told == [PartialWords("book a", 0.8), FinalWords("book a table", 0.8)]


def test_what_comes_for_good_after_a_request_answers_it() -> None:
    """Also without words."""
    session = TelnyxSession(PCMU, finishes=True)
    session.flush()
    assert events(session, transcript("", final=True, utterance_end=True)) == []
    assert events(session, transcript("yes", final=True)) == [FinalWords("yes", 0.8, flushed=1)]
    session.flush()
    session.flush()
    assert events(session, transcript("", final=True)) == [FinalWords("", 0.8, flushed=3)]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"errors": [{"code": "40001", "title": "sk-1"}]}, EngineRefused),
        ({"errors": [{"code": "10009", "title": "sk-1"}]}, EngineRefused),
        ({"errors": [{"code": "50000", "title": "sk-1"}]}, EngineUnavailable),
        ({"type": "error", "error": "sk-1"}, EngineUnavailable),
    ],
)
def test_an_error_is_what_its_code_says(message: dict[str, object], kind: type[Exception]) -> None:
    """Its words are not repeated."""
    with pytest.raises(kind) as error:
        events(TelnyxSession(PCMU, finishes=True), json.dumps(message))
    assert "sk-1" not in str(error.value)


def test_what_is_not_known_is_passed_over() -> None:
    """And the end is told."""
    session = TelnyxSession(PCMU, finishes=True)
    assert events(session, "{}", '{"type": "usage"}') == []
    assert session.ending() == ('{"type":"CloseStream"}',)
