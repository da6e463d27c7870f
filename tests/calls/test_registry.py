"""Calls by id, and tokens that open one socket once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls import Call, CallRecord
from offhook.calls.registry import MEMORY_LIMIT, CallRegistry, TokenRefused
from offhook.carriers.commands import StreamRequest
from offhook.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = StreamRequest(url="")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def registry(clock: ManualClock) -> CallRegistry:
    return CallRegistry(clock)


@pytest.fixture
def new(carrier: Any) -> Callable[..., Call]:
    return lambda call_id="c1", **fields: Call(CallRecord(call_id=call_id, **fields), carrier)


def test_calls_are_found_while_they_are_up_and_for_a_while_after(
    registry: CallRegistry, clock: ManualClock, new: Any, carrier: Any
) -> None:
    """Late webhooks find their call for ten minutes."""
    call, other = new("c1"), new("c2")
    registry.add(call)
    registry.add(other)
    assert (len(registry), list(registry)) == (2, [call, other])
    registry.end(call)
    registry.end(call)
    assert (len(registry), registry.get("c1", carrier), registry.get("c2", carrier), registry.get("c3", carrier)) == (
        1,
        call,
        other,
        None,
    )
    clock.advance(600_001)
    registry.end(other)
    assert registry.get("c1", carrier) is None
    assert registry.get("c2", carrier) is other


def test_two_carriers_may_have_calls_and_sessions_of_one_id(registry: CallRegistry, new: Any, carrier: Any) -> None:
    """Each finds its own."""
    call = new("c1", session_id="s")
    other_carrier = type(carrier)("other")
    other = Call(CallRecord(call_id="c1", session_id="s"), other_carrier)
    for each in (call, other):
        registry.add(each)
        registry.add_leg("leg", each)
    assert [registry.get("c1", carrier), registry.get("c1", other_carrier)] == [call, other]
    assert [registry.in_session("s", carrier), registry.in_session("s", other_carrier)] == [call, other]
    assert [registry.call_of_leg("leg", carrier), registry.call_of_leg("leg", other_carrier)] == [call, other]
    registry.end(call)
    assert list(registry) == [other]


def test_only_so_many_ended_calls_are_remembered(registry: CallRegistry, new: Any, carrier: Any) -> None:
    """Memory is bounded, the oldest go first."""
    for number in range(MEMORY_LIMIT + 5):
        call = new(f"c{number}")
        registry.add(call)
        registry.end(call)
    assert registry.get("c4", carrier) is None
    assert registry.get("c5", carrier) is not None


def test_calls_of_one_session_are_found_by_it(registry: CallRegistry, new: Any, carrier: Any) -> None:
    """A leg that a transfer makes shares the session of its call."""
    call = new("c1", session_id="s")
    registry.add(call)
    assert registry.in_session("s", carrier) is call
    assert registry.in_session("t", carrier) is None
    assert registry.in_session("", carrier) is None


def test_legs_of_a_transfer_are_remembered_within_bounds(registry: CallRegistry, new: Any, carrier: Any) -> None:
    """The newest ones."""
    call = new()
    registry.add(call)
    for number in range(MEMORY_LIMIT + 1):
        registry.add_leg(f"leg{number}", call)
    assert registry.call_of_leg("leg0", carrier) is None
    assert registry.call_of_leg("leg1", carrier) is call


def test_legs_of_a_transfer_are_forgotten_with_their_call(
    registry: CallRegistry, clock: ManualClock, new: Any, carrier: Any
) -> None:
    """And an event that names no leg makes none."""
    call, other = new("c1"), new("c2")
    registry.add(call)
    registry.add(other)
    registry.add_leg("", call)
    registry.add_leg("leg", call)
    registry.end(call)
    assert registry.call_of_leg("", carrier) is None
    assert registry.call_of_leg("leg", carrier) is call
    clock.advance(600_001)
    registry.end(other)
    assert registry.call_of_leg("leg", carrier) is None


def test_a_token_opens_its_call_once(registry: CallRegistry, new: Any) -> None:
    """It is fit for a URL, brings back how the stream was asked for, and is spent by the first use."""
    call = new()
    request = StreamRequest(url="", codec="L16", sample_rate=16000, track="both")
    token = registry.issue_token(call, request)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert registry.redeem_token(token) == (call, request)
    assert registry.redeem_token(token) == TokenRefused("used")


def test_a_call_that_is_being_dialled_has_tokens(registry: CallRegistry, new: Any) -> None:
    """It has no id of the carrier's yet; and two such calls are told apart."""
    calls = [new(""), new("")]
    tokens = [registry.issue_token(call, REQUEST) for call in calls]
    assert [registry.redeem_token(token) for token in tokens] == [(call, REQUEST) for call in calls]


def test_a_process_judges_the_tokens_of_another_with_the_same_key(clock: ManualClock, new: Any) -> None:
    """It knows that they are good, though the call is not here; one with another key does not."""
    key = bytes(range(32))
    mine, theirs, strangers = CallRegistry(clock, key), CallRegistry(clock, key), CallRegistry(clock)
    call = new()
    token = theirs.issue_token(call, REQUEST)
    assert mine.redeem_token(token) == TokenRefused("elsewhere")
    assert strangers.redeem_token(token) == TokenRefused("unknown")
    mine.issue_token(call, REQUEST)  # the call has come here
    assert mine.redeem_token(token) == (call, REQUEST)


def test_a_token_outlives_the_process_that_signed_it(clock: ManualClock, new: Any, carrier: Any) -> None:
    """Where the call is taken over under the same id of ours, and the key is the same."""
    key = bytes(range(32))
    call = new()
    token = CallRegistry(clock, key).issue_token(call, REQUEST)
    after = CallRegistry(clock, key)
    taken = Call(CallRecord(call_id="c1"), carrier, own_id=call.own_id)
    after.expect_tokens(taken)
    assert after.redeem_token(token) == (taken, REQUEST)
    assert after.redeem_token(token) == TokenRefused("used")


def test_a_token_is_bound_to_its_carrier(clock: ManualClock, new: Any, carrier: Any) -> None:
    """Whatever ids the other one uses."""
    key = bytes(range(32))
    call = new()
    token = CallRegistry(clock, key).issue_token(call, REQUEST)
    registry = CallRegistry(clock, key)
    registry.issue_token(Call(CallRecord(call_id="c1"), type(carrier)("other"), own_id=call.own_id), REQUEST)
    assert registry.redeem_token(token) == TokenRefused("elsewhere")


def test_tokens_differ_and_stand_for_themselves_only(registry: CallRegistry, new: Any) -> None:
    """Each call has its own; anything else is unknown, whatever it is made of."""
    call, other = new("c1"), new("c2")
    tokens = {registry.issue_token(call, REQUEST) for _ in range(100)}
    assert len(tokens) == 100
    token = registry.issue_token(other, REQUEST)
    for wrong in ("", token[:-1], token + "A", token.swapcase(), "\udcff", "€"):
        assert registry.redeem_token(wrong) == TokenRefused("unknown")
    assert registry.redeem_token(token) == (other, REQUEST)


@pytest.mark.parametrize(("ringing_s", "good_ms"), [(0, 60_000), (30, 90_000)])
def test_a_token_lives_a_minute_and_as_long_as_the_phone_may_ring(
    registry: CallRegistry, clock: ManualClock, new: Any, ringing_s: float, good_ms: float
) -> None:
    """The stream of a call that we dial is only opened once it is answered."""
    first = registry.issue_token(new(), REQUEST, ringing_s=ringing_s)
    second = registry.issue_token(new(), REQUEST, ringing_s=ringing_s)
    clock.advance(good_ms)
    assert not isinstance(registry.redeem_token(first), TokenRefused)
    clock.advance(1)
    assert registry.redeem_token(second) == TokenRefused("expired")
    assert registry.redeem_token(second) == TokenRefused("expired")


def test_the_tokens_of_a_call_that_is_over_open_nothing(registry: CallRegistry, new: Any, event: Any) -> None:
    """However young they are."""
    call = new()
    token = registry.issue_token(call, REQUEST)
    call.apply(event("call.hangup"), wall_ms=0)
    assert registry.redeem_token(token) == TokenRefused("expired")


def test_spent_tokens_are_forgotten_once_they_are_too_old(registry: CallRegistry, clock: ManualClock, new: Any) -> None:
    """Then they open nothing anyway; nor is their call kept for their sake."""
    token = registry.issue_token(new(), REQUEST)
    registry.redeem_token(token)
    clock.advance(60_001)
    registry.issue_token(new(), REQUEST)
    assert registry.redeem_token(token) == TokenRefused("expired")
    assert (len(registry._spent), len(registry._granted)) == (0, 1)
