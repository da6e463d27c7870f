"""Telnyx's transcription, as a stand-in speaks its protocol."""

from __future__ import annotations

import pytest

from offhook.speech.streams import PCM_8K, PCM_16K, PCMU
from offhook.testing.providers.session import (
    AllHeard,
    Close,
    Force,
    Hear,
    Listen,
    Refuse,
    SpeechBegan,
    SpeechDraft,
    SpeechEnded,
    SpeechQuiet,
    StopHearing,
)
from offhook.testing.providers.vendors.telnyx_stt import TelnyxStt

from .sessions import kinds, request, said, sent

WANTED = "transcription_engine=Deepgram&input_format=mulaw&sample_rate=8000&interim_results=true"


def opened(query: str = WANTED) -> TelnyxStt:
    session = TelnyxStt("c")
    list(session.opened(request(query, "Bearer k")))
    return session


def listening(query: str) -> Listen:
    (listen,) = (act for act in TelnyxStt("c").opened(request(query, "Bearer k")) if isinstance(act, Listen))
    return listen


def test_a_session_begins_without_a_word() -> None:
    """Silences of its engine Deepgram are what the query says."""
    assert kinds(TelnyxStt("c").opened(request(WANTED, "Bearer k"))) == ["Accept", "Listen"]
    assert listening(f"{WANTED}&endpointing=300") == Listen(PCMU, 300.0, quiet_ms=1000.0, draft_ms=400.0)
    others = "transcription_engine=Google&input_format=linear16&sample_rate=8000"
    assert listening(others) == Listen(PCM_8K, 500.0, draft_ms=None)
    assert listening("transcription_engine=Telnyx&input_format=wav").audio == PCM_16K


def test_without_a_key_there_is_no_session() -> None:
    """The handshake is refused."""
    (refused,) = TelnyxStt("c").opened(request(WANTED))
    assert isinstance(refused, Refuse)
    assert refused.status == 401


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        (WANTED.replace("Deepgram", "Nobody"), "transcription_engine"),
        (WANTED.replace("mulaw", "aac"), "input_format"),
        (WANTED.replace("&sample_rate=8000", ""), "sample_rate"),
    ],
)
def test_wrong_parameters_are_told_on_the_socket(query: str, parameter: str) -> None:
    """Which is then closed."""
    acts = list(TelnyxStt("c").opened(request(query, "Bearer k")))
    (told,) = sent(acts)
    assert told["errors"][0]["source"]["parameter"] == parameter
    assert isinstance(acts[-1], Close)


def test_words_are_told_as_they_grow_and_then_for_good() -> None:
    """With the end of speech from Deepgram alone."""
    session = opened()
    (draft,) = sent(session.happened(SpeechDraft(said("book a"))))
    assert (draft["transcript"], draft["is_final"], draft["speech_final"]) == ("book a", False, False)
    (final,) = sent(session.happened(SpeechEnded(said("book a table"), 100)))
    assert (final["transcript"], final["is_final"], final["speech_final"]) == ("book a table", True, True)
    assert sent(session.happened(SpeechQuiet(1)))[0]["utterance_end"] is True
    other = opened("transcription_engine=Google&input_format=mulaw&sample_rate=8000")
    (final,) = sent(other.happened(SpeechEnded(said("yes"), 100)))
    assert "speech_final" not in final
    assert list(other.happened(SpeechBegan(0))) == list(other.happened(SpeechEnded(said(""), 100))) == []


def test_a_request_to_finish_is_for_deepgram_alone() -> None:
    """It is answered also where there are no words; others pass it over, as anything that they do not know."""
    session = opened()
    assert list(session.received('{"type": "Finalize"}')) == [Force()]
    assert kinds(session.happened(SpeechEnded(said(""), 0, forced=True))) == ["flushed"]
    other = opened("transcription_engine=Google&input_format=mulaw&sample_rate=8000")
    assert list(other.received('{"type": "Finalize"}')) == list(other.received("?")) == []


def test_the_head_of_a_wav_file_is_no_audio() -> None:
    """However it is cut."""
    session = opened("transcription_engine=Telnyx&input_format=wav")
    heard = [act for piece in (bytes(40), b"1234xy", b"z") for act in session.received(piece)]
    assert heard == [Hear(b"xy"), Hear(b"z")]


def test_the_end_closes_the_socket() -> None:
    """Once everything is told; a failure does so with an error."""
    session = opened()
    assert list(session.received('{"type": "CloseStream"}')) == [StopHearing()]
    assert list(session.happened(AllHeard(1))) == [Close(1000)]
    assert sent(session.failure(1011, "why"))[0]["errors"][0]["detail"] == "why"
