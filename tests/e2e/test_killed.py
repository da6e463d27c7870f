"""A server that is killed: every caller hears something soon after the next one is ready, and no leg is left up."""

from __future__ import annotations

import secrets
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 15}
STAY = {"wait_s": 300}
SOON_MS = 3000
"""How soon after the restart a caller must hear something."""


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 40
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return value


def restarted(office: Any, launch: Any, *, port: int) -> float:
    """Another process on the office's line; returns when it was ready."""
    env = {**office.exchange.env, "TELNYX_CONNECTION_ID": office.application}
    office.agent = launch("serve", "desk:agent", "--port", str(port), "--json", "--transcripts", env=env)
    ready = office.agent.event("server.ready", timeout_s=60)
    office.ready()
    return float(ready["at_ms"])


def heard_after_ms(office: Any, call_id: str, since_ms: float) -> float:
    """How long after ``since_ms`` the caller hears somebody speak, at the caller's own ear."""

    def first() -> list[float]:
        heard = office.exchange.journal(call_id, "caller.hears_speech")
        return [event["at_ms"] - since_ms for event in heard if event["at_ms"] > since_ms]

    return float(until(first, "a word to the caller")[0])


@pytest.fixture(scope="module")
def office(make_office: Any) -> Any:
    made = make_office("desk:agent")
    made.agent.event("server.ready", timeout_s=60)
    return made.ready()


@pytest.fixture(scope="module")
def calls(office: Any, launch_for_module: Any) -> dict[str, Any]:
    """The server dies with one caller in conversation, one whose person's phone rings, and one just calling."""
    talking = office.place(WAIT, STAY)
    handed = office.place(WAIT, {"say": "location"}, STAY)
    for call_id in (talking, handed):
        office.exchange.happens(call_id, "caller.hears_silence")
    office.agent.event("handover.started", call=handed)
    until(lambda: len(office.exchange.report(handed)["legs"]) > 0, "the person's phone to ring")
    office.agent.signal(signal.SIGKILL)
    office.agent.wait()
    ringing = office.place(STAY)
    office.exchange.happens(ringing, "webhook.attempt_failed")
    ready_ms = restarted(office, launch_for_module, port=0)
    return {"talking": talking, "handed": handed, "ringing": ringing, "ready_ms": ready_ms}


def test_a_caller_in_conversation_hears_an_apology_and_goes_on(office: Any, calls: dict[str, Any]) -> None:
    """On another port, with the same leg: it was not answered twice."""
    assert heard_after_ms(office, calls["talking"], calls["ready_ms"]) < SOON_MS
    office.agent.event("agent.speech_ended", call=calls["talking"])
    kind, text = office.spoken(calls["talking"])[0]
    assert kind == "apology"
    assert "cut off" in text


def test_a_phone_that_rings_is_answered(office: Any, calls: dict[str, Any]) -> None:
    """The server was not there when it began to."""
    assert heard_after_ms(office, calls["ringing"], calls["ready_ms"]) < SOON_MS


def test_a_caller_whose_person_does_not_answer_is_not_left_alone(office: Any, calls: dict[str, Any]) -> None:
    """The agent is back once nobody answers there."""
    office.agent.event("agent.speech_began", call=calls["handed"], timeout_s=45)


def test_it_can_die_again_and_slots_are_free_once_callers_hang_up(
    office: Any, calls: dict[str, Any], launch_for_module: Any
) -> None:
    """On the same port; what ended in the meantime is forgotten, what did not is served."""
    again = office.place(WAIT, STAY)
    office.exchange.happens(again, "caller.hears_silence")
    office.agent.signal(signal.SIGKILL)
    office.agent.wait()
    for call_id in ("talking", "ringing", "handed"):
        office.exchange.hang_up(calls[call_id])
    ready_ms = restarted(office, launch_for_module, port=office.port)
    assert heard_after_ms(office, again, ready_ms) < SOON_MS
    office.exchange.hang_up(again)
    until(lambda: office.health()[1]["calls_up"] == 0, "the slots to be free")
    alive = [one for one in office.exchange.http.get("/exchange/status").json()["calls"] if one["to"] == office.number]
    assert {one["state"] for one in alive} == {"ended"}


def serve(carrier: Any, launch: Any, *, port: int = 0, env: dict[str, str] | None = None) -> int:
    """A server for that carrier; returns the port."""
    words = ("serve", "talkative:agent", "--port", str(port), "--json", "--transcripts")
    carrier.agent = launch(*words, env={**carrier.env, **(env or {})})
    listening: int = carrier.agent.started("server.ready")["port"]
    carrier.webhooks = f"http://127.0.0.1:{listening}/webhooks/telnyx"
    return listening


def test_an_event_that_was_acknowledged_is_not_lost(own_carrier: Any, launch: Any) -> None:
    """Killed just after the 200, before the carrier could be told to answer: the next process answers, once."""
    carrier, call_id = own_carrier, "v3:acknowledged"
    serve(carrier, launch)
    carrier.replies["answer"] = (503, {"errors": []})
    body = carrier.initiated(call_id)
    assert carrier.post(body).status_code == 200
    carrier.agent.signal(signal.SIGKILL)
    carrier.agent.wait()
    carrier.replies.clear()
    carrier.commands.clear()
    serve(carrier, launch)
    carrier.command(call_id, "answer")
    assert carrier.post(body).status_code == 200  # repeated by a carrier that did not see the first 200
    assert carrier.post(carrier.event("call.answered", call_id)).status_code == 200
    assert carrier.commanded(call_id) == ["answer"]
    carrier.hang_up(call_id)
    until(lambda: carrier.health()["calls_up"] == 0, "the slot to be free")


def test_audio_that_was_asked_for_before_the_restart_comes_in_after_it(own_carrier: Any, launch: Any) -> None:
    """The dead process has signed its token; an apology is heard on that socket, and no second one opens with it."""
    carrier, key = own_carrier, {"OFFHOOK_TOKEN_KEY": secrets.token_hex(32)}
    port = serve(carrier, launch, env=key)
    call_id = carrier.ring()
    until(lambda: carrier.health()["journal"]["waiting"] == 0, "the call to be in the journal")
    carrier.agent.signal(signal.SIGKILL)
    carrier.agent.wait()
    serve(carrier, launch, port=port, env=key)
    carrier.command(call_id, "streaming_start")
    with carrier.media(call_id) as line:
        line.start()
        assert len(line.until_heard()) > 4000
        with pytest.raises(InvalidStatus) as refused, carrier.media(call_id):
            pass
        assert refused.value.response.status_code == 410
    spoken = carrier.agent.event("agent.speech_ended", call=call_id)
    assert (spoken["kind"], "cut off" in spoken["text"]) == ("apology", True)
    carrier.hang_up(call_id)
    until(lambda: carrier.health()["calls_up"] == 0, "the slot to be free")


def test_a_live_leg_that_no_journal_knows_is_not_left_in_silence(own_carrier: Any, launch: Any) -> None:
    """Signed events of a leg that this process has never heard of: it is served, and nobody commands what is over."""
    carrier = own_carrier
    serve(carrier, launch)
    carrier.over.add("v3:over")
    for call_id in ("v3:unknown", "v3:over"):
        for event in ("call.answered", "streaming.stopped"):
            assert carrier.post(carrier.event(event, call_id)).status_code == 200
    carrier.command("v3:unknown", "streaming_start")
    assert carrier.commanded("v3:over") == []
    carrier.hang_up("v3:unknown")
