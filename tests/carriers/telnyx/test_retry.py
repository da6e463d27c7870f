from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.carriers.telnyx.client import DIAL_RETRIES
from offhook.carriers.telnyx.retry import CircuitBreaker, RetryPolicy, Tries

STEADY = RetryPolicy(jitter=0)


def test_a_command_is_tried_four_times_with_growing_pauses() -> None:
    """Three retries, 250 ms apart at first, twice that each time."""
    tries = Tries(STEADY, 0)
    assert [tries.pause_ms(0, timed_out=False) for _ in range(4)] == [250, 500, 1000, None]
    assert tries.failed == 4


def test_after_a_reply_timeout_there_is_no_pause() -> None:
    """The wait for the reply was the pause."""
    assert Tries(STEADY, 0).pause_ms(500, timed_out=True) == 0


def test_reply_timeouts_grow_from_the_carriers_advice() -> None:
    """No reply in 500 ms: repeat; then wait longer."""
    tries = Tries(STEADY, 0)
    waits_ms = []
    for _ in range(4):
        waits_ms.append(tries.reply_timeout_ms(0))
        tries.pause_ms(0, timed_out=True)
    assert waits_ms == [500, 1500, 4000, 10_000]


def test_a_wish_for_time_is_granted() -> None:
    """Retry-After is honoured, and a shorter one does not shorten the pause."""
    assert Tries(STEADY, 0).pause_ms(0, timed_out=False, retry_after_ms=3000) == 3000
    assert Tries(STEADY, 0).pause_ms(0, timed_out=False, retry_after_ms=1) == 250


def test_a_wish_for_more_time_than_is_left_ends_the_tries() -> None:
    """A caller on the line does not wait for a minute."""
    assert Tries(STEADY, 0).pause_ms(0, timed_out=False, retry_after_ms=30_000) is None


def test_a_reply_timeout_ends_with_the_whole_time() -> None:
    """The last try gets what is left."""
    assert Tries(STEADY, 0).reply_timeout_ms(29_900) == 100
    assert Tries(STEADY, 0).reply_timeout_ms(40_000) == 1


@given(
    policy=st.sampled_from([RetryPolicy(), DIAL_RETRIES]),
    steps=st.lists(st.tuples(st.booleans(), st.one_of(st.none(), st.floats(0, 60_000))), min_size=4, max_size=4),
)
def test_all_tries_fit_into_30_seconds(policy: RetryPolicy, steps: list[tuple[bool, float | None]]) -> None:
    """Whatever fails and whatever the carrier asks for."""
    tries, now_ms = Tries(policy, 1000), 1000.0
    for timed_out, retry_after_ms in steps:
        now_ms += tries.reply_timeout_ms(now_ms)
        pause_ms = tries.pause_ms(now_ms, timed_out=timed_out, retry_after_ms=retry_after_ms)
        if pause_ms is None:
            break
        now_ms += pause_ms
    assert now_ms <= 31_000
    assert pause_ms is None


def test_jitter_only_lengthens() -> None:
    """By a fifth at most."""
    for _ in range(50):
        pause_ms = Tries(RetryPolicy(), 0).pause_ms(0, timed_out=False)
        assert pause_ms is not None
        assert 250 <= pause_ms <= 300


@pytest.fixture(name="breaker")
def breaker_fixture() -> CircuitBreaker:
    """A breaker that has just opened at 1000 ms."""
    breaker = CircuitBreaker(failures=3, open_ms=5000)
    for _ in range(3):
        assert breaker.allows(1000)
        breaker.failed(1000)
    return breaker


def test_the_circuit_opens_after_failures_in_a_row(breaker: CircuitBreaker) -> None:
    """Then nothing goes for a while."""
    assert not breaker.allows(1000)
    assert not breaker.allows(5999)


def test_one_success_starts_the_count_anew() -> None:
    """Only failures in a row count."""
    breaker = CircuitBreaker(failures=2)
    breaker.failed(0)
    breaker.succeeded()
    breaker.failed(0)
    assert breaker.allows(0)


def test_one_command_tries_the_circuit(breaker: CircuitBreaker) -> None:
    """When the time has come, one goes through and the others wait for it."""
    assert breaker.allows(6000)
    assert not breaker.allows(6000)
    assert breaker.allows(11_000)


def test_a_trial_that_succeeds_closes_the_circuit(breaker: CircuitBreaker) -> None:
    """All may go again."""
    assert breaker.allows(6000)
    breaker.succeeded()
    assert breaker.allows(6000)
    assert breaker.allows(6000)


def test_a_trial_that_fails_opens_it_anew(breaker: CircuitBreaker) -> None:
    """For the whole time."""
    assert breaker.allows(6000)
    breaker.failed(9000)
    assert not breaker.allows(13_999)
    assert breaker.allows(14_000)
