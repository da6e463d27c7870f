"""AssemblyAI's protocol, as a stand-in speaks it."""

from __future__ import annotations

import pytest

from offhook.speech.streams import PCM_16K, PCMU
from offhook.testing.providers.session import (
    AllHeard,
    Close,
    Force,
    Hear,
    Listen,
    Retune,
    SoFarHeard,
    SpeechBegan,
    SpeechDraft,
    SpeechEnded,
    SpeechPaused,
    StopHearing,
    Wake,
    Woke,
)
from offhook.testing.providers.vendors.assemblyai import AssemblyAI

from .sessions import kinds, request, said, sent

WANTED = "speech_model=universal-streaming-english&encoding=pcm_mulaw&sample_rate=8000"


def opened(query: str = WANTED) -> AssemblyAI:
    session = AssemblyAI("c")
    list(session.opened(request(query, "k")))
    return session


def test_a_session_begins() -> None:
    """With what it was asked for."""
    acts = list(AssemblyAI("c").opened(request(WANTED, "k")))
    assert kinds(acts) == ["Accept", "begin", "Listen"]
    (begin,) = sent(acts)
    assert begin["configuration"]["model"] == "universal-streaming-english"
    assert acts[2] == Listen(PCMU, 400.0)


def test_a_key_may_be_a_token_in_the_address() -> None:
    """Without either it is closed with 1008."""
    assert kinds(AssemblyAI("c").opened(request(f"{WANTED}&token=t")))[1] == "begin"
    acts = list(AssemblyAI("c").opened(request(WANTED)))
    assert isinstance(acts[1], Close)
    assert acts[1].code == 1008


@pytest.mark.parametrize(
    "query",
    [
        WANTED.replace("english", "klingon"),
        WANTED.replace("mulaw", "mp3"),
        WANTED.replace("8000", "100"),
        "speech_model=whisper-rt",
        f"{WANTED}&keyterms_prompt=offhook",
        f'{WANTED}&keyterms_prompt={{"a":1}}',
    ],
)
def test_wrong_parameters_are_told_with_3006(query: str) -> None:
    """And the socket is closed with the same code; what comes after is not heard."""
    session = AssemblyAI("c")
    acts = list(session.opened(request(query, "k")))
    assert sent(acts)[0]["error_code"] == 3006
    assert isinstance(acts[-1], Close)
    assert acts[-1].code == 3006
    assert list(session.received(bytes(800))) == []


@pytest.mark.parametrize(
    ("more", "end_ms"),
    [
        ("&min_turn_silence=100&end_of_turn_confidence_threshold=0.5", 300.0),
        ("&min_turn_silence=100&end_of_turn_confidence_threshold=0.9&max_turn_silence=800", 800.0),
        ("&min_end_of_turn_silence_when_confident=700", 700.0),
        ("&min_turn_silence=900&max_turn_silence=500", 900.0),
    ],
)
def test_a_turn_ends_by_silence_between_two_bounds(more: str, end_ms: float) -> None:
    """The threshold decides in between."""
    acts = list(AssemblyAI("c").opened(request(WANTED + more, "k")))
    assert isinstance(acts[2], Listen)
    assert acts[2].end_ms == pytest.approx(end_ms)


def test_messages_of_audio_have_a_length() -> None:
    """50 to 1000 ms."""
    session = opened()
    assert list(session.received(bytes(400))) == [Hear(bytes(400))]
    assert list(session.received(bytes(8000))) == [Hear(bytes(8000))]
    assert sent(session.received(bytes(160)))[0]["error_code"] == 3007
    assert sent(opened().received(bytes(8008)))[0]["error_code"] == 3007


def test_a_turn_is_told_as_it_grows_and_then_twice() -> None:
    """Plain, then formatted where that was asked for; the word that may change is not in the transcript."""
    session = opened(f"{WANTED}&format_turns=True")
    assert list(session.happened(SpeechBegan(500))) == []
    (partial,) = sent(session.happened(SpeechDraft(said("Book a tab"))))
    assert (partial["transcript"], partial["end_of_turn"]) == ("book a", False)
    assert [word["word_is_final"] for word in partial["words"]] == [True, True, False]
    first, second = sent(session.happened(SpeechEnded(said("Book a table."), 400)))
    assert (first["transcript"], first["turn_is_formatted"], first["turn_order"]) == ("book a table", False, 0)
    assert (second["transcript"], second["turn_is_formatted"]) == ("Book a table.", True)
    (only,) = sent(opened().happened(SpeechEnded(said("Yes."), 400)))
    assert only["transcript"] == "yes"


def test_the_larger_models_format_every_turn_and_tell_when_speech_starts() -> None:
    """Once."""
    session = opened(WANTED.replace("universal-streaming-english", "u3-rt-pro").replace("mulaw", "s16le"))
    assert sent(session.happened(SpeechBegan(1240)))[0] == {"type": "SpeechStarted", "timestamp": 1240}
    (turn,) = sent(session.happened(SpeechEnded(said("Yes."), 100)))
    assert (turn["transcript"], turn["turn_is_formatted"]) == ("Yes.", True)
    acts = list(AssemblyAI("c").opened(request("speech_model=u3-rt-pro&sample_rate=16000", "k")))
    assert isinstance(acts[2], Listen)
    assert (acts[2].audio, acts[2].end_ms) == (PCM_16K, 200.0)


def test_noise_is_no_turn() -> None:
    """Nor is a request to end it answered then."""
    session = opened()
    assert list(session.happened(SpeechEnded(said(""), 0, forced=True))) == []
    assert list(session.happened(SpeechPaused(said("x"), 100))) == []


def test_silences_and_formatting_are_changed_on_the_way() -> None:
    """Without an answer; what is not named, or is no number, stays."""
    session = opened()
    change = '{"type": "UpdateConfiguration", "min_turn_silence": 100, "max_turn_silence": "x", "format_turns": true}'
    assert list(session.received(change)) == [Retune(Listen(PCMU, 200.0))]
    assert len(sent(session.happened(SpeechEnded(said("Yes."), 400)))) == 2
    assert list(session.received('{"type": "UpdateConfiguration"}')) == [Retune(Listen(PCMU, 200.0))]


def test_requests_are_known_by_their_type() -> None:
    """An unknown one is told with 3006."""
    session = opened()
    stages = [session.stage_of(f'{{"type": "{kind}"}}') for kind in ("KeepAlive", "UpdateConfiguration", "x")]
    assert stages == ["keep_alive", "configure", "unknown"]
    assert session.stage_of(b"") == "audio"
    assert list(session.received('{"type": "ForceEndpoint"}')) == [Force()]
    assert list(session.received('{"type": "Terminate"}')) == [StopHearing()]
    assert list(session.received('{"type": "KeepAlive"}')) == []
    assert sent(session.received("?"))[0]["error_code"] == 3006


def test_a_session_ends_with_its_length() -> None:
    """And is closed."""
    acts = list(opened().happened(AllHeard(12_400)))
    assert sent(acts)[0]["audio_duration_seconds"] == 12
    assert acts[-1] == Close(1000)


def test_a_session_on_which_nothing_comes_is_closed_where_that_was_asked_for() -> None:
    """Every message begins the time anew."""
    session = AssemblyAI("c")
    assert list(session.opened(request(f"{WANTED}&inactivity_timeout=5", "k")))[-1] == Wake("idle", 5000)
    assert next(iter(session.received('{"type": "KeepAlive"}'))) == Wake("idle", 5000)
    acts = list(session.happened(Woke("idle")))
    assert isinstance(acts[-1], Close)
    assert acts[-1].code == 4031
    assert list(opened().happened(Woke("other"))) == []


def test_a_heart_beats_where_that_was_asked_for() -> None:
    """With how much audio has come."""
    acts = list(AssemblyAI("c").opened(request(f"{WANTED}&session_heartbeat=true", "k")))
    assert isinstance(acts[2], Listen)
    assert acts[2].report_ms == 1000.0
    assert sent(opened().happened(SoFarHeard(2000)))[0]["total_audio_received_ms"] == 2000


def test_a_code_that_no_socket_can_be_closed_with_is_told_and_another_closes_it() -> None:
    """As 1011."""
    acts = list(opened().failure(7, "why"))
    assert sent(acts)[0]["error_code"] == 7
    assert acts[-1] == Close(1011, "why")
