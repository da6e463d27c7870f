"""The leg machine: what may be commanded when, what follows, and how endings are called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from offhook.exchange.legs import machine as legs
from offhook.exchange.legs.machine import Ending, Leg, LegState


def leg(direction: Any = "inbound", state: LegState | None = None, **more: Any) -> Leg:
    first = LegState.PARKED if direction == "inbound" else LegState.DIALING
    return Leg(
        call_id="v3:a",
        leg_id="leg",
        session_id="session",
        connection_id="1",
        direction=direction,
        from_="+15550150",
        to="+15550199",
        started_ms=1000.0,
        state=state or first,
        **more,
    )


INBOUND, OUTBOUND = leg(), leg("outbound")
ANSWERED = replace(INBOUND, state=LegState.ANSWERED, answered_ms=2000.0)
ANSWERED_OUT = replace(OUTBOUND, state=LegState.ANSWERED, answered_ms=2000.0)
BRIDGED = replace(ANSWERED, state=LegState.BRIDGED, peer="v3:b")
ENDED = replace(ANSWERED, state=LegState.ENDED, ended_ms=3000.0, ending=Ending("normal_clearing", "caller", "200"))


def after(before: Leg, happening: legs.Happening) -> tuple[Leg, tuple[legs.Effect, ...]]:
    return legs.apply(before, happening, wall_ms=5000.0)


@pytest.mark.parametrize(("before", "by"), [(INBOUND, legs.AnsweredByApp()), (OUTBOUND, legs.AnsweredByPhone())])
def test_an_answer_connects_the_leg(before: Leg, by: legs.Happening) -> None:
    """Once; the time is kept."""
    now, effects = after(before, by)
    assert (now.state, now.answered_ms, effects) == (LegState.ANSWERED, 5000.0, (legs.Connected(),))
    assert after(now, by) == (now, ())


@pytest.mark.parametrize(
    ("before", "happening", "ending"),
    [
        # before the answer
        (INBOUND, legs.HungUpByPhone(), ("originator_cancel", "caller", "487")),
        (INBOUND, legs.HungUpByApp(), ("normal_clearing", "callee", "480")),
        (INBOUND, legs.RefusedByApp("USER_BUSY"), ("user_busy", "callee", "486")),
        (INBOUND, legs.RefusedByApp("CALL_REJECTED"), ("call_rejected", "callee", "603")),
        (INBOUND, legs.RingingOver(), ("originator_cancel", "caller", "487")),
        (OUTBOUND, legs.HungUpByPhone(), ("call_rejected", "callee", "603")),
        (OUTBOUND, legs.HungUpByApp(), ("originator_cancel", "caller", "487")),
        (OUTBOUND, legs.RefusedByPhone("busy"), ("user_busy", "callee", "486")),
        (OUTBOUND, legs.RefusedByPhone("rejected"), ("call_rejected", "callee", "603")),
        (OUTBOUND, legs.NumberUnknown(), ("not_found", "callee", "404")),
        (OUTBOUND, legs.RingingOver(), ("timeout", "unknown", "487")),
        (replace(OUTBOUND, retry_on_timeout=False), legs.RingingOver(), ("no_answer", "unknown", "487")),
        # after it
        (ANSWERED, legs.HungUpByPhone(), ("normal_clearing", "caller", "200")),
        (ANSWERED, legs.HungUpByApp(), ("normal_clearing", "callee", "200")),
        (ANSWERED_OUT, legs.HungUpByPhone(), ("normal_clearing", "callee", "200")),
        (ANSWERED_OUT, legs.HungUpByApp(), ("normal_clearing", "caller", "200")),
        (ANSWERED, legs.TimeLimitReached(), ("time_limit", "unknown", "unspecified")),
        # by a fault of the exchange
        (INBOUND, legs.LineFailed(), ("unspecified", "unknown", "unspecified")),
        (ANSWERED_OUT, legs.LineFailed(), ("unspecified", "unknown", "unspecified")),
    ],
)
def test_how_an_ending_is_called(before: Leg, happening: legs.Happening, ending: tuple[Any, Any, str]) -> None:
    """hangup_cause, hangup_source and sip_hangup_cause of every way to end."""
    now, effects = after(before, happening)
    assert effects == (legs.Ended(Ending(*ending)),)
    assert (now.state, now.ended_ms, now.ending) == (LegState.ENDED, 5000.0, Ending(*ending))


@pytest.mark.parametrize(
    ("before", "happening"),
    [
        (ENDED, legs.HungUpByPhone()),
        (ENDED, legs.AnsweredByApp()),
        (ANSWERED, legs.RingingOver()),
        (ANSWERED, legs.RefusedByPhone("busy")),
        (ANSWERED, legs.NumberUnknown()),
        (INBOUND, legs.TimeLimitReached()),
        (INBOUND, legs.BridgeTo("v3:b")),
        (BRIDGED, legs.BridgeTo("v3:b")),
        (BRIDGED, legs.PeerGone("v3:other")),
        (ANSWERED, legs.PeerGone("v3:b")),
    ],
)
def test_what_cannot_happen_changes_nothing(before: Leg, happening: legs.Happening) -> None:
    """A late timer, a phone that hangs up twice, a peer that is not one."""
    assert after(before, happening) == (before, ())


def test_bridging_again_parts_the_first_peer() -> None:
    """The old peer hears of it before the new one."""
    now, effects = after(ANSWERED, legs.BridgeTo("v3:b"))
    assert (now.state, now.peer, effects) == (LegState.BRIDGED, "v3:b", (legs.Bridged("v3:b"),))
    now, effects = after(now, legs.BridgeTo("v3:c"))
    assert (now.peer, effects) == ("v3:c", (legs.Unbridged("v3:b"), legs.Bridged("v3:c")))


def test_a_leg_whose_peer_is_gone_ends() -> None:
    """Seen from here, the far side hung up."""
    now, effects = after(BRIDGED, legs.PeerGone("v3:b"))
    assert effects == (legs.Ended(Ending("normal_clearing", "callee", "200")),)
    assert now.peer is None


def test_a_leg_that_parks_after_unbridging_stays() -> None:
    """Answered again, ready for commands."""
    now, effects = after(replace(BRIDGED, park_after_unbridge=True), legs.PeerGone("v3:b"))
    assert (now.state, now.peer, effects) == (LegState.ANSWERED, None, ())


def test_a_bridged_leg_that_ends_tells_its_peer() -> None:
    """Unbridged comes before Ended."""
    _, effects = after(BRIDGED, legs.HungUpByPhone())
    assert [type(effect) for effect in effects] == [legs.Unbridged, legs.Ended]


HAPPENINGS = st.sampled_from(
    [
        legs.AnsweredByApp(),
        legs.AnsweredByPhone(),
        legs.RefusedByApp("USER_BUSY"),
        legs.RefusedByPhone("rejected"),
        legs.NumberUnknown(),
        legs.HungUpByApp(),
        legs.HungUpByPhone(),
        legs.RingingOver(),
        legs.TimeLimitReached(),
        legs.LineFailed(),
        legs.BridgeTo("v3:b"),
        legs.BridgeTo("v3:c"),
        legs.PeerGone("v3:b"),
        legs.PeerGone("v3:c"),
    ]
)


class LegLife(RuleBasedStateMachine):
    """Anything happens to a leg in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.leg = INBOUND
        self.seen: list[legs.Effect] = []
        self.now_ms = 1000.0

    @rule(happening=HAPPENINGS, direction=st.sampled_from(["inbound", "outbound"]))
    def happens(self, happening: legs.Happening, direction: Any) -> None:
        if not self.seen and self.leg.direction != direction:
            self.leg = OUTBOUND if direction == "outbound" else INBOUND
        self.now_ms += 20
        was_alive = self.leg.alive
        self.leg, effects = legs.apply(self.leg, happening, wall_ms=self.now_ms)
        assert was_alive or effects == ()
        self.seen.extend(effects)

    @invariant()
    def it_ends_once_and_last(self) -> None:
        endings = [effect for effect in self.seen if isinstance(effect, legs.Ended)]
        assert len(endings) == (0 if self.leg.alive else 1)
        assert not endings or self.seen[-1] == endings[0]
        assert (self.leg.ending is None) == self.leg.alive

    @invariant()
    def it_connects_at_most_once_and_before_any_bridge(self) -> None:
        connections = [i for i, effect in enumerate(self.seen) if isinstance(effect, legs.Connected)]
        bridges = [i for i, effect in enumerate(self.seen) if isinstance(effect, legs.Bridged)]
        assert len(connections) <= 1
        assert all(connections and connections[0] < bridge for bridge in bridges)

    @invariant()
    def it_has_a_peer_exactly_while_it_is_bridged(self) -> None:
        assert (self.leg.peer is not None) == (self.leg.state is LegState.BRIDGED)

    @invariant()
    def every_parting_is_of_the_peer_it_had(self) -> None:
        peer: str | None = None
        for effect in self.seen:
            if isinstance(effect, legs.Bridged):
                peer = effect.peer
            elif isinstance(effect, legs.Unbridged):
                assert effect.peer == peer


LegLife.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestLegLife = LegLife.TestCase
