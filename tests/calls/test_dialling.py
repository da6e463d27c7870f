"""One dial: in every order of reply, webhook, media and interrupt the leg is either the caller's or hung up."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.dialling import Bind, Dialling, Effect, Fail, HangUp

LEG = "v3:leg"
HAPPENINGS = ("reply", "webhook", "media", "denied", "lost", "cancel")


def happen(dial: Dialling, what: str) -> tuple[Effect, ...]:
    match what:
        case "denied":
            return dial.denied()
        case "lost":
            return dial.lost()
        case "cancel":
            return dial.cancel()
        case _:
            return dial.shown(LEG)


def check(order: tuple[str, ...]) -> None:
    dial = Dialling()
    done = [effect for what in order for effect in happen(dial, what)]
    shown = any(what in ("reply", "webhook", "media") for what in order)
    assert len(done) == len(set(done)), "each thing is done once"
    assert (dial.call_id == LEG) is shown
    if shown and not dial.cancelled and not dial.failed:
        assert done == [Bind(LEG)]
    if shown and (dial.cancelled or dial.failed):
        assert HangUp(LEG) in done, "a leg that nobody wants is hung up"
    if Fail() in done:
        assert Bind(LEG) not in done, "whoever was told that there is no call gets none afterwards"
    if not shown:
        assert HangUp(LEG) not in done
        assert Bind(LEG) not in done
    if Bind(LEG) in done:
        assert done.index(Bind(LEG)) == 0
    assert dial.over is (shown or "denied" in order)


def test_every_order_of_everything_that_may_happen_ends_well() -> None:
    """All 1,957 orders of all that may happen, each thing once or not at all."""
    for many in range(len(HAPPENINGS) + 1):
        for order in itertools.permutations(HAPPENINGS, many):
            check(order)


@given(st.lists(st.sampled_from(HAPPENINGS), max_size=12))
def test_it_ends_well_however_often_each_thing_happens(order: list[str]) -> None:
    """Webhooks repeat, and people press Ctrl-C twice."""
    check(tuple(order))


def test_an_interrupt_while_it_rings_hangs_up_at_once() -> None:
    """The webhook has shown the leg; the slow reply adds nothing."""
    dial = Dialling()
    assert dial.shown(LEG) == (Bind(LEG),)
    assert dial.cancel() == (HangUp(LEG),)
    assert dial.shown(LEG) == ()


def test_a_leg_that_shows_itself_after_the_interrupt_is_hung_up() -> None:
    """Also when the reply was lost, and whoever dialled is long gone."""
    dial = Dialling()
    assert dial.cancel() == ()
    assert dial.lost() == ()
    assert not dial.over
    assert dial.shown(LEG) == (HangUp(LEG),)
    assert dial.over


def test_a_reply_that_is_lost_does_not_matter_once_the_leg_is_known() -> None:
    """The carrier has taken the command: its webhook says so."""
    dial = Dialling()
    assert dial.shown(LEG) == (Bind(LEG),)
    assert dial.lost() == ()
    assert dial.denied() == ()
