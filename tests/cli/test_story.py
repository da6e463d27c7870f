"""What happened on a call, told from the events of both ends."""

from __future__ import annotations

from typing import Any

from offhook.cli.story import Line, Narrator, tell

CALL, PERSON = "v3:caller", "v3:person"


def exchange(event: str, at_ms: float, call: str = CALL, /, **fields: object) -> dict[str, Any]:
    return {"at_ms": at_ms, "source": "exchange", "type": event, "call": call, **fields}


def agent(event: str, at_ms: float, /, **fields: object) -> dict[str, Any]:
    return {"at_ms": at_ms, "source": "agent", "type": event, "call": CALL, **fields}


def said(at_ms: float, words: str, kind: str = "turn", call: str = CALL) -> dict[str, Any]:
    return exchange("caller.speech_started", at_ms, call, said=words, kind=kind)


def told(events: list[dict[str, Any]], narrator: Narrator | None = None) -> list[Line]:
    narrator = narrator or Narrator(CALL)
    return [line for event in events for line in narrator.lines(event)]


# -- while it runs ----------------------------------------------------------------------------------------------------


def test_the_time_to_the_answer_is_told_when_the_call_is_answered() -> None:
    """It counts from the ringing, and the person's leg is not the call's."""
    events = [
        exchange("leg.state", 1000, state="parked"),
        exchange("leg.state", 1040, state="answered"),
        exchange("leg.state", 1050, PERSON, state="answered"),
    ]
    assert told(events) == [Line("call", "answered after 40 ms")]


def test_an_answer_is_counted_from_the_end_of_the_callers_speech_to_the_callers_ear() -> None:
    """All that can be felt is in the number: recognition, decision, voice and the line."""
    events = [
        said(0, "Hi?"),
        exchange("caller.speech_ended", 500, said="Hi?", kind="turn"),
        agent("caller.speech_ended", 580),
        agent("turn.heard", 900, text="Hi.", confidence=0.914, speech_ended_at_ms=580),
        agent("agent.speech_began", 950, text="Hello.", kind="reply"),
        exchange("caller.hears_speech", 1000),
    ]
    assert told(events) == [
        Line("caller", "“Hi?”"),
        Line("note", "understood: “Hi.”", "91% sure"),
        Line("agent", "“Hello.”", "heard after 500 ms"),
    ]


def test_the_order_in_which_the_two_ends_report_does_not_matter() -> None:
    """Events of two processes arrive as they may."""
    one = [exchange("caller.hears_speech", 1000), agent("agent.speech_began", 950, text="Hello.", kind="greeting")]
    assert told(one) == told(one[::-1]) == [Line("agent", "“Hello.”")]


def test_an_interruption_tells_how_long_the_agent_went_on_and_what_was_not_heard() -> None:
    """The caller's ear says when the agent fell silent, and the agent what it had still to say."""
    events = [
        agent("agent.speech_began", 0, text="One two three.", kind="reply"),
        exchange("caller.hears_speech", 20),
        said(2000, "Wait!", "barge_in"),
        exchange("caller.hears_silence", 2180),
        agent("agent.speech_ended", 2200, text="One two three.", heard="One two", interrupted=True, began_at_ms=0),
    ]
    assert told(events)[1:] == [
        Line("caller", "“Wait!”", "interrupts"),
        Line("note", "the agent falls silent", "180 ms"),
        Line("note", "not heard: “three.”"),
    ]


def test_an_interruption_at_the_very_end_left_nothing_unheard() -> None:
    """What was heard to its end was not cut off."""
    ended = agent("agent.speech_ended", 1, text="Bye.", heard="Bye.", interrupted=True, began_at_ms=0)
    assert told([ended]) == []


def test_a_long_unheard_rest_is_shortened_at_a_word() -> None:
    """A line of the terminal stays a line."""
    text = "word " * 40
    (line,) = told([agent("agent.speech_ended", 1, text=text, heard="word", interrupted=True, began_at_ms=0)])
    assert line.text.endswith("word …”")
    assert len(line.text) < 90


def test_a_sentence_that_the_ear_could_not_tell_from_the_one_before_is_told_at_its_end() -> None:
    """Every sentence is told once, even when no silence came before it."""
    events = [
        agent("agent.speech_began", 0, text="Again.", kind="reply"),
        agent("agent.speech_ended", 900, text="Again.", heard="Again.", interrupted=False, began_at_ms=0),
    ]
    assert told(events) == [Line("agent", "“Again.”")]


def test_what_the_agent_thinks_of_while_it_speaks_is_told_when_it_has_said_it() -> None:
    """Of a reply that comes piece by piece only the beginning is known when the voice begins."""
    events = [
        agent("agent.speech_began", 0, text="One.", kind="reply"),
        agent("agent.speech_ended", 900, text="One. Two.", heard="One. Two.", interrupted=False, began_at_ms=0),
        agent("agent.speech_began", 1000, text="Three.", kind="reply"),
        agent(
            "agent.speech_ended", 1900, text="Three. Four five.", heard="Three. Four", interrupted=True, began_at_ms=0
        ),
    ]
    assert told(events, Narrator(CALL, one_sided=True)) == [
        Line("agent", "“One.”"),
        Line("agent", "“Two.”"),
        Line("agent", "“Three.”"),
        Line("agent", "“Four”"),
        Line("note", "not heard: “five.”"),
    ]


def test_a_backchannel_does_not_count_as_the_end_of_the_callers_turn() -> None:
    """No time to an answer is made up for a hum that asked for none."""
    events = [
        said(0, "mm-hm", "backchannel"),
        exchange("caller.speech_ended", 400, said="mm-hm", kind="backchannel"),
        agent("backchannel.ignored", 600, text=""),
        agent("agent.speech_began", 5000, text="So.", kind="reply"),
        exchange("caller.hears_speech", 5020),
    ]
    assert told(events) == [
        Line("caller", "“mm-hm”", "while the agent speaks"),
        Line("note", "a back-channel: the agent goes on"),
        Line("agent", "“So.”"),
    ]


def test_the_other_legs_voice_is_the_persons() -> None:
    """A voice on the other leg is told as the person's, not as the caller's or the agent's."""
    events = [
        agent("handover.started", 0, to="+15550100", reason="unsure"),
        agent("handover.done", 1, to="+15550100", reason="unsure"),
        said(2, "Front desk.", call=PERSON),
        exchange("caller.hears_speech", 3, PERSON),
        exchange("caller.hears_silence", 4, PERSON),
    ]
    assert told(events) == [
        Line("call", "handing over to +15550100: unsure"),
        Line("call", "connected to the person"),
        Line("person", "“Front desk.”"),
    ]


def test_what_else_happens_is_told_in_a_line() -> None:
    """Events that the story does not know are passed over."""
    events = [
        agent("barge_in.resumed", 0, reason="noise", text=""),
        agent("silence.reminder", 1, count=1),
        agent("handler.failed", 2, error="ValueError"),
        agent("handover.failed", 3, to="+15550100", reason="unsure", cause="timeout"),
        agent("something.new", 4),
    ]
    assert [line.who for line in told(events)] == ["note", "note", "note", "call"]


def test_the_end_is_told_once_although_every_leg_and_both_ends_report_it() -> None:
    """The first report counts."""
    events = [
        exchange("call.ended", 1, cause="normal_clearing"),
        exchange("call.ended", 1, PERSON, cause="normal_clearing"),
        {"at_ms": 2, "source": "server", "type": "call.ended", "call": CALL, "cause": "normal_clearing"},
    ]
    assert told(events) == [Line("call", "ended: normal clearing")]


def test_on_a_real_number_the_agents_side_is_all_there_is() -> None:
    """Where nobody measures at the caller's ear the agent's own times are told."""
    events = [
        {"at_ms": 0, "source": "server", "type": "call.ringing", "call": CALL, "direction": "inbound"},
        agent("turn.heard", 900, text="Hi.", confidence=0.9, speech_ended_at_ms=500),
        agent("agent.speech_began", 950, text="Hello.", kind="reply"),
        {"at_ms": 2, "source": "server", "type": "call.ended", "call": CALL, "cause": "normal_clearing"},
    ]
    assert told(events, Narrator(CALL, one_sided=True)) == [
        Line("call", "inbound call"),
        Line("caller", "“Hi.”", "90% sure"),
        Line("agent", "“Hello.”", "heard after 450 ms"),
        Line("call", "ended: normal clearing"),
    ]


def test_the_ringing_is_told_by_the_exchange_where_there_is_one() -> None:
    """It is not told twice when both ends see it."""
    assert told([{"at_ms": 0, "source": "server", "type": "call.ringing", "call": CALL, "direction": "inbound"}]) == []


# -- when it is over --------------------------------------------------------------------------------------------------

REPORT: dict[str, Any] = {
    "call": {"call_control_id": CALL, "from": "+15550150", "to": "+15550199", "direction": "inbound", "codec": "PCMU",
             "state": "ended", "hangup_cause": "normal_clearing", "call_leg_id": "x"},
    "caller": {
        "turns": [
            {"said": "Book.", "kind": "turn", "began_ms": 0, "ended_ms": 1000, "latency_ms": 500.0},
            {"said": "mm-hm", "kind": "backchannel", "began_ms": 2000, "ended_ms": 2400, "latency_ms": None},
            {"said": "Tuesday.", "kind": "barge_in", "began_ms": 4000, "ended_ms": 5000, "latency_ms": 700.0},
            {"said": "Hello?", "kind": "turn", "began_ms": 9000, "ended_ms": 9500, "latency_ms": None},
            {"said": "Thanks.", "kind": "turn", "began_ms": 20_000, "ended_ms": 20_500, "latency_ms": None},
        ],
        "greeting_ms": 80.0, "barge_in": {"stop_ms": 120.0},
        "backchannel": {"stopped_agent": False, "longest_gap_ms": 200.0}, "heard_person": True,
    },
}  # fmt: skip

EVENTS = [
    agent("agent.speech_ended", 0, text="Hi.", heard="Hi.", interrupted=False, began_at_ms=-2000),
    agent("turn.heard", 1400, text="book", confidence=0.9, speech_ended_at_ms=1080),
    agent("turn.intent", 1401, intent="booking", confidence=0.987654),
    agent("agent.speech_ended", 4200, text="Which day?", heard="Which", interrupted=True, began_at_ms=1500),
    agent("turn.heard", 5400, text="choose day", confidence=0.4, speech_ended_at_ms=5100),
    agent("turn.reply", 5401, intent="booking", confidence=0.987654, text="Noted."),
    agent("agent.speech_ended", 7000, text="Noted.", heard="Noted.", interrupted=False, began_at_ms=5700),
    agent("handover.started", 10_000, to="+15550100", reason="unsure"),
    agent("handover.done", 12_000, to="+15550100", reason="unsure"),
    exchange("webhook.delivered", 1, PERSON, event_type="call.initiated"),
    {"at_ms": 30_000, "source": "server", "type": "server.report", "webhooks": {"verified": 1, "duplicates_dropped": 0},
     "loop_stall_ms": 3.0, "loop_stall_cpu_ms": 1.0},
]  # fmt: skip

FOLDER = {"recording": "call.wav", "timeline": "timeline.jsonl"}


def test_every_turn_has_what_was_said_heard_meant_and_how_long_it_took() -> None:
    """Said, heard and meant are kept apart, and what is not known is null."""
    story = tell(REPORT, EVENTS, folder=FOLDER)
    assert story["turns"] == [
        {
            "caller": {"said": "Book.", "heard": "book", "confidence": 0.9},
            "agent": {"intent": "booking", "text": "Which day?", "heard": "Which", "confidence": 0.988},
            "latency_ms": 500.0,
            "interrupted": True,
        },
        {
            "caller": {"said": "Tuesday.", "heard": "choose day", "confidence": 0.4},
            "agent": {"intent": "booking", "text": "Noted.", "heard": "Noted.", "confidence": 0.988},
            "latency_ms": 700.0,
            "interrupted": False,
        },
        {
            "caller": {"said": "Hello?", "heard": "", "confidence": None},
            "agent": {"intent": None, "text": "", "heard": "", "confidence": None},
            "latency_ms": None,
            "interrupted": False,
        },
    ]


def test_the_rest_of_the_story_is_the_calls_its_webhooks_and_its_measures() -> None:
    """Ids, webhooks, the median and the hand-over are there for programs to read."""
    story = tell(REPORT, EVENTS, folder=FOLDER)
    assert story["call"]["id"] == CALL
    assert "call_leg_id" not in story["call"]
    assert story["webhooks"] == {"delivered": 1, "verified": 1, "duplicates_dropped": 0}
    assert story["median_latency_ms"] == 600.0
    assert story["barge_in"] == {"stop_ms": 120.0}
    assert story["handover"] == {"to": "+15550100", "reason": "unsure", "bridged": True, "person_heard": True}
    assert story["loop_stall_cpu_ms"] == 1.0
    assert story["recording"] == "call.wav"


def test_a_call_on_which_nothing_happened_has_a_story_too() -> None:
    """Nothing is missing from it but values."""
    report = {**REPORT, "caller": {**REPORT["caller"], "turns": []}}
    story = tell(report, [], folder=FOLDER)
    assert story["turns"] == []
    assert story["median_latency_ms"] is None
    assert story["handover"] is None
    assert story["webhooks"] == {"delivered": 0, "verified": 0, "duplicates_dropped": 0}


def test_a_speech_belongs_to_the_turn_it_answers_even_if_it_ends_after_the_next_was_heard() -> None:
    """It is sorted by when it began."""
    events = [
        agent("turn.heard", 1400, text="book", confidence=0.9, speech_ended_at_ms=1080),
        agent("turn.heard", 5400, text="tuesday", confidence=0.9, speech_ended_at_ms=5100),
        agent("agent.speech_ended", 6000, text="Which day?", heard="Which", interrupted=True, began_at_ms=1500),
    ]
    first, second, *_ = tell(REPORT, events, folder=FOLDER)["turns"]
    assert (first["agent"]["text"], second["agent"]["text"]) == ("Which day?", "")
