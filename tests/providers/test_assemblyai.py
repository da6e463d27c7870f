"""AssemblyAI: its address, and its protocol without I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from offhook.audio.formats import PCM_16K, PCMU
from offhook.errors import ConfigError, EngineRefused, EngineUnavailable
from offhook.providers.assemblyai import AssemblyAI, AssemblyAISession, named
from offhook.speech.streams import EagerEnd, EndOfTurn, FinalWords, Onset, PartialWords, TurnResumed, Word

if TYPE_CHECKING:
    from offhook.speech.streams import AudioFormat


def asked(engine: AssemblyAI, audio: AudioFormat = PCMU) -> dict[str, str]:
    """What its address asks for."""
    link = engine._link(audio)
    query = {name: value for name, (value,) in parse_qs(urlsplit(link.url).query).items()}
    assert query.pop("session_heartbeat") == "true"
    return query


def turn(said: str, *, ended: bool = False, order: int = 0, final: int | None = None, **more: Any) -> str:
    """A message of a turn, its words 100 ms each; the last of them may still change."""
    texts = said.split()
    final = len(texts) - (not ended) if final is None else final
    words = [
        {"text": text, "start": 100 * at, "end": 100 * at + 100, "confidence": 0.9, "word_is_final": at < final}
        for at, text in enumerate(texts)
    ]
    values = {
        "type": "Turn",
        "turn_order": order,
        "turn_is_formatted": False,
        "end_of_turn": ended,
        "transcript": " ".join(texts[:final]),
        "utterance": "",
        "end_of_turn_confidence": 0.1,
        "words": words,
    }
    return json.dumps({**values, **more})


def events(session: AssemblyAISession, *messages: str) -> list[Any]:
    return [event for message in messages for event in session.received(message)]


def plain(told: list[Any]) -> list[Any]:
    """Events without their words' times."""
    return [(type(event).__name__, getattr(event, "text", None), getattr(event, "flushed", 0)) for event in told]


# -- the address ------------------------------------------------------------------------------------------------------


def test_by_itself_it_asks_for_english_in_the_format_of_the_line() -> None:
    """With the key in a header, as it is."""
    engine = AssemblyAI(api_key="k", base_url="http://127.0.0.1:1")
    assert asked(engine) == {
        "sample_rate": "8000",
        "encoding": "pcm_mulaw",
        "speech_model": "universal-streaming-english",
    }
    link = engine._link(PCMU)
    assert link.headers == {"Authorization": "k"}
    assert link.url.startswith("ws://127.0.0.1:1/v3/ws?")
    assert asked(engine, PCM_16K)["encoding"] == "pcm_s16le"
    assert engine.formats[0] == PCMU
    assert isinstance(engine._session(PCMU), AssemblyAISession)


def test_its_options_are_asked_for_by_its_own_names() -> None:
    """Lists as JSON, as its official package writes them."""
    engine = AssemblyAI(
        api_key="k",
        model="universal-streaming-multilingual",
        language="de-AT",
        keyterms=["Telnyx", "off hook"],
        end_of_turn_confidence=0.5,
        min_turn_silence_ms=200,
        max_turn_silence_ms=900,
        options={"format_turns": True},
    )
    query = asked(engine)
    assert json.loads(query.pop("keyterms_prompt")) == ["Telnyx", "off hook"]
    assert json.loads(query.pop("language_codes")) == ["de"]
    assert query == {
        "sample_rate": "8000",
        "encoding": "pcm_mulaw",
        "speech_model": "universal-streaming-multilingual",
        "end_of_turn_confidence_threshold": "0.5",
        "min_turn_silence": "200",
        "max_turn_silence": "900",
        "format_turns": "True".lower(),
    }


def test_another_language_takes_the_model_of_many() -> None:
    """English does not."""
    assert AssemblyAI(api_key="k", language="de").model == "universal-streaming-multilingual"
    assert AssemblyAI(api_key="k", language="en-GB").model == "universal-streaming-english"


def test_a_threshold_that_the_model_does_not_know_is_refused() -> None:
    """It would be passed over in silence."""
    with pytest.raises(ConfigError, match="u3-rt-pro"):
        AssemblyAI(api_key="k", model="u3-rt-pro", end_of_turn_confidence=0.4)
    with pytest.raises(ConfigError, match="end_of_turn_confidence from 0 to 1"):
        AssemblyAI(api_key="k", end_of_turn_confidence=4)


def test_it_is_made_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the model after a colon."""
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", "k")
    assert named("").model == "universal-streaming-english"
    assert named("u3-rt-pro").model == "u3-rt-pro"
    assert named("").ends_turns
    assert named("").live


# -- the protocol -----------------------------------------------------------------------------------------------------


def test_a_turn_is_told_as_it_grows_and_once_when_it_is_over() -> None:
    """With the word that may still change; the end is what says so first, not what is formatted after it."""
    session = AssemblyAISession(PCMU)
    told = events(
        session,
        '{"type": "Begin", "id": "1", "expires_at": 1}',
        turn("book"),
        turn("book a"),
        turn("book a table", ended=True),
        turn("Book a table.", ended=True, turn_is_formatted=True),
    )
    assert plain(told) == [
        ("Onset", None, 0),
        ("PartialWords", "book", 0),
        ("PartialWords", "book a", 0),
        ("EndOfTurn", "book a table", 0),
    ]
    assert told[0] == Onset(0.0)
    assert told[2].words == (Word("book", 0, 100, 0.9), Word("a", 100, 200, 0.9))
    assert told[3].confidence == pytest.approx(0.9)


def test_turns_follow_each_other() -> None:
    """Each with its onset."""
    session = AssemblyAISession(PCMU)
    told = events(session, turn("yes", ended=True), turn("no", order=1), turn("no", order=1, ended=True))
    assert plain(told) == [
        ("EndOfTurn", "yes", 0),
        ("Onset", None, 0),
        ("PartialWords", "no", 0),
        ("EndOfTurn", "no", 0),
    ]


def test_a_probable_end_is_told_and_taken_back() -> None:
    """It is there where the message has an utterance; more words take it back, the end does not."""
    session = AssemblyAISession(PCMU)
    told = events(
        session,
        turn("book a table", utterance="book a table"),
        turn("book a table", utterance="book a table"),
        turn("book a table for two"),
        turn("book a table for two", utterance="book a table for two"),
        turn("book a table for two", ended=True),
    )
    sure: Any = pytest.approx(0.9)
    assert [event for event in told if isinstance(event, EagerEnd | TurnResumed | EndOfTurn)] == [
        EagerEnd("book a table", sure),
        TurnResumed(),
        EagerEnd("book a table for two", sure),
        told[-1],
    ]


def test_the_end_of_a_turn_answers_every_flush() -> None:
    """It was asked to end it."""
    session = AssemblyAISession(PCMU)
    session.push(bytes(480))
    assert session.flush() == (1, ['{"type":"ForceEndpoint"}'])
    session.flush()
    assert plain(events(session, turn("yes", ended=True))) == [("EndOfTurn", "yes", 2)]


def test_an_end_without_words_is_an_answer_and_else_nothing() -> None:
    """Where nothing was said there is no turn."""
    session = AssemblyAISession(PCMU)
    assert events(session, turn("", ended=True)) == []
    session.flush()
    assert events(session, turn("", ended=True, order=1)) == [FinalWords("", flushed=1)]


def test_a_turn_whose_words_are_not_told_is_its_transcript() -> None:
    """In a draft, too."""
    session = AssemblyAISession(PCMU)
    told = events(session, turn("book a", final=2, words=[]), turn("book a table", ended=True, words=[]))
    assert plain(told) == [("Onset", None, 0), ("PartialWords", "book a", 0), ("EndOfTurn", "book a table", 0)]
    assert told[0] == Onset(None)


def test_a_heartbeat_says_that_it_is_there_but_not_what_it_has_heard() -> None:
    """A flush is not answered by it; a provider that sends it is not given up."""
    session = AssemblyAISession(PCMU)
    for number in (1, 2, 3):
        session.flush()
        beat = {"type": "Heartbeat", "total_audio_received_ms": 100_000, "total_duration_ms": 1}
        assert events(session, json.dumps(beat)) == []
        assert [*session.waited(number)] == [FinalWords("", flushed=number)]


def test_heartbeats_that_stop_say_that_it_is_gone() -> None:
    """A flush is not answered then; for as long as it has ever been silent before it may be."""
    session = AssemblyAISession(PCMU)
    beat = json.dumps({"type": "Heartbeat", "total_audio_received_ms": 0, "total_duration_ms": 1})
    second = b"\xff" * 8040
    for _ in range(3):
        session.push(second)
        assert events(session, beat) == []
    session.push(second)
    number, _ = session.flush()
    assert [*session.waited(number)] == [FinalWords("", flushed=number)]
    session.push(second)
    number, _ = session.flush()
    with pytest.raises(EngineUnavailable, match="is there"):
        session.waited(number)


def test_a_silence_says_up_to_where_there_are_no_words() -> None:
    """That answers a flush, but not in the middle of a turn."""
    session = AssemblyAISession(PCMU)
    session.push(bytes(8000))
    session.flush()
    assert events(session, '{"type": "Silence", "start_ms": 0, "end_ms": 500}') == []
    assert events(session, '{"type": "Silence", "start_ms": 0, "end_ms": 1000}') == [FinalWords("", flushed=1)]
    session.flush()
    events(session, turn("yes"))
    assert events(session, '{"type": "Silence", "start_ms": 0, "end_ms": 2000}') == []


def test_speech_that_starts_is_an_onset() -> None:
    """Where the model tells it."""
    session = AssemblyAISession(PCMU)
    assert events(session, '{"type": "SpeechStarted", "timestamp": 1240}') == [Onset(1240.0)]


def test_a_request_to_end_the_turn_follows_at_least_50_ms_of_audio() -> None:
    """It takes no shorter messages; times after that are as they were pushed."""
    session = AssemblyAISession(PCMU)
    session.push(bytes(160))
    _, (audio, _request) = session.flush()
    assert len(audio) == 400
    told = events(session, turn("yes", words=[{"text": "yes", "start": 50, "end": 150, "confidence": 1}]))
    assert told[-1] == PartialWords("yes", 1.0, (Word("yes", 20.0, 120.0),))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"type": "Error", "error_code": 4001, "error": "sk-1"}, EngineRefused),
        ({"type": "Error", "error_code": 3005, "error": "sk-1"}, EngineUnavailable),
        ({"error": "sk-1"}, EngineUnavailable),
    ],
)
def test_an_error_is_what_its_code_says(message: dict[str, object], kind: type[Exception]) -> None:
    """Older servers send it without a type; its words are not repeated."""
    with pytest.raises(kind) as error:
        events(AssemblyAISession(PCMU), json.dumps(message))
    assert "sk-1" not in str(error.value)


def test_what_is_not_known_is_passed_over() -> None:
    """Messages are added without notice."""
    session = AssemblyAISession(PCMU)
    assert events(session, '{"type": "Warning", "warning": "x"}', '{"type": "Termination"}', "{}", turn("")) == []
    assert session.ending() == ('{"type":"Terminate"}',)
