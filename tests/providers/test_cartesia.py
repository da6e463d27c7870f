"""Cartesia's protocol without I/O."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offhook.audio.formats import PCMU
from offhook.errors import EngineRefused, EngineUnavailable
from offhook.providers.cartesia import CartesiaSession
from offhook.providers.speaking import Said, SentenceWords, SpeakingSession
from offhook.speech.streams import Word


def told(session: SpeakingSession, *messages: Any) -> list[Said]:
    said: list[Said] = []
    for message in messages:
        said += session.received(json.dumps(message) if isinstance(message, dict) else message)
    return said


def test_cartesia_tells_words_with_their_times_and_errors_with_a_status() -> None:
    """What is refused again is told so."""
    session = CartesiaSession(PCMU, {"model_id": "sonic-3"})
    (asked,) = session.say(1, "Hello there.")
    assert json.loads(asked) == {
        "model_id": "sonic-3",
        "output_format": {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000},
        "context_id": "1",
        "transcript": "Hello there.",
        "continue": False,
    }
    times = {"words": ["Hello", "there"], "start": [0, 0.5], "end": [0.4, 0.9]}
    words = {"type": "timestamps", "context_id": "1", "word_timestamps": times}
    assert told(session, words, {**words, "word_timestamps": None}) == [
        SentenceWords(1, (Word("Hello", 0, 400), Word("there", 500, 900)))
    ]
    assert told(session, {"type": "flush_done", "context_id": "1"}, {"type": "chunk", "context_id": "9"}) == []
    error = {"type": "error", "context_id": "1"}
    with pytest.raises(EngineRefused):
        told(session, {**error, "status_code": 401})
    with pytest.raises(EngineUnavailable):
        told(session, {**error, "status_code": 503})
    with pytest.raises(EngineUnavailable):
        told(session, {"type": "error"})
    assert session.cancel() == ['{"context_id":"1","cancel":true}']
    assert session.opening() == []
    assert session.ending() == ()
