"""Calls by the carrier's own library: what it sends is understood, what comes back is what it expects."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import telnyx

from offhook.exchange.api.calls import call_json
from offhook.exchange.legs.machine import Leg, LegState

if TYPE_CHECKING:
    import httpx
    from telnyx import AsyncTelnyx
    from telnyx.types import CustomSipHeaderParam

    from offhook.exchange.exchange import Exchange

NUMBER = "+15550199"
CALLER = "+15550150"
COLLEAGUE = "+15550100"
APP = "1000000000000000001"


def code_of(error: telnyx.APIStatusError) -> str:
    return str(error.body["errors"][0]["code"])  # type: ignore[index]


def place(exchange: Exchange, phone: Any, **more: Any) -> str:
    return exchange.place_call(from_=CALLER, to=NUMBER, phone=phone, **more)


async def test_an_inbound_call_is_answered_and_hung_up_by_command(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """call.initiated, answer, call.answered, hangup, call.hangup."""
    phone = telephone()
    call_id = place(exchange, phone)
    initiated = await application.wait("call.initiated")
    assert initiated.payload["call_control_id"] == call_id
    assert initiated.payload["direction"] == "incoming"
    assert initiated.payload["state"] == "parked"
    assert initiated.payload["client_state"] is None

    state = base64.b64encode(b"job-1").decode()
    reply = await client.calls.actions.answer(call_id, client_state=state)
    assert reply.data is not None
    assert reply.data.result == "ok"
    answered = await application.wait("call.answered")
    assert answered.payload["client_state"] == state
    assert phone.is_connected

    await client.calls.actions.hangup(call_id)
    hangup = await application.wait("call.hangup")
    assert (hangup.payload["hangup_cause"], hangup.payload["hangup_source"]) == ("normal_clearing", "callee")
    assert phone.cause == "normal_clearing"
    status = await client.calls.retrieve_status(call_id)
    assert status.data is not None
    assert status.data.is_alive is False


async def test_every_webhook_is_accepted_by_the_official_verifier(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """The library verifies and types each of them."""
    call_id = place(exchange, telephone())
    await application.wait("call.initiated")
    await client.calls.actions.answer(call_id)
    await application.wait("call.answered")
    exchange.handset(call_id).press("5")
    await application.wait("call.dtmf.received")
    exchange.handset(call_id).hang_up()
    await application.wait("call.hangup")
    for delivery in application.deliveries:
        event = client.webhooks.unwrap(delivery.body.decode(), headers=delivery.headers)
        assert event.data.event_type == delivery.type  # type: ignore[union-attr]
        assert delivery.headers["user-agent"] == "telnyx-webhooks"
        assert delivery.headers["content-type"] == "application/json"


async def test_a_dialled_phone_answers(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """call.initiated (outgoing, bridging), call.answered, and the phone hangs up."""
    phone = telephone(on_ring=lambda handset: handset.answer())
    exchange.install_phone("+15550177", lambda: phone)
    dialled = (await client.calls.dial(connection_id=APP, to="+15550177", from_=NUMBER)).data
    assert dialled is not None
    assert dialled.is_alive is False
    initiated = await application.wait("call.initiated")
    assert (initiated.payload["direction"], initiated.payload["state"]) == ("outgoing", "bridging")
    await application.wait("call.answered")
    phone.handset.hang_up()
    hangup = await application.wait("call.hangup")
    assert (hangup.payload["hangup_cause"], hangup.payload["hangup_source"]) == ("normal_clearing", "callee")


@pytest.mark.parametrize(
    ("number", "cause", "sip"),
    [
        ("+15550101", "user_busy", "486"),
        ("+15550103", "call_rejected", "603"),
        ("+15550104", "not_found", "404"),
        ("+15550999", "not_found", "404"),
    ],
)
async def test_a_dialled_phone_that_does_not_take_the_call(
    application: Any, client: AsyncTelnyx, number: str, cause: str, sip: str
) -> None:
    """Failures come as call.hangup, with the carrier's words."""
    await client.calls.dial(connection_id=APP, to=number, from_=NUMBER)
    hangup = await application.wait("call.hangup")
    assert (hangup.payload["hangup_cause"], hangup.payload["sip_hangup_cause"]) == (cause, sip)
    assert hangup.payload["call_quality_stats"] is None
    assert application.types() == ["call.initiated", "call.hangup"]


async def test_a_transfer_bridges_the_caller_to_a_second_phone(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """The B leg shares the session, both legs are bridged, and both end together."""
    colleague = telephone(on_ring=lambda handset: handset.answer())
    exchange.install_phone(COLLEAGUE, lambda: colleague)
    caller = telephone()
    call_id = place(exchange, caller)
    await application.wait("call.initiated")
    await client.calls.actions.answer(call_id)
    await client.calls.actions.transfer(call_id, to=COLLEAGUE, target_leg_client_state="Yg==")
    await application.wait("call.bridged", count=2)
    b_leg = (await application.wait("call.initiated", count=2)).payload
    a_leg = application.deliveries[0].payload
    assert b_leg["call_session_id"] == a_leg["call_session_id"]
    assert b_leg["call_leg_id"] != a_leg["call_leg_id"]
    assert (b_leg["from"], b_leg["to"], b_leg["client_state"]) == (NUMBER, COLLEAGUE, "Yg==")
    assert caller.was_bridged
    assert colleague.was_bridged
    colleague.handset.hang_up()
    await application.wait("call.hangup", count=2)
    assert caller.cause == "normal_clearing"


async def test_a_transfer_that_fails_leaves_the_first_leg_alive(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """Busy: the B leg ends, the A leg is still answered and takes commands."""
    call_id = place(exchange, telephone())
    await application.wait("call.initiated")
    await client.calls.actions.answer(call_id)
    await client.calls.actions.transfer(call_id, to="+15550101")
    hangup = await application.wait("call.hangup")
    assert hangup.payload["call_control_id"] != call_id
    assert exchange.board.circuit(call_id).leg.state is LegState.ANSWERED
    await client.calls.actions.send_dtmf(call_id, digits="1")


async def test_rejecting_a_call(exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any) -> None:
    """USER_BUSY is 486."""
    call_id = place(exchange, telephone())
    await client.calls.actions.reject(call_id, cause="USER_BUSY")
    hangup = await application.wait("call.hangup")
    assert (hangup.payload["hangup_cause"], hangup.payload["sip_hangup_cause"]) == ("user_busy", "486")


async def test_a_command_id_has_its_effect_once(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """The repeated command is answered alike; dialling twice with one id makes one call."""
    call_id = place(exchange, telephone())
    for _ in range(2):
        await client.calls.actions.answer(call_id, command_id="a-1")
    for _ in range(2):
        reply = await client.calls.actions.hangup(call_id, command_id="h-1")
        assert reply.data is not None
        assert reply.data.result == "ok"
    first = (await client.calls.dial(connection_id=APP, to="+15550102", from_=NUMBER, command_id="d-1")).data
    second = (await client.calls.dial(connection_id=APP, to="+15550102", from_=NUMBER, command_id="d-1")).data
    assert first == second
    await application.wait("call.hangup")
    await application.wait("call.initiated", count=2)
    assert application.types().count("call.answered") == 1
    assert application.types().count("call.initiated") == 2


async def test_refusals_have_the_carriers_status_and_code(
    exchange: Exchange, client: AsyncTelnyx, telephone: Any
) -> None:
    """401/10009, 422/90015, 90018, 90034, 90017, 10016, 10015, 90048, 90102."""
    actions = client.calls.actions
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await actions.hangup("v3:unknown")
    assert code_of(refusal.value) == "90015"
    call_id = place(exchange, telephone())
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await actions.speak(call_id, payload="hi", voice="female", language="en-US")
    assert code_of(refusal.value) == "90034"
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await actions.answer(call_id, client_state="not base64!")
    assert code_of(refusal.value) == "90017"
    await actions.answer(call_id)
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await actions.stop_streaming(call_id)
    assert code_of(refusal.value) == "90048"
    await actions.hangup(call_id)
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await actions.hangup(call_id)
    assert code_of(refusal.value) == "90018"
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await client.calls.dial(connection_id=APP, to="5550100", from_=NUMBER)
    assert code_of(refusal.value) == "10016"
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await client.calls.dial(connection_id="42", to=COLLEAGUE, from_=NUMBER)
    assert code_of(refusal.value) == "10015"
    dialled = (await client.calls.dial(connection_id=APP, to="+15550102", from_=NUMBER)).data
    assert dialled is not None
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await actions.answer(dialled.call_control_id)
    assert code_of(refusal.value) == "90102"


async def test_a_request_without_a_key_is_refused(http: httpx.AsyncClient) -> None:
    """401, code 10009; any key will do unless the settings name one."""
    for headers in ({"authorization": ""}, {"authorization": "Basic x"}, {"authorization": "Bearer"}):
        reply = await http.get("/v2/calls/v3:x", headers=headers)
        assert reply.status_code == 401
        assert reply.json()["errors"][0]["code"] == "10009"


async def test_a_name_that_points_at_this_machine_is_not_this_machine(http: httpx.AsyncClient) -> None:
    """A web page must not reach the exchange by a name of its own; 403, code 10010."""
    reply = await http.get("/v2/phone_numbers", headers={"host": "evil.example:12111"})
    assert reply.status_code == 403
    assert reply.json()["errors"][0]["code"] == "10010"


async def test_a_second_answer_has_no_effect_unless_the_settings_refuse_it(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """Unpublished: an assumption with a name."""
    call_id = place(exchange, telephone())
    await client.calls.actions.answer(call_id)
    await client.calls.actions.answer(call_id, client_state="YQ==")
    strict = replace(exchange.settings.signalling, second_answer_is_error=True)
    exchange.board.settings = replace(exchange.settings, signalling=strict)
    with pytest.raises(telnyx.UnprocessableEntityError):
        await client.calls.actions.answer(call_id)
    await client.calls.actions.hangup(call_id)
    await application.wait("call.hangup")
    assert application.types().count("call.answered") == 1


async def test_digits_are_pressed_when_a_dialled_phone_answers(
    exchange: Exchange, client: AsyncTelnyx, telephone: Any
) -> None:
    """Those after the comma of ``to``."""
    phone = telephone(on_ring=lambda handset: handset.answer())
    exchange.install_phone("+15550177", lambda: phone)
    await client.calls.dial(connection_id=APP, to="+15550177,7", from_=NUMBER, client_state="YQ==")
    async with asyncio.timeout(3):
        while phone.digits != "7":
            await asyncio.sleep(0.02)


async def test_a_linked_call_that_is_gone_when_the_phone_answers(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """The answered leg is hung up: there is nobody to bridge it to."""
    phone = telephone()
    exchange.install_phone("+15550177", lambda: phone)
    first = place(exchange, telephone())
    await client.calls.dial(
        connection_id=APP, to="+15550177", from_=NUMBER, link_to=first, bridge_on_answer=True, timeout_secs=60
    )
    await application.wait("call.initiated", count=2)
    await client.calls.actions.hangup(first)
    phone.handset.answer()
    await application.wait("call.hangup", count=2)
    assert "call.bridged" not in application.types()


async def test_keys_and_refusals_that_make_no_sense_are_ignored(
    exchange: Exchange, application: Any, telephone: Any
) -> None:
    """A caller cannot answer or refuse the own call; nobody hears keys before the answer."""
    call_id = place(exchange, telephone())
    handset = exchange.handset(call_id)
    handset.answer()
    handset.reject("busy")
    handset.press("1")
    handset.note("caller.thought", at_ms=5.0)
    assert exchange.journal.history(call_id)[-1]["at_ms"] == 5.0
    assert exchange.board.circuit(call_id).leg.state is LegState.PARKED
    await application.wait("call.initiated")
    assert application.types() == ["call.initiated"]


async def test_what_is_not_played_says_so(
    exchange: Exchange, client: AsyncTelnyx, http: httpx.AsyncClient, telephone: Any
) -> None:
    """A command of the carrier's that the exchange lacks is a 501, a field without effect is named."""
    call_id = place(exchange, telephone())
    with pytest.raises(telnyx.InternalServerError) as refusal:
        await client.calls.actions.start_recording(call_id, format="wav", channels="dual")
    assert refusal.value.status_code == 501
    assert refusal.value.response.headers["x-should-retry"] == "false"
    assert (await http.post(f"/v2/calls/{call_id}/actions/nonsense")).status_code == 404
    assert (await http.post(f"/v2/calls/{call_id}/actions/a/b")).status_code == 404
    assert (await http.get("/v2/conferences")).status_code == 501
    assert (await http.get("/v2/nonsense")).status_code == 404
    assert (await http.delete("/v2/calls")).status_code == 405
    reply = await http.post(f"/v2/calls/{call_id}/actions/answer", json={"record": "record-from-answer", "new": 1})
    assert reply.status_code == 200
    assert reply.headers["x-offhook-not-played"] == "record"


async def test_empty_bodies_and_unknown_fields_are_accepted(
    exchange: Exchange, http: httpx.AsyncClient, telephone: Any
) -> None:
    """As the carrier does."""
    call_id = place(exchange, telephone())
    assert (await http.post(f"/v2/calls/{call_id}/actions/answer")).json() == {"data": {"result": "ok"}}
    assert (await http.post(f"/v2/calls/{call_id}/actions/hangup", json={"whatever": True})).status_code == 200
    assert (await http.post(f"/v2/calls/{call_id}/actions/hangup", content=b"[1]")).status_code == 400


async def test_client_state_is_replaced_and_echoed(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """By PUT client_state_update, for the events that follow."""
    call_id = place(exchange, telephone())
    await client.calls.actions.update_client_state(call_id, client_state="YQ==")
    await client.calls.actions.answer(call_id)
    assert (await application.wait("call.answered")).payload["client_state"] == "YQ=="


async def test_webhooks_tell_the_tags_of_the_number_and_the_headers_of_commands(
    exchange: Exchange, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """Tags of the number that is called, or that calls; headers of dial and transfer, and of answer."""
    await client.phone_numbers.update(NUMBER, tags=["main"])
    exchange.install_phone(COLLEAGUE, lambda: telephone(lambda handset: handset.answer()))
    call_id = place(exchange, telephone())
    await client.calls.actions.answer(call_id, custom_headers=[{"name": "X-Answer", "value": "1"}])
    headers: list[CustomSipHeaderParam] = [{"name": "X-Leg", "value": "2"}]
    await client.calls.actions.transfer(call_id, to=COLLEAGUE, custom_headers=headers)
    assert (await application.wait("call.initiated", call_id=call_id)).payload["tags"] == ["main"]
    answered = (await application.wait("call.answered", call_id=call_id)).payload
    assert (answered["tags"], answered["custom_headers"]) == (["main"], [{"name": "X-Answer", "value": "1"}])
    target = (await application.wait("call.initiated", count=2)).payload
    assert (target["tags"], target["custom_headers"]) == (["main"], headers)
    dialled = await client.calls.dial(connection_id=APP, to=COLLEAGUE, from_=NUMBER, custom_headers=headers)
    assert dialled.data is not None
    payload = (await application.wait("call.initiated", call_id=dialled.data.call_control_id)).payload
    assert (payload["tags"], payload["custom_headers"]) == (["main"], headers)


async def test_the_active_calls_of_an_application(exchange: Exchange, client: AsyncTelnyx, telephone: Any) -> None:
    """Only live ones, in the carrier's page."""
    ids = [place(exchange, telephone()) for _ in range(3)]
    await client.calls.actions.hangup(ids[1])
    page = await client.connections.list_active_calls(APP)
    assert [one.call_control_id for one in page.data or []] == [ids[0], ids[2]]


async def test_the_active_calls_can_be_gone_through_page_by_page(
    exchange: Exchange, client: AsyncTelnyx, http: httpx.AsyncClient, telephone: Any
) -> None:
    """The carrier's library goes by number and ends; the API description goes by cursor, both ways."""
    ids = [place(exchange, telephone()) for _ in range(23)]
    listed: list[str] = []
    async for one in client.connections.list_active_calls(APP):
        listed.append(one.call_control_id)
        assert len(listed) <= len(ids)
    assert listed == ids
    assert [one.call_control_id async for one in client.connections.list_active_calls(APP, page_size=4)] == ids

    async def page(**query: str) -> tuple[list[str], dict[str, str]]:
        params = {f"page[{name}]": value for name, value in query.items()}
        reply = (await http.get(f"/v2/connections/{APP}/active_calls", params=params)).json()
        assert reply["meta"]["total_items"] == 23
        return [one["call_control_id"] for one in reply["data"]], reply["meta"]["cursors"]

    first, cursors = await page(limit="9")
    assert (first, cursors) == (ids[:9], {"after": ids[8]})
    second, cursors = await page(limit="9", after=ids[8])
    assert (second, cursors) == (ids[9:18], {"after": ids[17], "before": ids[9]})
    third, cursors = await page(limit="9", after=ids[17])
    assert (third, cursors) == (ids[18:], {"before": ids[18]})
    assert await page(limit="9", before=ids[18]) == (second, {"after": ids[17], "before": ids[9]})
    assert (await page(number="9"))[0] == []


async def test_a_body_that_no_answer_could_repeat_is_refused(http: httpx.AsyncClient) -> None:
    """NaN and half of a surrogate pair: 400, and every list can still be read."""
    for name, extra in ((b'"\\ud800"', b""), (b'"x"', b', "inbound": {"a": NaN}'), (b'"\xff"', b"")):
        body = b'{"application_name": %b, "webhook_event_url": "http://a/b"%b}' % (name, extra)
        reply = await http.post("/v2/call_control_applications", content=body)
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "10023")
    assert len((await http.get("/v2/call_control_applications")).json()["data"]) == 1


async def test_a_command_that_breaks_off_does_nothing(
    exchange: Exchange, telephone: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a body is not a command, and no error of the exchange."""
    phone = telephone()
    call_id = place(exchange, phone)
    _, writer = await asyncio.open_connection("127.0.0.1", exchange.port)
    head = f"POST /v2/calls/{call_id}/actions/hangup HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer k\r\n"
    writer.write(f"{head}Content-Length: 9\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    async with asyncio.timeout(5):
        while not (refused := [one for one in exchange.journal.history() if one["type"] == "command.received"]):
            await asyncio.sleep(0.01)
    assert (refused[0]["action"], refused[0]["code"]) == ("hangup", "10023")
    assert exchange.board.circuit(call_id).leg.state is LegState.PARKED
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_caller_who_gives_up_before_the_answer(exchange: Exchange, application: Any, telephone: Any) -> None:
    """originator_cancel, 487."""
    phone = telephone()
    place(exchange, phone)
    await application.wait("call.initiated")
    await asyncio.sleep(0)
    phone.handset.hang_up()
    hangup = (await application.wait("call.hangup")).payload
    assert (hangup["hangup_cause"], hangup["hangup_source"], hangup["sip_hangup_cause"]) == (
        "originator_cancel",
        "caller",
        "487",
    )


async def test_a_leg_whose_line_breaks_is_ended_and_said(
    exchange: Any, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """A fault on the line ends the call, with a webhook and an entry in the journal: none is left up in silence."""

    class Breaks(telephone):  # type: ignore[misc]
        def ear(self, pcm: bytes, now_ms: float) -> None:
            raise RuntimeError("no loudspeaker")

    phone = Breaks()
    call_id = exchange.place_call(from_=CALLER, to=NUMBER, phone=phone)
    await client.calls.actions.answer(call_id)
    delivery = await application.wait("call.hangup", call_id=call_id)
    assert delivery.payload["hangup_cause"] == "unspecified"
    assert phone.cause == "unspecified"
    (entry,) = [event for event in exchange.journal.history(call_id) if event["type"] == "line.failed"]
    assert entry["error"] == "RuntimeError"


def test_a_call_is_given_with_what_there_is_of_it() -> None:
    """Seconds since the answer; an end only when it is over; a client state only when it has one, except in lists."""
    leg = Leg(
        call_id="v3:a",
        leg_id="leg",
        session_id="session",
        connection_id="1",
        direction="inbound",
        from_="+15550150",
        to="+15550199",
        started_ms=1000.0,
        state=LegState.PARKED,
    )
    ringing = call_json(leg, 9000.0)
    assert (ringing["call_duration"], ringing["is_alive"]) == (0, True)
    assert not {"client_state", "end_time"} & set(ringing)
    over = replace(leg, state=LegState.ENDED, answered_ms=2000.0, ended_ms=5500.0, client_state="YQ==")
    ended = call_json(over, 9000.0)
    assert (ended["call_duration"], ended["is_alive"], ended["client_state"]) == (3, False, "YQ==")
    assert ended["end_time"] == "1970-01-01T00:00:05.500000Z"
    assert call_json(leg, 9000.0, brief=True)["client_state"] == ""
