"""Deepgram's voices, as a stand-in speaks their protocol."""

from __future__ import annotations

import pytest

from offhook.audio.formats import AudioFormat
from offhook.speech.streams import PCMU
from offhook.testing.providers.session import (
    Close,
    End,
    Hush,
    Piece,
    Refuse,
    Send,
    Speak,
    Spoken,
    Woke,
)
from offhook.testing.providers.vendors.deepgram_aura import Aura, AuraRequest

from .sessions import kinds, request, sent

WANTED = "encoding=mulaw&sample_rate=8000"


def opened(query: str = WANTED) -> Aura:
    session = Aura("c")
    list(session.opened(request(query, "Token k")))
    return session


def test_a_session_begins_with_its_metadata() -> None:
    """A key and a known format are needed."""
    acts = list(Aura("c").opened(request(f"{WANTED}&model=aura-2-thalia-en", "Token k")))
    assert kinds(acts) == ["Accept", "begin"]
    assert sent(acts)[0]["model_name"] == "aura-2-thalia-en"
    for query, key, status in ((WANTED, "", 401), ("encoding=mp3", "Token k", 400)):
        (refused,) = Aura("c").opened(request(query, key))
        assert isinstance(refused, Refuse)
        assert refused.status == status


@pytest.mark.parametrize(
    ("query", "audio"),
    [
        ("", AudioFormat("pcm", 24000)),
        ("encoding=mulaw", PCMU),
        ("encoding=linear16", AudioFormat("pcm", 24000)),
        ("encoding=linear16&sample_rate=48000", AudioFormat("pcm", 48000)),
    ],
)
def test_the_format_has_a_default_for_each_encoding(query: str, audio: AudioFormat) -> None:
    """As the reference has it."""
    session = opened(query)
    list(session.received('{"type": "Speak", "text": "yes"}'))
    assert list(session.received('{"type": "Flush"}')) == [Speak("0", "yes", audio)]


def test_texts_are_gathered_until_a_flush() -> None:
    """Which is answered when the last of the audio was sent."""
    session = opened()
    for text in ("Book ", "a table."):
        assert list(session.received(f'{{"type": "Speak", "text": "{text}"}}')) == []
    assert list(session.received('{"type": "Flush"}')) == [Speak("0", "Book a table.", PCMU)]
    assert list(session.happened(Piece("0", b"x"))) == [Send("audio", b"x")]
    assert sent(session.happened(Spoken("0", 10))) == [{"type": "Flushed", "sequence_id": 0}]
    assert sent(session.received('{"type": "Flush"}')) == [{"type": "Flushed", "sequence_id": 1}]
    assert list(session.happened(Woke("x"))) == []


def test_what_was_asked_for_is_cleared() -> None:
    """Texts that wait, and audio."""
    session = opened()
    list(session.received('{"type": "Speak", "text": "yes"}'))
    assert kinds(session.received('{"type": "Clear"}')) == ["Hush", "cancelled"]
    assert next(iter(session.received('{"type": "Clear"}'))) == Hush()
    assert kinds(session.received('{"type": "Flush"}')) == ["flushed"]


def test_the_socket_is_closed_once_everything_is_said() -> None:
    """What was not flushed is said first."""
    assert list(opened().received('{"type": "Close"}')) == [Close(1000)]
    session = opened()
    list(session.received('{"type": "Speak", "text": "yes"}'))
    assert list(session.received('{"type": "Close"}')) == [Speak("0", "yes", PCMU)]
    assert list(session.happened(Spoken("0", 10)))[-1] == Close(1000)
    session = opened()
    list(session.received('{"type": "Speak", "text": "yes"}'))
    list(session.received('{"type": "Flush"}'))
    assert list(session.received('{"type": "Close"}')) == []


@pytest.mark.parametrize(
    "message", ["?", b"audio", '{"type": "Speak"}', f'{{"type": "Speak", "text": "{"x" * 2001}"}}']
)
def test_what_it_cannot_do_is_warned_of(message: str | bytes) -> None:
    """The session goes on."""
    assert kinds(opened().received(message)) == ["warning"]


def test_an_error_closes_the_socket() -> None:
    """With a code that a socket can be closed with."""
    assert [list(opened().failure(code, "x"))[-1] for code in (1008, 5)] == [
        Close(1008, "DATA-0000"),
        Close(1011, "DATA-0000"),
    ]


def asked(query: str = WANTED, key: str = "Token k", body: str = '{"text": "yes"}') -> list[object]:
    return list(AuraRequest("c").opened(request(query, key, body)))


def test_a_request_is_answered_with_the_audio() -> None:
    """In a WAV file unless there is to be no container."""
    assert kinds(asked(f"{WANTED}&container=none")) == ["Accept", "Speak"]  # type: ignore[arg-type]
    _, head, _ = asked()
    assert isinstance(head, Send)
    assert isinstance(head.message, bytes)
    assert (head.message[:4], head.message[20], len(head.message)) == (b"RIFF", 7, 44)
    session = AuraRequest("c")
    list(session.opened(request(WANTED, "Token k", '{"text": "yes"}')))
    assert list(session.happened(Piece("0", b"x"))) == [Send("audio", b"x")]
    assert list(session.happened(Spoken("0", 1))) == [End()]
    assert list(session.happened(Woke("x"))) == []
    assert (session.stage_of("x"), list(session.received("x"))) == ("unknown", [])


@pytest.mark.parametrize(
    ("query", "key", "body", "status"),
    [
        (WANTED, "", '{"text": "yes"}', 401),
        ("encoding=mp3", "Token k", '{"text": "yes"}', 400),
        (WANTED, "Token k", "", 400),
        (WANTED, "Token k", '{"text": ""}', 400),
        (WANTED, "Token k", '{"text": 5}', 400),
    ],
)
def test_a_wrong_request_is_refused(query: str, key: str, body: str, status: int) -> None:
    """With what is wrong."""
    (refused,) = asked(query, key, body)
    assert isinstance(refused, Refuse)
    assert refused.status == status


def test_a_failure_before_the_audio_is_another_answer_and_after_it_an_end() -> None:
    """There is no other way in a response."""
    session = AuraRequest("c")
    assert isinstance(next(iter(session.failure(1011, "x"))), Refuse)
    list(session.opened(request(WANTED, "Token k", '{"text": "yes"}')))
    assert list(session.failure(1011, "x")) == [Close(1011, "x")]
