"""The exchange's own API."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from offhook.errors import CallError, PortInUse
from offhook.exchange.api.control import shell_lines
from offhook.exchange.exchange import Exchange
from offhook.exchange.words.seed import PhoneSpec, Seed

if TYPE_CHECKING:
    from offhook.exchange.words.settings import ExchangeSettings

SCRIPT = {"steps": [{"wait_s": 0.2}, {"hang_up": True}]}


async def test_a_request_from_a_web_page_is_refused(http: httpx.AsyncClient) -> None:
    """A foreign Host (a name pointed at 127.0.0.1) or a foreign Origin."""
    for headers in (
        {"host": "evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"host": "["},
        {"origin": "http://["},
    ):
        reply = await http.post("/exchange/calls", headers=headers, json={})
        assert reply.status_code == 403
    assert (await http.get("/exchange/status", headers={"origin": "http://localhost:3000"})).status_code == 200


@pytest.mark.parametrize("path", ["/exchange/calls", "/exchange/calls/v3:x/press", "/exchange/calls/v3:x/hangup"])
async def test_a_page_on_another_port_of_this_machine_changes_nothing(
    exchange: Exchange, http: httpx.AsyncClient, path: str
) -> None:
    """Neither as text/plain or a form, which a browser sends unasked, nor with an Origin that is not the exchange's."""
    for headers, body in (
        ({"origin": "http://localhost:3000"}, b""),
        ({"origin": "http://localhost:3000", "content-type": "application/json"}, b"{}"),
        ({"content-type": "text/plain"}, b"{}"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"{}="),
    ):
        assert (await http.post(path, headers=headers, content=body)).status_code == 403
    assert exchange.board.circuits == {}
    own = {"origin": exchange.origin, "content-type": "application/json; charset=utf-8"}
    assert (await http.post(path, headers=own, content=b"{}")).status_code != 403


@pytest.mark.parametrize("path", ["/exchange/calls", "/v2/calls"])
@pytest.mark.parametrize(
    ("content", "status"),
    [(b"[]", 400), (b"7", 400), (b"{", 400), (b"[" * 100_000, 400), (b"{" + b" " * 5_000_000 + b"}", 413)],
    ids=["list", "number", "broken", "deep", "large"],
)
async def test_a_body_that_is_no_object_of_a_reasonable_size_is_refused(
    exchange: Exchange, http: httpx.AsyncClient, path: str, content: bytes, status: int
) -> None:
    """It is never read as an empty one, which would place a call."""
    reply = await http.post(path, content=content, headers={"content-type": "application/json"})
    assert reply.status_code == status
    assert exchange.board.circuits == {}


@pytest.mark.parametrize(
    "from_", ["anonymous", "Anonymous", "sip:anna@example.test", "15550150", "02015550150", "110", "+15550150"]
)
async def test_whoever_the_network_shows_may_call(
    exchange: Exchange, application: Any, http: httpx.AsyncClient, from_: str
) -> None:
    """The application is told the caller as the network gives it; nobody is anonymous."""
    placed = await http.post("/exchange/calls", json={"script": "silent", "from": from_})
    assert placed.status_code == 201
    payload = (await application.wait("call.initiated")).payload
    assert payload["from"] == (from_ if from_ != "Anonymous" else "anonymous")
    assert payload["calling_party_type"] == ("sip" if from_.startswith("sip:") else "pstn")


async def test_the_environment_points_a_program_at_the_exchange(exchange: Exchange, http: httpx.AsyncClient) -> None:
    """TELNYX_BASE_URL with /v2, the public key, a key, the connection."""
    env = (await http.get("/exchange/env")).json()
    assert env == exchange.env()
    assert env["TELNYX_BASE_URL"] == f"http://127.0.0.1:{exchange.port}/v2"
    assert set(env) == {"TELNYX_BASE_URL", "TELNYX_PUBLIC_KEY", "TELNYX_API_KEY", "TELNYX_CONNECTION_ID"}
    assert f"export TELNYX_BASE_URL='{exchange.base_url}'\n" in shell_lines(env)


async def test_a_scripted_call_is_placed_watched_and_reported(
    exchange: Exchange, application: Any, http: httpx.AsyncClient
) -> None:
    """Place, answer, follow the events, read the report and the recording."""
    placed = await http.post("/exchange/calls", json={"script": SCRIPT, "record": True})
    assert placed.status_code == 201
    call_id = placed.json()["call"]
    assert (await http.get(f"/exchange/calls/{call_id}/recording.wav")).status_code == 404
    await http.post(f"/v2/calls/{call_id}/actions/answer")
    types = []
    async with http.stream("GET", "/exchange/events", params={"call": call_id}) as events, asyncio.timeout(10):
        async for line in events.aiter_lines():
            event = json.loads(line)
            types.append((event["type"], event.get("state")))
            if event["type"] == "call.ended":
                break
    assert types[0] == ("leg.state", "parked")
    assert ("leg.state", "answered") in types
    await exchange.webhooks.settle()
    report = (await http.get(f"/exchange/calls/{call_id}")).json()
    assert (report["call"]["state"], report["call"]["hangup_source"]) == ("ended", "caller")
    assert report["webhooks"] == {"sent": 3, "delivered": 3, "failed": 0, "pending": 0, "tries": 3}
    assert report["caller"]["ended"] == "normal_clearing"
    assert report["legs"] == []
    wav = await http.get(f"/exchange/calls/{call_id}/recording.wav")
    assert wav.content.startswith(b"RIFF")
    history = (await http.get("/exchange/events", params={"call": call_id, "follow": 0})).text.splitlines()
    assert len(history) >= len(types)


async def test_keys_are_pressed_and_the_caller_hangs_up(
    exchange: Exchange, application: Any, http: httpx.AsyncClient
) -> None:
    """By request, for a caller who is silent."""
    call_id = (await http.post("/exchange/calls", json={"script": "silent", "from": "+15550160"})).json()["call"]
    await http.post(f"/v2/calls/{call_id}/actions/answer")
    assert (await http.post(f"/exchange/calls/{call_id}/press", json={"digits": "1#"})).status_code == 200
    assert (await application.wait("call.dtmf.received", count=2)).payload["digit"] in "1#"
    assert (await http.post(f"/exchange/calls/{call_id}/press", json={"digits": "x"})).status_code == 422
    assert (await http.post(f"/exchange/calls/{call_id}/hangup")).status_code == 200
    await application.wait("call.hangup")
    assert (await http.get("/exchange/calls/v3:x")).json()["code"] == "90015"


@pytest.mark.parametrize(
    "body",
    [
        {"to": "+15559999"},
        {"from": "nobody"},
        {"from": ""},
        {"from": None},
        {"to": ""},
        {"to": 7},
        {"script": "no-such-script"},
        {"script": 7},
        {"script": {"steps": []}},
        {"codec": "MP3"},
    ],
)
async def test_a_call_that_cannot_be_placed_says_why(http: httpx.AsyncClient, body: Any) -> None:
    """422 with what was expected, and no call is left of it."""
    reply = await http.post("/exchange/calls", json=body)
    assert reply.status_code == 422
    assert "expected" in reply.json()["error"]
    assert (await http.get("/exchange/status")).json()["calls"] == []


async def test_status_lists_what_there_is(exchange: Exchange, http: httpx.AsyncClient, telephone: Any) -> None:
    """Applications, numbers, phones, calls, webhooks."""
    exchange.install_phone("+15550177", telephone)
    exchange.place_call(from_="+15550150", to="+15550199", phone=telephone())
    status = (await http.get("/exchange/status")).json()
    assert [one["phone_number"] for one in status["numbers"]] == exchange.numbers() == ["+15550199"]
    assert {"number": "+15550101", "answers": "busy"} in status["phones"]
    assert {"number": "+15550177", "answers": "installed"} in status["phones"]
    assert status["calls"][0]["state"] == "parked"
    assert status["webhooks"]["by_type"] == {"call.initiated": 1}


async def test_a_port_that_is_taken_is_named(exchange: Exchange, settings: ExchangeSettings) -> None:
    """PortInUse, with a way out; an address that is not ours as well."""
    with pytest.raises(PortInUse, match=str(exchange.port)) as error:
        await Exchange(settings=settings, port=exchange.port).start()
    assert "--port 0" in str(error.value)
    with pytest.raises(PortInUse):
        await Exchange(settings=settings, port=0, host="192.0.2.1").start()


async def test_a_stopped_exchange_has_ended_its_calls(
    application: Any, settings: ExchangeSettings, telephone: Any
) -> None:
    """Hang-ups are delivered; stopping twice is no error; a new call is refused."""
    from offhook.exchange.words.seed import default_seed

    exchange = Exchange(default_seed(application.url), settings=settings, port=0)
    with pytest.raises(CallError):
        exchange.place_call(from_="+15550150", to="+15550199", phone=telephone())
    await exchange.start()
    phone = telephone()
    exchange.place_call(from_="+15550150", to="+15550199", phone=phone)
    with pytest.raises(CallError, match="number of this exchange"):
        exchange.place_call(from_="+15550150", to="+15559999", phone=telephone())
    await exchange.stop()
    await exchange.stop()
    assert phone.cause == "normal_clearing"
    assert sorted(application.types()) == ["call.hangup", "call.initiated"]
    assert exchange.journal.history()[-1]["type"] == "exchange.stopped"


async def test_an_exchange_without_applications_still_runs(settings: ExchangeSettings) -> None:
    """They can be made by REST."""
    seed = Seed(phones=(PhoneSpec(number="+15550100", answers="silent"),))
    async with Exchange(seed, settings=settings, port=0) as exchange:
        assert "TELNYX_CONNECTION_ID" not in exchange.env()
        assert exchange.numbers() == []


async def test_only_this_machine_is_served_unless_the_settings_say_otherwise(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client elsewhere is refused even with a loopback Host."""
    assert exchange.settings.control_from_anywhere is False
    from starlette.applications import Starlette

    from offhook.exchange.api.control import Control

    for client, expected in ((("10.0.0.9", 1), 403), (("::1", 1), 200), (("127.0.0.1", 1), 200)):
        transport = httpx.ASGITransport(Starlette(routes=Control(exchange).routes()), client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as elsewhere:
            assert (await elsewhere.get("/exchange/env")).status_code == expected
