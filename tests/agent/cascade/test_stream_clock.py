"""The stream's clock against the session's: where audio is placed, however it comes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.agent.cascade.stream_clock import StreamClock

LATENCY_MS = 40.0


class Stream:
    """A stream of pieces, and when they were said and placed."""

    def __init__(self, *, piece_ms: float = 20.0, began_ms: float = 0.0, drift: float = 0.0) -> None:
        self.clock = StreamClock()
        self.piece_ms = piece_ms
        self.stamp_ms = began_ms
        self.drift = drift
        self.said_ms = 5000.0
        self.now_ms = 0.0

    def piece(self, late_ms: float = 0.0, *, lost: bool = False) -> float:
        """The next piece comes so much later than soonest; how far from its time it is placed."""
        self.said_ms += self.piece_ms * (1 + self.drift)
        stamp_ms = self.stamp_ms
        self.stamp_ms += self.piece_ms
        if lost:
            return 0.0
        self.now_ms = max(self.now_ms, self.said_ms + LATENCY_MS + late_ms)
        at_ms = self.clock.place(stamp_ms, self.piece_ms, self.now_ms)
        assert at_ms <= self.now_ms
        return at_ms - (self.said_ms + LATENCY_MS)

    def stall(self, ms: float, *, then: float = 0.0) -> list[float]:
        """Nothing comes for ``ms``, then all of it, at once or at ``then`` times the pace."""
        errors = []
        late_ms = ms
        while late_ms > 0:
            errors.append(self.piece(late_ms))
            late_ms -= self.piece_ms * (1 - (1 / then if then else 0))
        return errors

    def run(self, ms: float, late_ms: float = 0.0) -> list[float]:
        return [self.piece(late_ms) for _ in range(round(ms / self.piece_ms))]


@pytest.mark.parametrize("piece_ms", [10, 20, 30, 60])
@pytest.mark.parametrize("stall_ms", [500, 2000, 5000])
@pytest.mark.parametrize("began_ms", [0, 1.7e12])
def test_a_burst_after_a_stall_is_placed_where_it_was_said(piece_ms: float, stall_ms: float, began_ms: float) -> None:
    """To the millisecond, whatever the stall, the pieces and the stream's own zero; and so is what follows."""
    stream = Stream(piece_ms=piece_ms, began_ms=began_ms)
    stream.run(2100)
    for _ in range(3):
        assert max(map(abs, stream.stall(stall_ms) + stream.run(1260))) < 0.01


@pytest.mark.parametrize("pace", [1.05, 1.3, 3.0])
def test_a_stream_that_catches_up_slowly_is_not_taken_for_one_that_is_late(pace: float) -> None:
    """However long it takes, all is placed where it was said."""
    stream = Stream()
    stream.run(3000)
    assert max(map(abs, stream.stall(2000, then=pace))) < 0.01
    assert max(map(abs, stream.run(5000))) < 0.01


def test_a_delay_that_grows_for_good_is_learnt_within_three_seconds() -> None:
    """Until then, what comes is placed that much too early."""
    stream = Stream()
    stream.run(4000)
    assert stream.run(1000, 300)[-1] == 0
    assert stream.run(2500, 300)[-1] == pytest.approx(300)
    assert stream.run(1000)[-1] == pytest.approx(0)


@pytest.mark.parametrize("drift", [-3e-4, 3e-4])
def test_a_clock_that_drifts_is_followed(drift: float) -> None:
    """An hour at 300 millionths: a second off, and never seen."""
    stream = Stream(drift=drift)
    assert max(map(abs, stream.run(600_000))) < 1


def test_lost_audio_leaves_its_time_empty() -> None:
    """What comes after it is at its time."""
    stream = Stream()
    stream.run(1000)
    for _ in range(100):
        stream.piece(lost=True)
    assert max(map(abs, stream.run(2000))) < 0.01


def test_a_stream_that_loses_most_of_its_audio_teaches_nothing() -> None:
    """Half a second of audio in a second is the least that tells how late it comes."""
    stream = Stream()
    stream.run(2000)
    for _ in range(100):
        stream.piece(30.0)
        for _ in range(4):
            stream.piece(lost=True)
    assert stream.run(20)[0] == pytest.approx(0)


@pytest.mark.parametrize("restart", ["socket", "clock", "forward"])
def test_a_clock_that_starts_anew_is_followed_at_once(restart: str) -> None:
    """After a new socket, or all by itself; the time of what was heard does not go back."""
    stream = Stream(began_ms=50_000)
    stream.run(2000)
    stream.said_ms += 3000
    if restart == "socket":
        stream.clock.restart()
    stream.stamp_ms = 0 if restart != "forward" else 1e9
    assert max(map(abs, stream.run(3000))) < 0.01


def test_times_that_stand_still_place_audio_when_it_comes() -> None:
    """A carrier without a clock is heard as before."""
    clock = StreamClock()
    assert [clock.place(0.0, 20.0, now_ms) for now_ms in (100.0, 120.0, 150.0)] == [100.0, 120.0, 150.0]


@given(
    st.lists(st.tuples(st.integers(-30, 3000), st.integers(0, 60), st.integers(0, 3000)), max_size=200),
    st.floats(-1e6, 1e13),
)
def test_any_times_give_an_order_and_nothing_is_in_the_future(
    steps: list[tuple[int, int, int]], began_ms: float
) -> None:
    """Whatever a stream says of itself."""
    clock = StreamClock()
    stamp_ms, now_ms, before_ms = began_ms, 0.0, float("-inf")
    for jump_ms, length_ms, wait_ms in steps:
        stamp_ms += jump_ms
        now_ms += wait_ms
        at_ms = clock.place(stamp_ms, length_ms, now_ms)
        assert before_ms <= at_ms <= now_ms
        before_ms = at_ms


@settings(max_examples=20)
@given(st.integers(0, 1000), st.lists(st.integers(0, 290), max_size=3))
def test_pieces_keep_their_length_whatever_the_jitter(seed: int, stalls: list[int]) -> None:
    """To within the jitter, with stalls of five seconds in between."""
    stream = Stream()
    stream.run(100)
    errors = []
    jitter = Random(seed)
    for number in range(300):
        errors += stream.stall(5000) if number in stalls else []
        errors.append(stream.piece(jitter.uniform(0, 100)))
    assert max(map(abs, errors)) < 100
