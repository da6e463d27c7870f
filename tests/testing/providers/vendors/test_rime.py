"""Rime's voices, as a stand-in speaks their protocol."""

from __future__ import annotations

from offhook.speech.streams import PCMU
from offhook.testing.providers.session import Close, Hush, Piece, Speak, Spoken, Woke
from offhook.testing.providers.vendors.rime import Rime

from .sessions import WORDS, kinds, refused, request, sent, told


def rime() -> Rime:
    session = Rime("x")
    wanted = request("speaker=cove&audioFormat=mulaw&samplingRate=8000", "Bearer k")
    assert kinds(session.opened(wanted)) == ["Accept"]
    return session


def test_rime_wants_a_key_a_speaker_and_a_format() -> None:
    """In its address."""
    assert refused(Rime("x").opened(request("speaker=cove"))) == 401
    assert refused(Rime("x").opened(request("audioFormat=mulaw", "Bearer k"))) == 400
    assert refused(Rime("x").opened(request("speaker=cove&audioFormat=mp3", "Bearer k"))) == 400


def test_rime_says_what_is_flushed() -> None:
    """Audio, the times of the words, and that it is done, each of its context."""
    session = rime()
    assert told(session, {"text": "one ", "contextId": "c"}, {"text": "two"}) == []
    assert told(session, {"operation": "flush"}) == [Speak("c", "one two", PCMU)]
    acts = [*session.happened(Piece("c", b"abc", WORDS)), *session.happened(Spoken("c", 200.0))]
    assert kinds(acts) == ["audio", "words", "done"]
    assert {message["contextId"] for message in sent(acts)} == {"c"}
    assert told(session, {"operation": "flush"}) == []
    assert list(session.happened(Woke("x"))) == []


def test_rime_clears_and_ends() -> None:
    """The end waits for what is being said."""
    session = rime()
    told(session, {"text": "one"}, {"operation": "flush"})
    assert told(session, {"operation": "clear"}) == [Hush()]
    told(session, {"text": "two"})
    assert kinds(told(session, {"operation": "eos"})) == ["Speak"]
    assert kinds(session.happened(Spoken("", 200.0))) == ["done", "Close"]
    assert told(rime(), {"operation": "eos"}) == [Close(1000)]


def test_rime_fails_in_its_own_way() -> None:
    """An error, then the end."""
    assert kinds(told(rime(), {"operation": "sing"})) == ["error"]
    assert list(rime().failure(500, "gone"))[1] == Close(1011, "gone")
