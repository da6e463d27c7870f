"""A recogniser's session without I/O: what all providers have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.audio.formats import PCMU
from offhook.errors import EngineError
from offhook.providers.assemblyai import AssemblyAISession
from offhook.providers.deepgram_flux import FluxSession
from offhook.providers.deepgram_listen import ListenSession
from offhook.providers.listening import ListeningSession
from offhook.providers.telnyx import TelnyxSession
from offhook.speech.streams import FinalWords, PartialWords
from offhook.testing.providers.session import to_json

from .test_reading import anything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from offhook.speech.streams import RecognitionEvent

SESSIONS: list[Callable[[], ListeningSession]] = [
    lambda: AssemblyAISession(PCMU),
    lambda: ListenSession(PCMU, "Deepgram"),
    lambda: FluxSession(PCMU, "Deepgram"),
    lambda: TelnyxSession(PCMU, finishes=True),
    lambda: TelnyxSession(PCMU, finishes=False),
]
EVERY = pytest.mark.parametrize("make", SESSIONS, ids=["assemblyai", "deepgram", "flux", "telnyx", "telnyx-google"])

NAMES = """type event transcript words is_final end_of_turn turn_order channel alternatives start duration errors error
audio_window_end audio_window_start trigger turn_index utterance from_finalize timestamp confidence text end code
error_code utterance_end speech_final punctuated_word word total_audio_received_ms end_ms"""
VALUES = """Turn TurnInfo Results Error SpeechStarted Heartbeat Silence EndOfTurn Update error StartOfTurn
EagerEndOfTurn TurnResumed manual book table"""
names = st.sampled_from(NAMES.split())
values = st.one_of(anything, st.sampled_from([*VALUES.split(), True, False, 0, 1, -5, 1e300]))


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.lists(st.dictionaries(names, inner), max_size=3), st.dictionaries(names, inner))


objects = st.dictionaries(names, st.recursive(values, nested, max_leaves=4))
messages = st.one_of(objects.map(to_json), st.text(), st.binary())


class Told(ListeningSession):
    """A session that reads nothing."""

    def received(self, message: str | bytes) -> Iterable[RecognitionEvent]:
        return []


def test_a_flush_sends_what_is_held_back_and_then_the_request() -> None:
    """In this order; the rest may be nothing, and so may the request."""
    session = Told("X", PCMU, message_ms=60, finish="finish", last="last")
    assert session.push(b"a" * 160) == []
    assert session.flush() == (1, [b"a" * 160, "finish"])
    assert session.flush() == (2, ["finish"])
    assert session.ending() == ("last",)
    assert Told("X", PCMU, message_ms=60, finish=None, last="last").flush() == (1, [])


def test_what_was_told_is_the_answer_where_none_comes() -> None:
    """Words that may still change as such, and no words as nothing more."""
    session = Told("X", PCMU, message_ms=60, finish=None, last="last")
    number, _ = session.flush()
    assert [*session.waited(number)] == [FinalWords("", flushed=1)]
    assert [*session.waited(number)] == []
    session.flushes.told()
    session.partial = PartialWords("book a", 0.5)
    number, _ = session.flush()
    assert [*session.waited(number)] == [PartialWords("book a", 0.5, flushed=2)]


def test_audio_that_is_lost_moves_flushes() -> None:
    """As they are counted by what was sent."""
    session = Told("X", PCMU, message_ms=20, finish=None, last="last")
    (message,) = session.push(b"a" * 160)
    session.push(b"b" * 1600)
    session.flush()
    session.lost(message)
    assert session.flushes.heard(110) == 1


@EVERY
@settings(max_examples=40)
@given(sent=st.lists(messages, max_size=8), flushes=st.lists(st.integers(0, 12), max_size=3))
def test_whatever_comes_is_words_or_an_error_of_ours(
    make: Callable[[], ListeningSession], sent: list[str | bytes], flushes: list[int]
) -> None:
    """Nothing else is raised; numbers of flushes only grow, and no more are answered than were asked."""
    session = make()
    session.push(bytes(8000))
    asked = answered = 0
    for at, message in enumerate(sent):
        for _ in range(flushes.count(at)):
            asked, _messages = session.flush()
        try:
            events = [*session.received(message)]
        except EngineError:
            return
        for event in events:
            flushed = getattr(event, "flushed", 0)
            assert flushed == 0 or answered < flushed <= asked
            answered = max(answered, flushed)
            assert 0 <= getattr(event, "confidence", 0.0) <= 1
            assert all(word.began_ms >= 0 for word in getattr(event, "words", ()))
