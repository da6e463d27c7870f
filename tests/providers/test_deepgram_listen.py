"""Deepgram's /v1/listen without I/O: segments, of which the last one may change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offhook.audio.formats import PCMU
from offhook.errors import EngineUnavailable
from offhook.providers.deepgram_listen import ListenSession
from offhook.speech.streams import FinalWords, Onset, PartialWords, Word


def session() -> ListenSession:
    return ListenSession(PCMU, "Deepgram")


def results(said: str, *, until_ms: float = 1000, final: bool = False, **more: Any) -> str:
    """Results up to there, the words 100 ms each."""
    words = [
        {
            "word": text.lower().strip("."),
            "start": at / 10,
            "end": (at + 1) / 10,
            "confidence": 0.9,
            "punctuated_word": text,
        }
        for at, text in enumerate(said.split())
    ]
    values = {
        "type": "Results",
        "start": 0.0,
        "duration": until_ms / 1000,
        "is_final": final,
        "speech_final": final,
        "channel": {"alternatives": [{"transcript": said, "confidence": 0.8, "words": words}]},
    }
    return json.dumps({**values, **more})


def events(session: ListenSession, *messages: str) -> list[Any]:
    return [event for message in messages for event in session.received(message)]


def test_a_segment_is_told_as_it_grows_and_then_for_good() -> None:
    """Its words as they are written, where they were said."""
    told = events(
        session(), results("Book"), results("Book a"), results("Book a table.", final=True), results("", final=True)
    )
    assert [(type(event), event.text) for event in told] == [
        (PartialWords, "Book"),
        (PartialWords, "Book a"),
        (FinalWords, "Book a table."),
    ]
    assert told[2].words[1:] == (Word("a", 100.0, 200.0, 0.9), Word("table.", 200.0, 300.0, 0.9))
    assert told[2].confidence == 0.8


def test_speech_that_starts_is_an_onset() -> None:
    """In milliseconds."""
    assert events(session(), '{"type": "SpeechStarted", "channel": [0], "timestamp": 1.24}') == [Onset(1240.0)]


def test_a_request_to_finish_is_answered_by_what_says_so() -> None:
    """Also before all of the audio is counted, and without words."""
    listen = session()
    listen.push(bytes(8 * 2000))
    assert listen.flush() == (1, ['{"type":"Finalize"}'])
    assert events(listen, results("yes", until_ms=500, final=True, from_finalize=True)) == [
        FinalWords("yes", 0.8, (Word("yes", 0.0, 100.0, 0.9),), 1)
    ]
    listen.flush()
    (answer,) = events(listen, results("", until_ms=500, final=True, from_finalize=True))
    assert (answer.text, answer.flushed) == ("", 2)


def test_results_for_good_up_to_a_flush_answer_it() -> None:
    """Whoever asked for them."""
    listen = session()
    listen.push(bytes(8 * 1000))
    listen.flush()
    (early,) = events(listen, results("yes", until_ms=500, final=True))
    (late,) = events(listen, results("please", until_ms=1000, final=True))
    assert (early.flushed, late.flushed) == (0, 1)


def test_results_without_words_answer_a_flush_where_nothing_may_still_change() -> None:
    """They come in silence, too, and say how far it has heard."""
    listen = session()
    listen.push(bytes(8 * 1000))
    listen.flush()
    assert events(listen, results("yes", until_ms=900), results("", until_ms=1000))[1:] == []
    (final,) = events(listen, results("yes", until_ms=800, final=True))
    assert final.flushed == 0
    (answer,) = events(listen, results("", until_ms=1000))
    assert (answer.text, answer.flushed) == ("", 1)


def test_an_error_ends_the_stream_without_its_words() -> None:
    """They may quote anything."""
    with pytest.raises(EngineUnavailable) as error:
        events(session(), '{"type": "Error", "description": "sk-1", "code": "NET-0001"}')
    assert "sk-1" not in str(error.value)


def test_what_is_not_known_is_passed_over() -> None:
    """The end of an utterance, too: the agent decides on that."""
    listen = session()
    assert events(listen, '{"type": "UtteranceEnd"}', '{"type": "Metadata"}', '{"type": "Results", "channel": 1}') == []
    assert listen.ending() == ('{"type":"CloseStream"}',)
