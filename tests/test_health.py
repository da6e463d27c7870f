"""Which of several that can do the same is tried next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offhook.health import LIMIT, REST_S, TRIAL_S, Health


class Time:
    """A clock in seconds that is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_what_failed_twice_in_a_row_rests_for_a_minute() -> None:
    """A success in between makes it well, and the first of the order is the first that works."""
    time = Time()
    health: Health[str] = Health(now_s=time)
    items = ["first", "second"]
    assert not health.failed("first")
    assert health.order(items) == items
    assert not health.worked("first")
    assert not health.failed("first")
    assert not health.rests("first")
    assert health.failed("first")
    assert health.rests("first")
    assert not health.rests("second")
    assert health.order(items) == ["second"]
    time.now_s += REST_S - 0.001
    assert health.order(items) == ["second"]
    time.now_s += 0.001
    assert not health.rests("first")
    assert health.order(items) == items


def test_one_call_tries_what_has_rested_and_the_others_wait_for_what_it_finds() -> None:
    """They have it last meanwhile, and it is offered anew when nobody tells how it went."""
    time = Time()
    health: Health[str] = Health(now_s=time)
    items = ["first", "second"]
    health.failed("first")
    health.failed("first")
    time.now_s += REST_S
    assert health.order(items) == items
    assert health.order(items) == ["second", "first"]
    time.now_s += TRIAL_S
    assert health.order(items) == items
    assert not health.failed("first"), "it was known not to work"
    assert health.order(items) == ["second"]
    time.now_s += REST_S
    assert health.order(items) == items
    assert health.worked("first"), "it works again"
    assert health.order(items) == health.order(items) == items


def test_where_all_rest_all_are_tried() -> None:
    """A caller is worth a try."""
    health: Health[str] = Health(now_s=Time())
    for item in ("first", "second"):
        health.failed(item)
        health.failed(item)
    assert health.order(["first", "second"]) == ["first", "second"]


def test_a_failure_for_good_rests_at_once() -> None:
    """A key that is refused is refused again."""
    health: Health[str] = Health(now_s=Time())
    assert health.failed("first", for_good=True)
    assert health.order(["first", "second"]) == ["second"]
    assert not health.failed("first", for_good=True)


def test_equal_things_are_told_apart() -> None:
    """Two voices of one kind may compare equal."""
    health: Health[list[int]] = Health(now_s=Time())
    first: list[int] = []
    second: list[int] = []
    health.failed(first, for_good=True)
    (only,) = health.order([first, second])
    assert only is second


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["worked", "failed", "wait", "order"]))))
def test_whatever_happens_somebody_is_tried(steps: list[tuple[int, str]]) -> None:
    """The order is never empty, holds nothing twice, and leaves out only what has failed too often in a row."""
    time = Time()
    health: Health[str] = Health(now_s=time)
    items = ["a", "b", "c"]
    failed = dict.fromkeys(items, 0)
    for at, what in steps:
        item = items[at]
        if what == "worked":
            health.worked(item)
            failed[item] = 0
        elif what == "failed":
            health.failed(item)
            failed[item] += 1
        elif what == "wait":
            time.now_s += 7 * (at + 1)
        order = health.order(items)
        assert order
        assert len(set(order)) == len(order)
        assert all(failed[each] >= LIMIT for each in items if each not in order)
