"""Time-outs, on a clock that the test moves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from offhook.clock import ManualClock
from offhook.exchange.exchange import Exchange
from offhook.exchange.words.seed import default_seed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.exchange.words.settings import ExchangeSettings

APP = "1000000000000000001"
KEY = {"authorization": "Bearer k"}


class Timed:
    """An exchange whose time stands still."""

    def __init__(self, exchange: Exchange, clock: ManualClock, http: httpx.AsyncClient) -> None:
        self.exchange = exchange
        self.clock = clock
        self.http = http

    async def pass_s(self, seconds: float) -> None:
        self.clock.advance(seconds * 1000)
        self.exchange.alarms.run_due()
        await asyncio.sleep(0)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.http.post(path, json=body)


@pytest.fixture
async def timed(application: Any, settings: ExchangeSettings) -> AsyncIterator[Timed]:
    """A running exchange on a manual clock."""
    clock = ManualClock()
    async with (
        Exchange(default_seed(application.url), settings=settings, port=0, clock=clock) as exchange,
        httpx.AsyncClient(base_url=exchange.origin, headers=KEY, trust_env=False) as http,
    ):
        yield Timed(exchange, clock, http)


@pytest.mark.parametrize(("more", "cause"), [({}, "timeout"), ({"retry_on_timeout": False}, "no_answer")])
async def test_a_phone_that_is_not_picked_up_times_out(
    timed: Timed, application: Any, more: dict[str, Any], cause: str
) -> None:
    """After timeout_secs."""
    dial = {"connection_id": APP, "to": "+15550102", "from": "+15550199", "timeout_secs": 10, **more}
    await timed.post("/v2/calls", **dial)
    await timed.pass_s(9.9)
    assert len(timed.exchange.board.alive()) == 1
    await timed.pass_s(0.1)
    assert (await application.wait("call.hangup")).payload["hangup_cause"] == cause


async def test_a_call_ends_at_its_time_limit(timed: Timed, application: Any, telephone: Any) -> None:
    """Counted from the answer; the ring time-out no longer counts."""
    timed.exchange.install_phone("+15550177", lambda: telephone(on_ring=lambda handset: handset.answer()))
    dial = {"connection_id": APP, "to": "+15550177", "from": "+15550199", "time_limit_secs": 60}
    await timed.post("/v2/calls", **dial)
    await application.wait("call.answered")
    await timed.pass_s(59)
    assert len(timed.exchange.board.alive()) == 1
    await timed.pass_s(1)
    assert (await application.wait("call.hangup")).payload["hangup_cause"] == "time_limit"


async def test_an_inbound_call_that_nobody_answers_is_given_up(timed: Timed, application: Any, telephone: Any) -> None:
    """By the network it came from, after two minutes (assumed)."""
    timed.exchange.place_call(from_="+15550150", to="+15550199", phone=telephone())
    await timed.pass_s(120)
    assert (await application.wait("call.hangup")).payload["hangup_cause"] == "originator_cancel"


async def test_an_ended_call_can_be_read_for_ten_minutes(timed: Timed, telephone: Any) -> None:
    """Then its id means nothing."""
    call_id = timed.exchange.place_call(from_="+15550150", to="+15550199", phone=telephone())
    await timed.post(f"/v2/calls/{call_id}/actions/answer")
    timed.clock.advance(3000)
    await timed.post(f"/v2/calls/{call_id}/actions/hangup")
    await timed.pass_s(599)
    read = (await timed.http.get(f"/v2/calls/{call_id}")).json()["data"]
    assert (read["is_alive"], read["call_duration"]) == (False, 3)
    assert read["end_time"] > read["start_time"]
    await timed.pass_s(1)
    gone = await timed.http.get(f"/v2/calls/{call_id}")
    assert (gone.status_code, gone.json()["errors"][0]["code"]) == (422, "90015")


async def test_a_command_id_counts_for_a_minute(timed: Timed, application: Any, telephone: Any) -> None:
    """Then the same id is a new command; refused commands are not remembered."""
    call_id = timed.exchange.place_call(from_="+15550150", to="+15550199", phone=telephone())
    path = f"/v2/calls/{call_id}/actions/"
    refused = await timed.post(path + "send_dtmf", digits="1", command_id="x")
    assert refused.status_code == 422
    await timed.post(path + "answer", command_id="a")
    assert (await timed.post(path + "send_dtmf", digits="1", command_id="x")).status_code == 200
    assert (await timed.post(path + "client_state_update")).status_code == 405
    await timed.pass_s(60)
    await timed.post(path + "hangup", command_id="a")
    assert timed.exchange.board.alive() == []
    dial = {"connection_id": APP, "to": "+15550102", "from": "+15550199", "command_id": "d"}
    first = (await timed.post("/v2/calls", **dial)).json()
    await timed.pass_s(60)
    assert (await timed.post("/v2/calls", **dial)).json() != first
