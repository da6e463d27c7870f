"""Commands that must take effect: as long as there is sense in it, and no longer."""

from __future__ import annotations

import asyncio

import pytest

from offhook.errors import CallEnded, CarrierError, CarrierUnavailable
from offhook.server import insist as insist_module
from offhook.server.insist import insist
from offhook.waits import Wait

WAIT = Wait(name="the carrier", limit_s=5.0, outcome="given up")


class Carrier:
    """Raises what it is told to, then agrees."""

    def __init__(self, *fails: CarrierError) -> None:
        self.fails = list(fails)
        self.asked = 0

    async def command(self) -> None:
        self.asked += 1
        if self.fails:
            raise self.fails.pop(0)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insist_module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(insist_module, "LONGEST_PAUSE_S", 0.004)


def away() -> CarrierUnavailable:
    return CarrierUnavailable("expected a carrier that works, got none.")


async def test_it_is_repeated_until_the_carrier_agrees() -> None:
    """However often the carrier is not there."""
    carrier = Carrier(*[away() for _ in range(9)])
    assert await insist(WAIT, carrier.command, over=asyncio.Event()) is None
    assert carrier.asked == 10


async def test_a_refusal_is_not_argued_with() -> None:
    """It would be the same each time; who gave the command decides what follows."""
    refusal = CallEnded("expected a call that is not over, got one that is.")
    carrier = Carrier(refusal)
    assert await insist(WAIT, carrier.command, over=asyncio.Event()) is refusal
    assert carrier.asked == 1


async def test_it_is_given_up_when_the_time_is_over() -> None:
    """With the carrier's last word."""
    carrier = Carrier(*[away() for _ in range(1000)])
    failure = await insist(WAIT, carrier.command, over=asyncio.Event(), limit_s=0.05)
    assert isinstance(failure, CarrierUnavailable)
    assert carrier.asked > 1


async def test_a_carrier_that_never_answers_is_not_waited_for() -> None:
    """The time is over for the command too."""

    async def never() -> None:
        await asyncio.Event().wait()

    failure = await insist(WAIT, never, over=asyncio.Event(), limit_s=0.02)
    assert isinstance(failure, CarrierUnavailable)


async def test_nothing_is_commanded_to_a_call_that_is_over() -> None:
    """Neither at first nor while it is waited to try again."""
    over = asyncio.Event()
    carrier = Carrier(*[away() for _ in range(1000)])

    async def command() -> None:
        over.set()
        await carrier.command()

    assert await insist(WAIT, command, over=over) is None
    assert carrier.asked == 1
    assert await insist(WAIT, command, over=over) is None
    assert carrier.asked == 1
