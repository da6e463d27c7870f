"""Deepgram Aura's protocol without I/O."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offhook.audio.formats import PCMU
from offhook.errors import EngineUnavailable
from offhook.providers.deepgram_aura import AuraSession
from offhook.providers.speaking import Said, SentenceAudio, SpeakingSession, Spoken


def told(session: SpeakingSession, *messages: Any) -> list[Said]:
    said: list[Said] = []
    for message in messages:
        said += session.received(json.dumps(message) if isinstance(message, dict) else message)
    return said


def test_aura_takes_audio_for_the_first_sentence_that_is_owed() -> None:
    """Until its flush is answered; between a clear and its answer it is nobody's."""
    session = AuraSession("Deepgram", PCMU)
    session.say(1, "One.")
    session.say(2, "Two.")
    flushed, cleared = {"type": "Flushed"}, {"type": "Cleared"}
    assert told(session, b"a", flushed, b"b", {"type": "Metadata"}) == [
        SentenceAudio(1, b"a"),
        Spoken(1),
        SentenceAudio(2, b"b"),
    ]
    session.cancel()
    session.say(3, "Three.")
    assert told(session, b"c", flushed, cleared, b"d", flushed, b"e", flushed, cleared) == [
        SentenceAudio(3, b"d"),
        Spoken(3),
    ]
    assert session.ending() == ('{"type":"Close"}',)
    with pytest.raises(EngineUnavailable):
        told(session, {"type": "Error"})
