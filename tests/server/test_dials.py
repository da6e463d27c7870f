"""Dialling through a host: whatever comes first or never, the leg is the program's, or it is hung up."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed

from offhook.calls.marks import read_mark
from offhook.errors import CarrierError, CarrierUnavailable, CommandInvalid
from offhook.server import insist as insist_module

if TYPE_CHECKING:
    from collections.abc import Callable

LEG = "out1"  # what the carrier of these tests calls it
TO, FROM = "+15550101", "+15550199"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insist_module, "FIRST_PAUSE_S", 0.01)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


class Dial:
    """A dial under way, and everything that may happen to it."""

    def __init__(self, town: Any, host: Any) -> None:
        self.town, self.host = town, host
        town.carrier.dial_waits.clear()
        self.dialling = asyncio.create_task(host.dial(TO, FROM, client_state="job-1"))

    async def begun(self) -> Dial:
        self.options = await self.town.carrier.did("dial")
        return self

    async def happen(self, what: str) -> None:
        if what == "reply":
            self.town.carrier.dial_waits.set()
        elif what == "webhook":
            await self.town.webhook(
                "call.initiated",
                LEG,
                direction="outgoing",
                client_state=self.town.encoded(self.options["client_state"]),
                **{"from": FROM, "to": TO},
            )
            await self.host.inbox.events.join()
        elif what == "interrupt":
            self.dialling.cancel()
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.mark.parametrize("order", list(itertools.permutations(("reply", "webhook", "interrupt"))), ids=" ".join)
async def test_a_dial_that_is_interrupted_leaves_no_leg_behind(town: Any, order: tuple[str, ...]) -> None:
    """In every order of reply, webhook and interrupt: the leg is hung up once, and its slot is free."""
    host = await town.open()
    dial = await Dial(town, host).begun()
    for what in order:
        await dial.happen(what)
    if dial.dialling.cancelled():
        await town.carrier.did("hangup")
    else:  # the interrupt came when the call was the program's already: it hangs up itself
        await (await dial.dialling).hangup()
    await town.hang_up(LEG)
    await until(lambda: host.report()["calls_up"] == 0)
    assert town.carrier.names().count("hangup") == 1
    await until(lambda: len(host.dials) == 0)


async def test_a_dial_is_bound_by_its_first_webhook(town: Any) -> None:
    """The reply is slow: the program has its call, with its own text on it, and the reply adds nothing."""
    host = await town.open()
    dial = await Dial(town, host).begun()
    mark, text = read_mark(dial.options["client_state"])
    assert mark is not None
    assert text == "job-1"
    await dial.happen("webhook")
    call = await dial.dialling
    assert (call.id, call.client_state) == (LEG, "job-1")
    await dial.happen("reply")
    assert host.report()["calls_up"] == 1
    assert town.carrier.names() == ["dial"]


async def test_a_dial_is_bound_by_its_numbers_where_the_carrier_echoes_nothing(town: Any) -> None:
    """Only if no other dial has the same."""
    host = await town.open()
    dial = await Dial(town, host).begun()
    await town.webhook("call.initiated", LEG, direction="outgoing", **{"from": FROM, "to": TO})
    assert (await dial.dialling).id == LEG


async def test_a_dial_whose_reply_is_lost_is_still_a_call_when_it_rings(town: Any) -> None:
    """The carrier has taken the command."""
    host = await town.open()
    town.carrier.fails["dial"] = [CarrierUnavailable("no reply")]
    dial = Dial(town, host)
    with pytest.raises(CarrierError):
        await dial.dialling
    assert host.report()["calls_up"] == 0
    dial.options = await town.carrier.did("dial")
    await dial.happen("webhook")  # too late for the program, which was told that there is no call
    await town.carrier.did("hangup")


async def test_a_dial_that_is_refused_has_no_leg(town: Any) -> None:
    """The program is told why, and nothing waits for anything."""
    host = await town.open()
    town.carrier.fails["dial"] = [CommandInvalid("no such number")]
    with pytest.raises(CommandInvalid):
        await host.dial(TO, FROM)
    assert host.report()["calls_up"] == 0
    assert len(host.dials) == 0


async def test_an_interrupted_program_waits_for_the_leg_to_hang_it_up(town: Any) -> None:
    """Nobody else would: the server stops once the leg has shown itself and is hung up."""
    host = await town.open()
    dial = await Dial(town, host).begun()
    await dial.happen("interrupt")
    stopping = asyncio.create_task(town.server.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    await dial.happen("webhook")
    await asyncio.wait_for(stopping, 5)
    town.server = None
    assert town.carrier.names() == ["dial", "hangup"]


async def test_the_media_of_an_interrupted_dial_is_not_let_in(town: Any) -> None:
    """Nobody wants to hear it; the leg is hung up by its webhook."""
    host = await town.open()
    dial = await Dial(town, host).begun()
    await dial.happen("interrupt")
    with pytest.raises(ConnectionClosed):
        await (await town.stream(dial.options["stream"].url, LEG)).recv()
    await dial.happen("webhook")
    await town.carrier.did("hangup")
    assert town.sessions == []
