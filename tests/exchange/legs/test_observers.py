"""Who is told of facts, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.exchange.legs.facts import Answered, DigitPressed, Fact, Forgotten, Initiated
from offhook.exchange.legs.machine import Leg, LegState
from offhook.exchange.legs.observers import Observers

if TYPE_CHECKING:
    import pytest


def leg(call_id: str = "v3:a") -> Leg:
    return Leg(
        call_id=call_id,
        leg_id="leg",
        session_id="session",
        connection_id="1",
        direction="inbound",
        from_="+15550150",
        to="+15550199",
        started_ms=0,
        state=LegState.PARKED,
    )


def test_an_observer_hears_of_all_legs_or_of_one() -> None:
    """Until it stops; stopping twice is no error."""
    observers, every, mine = Observers(), list[Fact](), list[Fact]()
    stop = observers.observe(every.append)
    observers.observe(mine.append, "v3:a")
    first, second = Initiated(leg(), 1), Initiated(leg("v3:b"), 2)
    observers.publish(first)
    observers.publish(second)
    stop()
    stop()
    observers.publish(Answered(leg(), 3))
    assert every == [first, second]
    assert mine == [first, Answered(leg(), 3)]


def test_what_an_observer_causes_is_told_after_what_caused_it() -> None:
    """All hear facts in the order in which they happened, whoever came first."""
    observers, heard = Observers(), list[Fact]()

    def answer(fact: Fact) -> None:
        if isinstance(fact, Initiated):
            observers.publish(Answered(leg(), 2))

    observers.observe(answer)
    observers.observe(heard.append)
    observers.publish(Initiated(leg(), 1))
    assert heard == [Initiated(leg(), 1), Answered(leg(), 2)]


def test_an_observer_that_fails_does_not_keep_the_others_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    """The kinds of fact and of failure are logged; neither the key nor what the failure says of it."""
    observers, heard = Observers(), list[Fact]()

    def fail(fact: Fact) -> None:
        raise ValueError("canary")

    observers.observe(fail)
    observers.observe(heard.append)
    observers.publish(DigitPressed(leg(), 1, "7"))
    assert len(heard) == 1
    assert [record.getMessage() for record in caplog.records] == ["an observer of DigitPressed failed: ValueError"]
    assert "canary" not in caplog.text


def test_the_observers_of_a_leg_go_with_it() -> None:
    """Once it is forgotten, nothing of it is kept."""
    observers, heard = Observers(), list[Fact]()
    observers.observe(heard.append, "v3:a")
    observers.publish(Forgotten(leg(), 1))
    observers.publish(Initiated(leg(), 2))
    assert heard == [Forgotten(leg(), 1)]
