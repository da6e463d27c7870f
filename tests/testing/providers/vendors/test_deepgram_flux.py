"""Deepgram's /v2/listen (Flux), as a stand-in speaks it."""

from __future__ import annotations

import pytest

from offhook.speech.streams import PCMU
from offhook.testing.providers.session import (
    AllHeard,
    Close,
    Force,
    Hear,
    Listen,
    Refuse,
    Retune,
    SoFarHeard,
    SpeechBegan,
    SpeechDraft,
    SpeechEnded,
    SpeechPaused,
    SpeechQuiet,
    SpeechResumed,
    StopHearing,
)
from offhook.testing.providers.vendors.deepgram_flux import Flux

from .sessions import kinds, request, said, sent

WANTED = "model=flux-general-en&encoding=mulaw&sample_rate=8000"


def opened(more: str = "") -> Flux:
    session = Flux("c")
    list(session.opened(request(WANTED + more, "Token k")))
    return session


def told(session: Flux, *events: object) -> list[tuple[str, str]]:
    infos = [info for event in events for info in sent(session.happened(event))]  # type: ignore[arg-type]
    return [(info["event"], info["transcript"]) for info in infos]


def test_a_session_begins_with_a_greeting() -> None:
    """Thresholds are silences here."""
    acts = list(Flux("c").opened(request(f"{WANTED}&eager_eot_threshold=0.5&eot_threshold=0.75", "Token k")))
    assert kinds(acts) == ["Accept", "begin", "Listen"]
    assert sent(acts)[0] == {"type": "Connected", "request_id": "c", "sequence_id": 0}
    assert acts[2] == Listen(PCMU, 900.0, pause_ms=300.0, draft_ms=250.0, report_ms=250.0)


@pytest.mark.parametrize(
    "query",
    [
        WANTED.replace("en", "xx", 1),
        WANTED.replace("mulaw", "mp3"),
        f"{WANTED}&eot_threshold=0.4",
        f"{WANTED}&eager_eot_threshold=0.2",
        f"{WANTED}&eager_eot_threshold=0.8",
        f"{WANTED}&eot_timeout_ms=100",
    ],
)
def test_what_is_out_of_range_is_refused(query: str) -> None:
    """In place of a session; without a key, too."""
    for key, status in (("Token k", 400), ("", 401)):
        (refused,) = Flux("c").opened(request(query, key))
        assert isinstance(refused, Refuse)
        assert refused.status == status


def test_a_turn_starts_grows_and_ends() -> None:
    """Updates come whether or not there is anything new, words or not."""
    session = opened()
    events = (SoFarHeard(250), SpeechBegan(500), SpeechDraft(said("Book")), SpeechDraft(said("Book a")))
    assert told(session, *events, SoFarHeard(1000), SpeechEnded(said("Book a table."), 700)) == [
        ("Update", ""),
        ("StartOfTurn", "Book"),
        ("Update", "Book a"),
        ("Update", "Book a"),
        ("EndOfTurn", "Book a table."),
    ]
    assert told(session, SpeechBegan(2000), SpeechEnded(said("Yes."), 700)) == [
        ("StartOfTurn", "Yes."),
        ("EndOfTurn", "Yes."),
    ]


def test_the_end_is_word_for_word_what_was_told_as_probable() -> None:
    """Unless that was taken back before."""
    session = opened("&eager_eot_threshold=0.4")
    assert told(session, SpeechBegan(0), SpeechPaused(said("yes"), 200), SpeechEnded(said("Yes!"), 700)) == [
        ("StartOfTurn", "yes"),
        ("EagerEndOfTurn", "yes"),
        ("EndOfTurn", "yes"),
    ]
    again = (SpeechPaused(said("yes"), 200), SpeechResumed(), SpeechResumed(), SpeechEnded(said("yes please"), 700))
    assert told(session, SpeechBegan(0), *again) == [
        ("StartOfTurn", "yes"),
        ("EagerEndOfTurn", "yes"),
        ("TurnResumed", "yes"),
        ("EndOfTurn", "yes please"),
    ]


def test_noise_is_no_turn() -> None:
    """Nor is a request to end it answered then."""
    session = opened()
    events = (SpeechBegan(0), SpeechPaused(said(""), 200), SpeechResumed(), SpeechEnded(said(""), 0, forced=True))
    assert told(session, *events, SpeechQuiet(0)) == []


@pytest.mark.parametrize(
    ("more", "ended", "trigger"),
    [
        ("", SpeechEnded(said("yes"), 700), "model"),
        ("", SpeechEnded(said("yes"), 0, forced=True), "manual"),
        ("&eot_threshold=1&eot_timeout_ms=500", SpeechEnded(said("yes"), 500), "timeout"),
    ],
)
def test_an_end_says_what_has_brought_it_about(more: str, ended: SpeechEnded, trigger: str) -> None:
    """And how sure it is."""
    *_, end = sent(opened(more).happened(ended))
    assert end["trigger"] == trigger


def test_thresholds_are_changed_on_the_way() -> None:
    """What is not named stays; what is out of range is refused, and changes nothing."""
    session = opened("&eager_eot_threshold=0.5")
    configure = '{"type": "Configure", "thresholds": {"eot_threshold": 0.75}, "keyterms": ["a"], "more": 1}'
    acts = list(session.received(configure))
    assert acts[0] == Retune(Listen(PCMU, 900.0, pause_ms=300.0, draft_ms=250.0, report_ms=250.0))
    (done,) = sent(acts)
    assert (done["type"], done["thresholds"], done["keyterms"]) == ("ConfigureSuccess", {"eot_threshold": 0.75}, ["a"])
    assert "more" not in done
    for wrong in ('{"eot_threshold": 0.4}', '{"eager_eot_threshold": 0.8}', '{"eot_timeout_ms": "x"}'):
        acts = list(session.received(f'{{"type": "Configure", "thresholds": {wrong}}}'))
        assert [one["type"] for one in sent(acts)] == ["ConfigureFailure"]
        assert len(acts) == 1
    assert sent(session.received('{"type": "Configure"}'))[0]["type"] == "ConfigureSuccess"


def test_messages_are_numbered() -> None:
    """All that the server sends."""
    session = opened()
    numbers = [one["sequence_id"] for one in sent([*session.happened(SoFarHeard(1)), *session.happened(SoFarHeard(2))])]
    assert numbers == [1, 2]


def test_requests_are_known_by_their_type() -> None:
    """An unknown one ends the session."""
    session = opened()
    assert list(session.received(b"x")) == [Hear(b"x")]
    assert list(session.received('{"type": "ForceEndTurn"}')) == [Force()]
    assert list(session.received('{"type": "CloseStream"}')) == [StopHearing()]
    assert list(session.received("?"))[-1] == Close(1008, "unparsable client message")
    assert list(session.failure(3, "x"))[-1] == Close(1011, "x")
    assert list(session.happened(AllHeard(1))) == [Close(1000)]
