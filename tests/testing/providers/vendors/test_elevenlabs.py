"""ElevenLabs' voices, as a stand-in speaks their protocol."""

from __future__ import annotations

from offhook.speech.streams import PCMU
from offhook.testing.providers.session import Close, Piece, Request, Speak, Spoken, Woke
from offhook.testing.providers.vendors.elevenlabs import ElevenLabs

from .sessions import WORDS, kinds, refused, request, sent, told


def elevenlabs(*, several: bool = True) -> ElevenLabs:
    session = ElevenLabs("x", several=several)
    wanted = Request("/", {"output_format": ("ulaw_8000",)}, {"xi-api-key": "k"})
    assert kinds(session.opened(wanted)) == ["Accept"]
    return session


def test_elevenlabs_wants_a_key_and_a_format() -> None:
    """In its address; G.711 is at 8 kHz."""
    assert refused(ElevenLabs("x", several=True).opened(request("output_format=ulaw_8000"))) == 401
    for wrong in ("mp3_44100", "pcm_fast", "ulaw_16000"):
        assert refused(ElevenLabs("x", several=True).opened(request(f"output_format={wrong}", "k"))) == 400


def test_elevenlabs_says_the_texts_of_a_context() -> None:
    """When they are flushed; the times of the letters come with it, and the end once the context is closed."""
    session = elevenlabs()
    begin, flush = {"text": " ", "context_id": "c"}, {"text": "one two ", "context_id": "c", "flush": True}
    assert told(session, begin, flush) == [Speak("c", "one two", PCMU)]
    assert told(session, {"context_id": "c", "close_context": True}) == []
    acts = [*session.happened(Piece("c", b"abc", WORDS)), *session.happened(Spoken("c", 200.0))]
    assert kinds(acts) == ["audio", "done"]
    alignment = sent(acts)[0]["alignment"]
    assert "".join(alignment["chars"]) == "one two "
    assert alignment["charStartTimesMs"] == [0, 33, 67, 100, 120, 147, 173, 200]
    assert {message["contextId"] for message in sent(acts)} == {"c"}
    assert kinds(told(session, begin, {"context_id": "c", "close_context": True})) == ["done"]
    assert told(session, {"context_id": "d", "close_context": True}, {"voice": 1}) == []
    assert told(session, begin, {"text": " ", "context_id": "c", "flush": True}) == []
    told(session, flush)
    assert kinds(session.happened(Spoken("c", 200.0))) == []
    assert "alignment" not in sent(session.happened(Piece("c", b"abc")))[0]
    assert list(session.happened(Woke("x"))) == []


def test_elevenlabs_has_five_contexts_at_most() -> None:
    """One more ends the connection."""
    acts = told(elevenlabs(), *({"text": "one", "context_id": str(number)} for number in range(6)))
    assert kinds(acts) == ["error", "Close"]


def test_elevenlabs_ends_when_all_is_said() -> None:
    """With several contexts when the socket is to be closed, with one at an empty text."""
    session = elevenlabs()
    told(session, {"text": "one", "context_id": "c"}, {"text": " ", "context_id": "d"})
    assert kinds(told(session, {"close_socket": True})) == ["Speak", "done"]
    assert kinds(session.happened(Spoken("c", 200.0))) == ["done"]
    assert told(elevenlabs(), {"close_socket": True}) == [Close(1000)]
    single = elevenlabs(several=False)
    assert kinds(told(single, {"text": "one "}, {"text": ""})) == ["Speak"]
    acts = [*single.happened(Spoken("default", 200.0))]
    assert kinds(acts) == ["done", "Close"]
    assert "contextId" not in sent(acts)[0]


def test_elevenlabs_fails_in_its_own_way() -> None:
    """An error, then the end."""
    assert kinds(elevenlabs().failure(500, "gone")) == ["error", "Hush", "Close"]
