"""When somebody begins to speak, pauses, and has ended: from the probabilities of a voice activity detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.streams import PCMU
from offhook.testing.providers.hearing import (
    Began,
    Draft,
    Ended,
    Heard,
    Hearing,
    Paused,
    Quiet,
    Resumed,
    Span,
    spread,
)
from offhook.testing.providers.session import Listen

if TYPE_CHECKING:
    from offhook.testing.providers.hearing import Due

WINDOW_MS = 32.0


def hear(hearing: Hearing, *windows: tuple[float, int], from_ms: float = 0.0) -> list[Due]:
    """So many windows of each probability; what is due, in order."""
    due: list[Due] = []
    at_ms = from_ms
    for probability, count in windows:
        for _ in range(count):
            at_ms += WINDOW_MS
            due += hearing.probability(probability, at_ms)
    return due


def listen(end_ms: float = 320.0, **more: float | None) -> Listen:
    return Listen(PCMU, end_ms, **{"draft_ms": None, **more})


def test_an_utterance_begins_with_its_first_window_and_ends_after_a_silence() -> None:
    """The audio for the recogniser has a little of what is before and after it."""
    hearing = Hearing(listen())
    due = hear(hearing, (0.02, 20), (0.95, 10), (0.02, 10))
    assert due == [
        Began(640.0),
        Ended(Span(390.0, 960.0 + 200.0, 640.0, 960.0), 320.0),
    ]
    assert not hearing.speaking


def test_a_click_is_no_speech() -> None:
    """One window alone."""
    assert hear(Hearing(listen()), (0.95, 1), (0.02, 1), (0.95, 1), (0.02, 40)) == []


def test_drafts_are_due_while_somebody_speaks() -> None:
    """As often as was asked for."""
    due = hear(Hearing(listen(draft_ms=96)), (0.95, 8))
    assert [type(one) for one in due] == [Began, Draft, Draft]
    assert isinstance(due[2], Draft)
    assert due[2].span.to_ms == 256.0


def test_a_pause_is_told_once_and_taken_back() -> None:
    """By two windows of speech: less does not go on."""
    hearing = Hearing(listen(pause_ms=96))
    due = hear(hearing, (0.95, 4), (0.02, 5), (0.95, 1), (0.02, 1), (0.95, 4), (0.02, 10))
    assert [type(one) for one in due] == [Began, Paused, Resumed, Paused, Ended]
    assert isinstance(due[1], Paused)
    assert due[1].silence_ms == 96.0


def test_a_long_silence_after_an_utterance_is_told_once() -> None:
    """It says when the last one ended."""
    hearing = Hearing(listen(quiet_ms=640))
    due = hear(hearing, (0.02, 40), (0.95, 4), (0.02, 40))
    assert [type(one) for one in due] == [Began, Ended, Quiet]
    assert due[2] == Quiet(1408.0)


def test_how_much_was_heard_is_told_whether_or_not_anybody_speaks() -> None:
    """After what else there is to tell of a window."""
    due = hear(Hearing(listen(report_ms=64)), (0.02, 2), (0.95, 2))
    assert due == [Heard(64.0), Began(64.0), Heard(128.0)]


def test_silences_can_be_changed_on_the_way() -> None:
    """They hold from then on."""
    hearing = Hearing(listen(end_ms=10_000))
    assert [type(one) for one in hear(hearing, (0.95, 4), (0.02, 20))] == [Began]
    hearing.retune(listen(end_ms=320))
    assert [type(one) for one in hear(hearing, (0.02, 1), from_ms=24 * WINDOW_MS)] == [Ended]


def test_an_end_can_be_forced() -> None:
    """At once, with what there is; where nobody speaks it is an end of nothing."""
    hearing = Hearing(listen())
    assert hearing.force() == Ended(None, 0.0, forced=True)
    hear(hearing, (0.95, 4), (0.02, 2))
    forced = hearing.force()
    assert forced == Ended(Span(0.0, 192.0, 0.0, 128.0), 64.0, forced=True)
    assert hear(hearing, (0.02, 40), from_ms=192.0) == []


@given(st.lists(st.tuples(st.sampled_from([0.02, 0.4, 0.95]), st.integers(1, 15)), max_size=12))
def test_utterances_follow_each_other(windows: list[tuple[float, int]]) -> None:
    """Whatever the detector says: each begins once and ends once, later than it began, and no two overlap."""
    due = hear(Hearing(listen(pause_ms=96, quiet_ms=500, draft_ms=100)), *windows)
    speaking, paused, last_ms = False, False, 0.0
    for one in due:
        match one:
            case Began(at_ms):
                assert not speaking
                assert at_ms >= last_ms
                speaking = True
            case Ended(span, _, _):
                assert speaking
                assert span is not None
                assert span.from_ms <= span.began_ms < span.ended_ms <= span.to_ms
                speaking, paused, last_ms = False, False, span.ended_ms
            case Paused():
                assert speaking
                assert not paused
                paused = True
            case Resumed():
                assert paused
                paused = False
            case Draft():
                assert speaking
                assert not paused
            case Quiet():
                assert not speaking


@given(st.text())
def test_words_are_spread_over_their_time(text: str) -> None:
    """One after the other, without a gap, from the beginning to the end."""
    words = spread(text, 100.0, 500.0, 0.9)
    assert [word.text for word in words] == text.split()
    edges = [edge for word in words for edge in (word.began_ms, word.ended_ms)]
    assert edges == sorted(edges)
    assert not words or (edges[0], round(edges[-1])) == (100.0, 500)
