"""A host takes calls: from the webhook that it rings to the end, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import weakref
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from offhook.calls.events import CallOver, CallRinging, MediaLost, TransferBridged, TransferFailed
from offhook.carriers.commands import LiveLeg
from offhook.carriers.telnyx.wire import telnyx_wire
from offhook.errors import CallEnded, CallError, CommandInvalid, ConfigError
from offhook.server.host import Host
from offhook.server.options import HostOptions


class Nobody:
    """A carrier that can do nothing."""

    wire = telnyx_wire(None)


NOBODY: Any = Nobody()


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.002)


async def test_a_call_is_answered_talked_with_and_ended(town: Any) -> None:
    """Ring, answer with a stream, audio both ways, ticks, hang-up: and nothing is left."""
    host = await town.open()
    seen: list[Any] = []
    host.on_call(lambda call: call.observe(seen.append))
    assert (await town.ring()).status_code == 200
    options = await town.carrier.did("answer")
    request = options["stream"]
    assert request.url.startswith(town.url.replace("http", "ws") + "/media/")
    assert (request.codec, request.sample_rate) == ("PCMU", 8000)
    await town.webhook("call.answered")
    socket = await town.stream(request.url)
    await until(lambda: town.sessions)
    session = town.sessions[0]
    await session.begun.wait()
    call = session.call
    assert call.line.started.format.encoding == "PCMU"
    payload = base64.b64encode(b"\xff" * 160).decode()
    for chunk in (1, 2, 3):
        media = {"track": "inbound", "chunk": str(chunk), "timestamp": str(chunk * 20 - 20), "payload": payload}
        await socket.send(json.dumps({"event": "media", "stream_id": "s", "media": media}))
    await until(lambda: session.pcm_bytes == 960)
    call.line.send_audio(bytes(320))
    call.line.send_mark("m1")
    sent = json.loads(await socket.recv())
    assert len(base64.b64decode(sent["media"]["payload"])) == 160
    assert json.loads(await socket.recv())["mark"]["name"] == "m1"
    await until(lambda: session.ticks >= 3)
    await socket.send('{"event":"stop","stream_id":"s","stop":{}}')
    await town.hang_up()
    await until(session.closed.is_set)
    await until(lambda: host.report()["calls_up"] == 0)
    assert session.heard == ["started", "lost", "stopped"]  # the audio ends before the call does
    assert town.carrier.names() == ["answer"]
    assert call.ended_cause == "normal_clearing"
    assert call.conversation is None
    assert len(host.ticker) == 0
    assert not host.dispatch.live
    assert isinstance(seen[0], CallRinging)
    assert isinstance(seen[-1], CallOver)
    await socket.close()


async def test_an_observer_that_raises_does_not_cost_the_caller_the_answer(
    town: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are told, and the call is answered."""
    host = await town.open()
    seen: list[Any] = []

    def broken(call: Any) -> None:
        raise ValueError(f"canary {call.from_}")

    host.on_call(broken)
    host.on_call(seen.append)
    await town.ring()
    await town.carrier.did("answer")
    assert [call.id for call in seen] == ["c1"]
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text


async def test_the_session_is_made_while_the_phone_rings(town: Any) -> None:
    """Not when the audio comes: what it prepares is ready by then."""
    await town.open()
    await town.ring()
    await town.carrier.did("answer")
    await until(lambda: town.sessions)
    assert town.sessions[0].heard == []


async def test_a_session_that_ends_hangs_up(town: Any) -> None:
    """The agent has said goodbye."""
    host = await town.open()
    session, socket = await town.answered_call()
    session.over.set()
    await town.carrier.did("hangup")
    await until(session.closed.is_set)
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    assert "speak" not in town.carrier.names()
    await socket.wait_closed()


async def test_a_hangup_ends_the_session(town: Any) -> None:
    """The webhook may come before the socket's end."""
    await town.open()
    session, socket = await town.answered_call()
    await town.hang_up()
    await until(session.closed.is_set)
    assert session.heard == ["started", "stopped"]
    await socket.wait_closed()


async def test_a_session_that_does_not_end_is_cancelled(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """After its time is up."""
    host = await town.open()
    session, _ = await town.answered_call()
    session.deaf = True
    await town.hang_up()
    await until(session.closed.is_set)
    await until(lambda: not host.dispatch.live)
    assert "did not end" in caplog.text


async def test_a_hangup_before_the_answer_leaves_no_session(town: Any) -> None:
    """The caller gave up while it rang."""
    host = await town.open()
    town.carrier.fails["answer"] = [CallEnded("over")]
    await town.ring()
    await town.carrier.did("answer")
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    assert all(session.closed.is_set() for session in town.sessions)


async def test_a_hangup_that_overtakes_its_call_answers_nothing(town: Any) -> None:
    """Webhooks have no order."""
    host = await town.open()
    await town.hang_up()
    await town.ring()
    await host.inbox.events.join()
    assert host.registry.get("c1", town.carrier).ended
    assert town.carrier.commands == []


async def test_an_answer_that_fails_is_logged(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """By the code of what was wrong; the caller hears that nobody answers, and does not wait."""
    await town.open()
    town.carrier.fails["answer"] = [CommandInvalid("no answer")]
    await town.ring()
    await until(lambda: "could not be answered: command_invalid" in caplog.text)
    await town.carrier.did("reject")


# -- when the audio fails: nobody is left in silence ---------------------------------------------------------------


async def test_a_failed_stream_is_asked_for_again(town: Any) -> None:
    """With a fresh token."""
    await town.open()
    await town.ring()
    first = (await town.carrier.did("answer"))["stream"]
    await town.webhook("call.answered")
    await town.webhook("streaming.failed", failure_reason="connection_failed")
    await town.carrier.did("start_streaming")
    second = town.carrier.commands[-1][1][1]
    assert second.url != first.url
    socket = await town.stream(second.url)
    await asyncio.wait_for(town.sessions[0].begun.wait(), 5)
    await socket.close()


async def test_a_stream_that_fails_twice_ends_in_an_apology(town: Any) -> None:
    """Spoken by the carrier, then the call is hung up once it was spoken."""
    host = await town.open()
    lost: list[Any] = []
    host.on_call(lambda call: call.observe(lost.append))
    await town.ring()
    await town.carrier.did("answer")
    await town.webhook("streaming.failed", failure_reason="connection_failed")
    await town.webhook("streaming.failed", failure_reason="connection_failed")
    await town.carrier.did("speak")
    assert town.carrier.commands[-1][1] == ("c1", host.options.texts.apology)
    await town.webhook("call.speak.ended", status="completed")
    await town.carrier.did("hangup")
    assert [event.reason for event in lost if isinstance(event, MediaLost)] == ["connection_failed"]
    await town.webhook("streaming.failed", failure_reason="connection_failed")
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    assert town.carrier.names().count("speak") == 1


async def test_a_stream_that_never_comes_is_noticed(town: Any) -> None:
    """Even if no webhook says so: asked for again, then an apology."""
    await town.open()
    await town.ring()
    await town.carrier.did("start_streaming")
    await town.carrier.did("speak")
    await town.carrier.did("hangup")


async def test_a_refused_restart_is_given_up_at_once(town: Any) -> None:
    """There is no third way."""
    await town.open()
    town.carrier.fails["start_streaming"] = [CommandInvalid("no")]
    town.carrier.fails["speak"] = [CommandInvalid("no")]
    town.carrier.fails["hangup"] = [CommandInvalid("no")]
    await town.ring()
    await town.webhook("streaming.failed", failure_reason="connection_failed")
    await town.carrier.did("hangup")
    assert town.carrier.names() == ["answer", "start_streaming", "speak", "hangup"]


async def test_a_restart_that_fails_because_the_caller_has_gone_is_no_failure(town: Any) -> None:
    """The end is on its way."""
    host = await town.open()
    await town.ring()
    await town.carrier.did("answer")
    call = host.registry.get("c1", town.carrier)
    held = asyncio.Event()

    async def start_streaming(*_: Any) -> None:
        await held.wait()
        raise CallEnded("over")

    town.carrier.start_streaming = start_streaming
    await town.webhook("streaming.failed", failure_reason="connection_failed")
    await town.hang_up()
    await until(lambda: call.ended)
    held.set()
    await until(lambda: not host.dispatch.live)
    assert town.carrier.names() == ["answer"]


async def test_a_codec_that_cannot_be_decoded_ends_in_an_apology(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """And the log names it."""
    await town.open()
    await town.ring()
    url = (await town.carrier.did("answer"))["stream"].url
    socket = await town.stream(url, encoding="EVS")
    await town.carrier.did("speak")
    await town.carrier.did("hangup")
    assert "codec_unsupported (EVS at 8000 Hz)" in caplog.text
    await socket.wait_closed()


async def test_audio_lost_in_the_call_ends_in_an_apology(town: Any) -> None:
    """The socket breaks and no hang-up follows: the caller is still there."""
    await town.open()
    session, socket = await town.answered_call()
    socket.transport.abort()
    await town.carrier.did("speak")
    await town.carrier.did("hangup")
    await until(session.closed.is_set)


async def test_audio_that_ends_with_the_call_is_not_lost(town: Any) -> None:
    """The socket closes a moment before the hang-up is reported."""
    host = await town.open(times=town.times.__class__(lost_s=5))
    session, socket = await town.answered_call()
    await socket.close()
    await until(lambda: session.heard == ["started", "lost"])
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    assert town.carrier.names() == ["answer"]


async def test_a_session_that_raises_ends_in_an_apology(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """And what it raised is not logged, only of what kind it was."""
    await town.open()
    session, _ = await town.answered_call()
    session.raises = ValueError("canary words")
    session.over.set()
    await town.carrier.did("speak")
    await town.carrier.did("hangup")
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text


async def test_a_session_that_raises_as_it_hears_ends_in_an_apology(town: Any) -> None:
    """Its stream is given up, and the caller told."""
    await town.open()
    session, socket = await town.answered_call()

    def broken(_: str) -> None:
        raise ValueError

    session.digit = broken
    await socket.send('{"event":"dtmf","stream_id":"s","dtmf":{"digit":"1"}}')
    await town.carrier.did("speak")
    await town.carrier.did("hangup")
    assert session.call.line.failure == "listener_failed"


async def test_a_socket_that_says_nothing_is_closed_with_the_call(town: Any) -> None:
    """It was let in, but never began."""
    host = await town.open()
    await town.ring()
    url = (await town.carrier.did("answer"))["stream"].url
    socket = await town.connect(url)
    await until(lambda: host.counters.media_sockets == 1)
    await town.hang_up()
    await socket.wait_closed()
    await until(lambda: not host.dispatch.live)


async def test_calls_whose_end_was_never_reported_are_forgotten(town: Any) -> None:
    """Webhooks can be lost for good; five hours later the call cannot be up any more."""
    host = await town.open()
    session, _ = await town.answered_call()
    session.over.set()
    await town.carrier.did("hangup")
    await until(lambda: not host.dispatch.live[session.call].busy)
    await town.ring("c2")
    await town.carrier.did("answer", 2)
    assert host.registry.get("c1", town.carrier) in host.dispatch.live
    host.dispatch.live[session.call].began_ms -= 5 * 3_600_000
    await town.ring("c3")
    await town.carrier.did("answer", 3)
    assert host.registry.get("c1", town.carrier) not in host.dispatch.live
    assert [call.id for call in host.registry] == ["c2", "c3"]


async def test_calls_that_were_never_answered_are_forgotten_too(town: Any) -> None:
    """Or each of them would take a place of ``max_calls`` for as long as the process lives."""
    host = await town.open(max_calls=1)
    town.carrier.fails["answer"] = [CommandInvalid("no")]
    await town.ring()
    await town.carrier.did("answer")
    (lost,) = host.dispatch.live.values()
    assert (await town.ring("c2")).status_code == 503
    lost.began_ms -= 5 * 3_600_000
    assert (await town.ring("c2")).status_code == 200
    await town.sessions[0].closed.wait()
    assert [call.id for call in host.registry] == ["c2"]


async def test_a_session_that_does_not_close_does_not_keep_its_place(town: Any) -> None:
    """Its call is over, and another may have its place."""
    host = await town.open(max_calls=1)
    session, _ = await town.answered_call()
    session.aclose = asyncio.Event().wait
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    assert (await town.ring("c2")).status_code == 200


async def test_a_call_that_is_over_holds_on_to_no_session(town: Any) -> None:
    """Calls are remembered for ten minutes, for late webhooks; what an agent keeps of one is not."""
    host = await town.open()
    session, socket = await town.answered_call()
    gone = weakref.ref(session)
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    await socket.wait_closed()
    await until(lambda: host.counters.media_open == 0)
    town.sessions.clear()
    del session
    gc.collect()
    assert gone() is None
    assert host.registry.get("c1", town.carrier).line.stream.counters.received == 0


async def test_an_event_of_no_leg_is_not_taken_for_one_of_a_transfer(town: Any) -> None:
    """Some events name the session only; later ones of other sessions are not of this call."""
    host = await town.open()
    _, _, seen = await transferred(town, host)
    await town.webhook("conference.created", "")
    await town.webhook("conference.created", "", call_session_id="another")
    await host.inbox.events.join()
    assert [event.session_id for event in seen if getattr(event, "event_type", "") == "conference.created"] == ["ses1"]


async def test_sockets_with_bad_tokens_are_counted_by_reason(town: Any) -> None:
    """None, unknown, used: and nothing is opened."""
    host = await town.open()
    await town.ring()
    url = (await town.carrier.did("answer"))["stream"].url
    socket = await town.connect(url)
    base = url.rpartition("/")[0]
    for address, status in ((f"{base}/", 401), (f"{base}/x", 403), (url, 410)):
        with pytest.raises(InvalidStatus) as refused:
            await town.connect(address)
        assert refused.value.response.status_code == status
    media: Any = host.report()["media"]
    assert (media["sockets"], media["refused"]) == (1, {"none": 1, "unknown": 1, "used": 1})
    await socket.close()


async def test_work_that_raises_is_logged_by_its_kind(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A carrier that raises what it should not."""
    await town.open()
    town.carrier.fails["answer"] = [ZeroDivisionError("canary")]
    await town.ring()
    await until(lambda: "raised ZeroDivisionError" in caplog.text)
    assert "canary" not in caplog.text


async def test_a_session_that_cannot_be_made_ends_in_an_apology(town: Any) -> None:
    """The call is answered all the same: ringing for ever tells nothing."""
    await town.open()

    def broken(_: Any) -> Any:
        raise RuntimeError

    town.make_session = broken
    await town.ring()
    url = (await town.carrier.did("answer"))["stream"].url
    socket = await town.stream(url)
    await town.carrier.did("speak")
    await town.carrier.did("hangup")
    await socket.close()


async def test_a_session_that_does_not_close_is_logged(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """And the call is over nevertheless."""
    host = await town.open()
    session, _ = await town.answered_call()

    async def broken() -> None:
        raise OSError

    session.aclose = broken
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    assert "closing its session raised OSError" in caplog.text


async def test_a_socket_that_names_another_call_is_closed(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A token is bound to its call."""
    await town.open()
    await town.ring()
    url = (await town.carrier.did("answer"))["stream"].url
    socket = await town.stream(url, call_id="c2")
    await socket.wait_closed()
    assert "call_mismatch" in caplog.text


async def test_a_second_stream_of_a_call_is_closed(town: Any) -> None:
    """Its session is on the first."""
    host = await town.open()
    session, _ = await town.answered_call()
    request = host.stream_request(session.call)
    socket = await town.stream(request.url)
    await socket.wait_closed()
    assert session.heard == ["started"]


async def test_a_stream_of_a_call_that_is_over_is_closed(town: Any) -> None:
    """Between the token and the socket the caller may hang up."""
    host = await town.open()
    await town.ring()
    url = (await town.carrier.did("answer"))["stream"].url
    call, request = host.gate.admit(url.rpartition("/")[2])
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    closed: list[bool] = []
    host.gate.open_stream(call, request, send=lambda _: None, close=lambda: closed.append(True))
    assert closed == [True]


# -- dialling ---------------------------------------------------------------------------------------------------------


async def test_a_dialled_call_gets_its_session_when_it_is_answered(town: Any) -> None:
    """The token is good while it rings."""
    host = await town.open()
    call = await host.dial("+15550123", "+15550199", timeout_s=20, client_state="x", data={"who": "me"})
    options = await town.carrier.did("dial")
    assert (options["to"], options["from_"], options["timeout_s"]) == ("+15550123", "+15550199", 20)
    assert (call.id, call.leg_id, call.session_id, call.direction) == ("out1", "leg1", "ses1", "outbound")
    assert (call.client_state, call.data) == ("x", {"who": "me"})
    assert host.registry.get("out1", town.carrier) is call
    await town.webhook("call.initiated", "out1", direction="outgoing", state="bridging")
    await town.webhook("call.answered", "out1")
    socket = await town.stream(options["stream"].url, "out1")
    await asyncio.wait_for(town.sessions[0].begun.wait(), 5)
    assert town.sessions[0].call is call
    await town.hang_up("out1")
    await socket.wait_closed()


async def test_webhooks_may_come_before_the_carrier_has_agreed(town: Any) -> None:
    """They are kept until the id is known."""
    host = await town.open()
    town.carrier.dial_waits.clear()
    dialling = asyncio.create_task(host.dial("+15550123", "+15550199"))
    await town.carrier.did("dial")
    await town.webhook("call.initiated", "out1", direction="outgoing", state="bridging")
    await town.webhook("call.answered", "out1")
    await town.hang_up("out1")
    await host.inbox.events.join()
    town.carrier.dial_waits.set()
    call = await dialling
    assert call.ended
    await until(lambda: not host.dispatch.live)


async def test_audio_may_come_before_the_carrier_has_agreed(town: Any) -> None:
    """The stream says which call it is of."""
    host = await town.open()
    town.carrier.dial_waits.clear()
    dialling = asyncio.create_task(host.dial("+15550123", "+15550199"))
    options = await town.carrier.did("dial")
    socket = await town.stream(options["stream"].url, "out1")
    call = await dialling
    town.carrier.dial_waits.set()
    await town.webhook("call.answered", "out1")
    await asyncio.wait_for(town.sessions[0].begun.wait(), 5)
    assert town.sessions[0].call is call
    assert len(town.sessions) == 1
    assert call.id == "out1"
    await socket.close()


async def test_a_refused_dial_leaves_nothing(town: Any) -> None:
    """The error is the caller's to handle."""
    host = await town.open()
    town.carrier.fails["dial"] = [CommandInvalid("not a number")]
    with pytest.raises(CommandInvalid):
        await host.dial("x", "y")
    assert not host.dispatch.live
    host.draining = True
    with pytest.raises(CallError, match="stopping"):
        await host.dial("+15550123", "+15550199")


async def test_a_host_must_know_where_it_is_reached() -> None:
    """Or the carrier cannot send the audio."""
    host = Host(lambda _: None, carriers=[NOBODY])  # type: ignore[arg-type,return-value]
    with pytest.raises(ConfigError, match="OFFHOOK_PUBLIC_URL"):
        await host.dial("+15550123", "+15550199")


def test_secure_addresses_give_secure_sockets() -> None:
    """https becomes wss."""
    host = Host(lambda _: None, carriers=[NOBODY], public_url="https://a.example/")  # type: ignore[arg-type,return-value]
    from offhook.calls import Call, CallRecord

    request = host.stream_request(Call(CallRecord(call_id="c"), NOBODY))
    assert request.url.startswith("wss://a.example/media/")


# -- transfers ------------------------------------------------------------------------------------------------------


async def transferred(town: Any, host: Host) -> tuple[Any, Any, list[Any]]:
    session, socket = await town.answered_call()
    seen: list[Any] = []
    session.call.observe(seen.append)
    await session.call.transfer("+15550111")
    await town.webhook("call.initiated", "b1", direction="outgoing", state="bridging")
    return session, socket, seen


async def test_a_call_with_a_person_is_not_hung_up_by_us(town: Any) -> None:
    """The session is over, the call goes on."""
    host = await town.open()
    session, socket, seen = await transferred(town, host)
    await town.webhook("call.bridged", "b1")
    await town.webhook("call.bridged", "c1")
    await until(lambda: any(isinstance(event, TransferBridged) for event in seen))
    session.over.set()
    await town.carrier.did("stop_streaming")
    await until(lambda: not host.dispatch.live[session.call].busy)
    assert "hangup" not in town.carrier.names()
    await socket.wait_closed()
    await town.hang_up()
    await until(lambda: not host.dispatch.live)


async def with_a_person(town: Any, host: Host) -> Any:
    """A caller who talks to a person; the session is over."""
    session, _, _ = await transferred(town, host)
    await town.webhook("call.bridged", "b1")
    await town.webhook("call.bridged", "c1")
    session.over.set()
    await town.carrier.did("stop_streaming")
    await until(lambda: not host.dispatch.live[session.call].busy)
    return session


async def test_a_caller_whose_person_has_hung_up_is_hung_up_where_the_carrier_does_not(town: Any, caplog: Any) -> None:
    """Nobody is left to talk to: a person who answers and is gone at once may have been gone before the two met."""
    host = await town.open(times=replace(town.times, report_s=0.1))
    session = await with_a_person(town, host)
    person = LiveLeg(call_id="b1", session_id=session.call.session_id)
    town.carrier.legs = [LiveLeg(call_id="c1", session_id=session.call.session_id), person]
    asked = 0

    async def live_legs(connection_id: str | None = None) -> tuple[LiveLeg, ...]:
        """The second time, the carrier no longer shows the person."""
        nonlocal asked
        asked += 1
        assert "hangup" not in town.carrier.names()
        return tuple(leg for leg in town.carrier.legs if asked == 1 or leg is not person)

    town.carrier.live_legs = live_legs
    await town.hang_up("b1")
    await town.carrier.did("hangup")
    assert asked == 2
    assert "nobody is left to talk to" in caplog.text
    await town.hang_up()
    await until(lambda: not host.dispatch.live)


async def test_a_caller_whose_person_has_hung_up_is_left_to_a_carrier_that_hangs_up(town: Any) -> None:
    """Its report comes in a moment; or it says that the call is over, when it is asked."""
    host = await town.open(times=replace(town.times, report_s=0.1))
    await with_a_person(town, host)
    await town.hang_up("b1")
    await until(lambda: not host.dispatch.live)  # no report has come, and the carrier lists no call
    assert "hangup" not in town.carrier.names()


async def test_a_transfer_that_nobody_answers_is_told(town: Any) -> None:
    """The session still has the caller, and hears why."""
    host = await town.open()
    session, _, seen = await transferred(town, host)
    await town.hang_up("b1")
    await until(lambda: any(isinstance(event, TransferFailed) for event in seen))
    assert not session.call.transferring
    assert "speak" not in town.carrier.names()
    assert not session.over.is_set()
    await host.inbox.events.join()


async def test_a_transfer_that_fails_after_the_session_ends_in_an_apology(town: Any) -> None:
    """Nobody else would tell the caller."""
    host = await town.open()
    session, _, _ = await transferred(town, host)
    session.over.set()
    await until(lambda: not host.dispatch.live[session.call].busy)
    await town.hang_up("b1")
    await town.carrier.did("speak")
    await town.carrier.did("hangup")


async def test_a_caller_who_hangs_up_while_it_rings_at_a_person_is_gone(town: Any, caplog: Any) -> None:
    """The audio ends and the other leg is cancelled before the call's own end is reported: nothing has failed."""
    host = await town.open()
    session, socket, seen = await transferred(town, host)
    await socket.close()
    session.over.set()
    await until(lambda: not host.dispatch.live[session.call].busy)
    await town.hang_up("b1")
    await host.inbox.events.join()
    await town.hang_up()
    await until(lambda: not host.dispatch.live and not host._tasks)
    assert town.carrier.names() == ["answer", "transfer"]
    assert not any(isinstance(event, MediaLost) for event in seen)
    assert caplog.text == ""


async def test_late_webhooks_of_a_call_that_is_over_change_nothing(town: Any) -> None:
    """They find it, and that is all."""
    host = await town.open()
    _, _ = await town.answered_call()
    await town.hang_up()
    await until(lambda: not host.dispatch.live)
    await town.ring()
    await town.webhook("call.answered")
    await host.inbox.events.join()
    assert town.carrier.names() == ["answer"]


# -- draining ---------------------------------------------------------------------------------------------------------


async def test_a_draining_host_takes_no_new_calls_and_finishes_the_old(town: Any) -> None:
    """New calls get 503, so that the carrier tries elsewhere; webhooks of running ones are taken."""
    host = await town.open()
    session, _ = await town.answered_call()
    draining = asyncio.create_task(host.drain(5))
    await until(lambda: host.draining)
    refused = await town.ring("c2")
    assert (refused.status_code, refused.text, refused.headers["retry-after"]) == (503, "draining", "1")
    assert (await town.webhook("call.dtmf.received", digit="1")).status_code == 200
    assert not draining.done()
    await town.hang_up()
    await asyncio.wait_for(draining, 2)
    assert session.closed.is_set()
    assert session.said == []


async def test_calls_that_outlast_the_drain_are_said_goodbye_to(town: Any) -> None:
    """By their session, and then hung up."""
    host = await town.open()
    session, _ = await town.answered_call()
    await host.drain(0.05)
    assert session.said == [host.options.texts.goodbye]
    assert "hangup" in town.carrier.names()


async def test_a_session_that_cannot_say_goodbye_is_hung_up(town: Any) -> None:
    """The drain is bounded."""
    host = await town.open()
    session, _ = await town.answered_call()

    async def never(_: str) -> None:
        await asyncio.Event().wait()

    session.say = never
    async with asyncio.timeout(3):
        await host.drain(0.05)
    assert town.carrier.names()[-1] == "hangup"


async def test_calls_with_a_person_do_not_hold_a_drain_up(town: Any) -> None:
    """They do not need us."""
    host = await town.open()
    session, _, _ = await transferred(town, host)
    session.over.set()
    async with asyncio.timeout(2):
        await host.drain(1)
    assert "hangup" not in town.carrier.names()


async def test_more_calls_than_fit_are_left_to_others(town: Any) -> None:
    """503 again."""
    host = await town.open(max_calls=1)
    await town.answered_call()
    refused = await town.ring("c2")
    assert (refused.status_code, refused.text) == (503, "too_many_calls")
    assert host.report()["calls_up"] == 1


async def test_stopping_leaves_no_task_behind(town: Any) -> None:
    """With a call up."""
    host = await town.open()
    _, socket = await town.answered_call()
    await town.server.stop()
    assert all(task.done() for task in host._tasks)
    await socket.wait_closed()


async def test_observers_can_leave(town: Any) -> None:
    """And are called no more."""
    host = await town.open()
    seen: list[Any] = []
    forget = host.on_call(seen.append)
    await town.ring("c1")
    await host.inbox.events.join()
    forget()
    forget()
    await town.ring("c2")
    await host.inbox.events.join()
    assert [call.id for call in seen] == ["c1"]


async def test_one_events_trouble_is_not_the_nexts(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """An observer of calls raises: the log says so, the host goes on."""
    host = await town.open()

    def broken(_: Any) -> None:
        raise KeyError("canary")

    forget = host.on_call(broken)
    await town.ring("c1")
    await host.inbox.events.join()
    forget()
    assert "KeyError" in caplog.text
    assert "canary" not in caplog.text
    await town.ring("c2")
    await town.carrier.did("answer")


async def test_warming_up_comes_before_the_first_call() -> None:
    """Carrier and engines; a codec that cannot be coded is found here, not in a call."""
    warmed: list[str] = []

    class Carrier(Nobody):
        async def warm_up(self) -> None:
            warmed.append("carrier")

    class Sessions:
        async def warm_up(self) -> None:
            warmed.append("engines")

    carrier: Any = Carrier()
    host = Host(Sessions(), carriers=[carrier])  # type: ignore[arg-type]
    await host.start()
    await host.stop()
    assert warmed == ["carrier", "engines"]
    from offhook.errors import UnsupportedCodec

    host = Host(lambda _: None, carriers=[carrier], options=HostOptions(codec="EVS"))  # type: ignore[arg-type,return-value]
    with pytest.raises(UnsupportedCodec):
        await host.start()
    await host.stop()
