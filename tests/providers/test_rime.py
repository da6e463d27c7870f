"""Rime's protocol without I/O."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offhook.audio.formats import PCMU
from offhook.errors import EngineUnavailable
from offhook.providers.rime import RimeSession
from offhook.providers.speaking import Said, SentenceWords, SpeakingSession
from offhook.speech.streams import Word


def told(session: SpeakingSession, *messages: Any) -> list[Said]:
    said: list[Said] = []
    for message in messages:
        said += session.received(json.dumps(message) if isinstance(message, dict) else message)
    return said


def test_rime_tells_words_with_their_times() -> None:
    """Of the sentence that it says; an error without a context is of all."""
    session = RimeSession(PCMU)
    session.say(1, "Hello.")
    times = {"words": ["Hello"], "start": [0.1], "end": [0.4]}
    words = {"type": "timestamps", "contextId": "1", "word_timestamps": times}
    assert told(session, words, {**words, "word_timestamps": {}}, {"type": "other", "contextId": "1"}) == [
        SentenceWords(1, (Word("Hello", 100, 400),))
    ]
    with pytest.raises(EngineUnavailable):
        told(session, {"type": "error", "message": "x"})
