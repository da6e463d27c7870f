"""ElevenLabs' voices, as a stand-in speaks their protocol."""

from __future__ import annotations

import base64

import pytest

from offhook.audio.mp3 import Mp3Decoder
from offhook.speech.streams import PCMU
from offhook.speech.testing import tone
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
    for wrong in ("mp3_44100", "mp3_8000_32", "pcm_fast", "ulaw_16000"):
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
    assert alignment == sent(acts)[0]["normalizedAlignment"]
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


def test_elevenlabs_counts_times_of_letters_from_those_before() -> None:
    """In each text of a context."""
    session = elevenlabs()
    told(session, {"text": "one two", "context_id": "c", "flush": True})
    starts = []
    for event in (
        Piece("c", b"a", WORDS[:1]),
        Piece("c", b"b", WORDS[1:]),
        Spoken("c", 200.0),
        Piece("c", b"c", WORDS),
    ):
        starts += [message["alignment"]["charStartTimesMs"][0] for message in sent(session.happened(event))]
    assert starts == [0, 20, 0]


def test_elevenlabs_knows_what_may_be_said_of_a_context() -> None:
    """A flush needs no text; an empty text keeps it alive, and so does one that is not to be closed."""
    session = elevenlabs()
    kept = {"context_id": "c", "text": ""}
    assert told(session, kept, {"context_id": "c", "close_context": False}) == []
    assert told(session, {"context_id": "c", "text": "one"}, kept, {"context_id": "c", "flush": True}) == [
        Speak("c", "one", PCMU)
    ]


def test_elevenlabs_writes_mp3_unless_something_else_is_wanted() -> None:
    """Each text is a file."""
    session = ElevenLabs("x", several=True)
    assert kinds(session.opened(Request("/", {}, {"xi-api-key": "k"}))) == ["Accept"]
    told(session, {"text": "one", "context_id": "c", "flush": True})
    events = (Piece("c", b"a"), Piece("c", tone(44_100, 200), WORDS), Spoken("c", 200.0))
    messages = [message for event in events for message in sent(session.happened(event))]
    assert ["alignment" in message for message in messages] == [True, False]
    mp3 = b"".join(base64.b64decode(message["audio"]) for message in messages)
    decoder = Mp3Decoder(8000)
    assert len(b"".join(decoder.decode(mp3)) + decoder.flush()) / 16 == pytest.approx(250, abs=50)


def test_elevenlabs_has_five_contexts_at_most() -> None:
    """One more ends the connection."""
    acts = told(elevenlabs(), *({"text": "one", "context_id": str(number)} for number in range(6)))
    assert kinds(acts) == ["error", "Close"]


def test_elevenlabs_ends_when_all_is_said() -> None:
    """With several contexts when the socket is to be closed, with one at an empty text."""
    session = elevenlabs()
    told(session, {"text": "one", "context_id": "c"}, {"text": " ", "context_id": "d"})
    assert kinds(told(session, {"close_socket": True})) == ["Speak", "done"]
    assert kinds(session.happened(Spoken("c", 200.0))) == ["done", "Close"]
    assert told(elevenlabs(), {"close_socket": True}) == [Close(1000)]
    single = elevenlabs(several=False)
    assert kinds(told(single, {"text": "one "}, {"text": ""})) == ["Speak"]
    acts = [*single.happened(Spoken("default", 200.0))]
    assert kinds(acts) == ["done", "Close"]
    assert "contextId" not in sent(acts)[0]


def test_elevenlabs_fails_in_its_own_way() -> None:
    """An error, then the end."""
    assert kinds(elevenlabs().failure(500, "gone")) == ["error", "Hush", "Close"]
