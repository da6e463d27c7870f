"""Cartesia's voices, as a stand-in speaks their protocol."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.speech.streams import PCMU
from offhook.testing.providers.session import Hush, Piece, Speak, Spoken, Woke
from offhook.testing.providers.vendors.cartesia import Cartesia

from .sessions import WORDS, kinds, refused, request, sent, told

FORMAT = {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000}
ASKED = {"context_id": "c", "model_id": "sonic-3", "voice": {"mode": "id", "id": "v"}, "output_format": FORMAT}


def cartesia() -> Cartesia:
    session = Cartesia("x")
    assert kinds(session.opened(request("cartesia_version=2025-04-16", "Bearer k"))) == ["Accept"]
    return session


def test_cartesia_wants_a_key_and_a_version() -> None:
    """The key in one of three places."""
    assert refused(Cartesia("x").opened(request("cartesia_version=1"))) == 401
    assert refused(Cartesia("x").opened(request("", "Bearer k"))) == 400
    assert kinds(Cartesia("x").opened(request("api_key=k&cartesia_version=1"))) == ["Accept"]


def test_cartesia_says_a_context_when_it_ends() -> None:
    """What is in it until then is one text; the times of the words are told where they are asked for."""
    session = cartesia()
    assert told(session, {**ASKED, "transcript": "one ", "continue": True}) == []
    last = {**ASKED, "transcript": "two", "continue": False, "add_timestamps": True}
    assert told(session, last) == [Speak("c", "one two", PCMU)]
    acts = [*session.happened(Piece("c", b"abc", WORDS)), *session.happened(Spoken("c", 200.0))]
    assert kinds(acts) == ["audio", "words", "done"]
    assert sent(acts)[1]["word_timestamps"] == {"words": ["one", "two"], "start": [0, 0.12], "end": [0.1, 0.2]}
    assert kinds(told(session, {**ASKED, "transcript": " ", "continue": False})) == ["done"]
    told(session, {**ASKED, "transcript": "three"})
    assert kinds(session.happened(Spoken("c", 200.0))) == ["done"]
    assert list(session.happened(Woke("x"))) == []


def test_cartesia_cancels_a_context() -> None:
    """Of what is cancelled nothing is told; when nothing else is left, the voice stops."""
    session = cartesia()
    told(session, {**ASKED, "transcript": "one"}, {**ASKED, "context_id": "d", "transcript": "two"})
    assert told(session, {"context_id": "c", "cancel": True}) == []
    assert list(session.happened(Piece("c", b"abc"))) == []
    assert told(session, {"context_id": "d", "cancel": True}) == [Hush()]
    assert told(session, {"context_id": "e", "cancel": True}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"output_format": None},
        {"output_format": {**FORMAT, "container": "wav"}},
        {"output_format": {**FORMAT, "encoding": "mp3"}},
        {"output_format": {**FORMAT, "sample_rate": 11_025}},
        {"voice": "v"},
        {"model_id": ""},
    ],
)
def test_cartesia_tells_what_it_does_not_take(wrong: dict[str, Any]) -> None:
    """An error of the context, and the connection stays."""
    acts = told(cartesia(), {**ASKED, "transcript": "one", **wrong})
    assert kinds(acts) == ["error"]
    assert sent(acts)[0]["status_code"] == 400


def test_cartesia_fails_in_its_own_way() -> None:
    """The context that is being said has an error; a close code closes the socket, too."""
    session = cartesia()
    assert kinds(told(session, {"transcript": "one"})) == ["error"]
    told(session, {**ASKED, "transcript": "one"}, {**ASKED, "context_id": "d", "transcript": "two"})
    acts = list(session.failure(429, "too many"))
    assert sent(acts)[0]["status_code"] == 429
    assert kinds(acts) == ["error"]
    assert kinds(session.failure(1011, "gone")) == ["error", "Hush", "Close"]
