"""A call as handlers see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls import Call, CallRecord, CallState
from offhook.calls.events import CallOver, TransferFailed
from offhook.errors import CallEnded, CallError

if TYPE_CHECKING:
    from collections.abc import Callable


class RecordingConversation:
    def __init__(self) -> None:
        self.did: list[tuple[str, ...]] = []

    async def say(self, text: str) -> None:
        self.did.append(("say", text))

    async def ask(self, question: str) -> str:
        self.did.append(("ask", question))
        return "yes"

    async def hand_over(self, to: str | None, *, reason: str) -> None:
        self.did.append(("hand_over", str(to), reason))

    async def hangup(self) -> None:
        self.did.append(("hangup",))


@pytest.fixture
def call(carrier: Any) -> Call:
    return Call(CallRecord(call_id="c1", direction="outbound"), carrier, started_at_ms=5.0)


def test_a_call_knows_who_and_where_it_is(call: Call, event: Callable[..., Any]) -> None:
    """Everything the carrier has said is there, and when we learnt it."""
    call.apply(event("call.initiated", direction="outbound", from_="+1", to="+2", client_state="x"), wall_ms=10)
    assert (call.id, call.leg_id, call.session_id, call.from_, call.to) == ("c1", "leg", "session", "+1", "+2")
    assert (call.direction, call.client_state, call.state) == ("outbound", "x", CallState.RINGING)
    assert (call.answered_at_ms, call.ended_at_ms, call.ended, call.ended_cause) == (None, None, False, None)
    call.apply(event("call.answered", 1), wall_ms=20)
    call.apply(event("call.bridged", 1), wall_ms=30)
    assert call.answered_at_ms == 20
    call.apply(event("call.hangup", 2), wall_ms=40)
    assert (call.ended_at_ms, call.ended, call.ended_cause) == (40, True, "normal_clearing")
    assert "+1" not in repr(call)


def test_a_call_of_which_nothing_is_known_is_inbound(carrier: Any) -> None:
    """Only calls that we dial begin with us knowing of them."""
    assert Call(CallRecord(call_id="c"), carrier).direction == "inbound"


async def test_words_go_through_the_conversation(call: Call) -> None:
    """The session speaks, listens, hands over and ends in good order."""
    call.conversation = conversation = RecordingConversation()
    await call.say("hello")
    assert await call.ask("sure?") == "yes"
    await call.hand_over("+3", reason="asked")
    await call.hand_over(reason="lost")
    await call.hangup()
    assert conversation.did == [
        ("say", "hello"),
        ("ask", "sure?"),
        ("hand_over", "+3", "asked"),
        ("hand_over", "None", "lost"),
        ("hangup",),
    ]


async def test_without_a_conversation_there_are_no_words(call: Call) -> None:
    """The error says what is missing."""
    for doing in (call.say("x"), call.ask("x"), call.hand_over()):
        with pytest.raises(CallError, match="expected a conversation under way") as error:
            await doing
        assert error.value.call_id == "c1"


async def test_commands_go_to_the_carrier(call: Call, carrier: Any) -> None:
    """Without a conversation, or past it."""
    await call.hand_over("+3")
    await call.send_dtmf("1w2")
    call.conversation = RecordingConversation()
    await call.hangup(graceful=False)
    assert [name for name, _ in carrier.commands] == ["transfer", "send_dtmf", "hangup"]
    assert call.transferring


async def test_a_host_ends_its_calls_in_its_own_way(call: Call, carrier: Any) -> None:
    """It hangs up until that is true."""
    ended: list[str] = []

    async def end_leg() -> None:
        ended.append(call.id)

    call.end_leg = end_leg
    await call.hangup()
    assert (ended, carrier.commands) == (["c1"], [])


async def test_a_call_that_is_over_or_not_yet_there_is_not_hung_up(call: Call, carrier: Any, event: Any) -> None:
    """It is no error either."""
    await Call(CallRecord(call_id=""), carrier).hangup()
    call.apply(event("call.hangup"), wall_ms=0)
    await call.hangup()
    assert carrier.commands == []


async def test_a_refused_transfer_leaves_the_call_as_it_was(call: Call, carrier: Any) -> None:
    """The agent still has the caller."""
    carrier.fails["transfer"] = CallEnded("over")
    with pytest.raises(CallEnded):
        await call.transfer("+3")
    assert not call.transferring


def test_observers_hear_what_happens_until_they_stop(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """And one that raises disturbs nobody."""
    heard: list[object] = []

    def broken(_: object) -> None:
        raise ValueError("canary 4711")

    call.observe(broken)
    forget = call.observe(heard.append)
    call.notify("one")
    forget()
    forget()
    call.notify("two")
    assert heard == ["one"]
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text


def test_facts_are_lines_of_the_timeline() -> None:
    """With the time, the source and the call in their places."""
    fact = TransferFailed(at_ms=1.5, call_id="c1", cause="timeout")
    assert fact.to_dict() == {
        "at_ms": 1.5,
        "source": "server",
        "type": "call.transfer_failed",
        "call": "c1",
        "cause": "timeout",
    }
    assert CallOver(at_ms=0, call_id="c", cause="x").to_dict()["type"] == "call.ended"


def test_an_observer_that_raises_is_told_once(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """With the call, type and place, and not what the error says; it is told of everything all the same."""
    heard: list[object] = []

    def careless(event: object) -> None:
        heard.append(event)
        raise KeyError("Zanzibar")

    forget = call.observe(careless)
    for event in range(3):
        call.notify(event)
    assert heard == [0, 1, 2]
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert errors[0].startswith(f"call {call.id}: an observer raised KeyError at ")
    assert "Zanzibar" not in errors[0]
    forget()
    forget()
    call.notify(3)
    assert heard == [0, 1, 2]
