"""Reordering, step by step and against a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.reorder import Reorder, ReorderCounters

if TYPE_CHECKING:
    import random


def run(reorder: Reorder, *chunks: int) -> list[list[int | None]]:
    """Push frames whose payload is their number; return what came out of each push, as numbers."""
    return [[None if out is None else int(out) for out in reorder.push(chunk, b"%d" % chunk)] for chunk in chunks]


def test_frames_in_order_pass_at_once_whatever_the_first_number_is() -> None:
    """Nothing is held back while nothing is missing, and counting may begin anywhere."""
    for first in (0, 1, 4711):
        assert run(Reorder(), first, first + 1, first + 2) == [[first], [first + 1], [first + 2]]


def test_only_the_expected_frame_passes_and_only_while_none_waits() -> None:
    """What passes is taken and counted, and is not pushed."""
    reorder = Reorder()
    assert not reorder.passes(1)
    assert run(reorder, 1) == [[1]]
    assert reorder.passes(2)
    assert not reorder.passes(2)
    assert run(reorder, 4) == [[]]
    assert not reorder.passes(3)
    assert run(reorder, 3) == [[3, 4]]
    assert reorder.passes(5)
    assert reorder.counters == ReorderCounters(received=5, reordered=1)


def test_a_frame_that_comes_late_is_put_in_its_place() -> None:
    """Frames behind a gap wait for it, and come out with it in their order."""
    reorder = Reorder()
    assert run(reorder, 1, 3, 4, 2, 5) == [[1], [], [], [2, 3, 4], [5]]
    assert reorder.counters == ReorderCounters(received=5, reordered=1)


def test_a_missing_frame_is_waited_for_by_depth_frames_and_then_lost() -> None:
    """Waiting has a limit, and what did not come is one gap in the stream, counted once."""
    reorder = Reorder(depth=3)
    assert run(reorder, 1, 3, 4, 5) == [[1], [], [], []]
    assert run(reorder, 6, 7) == [[None, 3, 4, 5, 6], [7]]
    assert reorder.counters.lost == 1


def test_a_lost_frame_that_comes_after_all_is_late_and_a_second_copy_a_duplicate() -> None:
    """What comes twice or too late is dropped and told apart in the counters, and the stream goes on."""
    reorder = Reorder(depth=1)
    run(reorder, 1, 3, 4)
    assert run(reorder, 2, 2, 4, 1) == [[], [], [], []]
    assert (reorder.counters.late, reorder.counters.duplicates) == (1, 3)
    assert run(reorder, 5) == [[5]]


def test_a_copy_of_a_frame_that_waits_is_a_duplicate() -> None:
    """A frame that is still held back counts as received."""
    reorder = Reorder()
    assert run(reorder, 1, 3, 3, 2) == [[1], [], [], [2, 3]]
    assert reorder.counters == ReorderCounters(received=4, reordered=1, duplicates=1)


def test_several_gaps_are_given_up_one_by_one() -> None:
    """Each gap is waited for on its own: giving up the first does not give up the second."""
    reorder = Reorder(depth=2)
    assert run(reorder, 1, 3, 6, 5) == [[1], [], [], [None, 3]]
    assert run(reorder, 7) == [[None, 5, 6, 7]]
    assert reorder.counters == ReorderCounters(received=5, reordered=1, lost=2)


def test_a_depth_of_zero_waits_for_nothing() -> None:
    """With no depth every gap is a loss at once, and what comes late is dropped."""
    assert run(Reorder(depth=0), 1, 3, 2, 4) == [[1], [None, 3], [], [4]]


def test_at_the_end_what_waits_is_returned_with_its_gaps() -> None:
    """When the stream ends nothing that came is lost, and a new one may begin at any number."""
    reorder = Reorder()
    run(reorder, 1, 3, 5)
    assert reorder.flush() == [None, b"3", None, b"5"]
    assert reorder.flush() == []
    assert run(reorder, 6) == [[6]]


def test_a_sender_that_counts_anew_is_followed_and_nothing_is_concealed() -> None:
    """More than a second away in either direction."""
    reorder = Reorder()
    run(reorder, 100, 102)
    assert run(reorder, 1, 2) == [[102, 1], [2]]
    assert run(reorder, 1000, 1001) == [[1000], [1001]]
    assert reorder.counters == ReorderCounters(received=6, restarts=2)


def test_a_second_is_counted_in_frames() -> None:
    """A jump of more than a second is a new stream and is not filled with silence."""
    assert run(Reorder(frame_ms=100, depth=0), 1, 12) == [[1], [None] * 10 + [12]]
    assert run(Reorder(frame_ms=100, depth=0), 1, 13) == [[1], [13]]


def test_what_was_given_up_is_forgotten_in_time() -> None:
    """Memory stays small on a long call with steady loss."""
    reorder = Reorder(depth=0)
    for chunk in range(0, 20_000, 2):
        reorder.push(chunk, b"")
    assert len(reorder._given_up) <= 51


@pytest.mark.parametrize(("frame_ms", "depth"), [(0, 3), (-20, 3), (20, -1)])
def test_senseless_arguments_are_refused(frame_ms: int, depth: int) -> None:
    """A frame has a length and a depth is not below nothing."""
    with pytest.raises(ValueError, match=f"got {frame_ms} and {depth}"):
        Reorder(frame_ms, depth)


@given(
    st.integers(1, 60),
    st.integers(0, 5),
    st.floats(0, 0.3),
    st.floats(0, 0.2),
    st.randoms(use_true_random=False),
)
def test_out_comes_every_number_once_in_order(
    count: int, depth: int, loss: float, copies: float, chance: random.Random
) -> None:
    """Whatever is lost, copied and moved by up to ``depth`` places: each place holds its frame or is known lost."""
    sent = [chunk for chunk in range(1, count) if chance.random() >= loss]
    keyed = sorted(sent, key=lambda chunk: chunk + chance.uniform(0, depth))
    arriving = [0, *(copy for chunk in keyed for copy in [chunk] * (2 if chance.random() < copies else 1))]
    reorder = Reorder(depth=depth)
    out = [each for chunk in arriving for each in reorder.push(chunk, b"%d" % chunk)] + reorder.flush()
    last = max(arriving)
    assert len(out) == last + 1
    for place, payload in enumerate(out):
        assert payload in (None, b"%d" % place)
    got = sum(payload is not None for payload in out)
    counters = reorder.counters
    assert got == len(set(arriving)), "frames moved by no more than depth places are never given up"
    assert counters.lost == last + 1 - got
    assert counters.late == 0
    assert counters.received == len(arriving) == got + counters.duplicates


@given(st.lists(st.integers(-100, 200), max_size=80), st.integers(0, 4))
def test_any_numbers_at_all_are_accounted_for(chunks: list[int], depth: int) -> None:
    """Every frame that came went out, or is counted as late or a duplicate; never more waits than depth."""
    reorder = Reorder(depth=depth)
    out: list[bytes | None] = []
    for chunk in chunks:
        out += reorder.push(chunk, b"x")
        assert len(reorder.held) <= depth
    out += reorder.flush()
    counters = reorder.counters
    assert out.count(b"x") + counters.late + counters.duplicates == counters.received == len(chunks)
    assert out.count(None) == counters.lost
