"""What is logged holds no personal data: no number, no word, no payload, at any level of offhook's own loggers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.sync.client import ClientConnection

NUMBER, DESK = "+15557773311", "+15550101"
NAME = "Zanzibar Quicksilver"
STATE = base64.b64encode(NAME.encode()).decode()
WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 10}


def send_and_read(socket: ClientConnection, message: str) -> None:
    """Until the other side has had enough."""
    socket.send(message)
    while True:
        socket.recv(timeout=5)


def assert_silent(program: Any, *secrets: str) -> None:
    """None of these, nor the digits of a number, nor the base64 of a text, is in what the program has logged."""
    log = program.log.lower()
    for secret in secrets:
        for form in (secret, secret.removeprefix("+"), base64.b64encode(secret.encode()).decode().rstrip("=")):
            assert form.lower() not in log


@pytest.fixture(scope="module")
def conversation(office: Any) -> tuple[Any, str]:
    """A call in which something of everything happens; it goes on while other tests run."""
    steps = [
        WAIT,
        {"say": {"text": f"My name is {NAME}."}},
        WAIT,
        {"say": "book"},
        {"wait_agent": True, "quiet_ms": 1200},
        {"press": "7"},
        WAIT,
        {"hang_up": True},
    ]
    return office, office.place(*steps, **{"from": NUMBER})


def test_hostile_messages_leave_no_personal_data_in_the_log(
    conversation: tuple[Any, str], carrier: Any, clip: Callable[[str], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Webhooks, media, and what the API says when it refuses: whatever a carrier can write, none of it is logged."""
    person = {"from": NUMBER, "caller_id_name": NAME, "client_state": STATE, "custom_headers": [{"value": NAME}]}
    body = carrier.initiated("v3:canary", **person)
    assert carrier.post(body, {}).status_code == 401
    assert carrier.post(body[:-9]).status_code == 400
    detail = f"The 'to' parameter {NUMBER} of {NAME} must be in E164 format."
    refusals = {
        "transfer": (422, {"errors": [{"code": "10016", "title": NAME, "detail": detail}]}),
        "speak": (422, {"errors": [{"code": "90010", "title": NAME, "detail": detail}]}),
    }
    monkeypatch.setattr(carrier, "replies", refusals)
    call_id = carrier.ring(**person)
    with carrier.media(call_id) as line:
        audio = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
        start = {"call_control_id": call_id, "media_format": audio, "from": NUMBER, "client_state": STATE}
        line.send("start", start={**start, "custom_parameters": {"name": NAME}})
        line.until_heard()
        for text in (NAME, f'{{"event":"{NAME}"}}', f'{{"event":"media","media":{{"payload":"{NAME}"}}}}'):
            line.socket.send(text)
        line.socket.send(NAME.encode())
        line.send("error", payload={"code": 100002, "title": NAME, "detail": detail})
        line.send("mark", mark={"name": NAME})
        line.send("dtmf", dtmf={"digit": NAME})
        line.line(*clip("book"))
        while not carrier.agent.events("handover.failed", call=call_id):
            line.silence(0.2)
        with pytest.raises(ConnectionClosed):
            send_and_read(line.socket, NAME * 100_000)
    carrier.agent.event("call.media_lost", call=call_id)
    carrier.command(call_id, "hangup")
    carrier.hang_up(call_id)
    log = carrier.agent.log
    assert f"call {call_id}: the transfer was refused" in log, "there is a log"
    assert f"call {call_id}: the apology could not be spoken" in log
    assert "Traceback" not in log
    heard = [event["text"] for event in carrier.agent.events("turn.heard", call=call_id)]
    assert_silent(carrier.agent, NUMBER, DESK, "+15550199", NAME, "zanzibar", "quicksilver", *filter(None, heard))


def test_a_conversation_leaves_no_personal_data_in_the_logs(exchange: Any, conversation: tuple[Any, str]) -> None:
    """Neither the agent's nor the exchange's: who called, what was said and heard, keys, who was transferred to."""
    office, call_id = conversation
    report = office.over(call_id)
    assert report["caller"]["missed_steps"] == []
    heard = [event["text"] for event in office.told(call_id, "turn.heard")]
    assert len(heard) == 2
    said = [text for _, text in office.spoken(call_id)]
    assert said == [
        "Front desk.",
        "What was that?",
        "One moment, please.",
        "Nobody is there.",
        "You pressed 7.",
    ]
    assert office.told(call_id, "handover.failed")[0]["to"] == DESK
    assert "HTTP Request" in office.agent.log, "there is a log"
    for program in (office.agent, exchange.program):
        assert_silent(
            program, NUMBER, office.number, DESK, NAME, "zanzibar", "quicksilver", *filter(None, heard), *said
        )
