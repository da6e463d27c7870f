"""OpenAI's voices, as a stand-in speaks their protocol."""

from __future__ import annotations

import json
from typing import Any

from offhook.audio.formats import AudioFormat
from offhook.testing.providers.session import Act, Piece, Speak, Spoken, Woke
from offhook.testing.providers.vendors.openai_speech import SpeechRequest

from .sessions import kinds, refused, request

SPEECH = {"model": "tts-1", "voice": "marin", "input": "one two", "response_format": "pcm"}


def speech(key: str = "Bearer k", **more: Any) -> list[Act]:
    return list(SpeechRequest("x").opened(request("", key, json.dumps({**SPEECH, **more}))))


def test_openai_says_a_text() -> None:
    """As pcm at 24 kHz, piece by piece."""
    session = SpeechRequest("x")
    acts = list(session.opened(request("", "Bearer k", json.dumps(SPEECH))))
    assert acts[1] == Speak("0", "one two", AudioFormat("pcm", 24_000))
    assert kinds([*session.happened(Piece("0", b"ab")), *session.happened(Spoken("0", 200.0))]) == [
        "audio",
        "End",
    ]
    assert list(session.happened(Woke("x"))) == []
    assert session.stage_of("x") == "unknown"
    assert list(session.received("x")) == []
    assert kinds(session.failure(1011, "gone")) == ["Close"]


def test_openai_tells_what_it_does_not_take() -> None:
    """As HTTP statuses."""
    assert refused(speech(key="")) == 401
    assert refused(speech(input="")) == 400
    assert refused(speech(response_format="mp3")) == 400
    assert kinds(SpeechRequest("x").failure(500, "gone")) == ["Refuse"]
