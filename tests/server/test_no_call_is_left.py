"""No call is left behind: whatever is lost, slow or refused, every leg is served, told goodbye or hung up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.marks import PERSON, Mark, marked, read_mark
from offhook.calls.state import CallRecord
from offhook.carriers.commands import LiveLeg
from offhook.carriers.events import CallInitiated
from offhook.clock import SystemClock
from offhook.errors import CallEnded, CarrierUnavailable, CommandInvalid
from offhook.server import adoption as adoption_module
from offhook.server import insist as insist_module
from offhook.server.journal import CallEntry, Journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT = "2026-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insist_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(adoption_module, "SETTLE_S", 0.05)


def away() -> CarrierUnavailable:
    return CarrierUnavailable("expected a carrier that works, got none.")


def over() -> CallEnded:
    return CallEnded("expected a call that is not over, got one that is.")


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


# -- lost and late -----------------------------------------------------------------------------------------------------


async def test_an_answer_is_tried_for_as_long_as_it_rings(town: Any) -> None:
    """With one command id: it takes effect once."""
    await town.open()
    town.carrier.fails["answer"] = [away() for _ in range(5)]
    await town.ring()
    await town.carrier.did("answer", 6)
    ids = {options["command_id"] for name, _, options in town.carrier.commands if name == "answer"}
    assert len(ids) == 1


async def test_a_call_that_is_refused_and_never_reported_over_frees_its_slot(town: Any) -> None:
    """The webhook is lost: the carrier is asked, and the next caller gets through."""
    host = await town.open(max_calls=1, times=replace(town.times, report_s=0.1))
    town.carrier.fails["answer"] = [CommandInvalid("no")]
    assert (await town.ring("c1")).status_code == 200
    await town.carrier.did("reject")
    await until(lambda: host.report()["calls_up"] == 0)
    assert town.carrier.questions == ["c1"]
    assert (await town.ring("c2")).status_code == 200


async def test_a_caller_who_has_gone_before_the_answer_frees_the_slot_at_once(town: Any) -> None:
    """The refusal is the report."""
    host = await town.open()
    town.carrier.fails["answer"] = [over()]
    await town.ring()
    await town.carrier.did("answer")
    await until(lambda: host.report()["calls_up"] == 0)
    assert town.carrier.names() == ["answer"]


async def test_a_call_is_hung_up_until_it_is_true(town: Any) -> None:
    """A leg that stays up costs money, and somebody hears nothing."""
    host = await town.open(times=replace(town.times, report_s=0.1))
    session, _ = await town.answered_call()
    town.carrier.fails["hangup"] = [away(), away()]
    town.carrier.alive["c1"] = True
    session.over.set()
    await town.carrier.did("hangup", 4)  # two are not heard; one is, and the carrier says it is up all the same
    town.carrier.alive["c1"] = False
    await until(lambda: host.report()["calls_up"] == 0 and session.call.ended)
    assert session.call.ended_cause == "unreported"


async def test_a_call_that_is_over_when_it_is_hung_up_is_over(town: Any) -> None:
    """No report of it will come: the carrier's refusal is the report."""
    await town.open()
    session, _ = await town.answered_call()
    town.carrier.alive["c1"] = False
    session.over.set()
    async with asyncio.timeout(1):
        while not session.call.ended:
            await asyncio.sleep(0.01)
    assert session.call.ended_cause == "call_ended"


# -- audio that is lost in mid-call ------------------------------------------------------------------------------------


async def test_audio_that_is_lost_in_mid_call_is_asked_for_once_and_goes_on(town: Any) -> None:
    """The session is the same; it is told when the audio went and when it came back."""
    host = await town.open()
    session, socket = await town.answered_call()
    await socket.close()
    await town.carrier.did("start_streaming")
    stream = next(arguments[1] for name, arguments, _ in town.carrier.commands if name == "start_streaming")
    again = await town.stream(stream.url)
    await until(lambda: "resumed" in session.heard)
    assert session.heard == ["started", "lost", "resumed"]
    await again.send('{"event":"mark","stream_id":"s","mark":{"name":"m1"}}')
    await until(lambda: session.heard[-1] == "mark m1")
    assert len(town.sessions) == 1
    await town.hang_up()
    await until(lambda: host.report()["calls_up"] == 0)


async def test_audio_that_does_not_come_back_is_apologised_for(town: Any) -> None:
    """By the carrier's voice; then the call is hung up."""
    await town.open()
    session, socket = await town.answered_call()
    await socket.close()
    await town.carrier.did("speak")
    await town.webhook("call.speak.ended", status="completed")
    await town.carrier.did("hangup")
    assert town.carrier.names().count("start_streaming") == 1
    assert session.heard == ["started", "lost", "stopped"]


async def test_audio_that_ended_with_a_call_nobody_reported_over_ends_the_call(town: Any) -> None:
    """Asking for a new stream tells: it is refused because the call is over."""
    host = await town.open()
    session, socket = await town.answered_call()
    town.carrier.fails["start_streaming"] = [over()]
    await socket.send('{"event":"stop","stream_id":"s","stop":{}}')
    async with asyncio.timeout(1):
        while not session.call.ended:
            await asyncio.sleep(0.01)
    await until(lambda: host.report()["calls_up"] == 0)
    assert town.carrier.names() == ["answer", "start_streaming"]


async def test_no_stream_is_asked_for_when_the_caller_hangs_up(town: Any) -> None:
    """The audio ends a moment before the report of it."""
    host = await town.open()
    _, socket = await town.answered_call()
    await socket.send('{"event":"stop","stream_id":"s","stop":{}}')
    await town.hang_up()
    await until(lambda: host.report()["calls_up"] == 0)
    assert town.carrier.names() == ["answer"]


async def test_the_agent_says_nothing_before_somebody_has_answered(town: Any) -> None:
    """The audio of a dial may come while it rings; that it was answered is known by the report, or by its lasting."""
    host = await town.open()
    call = await host.dial("+15550101", "+15550199")
    stream = (await town.carrier.did("dial"))["stream"]
    await town.stream(stream.url, call.id)
    await until(lambda: call.line.state == "up")
    host.dispatch.look_after_calls()
    assert town.sessions[0].heard == []
    live = host.dispatch.live[call]
    live.began_ms -= 46_000
    host.dispatch.look_after_calls()
    assert town.sessions[0].heard == ["started"]
    await town.webhook("call.answered", call.id)
    await host.inbox.events.join()
    assert town.sessions[0].heard == ["started"]


async def test_a_call_of_which_nothing_is_heard_is_asked_after(town: Any) -> None:
    """Its hang-up was lost while it rang: the slot is free once the carrier says so."""
    host = await town.open()
    town.carrier.alive["c1"] = True
    await town.ring()
    await town.carrier.did("answer")
    live = next(iter(host.dispatch.live.values()))
    for alive, up in ((True, 1), (False, 0)):
        town.carrier.alive["c1"] = alive
        live._heard_of_ms -= 120_000
        host.dispatch.look_after_calls()
        await until(lambda: not host.report()["tasks"])
        assert host.report()["calls_up"] == up
    assert town.carrier.questions == ["c1", "c1"]


# -- legs that nobody knows --------------------------------------------------------------------------------------------


async def test_a_live_leg_that_nobody_knows_is_served(town: Any) -> None:
    """Its process has died: a new stream is asked for, and the session opens with an apology."""
    host = await town.open()
    town.carrier.alive["lost"] = True
    await town.webhook("call.answered", "lost")
    await town.webhook("streaming.stopped", "lost")
    await town.carrier.did("start_streaming")
    stream = next(arguments[1] for name, arguments, _ in town.carrier.commands if name == "start_streaming")
    await town.stream(stream.url, "lost")
    await until(lambda: town.sessions and town.sessions[0].heard == ["started"])
    assert town.sessions[0].call.opening == host.options.texts.cut_off
    assert town.carrier.names() == ["start_streaming"]
    assert host.report()["legs_found"] == {"serve": 1}


async def test_a_live_leg_whose_audio_cannot_be_had_is_told_goodbye(town: Any) -> None:
    """By the carrier's voice, and hung up: nobody is left in silence."""
    await town.open()
    town.carrier.alive["lost"] = True
    town.carrier.fails["start_streaming"] = [CommandInvalid("no"), CommandInvalid("no"), CommandInvalid("no")]
    await town.webhook("call.answered", "lost")
    await town.carrier.did("speak")
    await town.webhook("call.speak.ended", "lost", status="completed")
    await town.carrier.did("hangup")


@pytest.mark.parametrize(
    ("alive", "mark"),
    [(False, None), (True, Mark("elsewhere")), (True, Mark("", PERSON))],
    ids=["over", "another machine's", "a person's"],
)
async def test_a_leg_that_is_over_or_somebody_elses_is_left_alone(town: Any, alive: bool, mark: Mark | None) -> None:
    """No leg is served twice."""
    host = await town.open()
    town.carrier.alive["lost"] = alive
    state = None if mark is None else town.encoded(marked(mark, None))
    await town.webhook("call.answered", "lost", client_state=state)
    await until(lambda: host.report()["legs_found"])
    assert town.carrier.names() == []
    assert host.report()["calls_up"] == 0


async def test_a_leg_that_another_program_dials_is_left_alone(town: Any) -> None:
    """It bears no mark of ours, and its first event says that it is dialled."""
    host = await town.open()
    town.carrier.alive["lost"] = True
    await town.webhook("call.initiated", "lost", direction="outgoing", **{"from": "+15550100", "to": "+15550101"})
    await town.webhook("call.answered", "lost")
    await host.inbox.events.join()
    await asyncio.sleep(0.15)
    assert town.carrier.names() == []
    assert host.report()["legs_found"] == {}


async def test_a_program_that_takes_nothing_over_does_not(town: Any) -> None:
    """A program that only dials, beside one that serves."""
    host = await town.open(adopts=False)
    town.carrier.alive["lost"] = True
    await town.webhook("call.answered", "lost")
    await host.inbox.events.join()
    await asyncio.sleep(0.15)
    assert (town.carrier.names(), town.carrier.questions) == ([], [])


# -- after a death -----------------------------------------------------------------------------------------------------


async def died(path: Path, *calls: CallEntry, events: tuple[CallInitiated, ...] = ()) -> Journal:
    """The journal of a process that is gone."""
    journal = Journal(path / "journal.db", SystemClock(), limit_s=5.0)
    await journal.open()
    for event in events:
        await journal.accept("telnyx", event, b"")
    for call in calls:
        journal.note("telnyx", call)
    await journal.close()
    return Journal(path / "journal.db", SystemClock())


def entry(call_id: str, **facts: Any) -> CallEntry:
    record = CallRecord(call_id=call_id, session_id=f"s-{call_id}", direction="inbound", initiated_at=AT, **facts)
    return CallEntry(record=record, since_ms=0.0)


async def test_a_call_that_was_accepted_and_never_answered_is_answered(town: Any, tmp_path: Path) -> None:
    """The process died just after the 200; its event, repeated, has no second effect."""
    event = CallInitiated(
        event_id="e1", event_type="call.initiated", occurred_at=AT, call_id="c1", direction="inbound", from_="+15550100"
    )
    town.carrier.alive["c1"] = True
    await town.open(journal=await died(tmp_path, events=(event,)))
    await town.carrier.did("answer")
    repeated = await town.webhook("call.initiated", "c1", event_id="e1", direction="incoming")
    assert repeated.status_code == 200
    await asyncio.sleep(0.1)
    assert town.carrier.names() == ["answer"]
    assert town.sessions[0].call.from_ == "+15550100"
    assert town.sessions[0].call.opening is None


async def test_a_call_that_was_up_goes_on_with_an_apology(town: Any, tmp_path: Path) -> None:
    """With audio of its own, and nobody else's."""
    town.carrier.alive["c1"] = True
    host = await town.open(journal=await died(tmp_path, entry("c1", answered_at=AT, streams=frozenset({"old"}))))
    await town.carrier.did("start_streaming")
    stream = next(arguments[1] for name, arguments, _ in town.carrier.commands if name == "start_streaming")
    await town.stream(stream.url, "c1")
    await until(lambda: town.sessions[0].heard == ["started"])
    assert town.sessions[0].call.opening == host.options.texts.cut_off


@pytest.mark.parametrize(("streams", "kept"), [((), True), (("old",), False)])
async def test_a_call_keeps_our_id_for_it_until_its_audio_has_begun(
    town: Any, tmp_path: Path, streams: tuple[str, ...], kept: bool
) -> None:
    """So a token that was signed before a restart opens a socket after it; one that may be spent opens none."""
    before = replace(entry("c1", answered_at=AT, streams=frozenset(streams)), own_id="ours")
    town.carrier.alive["c1"] = True
    await town.open(journal=await died(tmp_path, before))
    await town.carrier.did("start_streaming")
    assert (town.sessions[0].call.own_id == "ours") is kept


async def test_a_call_that_ended_in_the_meantime_is_forgotten(town: Any, tmp_path: Path) -> None:
    """And the journal holds it no more."""
    host = await town.open(journal=await died(tmp_path, entry("c1", answered_at=AT)))
    await until(lambda: host.report()["legs_found"] == {"forget": 1})
    assert town.carrier.names() == []
    await town.server.stop()
    town.server = None
    after = Journal(tmp_path / "journal.db", SystemClock())
    assert (await after.open()).calls == ()
    await after.close()


async def test_a_caller_who_talks_to_a_person_is_left_to_that_person(town: Any, tmp_path: Path) -> None:
    """And takes no slot; when the person turns out not to answer, the agent is back."""
    town.carrier.alive["c1"] = True
    town.carrier.legs = [LiveLeg(call_id="c1", session_id="s-c1"), LiveLeg(call_id="p1", session_id="s-c1")]
    host = await town.open(journal=await died(tmp_path, entry("c1", answered_at=AT, transferring=True)))
    await until(lambda: host.report()["legs_found"] == {"watch": 1})
    await until(lambda: host.report()["calls_up"] == 0)
    assert town.carrier.names() == []
    await town.webhook("call.hangup", "p1", call_session_id="s-c1", hangup_cause="timeout", hangup_source="unknown")
    await town.carrier.did("start_streaming")
    await until(lambda: host.report()["calls_up"] == 1)


async def test_a_caller_whom_nobody_answers_is_not_left_though_the_report_was_lost(town: Any, tmp_path: Path) -> None:
    """The carrier is asked for the person's leg; while it says nothing of either, the caller is left there."""
    caller, person = LiveLeg(call_id="c1", session_id="s-c1"), LiveLeg(call_id="p1", session_id="s-c1")
    town.carrier.alive["c1"] = True
    town.carrier.legs = [caller, person]
    host = await town.open(journal=await died(tmp_path, entry("c1", answered_at=AT, transferring=True)))
    await until(lambda: host.report()["legs_found"] == {"watch": 1})
    for legs in ([caller, person], []):
        town.carrier.legs = legs
        host.dispatch.look_after_calls()
        await until(lambda: not host.report()["tasks"])
        assert town.carrier.names() == []
    town.carrier.legs = [caller]
    host.dispatch.look_after_calls()
    await town.carrier.did("start_streaming")
    await until(lambda: host.report()["calls_up"] == 1)


async def test_a_person_who_is_there_for_longer_than_a_phone_rings_has_answered(town: Any, tmp_path: Path) -> None:
    """The report of it was lost: the carrier is asked no more, and the two are left alone."""
    caller, person = LiveLeg(call_id="c1", session_id="s-c1"), LiveLeg(call_id="p1", session_id="s-c1")
    town.carrier.alive["c1"] = True
    town.carrier.legs = [caller, person]
    host = await town.open(journal=await died(tmp_path, entry("c1", answered_at=AT, transferring=True)))
    await until(lambda: host.report()["legs_found"] == {"watch": 1})
    next(iter(host.dispatch.live.values()))._heard_of_ms -= 46_000
    host.dispatch.look_after_calls()
    await until(lambda: not host.report()["tasks"])
    town.carrier.legs = [caller]
    host.dispatch.look_after_calls()
    assert not host.report()["tasks"]
    assert town.carrier.names() == []


async def test_a_caller_handed_over_by_a_session_that_is_over_is_watched_over_as_well(town: Any) -> None:
    """Nobody answers, and the report of that is lost: the carrier's voice says so."""
    host = await town.open()
    session, _ = await town.answered_call()
    await session.call.transfer("+15550111")
    session.over.set()
    await until(lambda: not host.dispatch.live[session.call].busy)
    town.carrier.legs = [LiveLeg(call_id="c1", session_id=session.call.session_id)]
    host.dispatch.look_after_calls()
    await town.carrier.did("speak")
    await town.carrier.did("hangup")


async def test_legs_of_this_journal_that_it_does_not_hold_are_found_at_the_carrier(town: Any, tmp_path: Path) -> None:
    """The journal was slow or full when they were answered; what hangs on them says whose they are."""
    journal = await died(tmp_path)
    house = (await journal.open()).house
    await journal.close()
    ours, theirs = marked(Mark(house), None), marked(Mark("elsewhere"), None)
    town.carrier.legs = [LiveLeg(call_id="c1", client_state=ours), LiveLeg(call_id="c2", client_state=theirs)]
    host = await town.open(journal=Journal(tmp_path / "journal.db", SystemClock()))
    await town.carrier.did("start_streaming")
    await until(lambda: host.report()["legs_found"] == {"serve": 1, "leave": 1})
    assert [arguments[0] for _, arguments, _ in town.carrier.commands] == ["c1"]


async def test_what_is_answered_bears_the_mark_of_its_journal(town: Any, tmp_path: Path) -> None:
    """And the program's own text is what it was."""
    host = await town.open(journal=Journal(tmp_path / "journal.db", SystemClock()))
    await town.webhook("call.initiated", direction="incoming", client_state=town.encoded("job-1"))
    options = await town.carrier.did("answer")
    assert read_mark(options["client_state"]) == (Mark(host.adoption.house), "job-1")
    await town.webhook("call.answered", client_state=town.encoded(options["client_state"]))
    await host.inbox.events.join()
    assert town.sessions[0].call.client_state == "job-1"


async def test_an_event_is_in_the_journal_before_it_is_acknowledged(town: Any, tmp_path: Path) -> None:
    """A process that is killed just after the 200 has lost nothing."""
    await town.open(journal=Journal(tmp_path / "journal.db", SystemClock(), limit_s=5.0))
    assert (await town.ring()).status_code == 200
    other = Journal(tmp_path / "journal.db", SystemClock())
    found = await other.open()
    assert [event.event_type for _, event in found.events] == ["call.initiated"]
    await other.close()
