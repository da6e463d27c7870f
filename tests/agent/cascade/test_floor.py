"""Who has the floor."""

from __future__ import annotations

import pytest

from offhook.agent.cascade.floor import AgentState, Floor


def floor(*, protected: bool = False, barge_in: bool = True) -> Floor:
    """The agent has been speaking since 100 ms."""
    floor = Floor(0.0, barge_in=barge_in)
    floor.speaks(100.0, protected=protected, hello=False)
    return floor


def test_an_agent_that_speaks_can_be_silenced_once() -> None:
    """And is silent until it goes on, or gives up the floor."""
    one = floor()
    assert one.interruptible
    one.pause(500.0)
    assert (one.paused, one.interruptible, one.undisturbed) == (True, False, False)
    assert one.paused_for_ms(700.0) == 200.0
    assert one.go_on()
    assert not one.go_on()
    assert one.interruptible
    assert one.paused_for_ms(900.0) == 0.0


def test_the_floor_can_be_given_up_by_who_has_it() -> None:
    """An agent that is silent has nothing to give up."""
    one = floor()
    one.pause(500.0)
    assert one.give_up()
    assert (one.agent, one.paused) == (AgentState.LISTENING, False)
    assert not one.give_up()


@pytest.mark.parametrize(("protected", "barge_in"), [(True, True), (False, False)])
def test_what_is_protected_is_neither_silenced_nor_given_up(protected: bool, barge_in: bool) -> None:
    """Be it this sentence, or everything that the agent says, until it is over."""
    one = floor(protected=protected, barge_in=barge_in)
    assert one.guarded
    assert not one.interruptible
    assert not one.give_up()
    one.falls_silent(AgentState.THINKING)
    assert not one.guarded


def test_the_agent_speaks_since_it_began_and_not_since_its_next_sentence() -> None:
    """What was said over it is known by that time."""
    one = floor()
    one.speaks(200.0, protected=False, hello=True)
    assert (one.since_ms, one.hello) == (100.0, True)
    one.falls_silent(AgentState.LISTENING)
    one.speaks(300.0, protected=False, hello=False)
    assert one.since_ms == 300.0
