"""The audio that may still be needed."""

from __future__ import annotations

import pytest

from offhook.agent.cascade.kept import Kept


class Line:
    """Pushes pieces of 20 ms, named by their numbers, and begins at 5000 ms of the clock."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.pushed = 0

    def push(self, ms: float) -> None:
        for _ in range(round(ms / 20)):
            self.pushed += 1
            self.kept.push(str(self.pushed).encode(), 20.0, 5000.0 + 20 * self.pushed)

    def since(self, position_ms: float) -> list[int]:
        return [int(piece.pcm) for piece in self.kept.since(position_ms)]


def test_an_utterance_begins_240_ms_before_it_was_noticed() -> None:
    """Whole pieces, as far as they are kept."""
    line = Line()
    line.push(2000)
    at_ms = line.kept.began(5000 + 1940)
    assert at_ms == 1940 - 240
    line.push(40)
    assert line.since(at_ms) == list(range(86, 103))
    assert line.kept.began(5000.0) == 2000 - 600


def test_without_audio_an_utterance_begins_where_it_ends() -> None:
    """There is nothing to be heard in it yet."""
    kept = Kept()
    assert kept.began(5000.0) == 0.0
    assert kept.since(0.0) == []
    assert kept.unheard_ms == 0.0


def test_what_is_kept_is_600_ms_and_of_an_utterance_30_s() -> None:
    """Of a longer one its end."""
    line = Line()
    line.push(2000)
    assert len(line.since(0.0)) == 30
    line.kept.began(7000.0)
    line.push(10_000)
    assert len(line.since(0.0)) == 530
    line.push(40_000)
    assert len(line.since(0.0)) == 1500
    line.kept.over()
    assert len(line.since(0.0)) == 30


def test_an_utterance_that_goes_on_does_so_where_it_was_over() -> None:
    """So that nothing is heard twice, and nothing is left out."""
    line = Line()
    line.push(1000)
    line.kept.began(5900.0)
    line.push(500)
    line.kept.over()
    line.push(200)
    assert line.kept.began(6700.0, goes_on=True) == 1500.0


def test_what_nothing_is_decided_upon_begins_with_the_utterance_or_after_the_last() -> None:
    """That is what the next recogniser hears, if one breaks."""
    line = Line()
    line.push(1000)
    assert line.kept.unheard_ms == 400.0
    line.kept.began(6000.0)
    line.push(1000)
    assert line.kept.unheard_ms == 400.0
    line.kept.over()
    assert line.kept.unheard_ms == 2000.0
    line.push(100)
    assert line.kept.unheard_ms == 2000.0
    line.push(1000)
    assert line.kept.unheard_ms == 2500.0


def test_a_position_has_a_time_as_long_as_its_audio_is_kept() -> None:
    """Where audio came late, or not at all, the times have gaps."""
    kept = Kept()
    assert kept.time_of(0.0) is None
    kept.push(b"a", 20.0, 5020.0)
    kept.push(b"b", 20.0, 6000.0)
    assert [kept.time_of(at) for at in (0.0, 10.0, 20.0, 30.0, 40.0, 99.0)] == [5000, 5010, 5980, 5990, 6000, 6000]
    for _ in range(30):
        kept.push(b"", 20.0, 7000.0)
    assert kept.time_of(10.0) is None
    assert kept.time_of(45.0) == pytest.approx(6985.0)
