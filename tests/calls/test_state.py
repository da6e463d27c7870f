"""The facts of a call: no order and no repetition of reports makes a difference."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.state import (
    AnswerCall,
    BeginSession,
    CallRecord,
    CallState,
    EndSession,
    GiveUp,
    MediaBegan,
    PersonGone,
    RestartStream,
    TransferAsked,
    TransferConnected,
    TransferLegOver,
    TransferLost,
    TransferWithdrawn,
    apply,
)
from offhook.carriers.events import CallAnswered, CallBridged, CallHangup, CallInitiated, OtherEvent, StreamingFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from offhook.calls.state import Effect, OwnEvent
    from offhook.carriers.events import CallEvent


def at(second: int) -> str:
    return f"2026-01-01T00:00:{second:02d}.000000Z"


def common(event_type: str, second: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"{event_type}-{second}",
        "event_type": event_type,
        "occurred_at": at(second),
        "call_id": "c1",
        **fields,
    }


def initiated(second: int = 0, direction: Any = "inbound", **fields: Any) -> CallInitiated:
    return CallInitiated(direction=direction, **common("call.initiated", second, **fields))


def answered(second: int = 1, **fields: Any) -> CallAnswered:
    return CallAnswered(**common("call.answered", second, **fields))


def bridged(second: int = 3) -> CallBridged:
    return CallBridged(**common("call.bridged", second))


def failed(second: int = 2) -> StreamingFailed:
    return StreamingFailed(reason="connection_failed", **common("streaming.failed", second))


def hangup(second: int = 9, cause: str = "normal_clearing") -> CallHangup:
    return CallHangup(cause=cause, source="caller", sip_cause="200", **common("call.hangup", second))


MEDIA = MediaBegan(stream_id="s1")
FIVE: Sequence[CallEvent | MediaBegan] = (
    initiated(from_="+15550100", to="+15550199", client_state="old", leg_id="leg", session_id="session"),
    answered(client_state="new"),
    MEDIA,
    failed(),
    hangup(),
)


def run(events: Iterable[CallEvent | OwnEvent]) -> tuple[CallRecord, list[Effect]]:
    record = CallRecord(call_id="c1")
    effects: list[Effect] = []
    for event in events:
        record, more = apply(record, event)
        effects += more
    return record, effects


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))), ids=str)
def test_every_order_of_five_events_ends_in_the_same_state(order: tuple[int, ...]) -> None:
    """All 120 orders of a call's five reports make the same record."""
    record, effects = run(FIVE[index] for index in order)
    assert record == run(FIVE)[0]
    assert record.state is CallState.ENDED
    assert effects.count(EndSession("normal_clearing")) == 1
    # What is over is never begun: nothing but the end follows once the end is known.
    if order[0] == 4:
        assert effects == [EndSession("normal_clearing")]


EVENTS = st.sampled_from(
    [
        *FIVE,
        bridged(),
        hangup(8, "timeout"),
        failed(4),
        failed(5),
        MediaBegan(stream_id="s2"),
        initiated(4),
        answered(5),
    ]
)


@given(st.lists(EVENTS, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(events: list[Any], random: Any) -> None:
    """Any reports, in any order, each any number of times: the same record, and no effect twice."""
    record, effects = run(events)
    shuffled = [*events, *random.sample(events, len(events) // 2)]
    random.shuffle(shuffled)
    again, more = run(shuffled)
    assert again == record
    for seen in (effects, more):
        for kind in (AnswerCall, BeginSession, EndSession):
            assert sum(isinstance(effect, kind) for effect in seen) <= 1


@given(st.lists(EVENTS, max_size=12))
def test_a_call_only_moves_on(events: list[Any]) -> None:
    """No report takes a call back to an earlier state."""
    order = list(CallState)
    record, before = CallRecord(call_id="c1"), 0
    for event in events:
        record, _ = apply(record, event)
        assert order.index(record.state) >= before
        before = order.index(record.state)


def test_an_inbound_call_that_rings_is_answered_once() -> None:
    """The first report that it rings asks for an answer, a repeated one does not."""
    record, effects = run([initiated(), initiated(1)])
    assert effects == [AnswerCall()]
    assert record.state is CallState.RINGING
    assert record.initiated_at == at(0)


def test_an_outbound_call_is_not_answered_by_us() -> None:
    """It rings at the other end."""
    record, effects = run([initiated(direction="outbound")])
    assert effects == []
    assert record.direction == "outbound"


def test_a_call_that_is_over_is_not_answered() -> None:
    """A hang-up may overtake the report of its call."""
    record, effects = run([hangup(), initiated()])
    assert effects == [EndSession("normal_clearing")]
    assert record.state is CallState.ENDED


def test_a_call_that_was_answered_elsewhere_is_not_answered_again() -> None:
    """A late report that it rings changes nothing."""
    assert run([answered(), initiated()])[1] == []


def test_the_session_begins_with_the_first_audio() -> None:
    """Not with the answer: a second stream does not begin another."""
    record, effects = run([initiated(), answered(), MEDIA, MEDIA, MediaBegan(stream_id="s2")])
    assert effects == [AnswerCall(), BeginSession()]
    assert record.streams == {"s1", "s2"}


def test_a_call_that_we_dial_begins_when_there_is_audio_and_somebody_has_answered() -> None:
    """Whichever comes first: the audio may begin while it rings, and nobody is there to be greeted."""
    rings: list[Any] = [initiated(direction="outbound"), MEDIA]
    record, effects = run(rings)
    assert (record.state, effects) == (CallState.RINGING, [])
    assert run([*rings, answered()])[1] == [BeginSession()]
    assert run([initiated(direction="outbound"), answered(), MEDIA, answered(2)])[1] == [BeginSession()]
    assert run([*rings, hangup(), answered()])[1] == [EndSession("normal_clearing")]


def test_audio_proves_that_a_call_is_answered() -> None:
    """The media socket may be faster than the webhook."""
    assert run([initiated(), MEDIA])[0].state is CallState.ANSWERED


def test_audio_after_the_end_begins_nothing() -> None:
    """The caller has gone."""
    assert run([hangup(), MEDIA])[1] == [EndSession("normal_clearing")]


def test_a_failed_stream_is_asked_for_once_more_and_then_given_up() -> None:
    """The same report twice is one failure."""
    assert run([answered(), failed(), failed()])[1] == [RestartStream()]
    assert run([answered(), failed(), failed(3)])[1] == [RestartStream(), GiveUp("connection_failed")]


@pytest.mark.parametrize("before", [hangup(), bridged()], ids=["over", "with a person"])
def test_a_failed_stream_does_not_matter_any_more(before: CallEvent) -> None:
    """Nobody is waiting for our audio."""
    _, effects = run([answered(), before, failed()])
    assert RestartStream() not in effects
    assert GiveUp("connection_failed") not in effects


def test_the_earlier_of_two_ends_is_the_end() -> None:
    """Whichever is reported first."""
    first, _ = run([hangup(9), hangup(8, "timeout")])
    second, _ = run([hangup(8, "timeout"), hangup(9)])
    assert first == second
    assert first.ended_cause == "timeout"


def test_a_bridged_call_is_with_a_person() -> None:
    """Bridged comes after answered and before over."""
    assert run([answered(), bridged()])[0].state is CallState.BRIDGED
    assert run([bridged(), answered()])[0].state is CallState.BRIDGED


def test_a_transfer_that_is_answered_is_told_once() -> None:
    """And a leg that ends afterwards is not one that was not answered: nobody is left to talk to."""
    record, effects = run([answered(), TransferAsked(), bridged(), bridged(4), TransferLegOver(cause="x")])
    assert effects == [TransferConnected(), PersonGone()]
    assert (record.transferring, record.state) == (True, CallState.BRIDGED)
    assert run([answered(), bridged()])[1] == []
    assert run([TransferAsked(), hangup(), bridged()])[1] == [EndSession("normal_clearing")]


def test_a_transfer_that_nobody_answers_is_told_once() -> None:
    """The call is ours again."""
    over = TransferLegOver(cause="timeout")
    record, effects = run([answered(), TransferAsked(), over, over])
    assert effects == [TransferLost(cause="timeout")]
    assert (record.transferring, record.state) == (False, CallState.ANSWERED)
    assert run([answered(), TransferAsked(), hangup(), over])[1] == [EndSession("normal_clearing")]


def test_a_call_that_rings_can_be_transferred_too() -> None:
    """It is not answered for that, and rings on if nobody takes it there."""
    record, effects = run([initiated(), TransferAsked(), TransferLegOver(cause="user_busy")])
    assert effects == [AnswerCall(), TransferLost(cause="user_busy")]
    assert (record.transferring, record.state) == (False, CallState.RINGING)


def test_a_transfer_that_was_withdrawn_is_nobodys_news() -> None:
    """Neither its success nor its failure."""
    begun: list[CallEvent | OwnEvent] = [answered(), TransferAsked(), TransferWithdrawn()]
    endings: list[CallEvent | OwnEvent] = [bridged(), TransferLegOver(cause="x")]
    for later in endings:
        record, effects = run([*begun, later])
        assert (record.transferring, effects) == (False, [])


def test_the_newest_client_state_counts() -> None:
    """Reports of other events repeat the older text, or none."""
    record, _ = run([answered(1, client_state="new"), initiated(0, client_state="old"), hangup()])
    assert record.client_state == "new"


def test_other_events_leave_the_facts_alone() -> None:
    """But for who the call is."""
    record, effects = run([OtherEvent(**common("call.speak.ended", 3, from_="+15550100"))])
    assert record == CallRecord(call_id="c1", from_="+15550100")
    assert record.state is CallState.NEW
    assert effects == []
