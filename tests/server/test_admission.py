"""Calls for which there is no room: told busy, or passed on, and everybody learns of it."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from offhook.calls.events import CallOver, CallTurnedAway, TransferFailed
from offhook.errors import CallError, CallNotAnswered, CommandInvalid
from offhook.server import admission
from offhook.server.capacity import CapacityOptions
from offhook.speech.metering import EngineCost, EngineUse, Metering

SLOW = EngineCost(engine="voice", audio_ms=1000, answered_ms=900, busy_ms=900, processor_ms=0.0, at_once=1)
"""A voice that has room for one call."""
OVERFLOW = "+15550177"


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.002)


async def full_host(town: Any, **options: Any) -> Any:
    """A host that is full with one call."""
    metering = Metering()
    metering.costs = (SLOW,)
    host = await town.open(measures_capacity=True, metering=metering, **options)
    await town.answered_call("c1")
    return host


def watch(host: Any) -> list[Any]:
    seen: list[Any] = []
    host.on_call(lambda call: call.observe(seen.append))
    return seen


async def test_a_call_beyond_capacity_is_told_busy_at_once(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Its webhook is taken, no session is made, and the calls that are up go on."""
    caplog.set_level(logging.INFO, logger="offhook.server.admission")
    host = await full_host(town)
    seen = watch(host)
    assert (await town.ring("c2")).status_code == 200
    assert (await town.carrier.did("reject"))["cause"] == "busy"
    assert (await town.ring("c3")).status_code == 200
    await town.carrier.did("reject", 2)
    assert host.dispatch.busy == 1
    assert len(town.sessions) == 1
    for call_id in ("c2", "c3"):
        await town.hang_up(call_id)
    await until(lambda: len(host.dispatch.live) == 1)
    turned_away = [event for event in seen if isinstance(event, CallTurnedAway)]
    assert [(event.call_id, event.reason, event.passed_on) for event in turned_away] == [
        ("c2", "voice", False),
        ("c3", "voice", False),
    ]
    assert sum(isinstance(event, CallOver) for event in seen) == 2
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "full with 1 calls (voice): further ones are turned away"
    ]
    assert "call c3 is turned away: 1 calls are up (voice)" in caplog.messages


async def test_health_says_full_and_why(town: Any) -> None:
    """It stays 200: the calls that are up are served."""
    host = await full_host(town)
    await town.ring("c2")
    await town.carrier.did("reject")
    async with httpx.AsyncClient() as http:
        reply = await http.get(f"{town.url}/healthz")
    assert reply.status_code == 200
    report = reply.json()
    assert report["status"] == "full"
    assert (report["capacity"]["limit"], report["capacity"]["by"]) == (1, "voice")
    assert report["capacity"]["refused"] == {"voice": 1}
    assert host.admission.full


async def test_that_it_is_over_is_said_once_with_the_number(
    town: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nobody was refused for a while and there is room."""
    monkeypatch.setattr(admission, "EVERY_S", 0.005)
    await full_host(town, capacity=CapacityOptions(quiet_ms=20))
    await town.ring("c2")
    await town.carrier.did("reject")
    await town.hang_up("c1")
    await until(lambda: "not full any more: 1 calls were turned away" in caplog.messages)


async def test_a_call_without_room_goes_to_the_number_for_it(town: Any) -> None:
    """It is not answered here, needs nothing from us any more, and is over when the carrier says so."""
    host = await full_host(town, overflow_to=OVERFLOW)
    seen = watch(host)
    await town.ring("c2")
    assert (await town.carrier.did("transfer"))["to"] == OVERFLOW
    await town.webhook("call.answered", "c2")
    await town.webhook("call.bridged", "c2")
    await until(lambda: len(seen) >= 4)
    assert town.carrier.names().count("answer") == 1
    assert "reject" not in town.carrier.names()
    assert host.dispatch.busy == 1
    assert [event.passed_on for event in seen if isinstance(event, CallTurnedAway)] == [True]
    await town.hang_up("c2")
    await until(lambda: len(host.dispatch.live) == 1)


async def test_a_carrier_that_transfers_answered_calls_only_answers_first(town: Any) -> None:
    """Without a stream: nothing of the call is heard here."""
    await full_host(town, overflow_to=OVERFLOW)
    town.carrier.fails["transfer"] = [CallNotAnswered("no")]
    await town.ring("c2")
    await town.carrier.did("transfer", 2)
    assert "stream" not in await town.carrier.did("answer", 2)


async def test_a_call_that_cannot_be_passed_on_is_told_busy(town: Any) -> None:
    """Whatever the carrier's reason."""
    host = await full_host(town, overflow_to=OVERFLOW)
    town.carrier.fails["transfer"] = [CommandInvalid("no")]
    await town.ring("c2")
    assert (await town.carrier.did("reject"))["cause"] == "busy"
    assert host.dispatch.busy == 1


async def test_a_number_for_it_that_does_not_answer_is_busy(town: Any) -> None:
    """The caller hears what a caller hears whose line is busy, and not a phone that rings for ever."""
    host = await full_host(town, overflow_to=OVERFLOW)
    seen = watch(host)
    numbers = {"from": "+15550100", "to": "+15550199", "call_session_id": "ses2"}
    await town.webhook("call.initiated", "c2", direction="incoming", state="parked", **numbers)
    await town.carrier.did("transfer")
    await town.webhook("call.initiated", "leg2", direction="outgoing", state="bridging", **numbers)
    await town.webhook("call.hangup", "leg2", hangup_cause="user_busy", hangup_source="callee", **numbers)
    assert (await town.carrier.did("reject"))["cause"] == "busy"
    assert any(isinstance(event, TransferFailed) for event in seen)
    assert host.dispatch.busy == 1


async def test_callers_who_come_together_are_answered_one_after_the_other(town: Any) -> None:
    """A phone rings a little longer; a caller who gives up meanwhile is not answered."""
    metering = Metering()
    metering.costs = (EngineCost(**{**_fields(SLOW), "busy_ms": 30.0, "answered_ms": 30.0}),)
    await town.open(measures_capacity=True, metering=metering)
    began_s = asyncio.get_running_loop().time()
    for call_id in ("c1", "c2", "c3"):
        await town.ring(call_id)
    await town.hang_up("c3")
    await town.carrier.did("answer", 2)
    assert asyncio.get_running_loop().time() - began_s >= 0.19  # 4 s of speech for each, at 30 ms a second
    await asyncio.sleep(0.3)
    assert town.carrier.names().count("answer") == 2


async def test_nobody_is_dialled_beyond_capacity(town: Any) -> None:
    """The program is told, and the carrier is not asked."""
    host = await full_host(town)
    with pytest.raises(CallError, match="room for one more call"):
        await host.dial("+15550100", "+15550199")
    assert "dial" not in town.carrier.names()


async def test_engines_are_heard_as_long_as_the_host_runs(town: Any) -> None:
    """What calls ask of them, and when they have it."""
    metering = Metering()
    host = await town.open(measures_capacity=True, metering=metering)
    listener = metering.listener
    assert listener is not None
    listener.asked("recognition", 1000)
    listener.answered(EngineUse(engine="recognition", audio_ms=1000, answered_ms=100))
    listener.asked("recognition", 1000)
    listener.done("recognition", 1000, dropped=True)
    engines = host.report()["capacity"]["engines"]
    assert engines["recognition"]["waiting"] == 0
    await host.stop()
    assert metering.listener is None


async def test_what_is_done_on_the_side_takes_no_room_of_calls(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is as much of it as is left over, so it is none of what a call needs."""
    metering = Metering()
    engine = SimpleNamespace(side_ms=0.0)
    metering.beside(engine)
    host = await town.open(measures_capacity=True, metering=metering)
    used: list[float] = []
    monkeypatch.setattr(host.admission.capacity, "tick", lambda *_, processor_ms, **__: used.append(processor_ms))
    engine.side_ms = 1e9
    await until(lambda: used)
    assert used == [0.0]
    await until(lambda: len(used) > 1)
    assert used[1] > 0.0, "it is taken off once"


async def test_a_host_that_does_not_measure_counts_calls_only(town: Any) -> None:
    """As many as the program wants, and not one more."""
    metering = Metering()
    metering.costs = (SLOW,)
    host = await town.open(metering=metering, max_calls=2)
    for call_id in ("c1", "c2"):
        await town.answered_call(call_id)
    assert metering.listener is None
    with pytest.raises(CallError, match="max_calls"):
        await host.dial("+15550100", "+15550199")


def _fields(cost: EngineCost) -> dict[str, Any]:
    return {name: getattr(cost, name) for name in cost.__slots__}
