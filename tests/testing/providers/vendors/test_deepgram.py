"""Deepgram's /v1/listen, as a stand-in speaks it."""

from __future__ import annotations

import pytest

from offhook.speech.streams import PCM_16K, PCMA, PCMU
from offhook.testing.providers.session import (
    AllHeard,
    Close,
    Force,
    Hear,
    Listen,
    Refuse,
    SoFarHeard,
    SpeechBegan,
    SpeechDraft,
    SpeechEnded,
    SpeechQuiet,
    SpeechResumed,
    StopHearing,
    Wake,
    Woke,
)
from offhook.testing.providers.vendors.deepgram import Deepgram, audio_of, has_key

from .sessions import kinds, request, said, sent

WANTED = "encoding=mulaw&sample_rate=8000&interim_results=true"


def opened(query: str = WANTED) -> Deepgram:
    session = Deepgram("c")
    list(session.opened(request(query, "Token k")))
    return session


def listening(query: str) -> Listen:
    (listen,) = (act for act in Deepgram("c").opened(request(query, "Token k")) if isinstance(act, Listen))
    return listen


def test_a_key_is_named_with_its_scheme() -> None:
    """Two of them are known."""
    assert [has_key(request(key=key)) for key in ("Token k", "Bearer k", "k", "Token ", "Basic k", "")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    (refused,) = Deepgram("c").opened(request(WANTED))
    assert isinstance(refused, Refuse)
    assert refused.status == 401


@pytest.mark.parametrize(
    ("query", "audio"),
    [
        ("encoding=mulaw&sample_rate=8000", PCMU),
        ("encoding=alaw&sample_rate=8000", PCMA),
        ("encoding=linear16&sample_rate=16000", PCM_16K),
        ("encoding=mulaw&sample_rate=16000", None),
        ("encoding=linear16&sample_rate=1", None),
        ("encoding=opus&sample_rate=8000", None),
        ("", None),
    ],
)
def test_audio_is_what_the_query_says(query: str, audio: object) -> None:
    """Or it is not known here, and refused."""
    assert audio_of(request(query)) == audio
    if audio is None:
        (refused,) = Deepgram("c").opened(request(query, "Token k"))
        assert isinstance(refused, Refuse)
        assert refused.status == 400


def test_silences_are_what_the_query_says() -> None:
    """Where segments do not end by silence, they end now and then."""
    assert listening(WANTED) == Listen(PCMU, 100.0, draft_ms=400.0, report_ms=1000.0)
    assert listening(f"{WANTED}&endpointing=300&utterance_end_ms=1000") == Listen(
        PCMU, 300.0, quiet_ms=1000.0, draft_ms=400.0, report_ms=1000.0
    )
    assert listening("encoding=mulaw&sample_rate=8000&endpointing=false") == Listen(PCMU, 500.0, draft_ms=None)


@pytest.mark.parametrize("more", ["&utterance_end_ms=500", "&utterance_end_ms=1000&interim_results=false"])
def test_the_end_of_utterances_needs_drafts_and_a_second(more: str) -> None:
    """As the reference says."""
    (refused,) = Deepgram("c").opened(request(f"encoding=mulaw&sample_rate=8000{more}", "Token k"))
    assert isinstance(refused, Refuse)


def test_a_segment_is_told_as_it_grows_and_then_for_good() -> None:
    """With everything that clients read without asking whether it is there."""
    session = opened(f"{WANTED}&punctuate=true&vad_events=true&model=nova-3")
    assert sent(session.happened(SpeechBegan(500)))[0]["timestamp"] == 0.5
    (draft,) = sent(session.happened(SpeechDraft(said("Book a"))))
    assert (draft["is_final"], draft["speech_final"], draft["start"], draft["duration"]) == (False, False, 0.0, 1.0)
    (final,) = sent(session.happened(SpeechEnded(said("Book a table."), 100)))
    assert (final["is_final"], final["speech_final"], final["from_finalize"]) == (True, True, False)
    (best,) = final["channel"]["alternatives"]
    assert best["transcript"] == "Book a table."
    assert [word["punctuated_word"] for word in best["words"]] == ["Book", "a", "table."]
    assert [word["word"] for word in best["words"]] == ["book", "a", "table"]
    assert final["metadata"]["model_info"]["name"] == "nova-3"
    (after,) = sent(session.happened(SpeechEnded(said("Yes.", 2000, 2500), 100)))
    assert (after["start"], after["duration"]) == (1.0, 1.5)


def test_words_are_plain_and_events_are_few_unless_it_is_asked_for_more() -> None:
    """As the reference's defaults are."""
    session = opened()
    assert list(session.happened(SpeechBegan(500))) == []
    assert list(session.happened(SpeechResumed())) == []
    (final,) = sent(session.happened(SpeechEnded(said("Book a table."), 100)))
    assert final["channel"]["alternatives"][0]["transcript"] == "book a table"


def test_results_come_in_silence_too() -> None:
    """Without words, and while somebody speaks with those that may still change."""
    session = opened()
    (silent,) = sent(session.happened(SoFarHeard(2000)))
    assert (silent["channel"]["alternatives"][0]["transcript"], silent["duration"]) == ("", 2.0)
    list(session.happened(SpeechDraft(said("book a"))))
    (update,) = sent(session.happened(SoFarHeard(3000)))
    assert update["channel"]["alternatives"][0]["transcript"] == "book a"


def test_a_request_to_finish_is_answered_as_one() -> None:
    """It does not end the speech."""
    session = opened()
    assert list(session.received('{"type": "Finalize"}')) == [Wake("idle", 10_000), Force()]
    acts = list(session.happened(SpeechEnded(said("yes"), 0, forced=True)))
    assert kinds(acts) == ["flushed"]
    (final,) = sent(acts)
    assert (final["is_final"], final["speech_final"], final["from_finalize"]) == (True, False, True)


def test_without_endpointing_speech_does_not_end() -> None:
    """Segments do."""
    (final,) = sent(opened(f"{WANTED}&endpointing=false").happened(SpeechEnded(said("yes"), 500)))
    assert (final["is_final"], final["speech_final"]) == (True, False)


def test_messages_are_known_by_their_type() -> None:
    """An empty piece of audio is the end, as it always was."""
    session = opened()
    assert session.stage_of(b"") == "end"
    assert [kinds(session.received(message))[1:] for message in (b"x", "?", '{"type": "KeepAlive"}')] == [
        ["Hear"],
        [],
        [],
    ]
    assert list(session.received(b"x"))[1] == Hear(b"x")
    assert list(session.received('{"type": "CloseStream"}'))[1:] == [Wake("idle", None), StopHearing()]


def test_formatting_and_keyterms_are_changed_on_the_way() -> None:
    """Keyterms with the models that have them."""
    session = opened(f"{WANTED}&model=nova-2")
    assert sent(session.received('{"type": "Configure", "features": {"punctuate": true}}'))[0] == {
        "type": "ConfigureSuccess",
        "request_id": "c",
    }
    (final,) = sent(session.happened(SpeechEnded(said("Yes."), 100)))
    assert final["channel"]["alternatives"][0]["transcript"] == "Yes."
    keyterms = '{"type": "Configure", "keyterms": ["a"]}'
    assert sent(session.received(keyterms))[0]["code"] == "CONFIGURE_KEYTERMS_NOT_SUPPORTED"
    assert sent(opened(f"{WANTED}&model=nova-3").received(keyterms))[0]["keyterms"] == ["a"]


def test_the_end_of_an_utterance_and_of_the_stream_are_told() -> None:
    """With when the last word was, and how much audio there was."""
    session = opened()
    assert sent(session.happened(SpeechQuiet(2400)))[0]["last_word_end"] == 2.4
    acts = list(session.happened(AllHeard(3200)))
    assert sent(acts)[0]["duration"] == 3.2
    assert acts[-1] == Close(1000)


def test_a_socket_on_which_nothing_comes_is_closed() -> None:
    """After 10 s, with the code of it."""
    acts = list(opened().happened(Woke("idle")))
    assert sent(acts)[0]["code"] == "NET-0001"
    assert acts[-1] == Close(1011, "NET-0001")
    assert list(opened().failure(5, "x"))[-1] == Close(1011, "DATA-0000")
