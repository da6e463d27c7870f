"""Telnyx's voices, as a stand-in speaks their protocol."""

from __future__ import annotations

import base64

import pytest

from offhook.audio.mp3 import Mp3Decoder
from offhook.speech.streams import AudioFormat
from offhook.speech.testing import tone
from offhook.testing.providers.session import Close, Hush, Piece, Speak, Spoken, Woke
from offhook.testing.providers.vendors.telnyx_tts import TelnyxTts

from .sessions import kinds, refused, request, sent, told

PCM = AudioFormat("pcm", 24_000)
TONE = tone(24_000, 200)
SPOKEN = Spoken("1", 200.0)
BEGIN = {"text": " "}


def opened(query: str = "voice=Telnyx.KokoroTTS.af_heart", begin: bool = True) -> TelnyxTts:
    session = TelnyxTts("x")
    assert kinds(session.opened(request(query, "Bearer k"))) == ["Accept", "Wake"]
    if begin:
        assert kinds(told(session, BEGIN)) == ["Wake"]
    return session


@pytest.mark.parametrize(
    ("query", "key", "status"),
    [
        ("voice=Telnyx.KokoroTTS.af_heart", "", 401),
        ("", "Bearer k", 400),
        ("voice=nobody", "Bearer k", 400),
        ("voice=Telnyx.NaturalHD.astra&audio_format=pcm", "Bearer k", 400),
        ("voice=Telnyx.NaturalHD.astra&audio_format=linear16&sample_rate=7", "Bearer k", 400),
        ("voice=Telnyx.Ultra.one", "Bearer k", 403),
    ],
)
def test_telnyx_wants_a_key_and_a_voice(query: str, key: str, status: int) -> None:
    """In its address."""
    assert refused(TelnyxTts("x").opened(request(query, key))) == status


def test_telnyx_says_texts_when_they_are_flushed_or_no_other_follows() -> None:
    """Gathered until then; that all is said comes with the end alone, and nothing after it."""
    session = opened()
    assert kinds(told(session, {"text": "One "}, {"text": " "})) == ["Wake", "Wake"]
    assert told(session, {"text": "two.", "flush": True})[1:] == [Speak("1", "One  two.", PCM)]
    acts = [*session.happened(Piece("1", TONE)), *session.happened(SPOKEN)]
    assert kinds(acts) == ["audio", "audio", "text"]
    assert [message["text"] for message in sent(acts)] == [None, None, "One  two."]
    assert ["timeToFirstAudioFrameMs" in message for message in sent(acts)] == [True, False, False]
    assert told(session, {"text": "Three"}, {"text": ""})[2:] == [Speak("1", "Three", PCM)]
    assert told(session, {"text": "Four"}, {"text": ""}) == []
    (final,) = sent(session.happened(SPOKEN))[-1:]
    assert (final["isFinal"], final["audio"]) == (True, None)


def test_telnyx_streams_mp3() -> None:
    """Each text is a file, which begins with a tag."""
    session = opened()
    told(session, {"text": "One.", "flush": True}, {"text": "Two.", "flush": True})
    files = []
    for _ in range(2):
        acts = [*session.happened(Piece("1", TONE)), *session.happened(SPOKEN)]
        files.append(b"".join(base64.b64decode(message["audio"] or "") for message in sent(acts)))
    assert all(file.startswith(b"ID3") for file in files)
    decoder = Mp3Decoder(24_000)
    pcm = b"".join(part for file in files for part in decoder.decode(file)) + decoder.flush()
    assert len(pcm) / 48 == pytest.approx(500, abs=60)


def test_telnyx_gives_audio_of_others_in_one() -> None:
    """With its text."""
    session = opened("voice=AWS.Polly.Joanna")
    told(session, {"text": "One.", "flush": True})
    acts = [*session.happened(Piece("1", TONE)), *session.happened(SPOKEN)]
    assert kinds(acts) == ["audio"]
    (message,) = sent(acts)
    assert message["text"] == "One."
    assert base64.b64decode(message["audio"]).startswith(b"ID3")


def test_telnyx_gives_pcm_where_a_voice_has_it() -> None:
    """Kokoro has none."""
    wanted = "audio_format=linear16&sample_rate=8000"
    session = opened(f"voice=Telnyx.NaturalHD.astra&{wanted}")
    assert told(session, {"text": "One.", "flush": True})[1:] == [Speak("1", "One.", AudioFormat("pcm", 8000))]
    acts = [*session.happened(Piece("1", b"abcd")), *session.happened(SPOKEN)]
    assert [message["audio"] for message in sent(acts)] == [base64.b64encode(b"abcd").decode(), None]
    session = opened(f"voice=Telnyx.KokoroTTS.af_heart&{wanted}")
    assert told(session, {"text": "One.", "flush": True})[1:] == [Speak("1", "One.", PCM)]


def test_telnyx_stops_and_begins_anew() -> None:
    """Nothing of before is said."""
    session = opened()
    told(session, {"text": "One.", "flush": True}, {"text": "Two"}, {"text": ""})
    assert told(session, {"force": True})[1:] == [Hush()]
    assert told(session, {"text": "Three", "flush": True})[1:] == [Speak("1", "Three", PCM)]


def test_telnyx_ends_a_connection_that_is_not_used() -> None:
    """And one on which no text comes."""
    session = opened("voice=Telnyx.KokoroTTS.af_heart&inactivity_timeout=3")
    assert list(session.happened(Woke("idle"))) == [Close(1000)]
    assert kinds(told(session, {"text": ""})) == ["Wake", "done", "Close"]


def test_telnyx_fails_in_its_own_way() -> None:
    """An error, then the end; so does a text that comes before the beginning."""
    session = opened(begin=False)
    acts = told(session, {"text": "One."})
    assert kinds(acts) == ["Wake", "error", "Close"]
    assert sent(acts)[0]["error"] == "Invalid message"
    assert kinds(told(session, {"sing": 1}))[1:] == ["error", "Close"]
    assert list(session.failure(500, "gone"))[1] == Close(1011, "gone")
    assert list(session.happened(object())) == []  # type: ignore[arg-type]
