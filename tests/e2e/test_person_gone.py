"""A person who answers a transfer and is gone at once: the caller is not left alone on the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 15}
GONE = "7"
"""The key for somebody who hangs up as soon as they have answered."""


@pytest.fixture(scope="module")
def office(make_office: Any) -> Any:
    return make_office("forwarding:agent").ready()


def test_the_call_is_over_when_the_person_has_hung_up(office: Any, waiting: Callable[..., Any]) -> None:
    """The carrier ends the caller's leg with the person's: it is not told to hang up, and no leg is left."""
    call_id = office.place(WAIT, {"press": GONE}, {"wait_s": 300})
    report = office.over(call_id)
    assert (report["call"]["hangup_cause"], report["call"]["hangup_source"]) == ("normal_clearing", "callee")
    assert len(office.told(call_id, "handover.done")) == 1
    assert [leg["state"] for leg in report["legs"]] == ["ended"]
    waiting(lambda: office.health()[1]["calls_up"] == office.health()[1]["tasks"] == 0, "all to be done with")
    commands = [event["action"] for event in office.exchange.journal(call_id, "command.received")]
    assert commands[:2] == ["answer", "transfer"]
    assert "hangup" not in commands


@pytest.fixture
def desk(own_carrier: Any, launch: Any) -> Any:
    """A carrier that does as it is told, with an agent that transfers calls."""
    carrier, env = own_carrier, {**own_carrier.env, "TELNYX_CONNECTION_ID": "1000000000000000001"}
    carrier.agent = launch("serve", "forwarding:agent", "--port", "0", "--json", "--transcripts", env=env)
    port = carrier.agent.started("server.ready")["port"]
    carrier.webhooks = f"http://127.0.0.1:{port}/webhooks/telnyx"
    return carrier


class Transfer:
    """A caller on a media socket whose call is being transferred, and the person's leg."""

    def __init__(self, carrier: Any, line: Any, call_id: str) -> None:
        self.carrier, self.line, self.call_id, self.person = carrier, line, call_id, f"{call_id}-person"
        line.start()
        line.until_heard()
        line.send("dtmf", dtmf={"digit": GONE})
        while "transfer" not in carrier.commanded(call_id):
            line.silence(0.1)
        self._mark = carrier.command(call_id, "transfer")["target_leg_client_state"]
        self.reports("call.initiated", direction="outgoing", state="bridging")

    def reports(self, event: str, **payload: Any) -> None:
        """A webhook of the person's leg."""
        session = {"call_session_id": f"s-{self.call_id}", "client_state": self._mark}
        body = self.carrier.event(event, self.person, **session, **payload)
        assert self.carrier.post(body).status_code == 200

    def person_hangs_up(self) -> None:
        self.reports("call.hangup", hangup_cause="normal_clearing", hangup_source="callee")


@pytest.mark.parametrize("order", [("answered", "hangup"), ("hangup", "answered"), ("hangup",)])
def test_a_person_who_is_gone_before_the_two_are_connected(desk: Any, order: tuple[str, ...]) -> None:
    """In whatever order that is reported: the agent is back, says that nobody is there, and goes on."""
    carrier, call_id = desk, desk.ring()
    with carrier.media(call_id) as line:
        transfer = Transfer(carrier, line, call_id)
        for event in order:
            if event == "hangup":
                transfer.person_hangs_up()
            else:
                transfer.reports(f"call.{event}")
        line.until_heard()
        assert carrier.agent.events("handover.failed", call=call_id)[0]["cause"] == "normal_clearing"
        assert carrier.agent.event("agent.speech_ended", call=call_id, kind="apology")["heard"] == "Nobody is there."
        assert "hangup" not in carrier.commanded(call_id)
    carrier.hang_up(call_id)


def test_a_caller_whom_the_carrier_keeps_on_the_line_is_hung_up(desk: Any, waiting: Callable[..., Any]) -> None:
    """Connected, and the person gone, and no report of the caller's end: there would be silence for ever."""
    carrier, call_id = desk, desk.ring()
    with carrier.media(call_id) as line:
        transfer = Transfer(carrier, line, call_id)
        transfer.reports("call.answered")
        transfer.reports("call.bridged")
        assert carrier.post(carrier.event("call.bridged", call_id)).status_code == 200
        carrier.agent.event("handover.done", call=call_id)
    carrier.command(call_id, "streaming_stop")
    carrier.up[call_id] = f"s-{call_id}"
    transfer.person_hangs_up()
    carrier.command(call_id, "hangup")
    carrier.hang_up(call_id)
    waiting(lambda: carrier.health()["calls_up"] == carrier.health()["tasks"] == 0, "all to be done with")
