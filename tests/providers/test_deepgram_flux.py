"""Deepgram's /v2/listen (Flux) without I/O: turns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offhook.audio.formats import PCMU
from offhook.errors import EngineUnavailable
from offhook.providers.deepgram_flux import FluxSession
from offhook.speech.streams import EagerEnd, EndOfTurn, FinalWords, Onset, PartialWords, TurnResumed


def session() -> FluxSession:
    return FluxSession(PCMU, "Deepgram")


def info(event: str, said: str = "", *, until_ms: float = 0, **more: Any) -> str:
    values = {
        "type": "TurnInfo",
        "event": event,
        "turn_index": 0,
        "audio_window_start": 0.5,
        "audio_window_end": until_ms / 1000,
        "transcript": said,
        "words": [{"word": word, "confidence": 0.9} for word in said.split()],
        "end_of_turn_confidence": 0.1,
    }
    return json.dumps({**values, **more})


def events(session: FluxSession, *messages: str) -> list[Any]:
    return [event for message in messages for event in session.received(message)]


SURE: Any = pytest.approx(0.9)


def test_a_turn_is_told_as_it_grows_and_when_it_is_over() -> None:
    """An update without anything new is nothing new."""
    told = events(
        session(),
        '{"type": "Connected", "sequence_id": 0}',
        info("Update"),
        info("StartOfTurn", "book"),
        info("Update", "book a"),
        info("Update", "book a"),
        info("EndOfTurn", "book a table", trigger="model"),
    )
    assert told == [
        Onset(500.0),
        PartialWords("book", SURE),
        PartialWords("book a", SURE),
        EndOfTurn("book a table", SURE),
    ]


def test_a_probable_end_is_told_once_and_taken_back() -> None:
    """By the message for it, or by other words."""
    told = events(
        session(),
        info("StartOfTurn", "book"),
        info("EagerEndOfTurn", "book a table"),
        info("EagerEndOfTurn", "book a table"),
        info("Update", "book a table"),
        info("TurnResumed", "book a table"),
        info("EagerEndOfTurn", "book a table for two"),
        info("Update", "book a table for two at nine"),
        info("TurnResumed", "book a table for two at nine"),
    )
    assert told[2:] == [
        EagerEnd("book a table", SURE),
        TurnResumed(),
        EagerEnd("book a table for two", SURE),
        TurnResumed(),
        PartialWords("book a table for two at nine", SURE),
    ]


def test_a_request_to_end_the_turn_is_answered_by_its_end() -> None:
    """Also where it was ended before all of the audio was heard; without words by none."""
    flux = session()
    flux.push(bytes(8 * 1000))
    number, (rest, request) = flux.flush()
    assert (number, len(rest), request) == (1, 8 * 1000 % 640, '{"type":"ForceEndTurn"}')
    assert events(flux, info("EndOfTurn", "yes", until_ms=500, trigger="manual")) == [EndOfTurn("yes", SURE, flushed=1)]
    flux.flush()
    assert events(flux, info("EndOfTurn", "no", until_ms=500, trigger="model")) == [EndOfTurn("no", SURE)]
    assert events(flux, info("EndOfTurn", "", until_ms=1000, trigger="timeout")) == [FinalWords("", flushed=2)]
    assert events(flux, info("EndOfTurn", "", until_ms=1000)) == []


def test_where_there_is_no_turn_an_update_is_the_answer() -> None:
    """The request is ignored then, and updates say how far it has heard."""
    flux = session()
    flux.push(bytes(8 * 960))
    flux.flush()
    assert events(flux, info("Update", until_ms=500)) == []
    assert events(flux, info("Update", until_ms=960)) == [FinalWords("", flushed=1)]


def test_the_words_of_all_audio_are_an_answer_though_the_turn_goes_on() -> None:
    """Its end follows."""
    flux = session()
    flux.push(bytes(8 * 960))
    flux.flush()
    assert events(flux, info("StartOfTurn", "yes", until_ms=960))[1:] == [
        PartialWords("yes", SURE),
        PartialWords("yes", SURE, flushed=1),
    ]


def test_an_error_ends_the_stream_without_its_words() -> None:
    """They may quote anything."""
    with pytest.raises(EngineUnavailable) as error:
        events(session(), '{"type": "Error", "code": "X", "description": "sk-1"}')
    assert "sk-1" not in str(error.value)


def test_what_is_not_known_is_passed_over() -> None:
    """Warnings, too, and an eager end without words."""
    flux = session()
    assert (
        events(flux, '{"type": "Warning", "code": "X"}', '{"type": "ConfigureSuccess"}', info("EagerEndOfTurn")) == []
    )
    assert flux.ending() == ('{"type":"CloseStream"}',)
