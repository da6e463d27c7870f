"""The conversation as a model is told it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.transcript import Scribe, Transcript, TranscriptEntry
from offhook.dialog.base import Heard
from offhook.dialog.context import tokens_of
from offhook.dialog.history import CUT, INTERRUPTS, UNCLEAR, Exchange, Memory, Turn
from offhook.models.base import AssistantMessage, CallerMessage, ToolCall, ToolResult

if TYPE_CHECKING:
    from offhook.models.base import Message

CALL = ToolCall("a", "look", "{}")
RESULT = ToolResult("a", "seen")
TOOLS: list[Message] = [AssistantMessage("", (CALL,)), RESULT]


def entry(speaker: Any, said: str, heard: str | None = None, *, kind: str = "", confidence: float = 1.0) -> Any:
    return TranscriptEntry(
        speaker=speaker,
        kind=kind or ("turn" if speaker == "caller" else "reply"),
        began_at_ms=0.0,
        ended_at_ms=0.0,
        heard=said if heard is None else heard,
        said=said,
        confidence=confidence,
    )


def transcript_of(*entries: TranscriptEntry) -> Transcript:
    transcript = Transcript()
    write(transcript, *entries)
    return transcript


def write(transcript: Transcript, *entries: TranscriptEntry) -> None:
    for one in entries:
        Scribe(transcript).write(one)


def told(*entries: TranscriptEntry, heard: Heard, memory: Memory | None = None) -> list[Message]:
    return Turn(transcript_of(*entries), memory or Memory(), heard).messages()


def exchange(at: int, text: str = "") -> Exchange:
    return Exchange(at, text, (CALL,), (RESULT,))


GREETING = entry("agent", "Hello.", kind="greeting")
WHEN = entry("caller", "when are you open")
NINE = entry("agent", "At nine.")


# -- what was heard -------------------------------------------------------------------------------------------------


def test_a_conversation_is_told_in_its_order_with_the_turn_last() -> None:
    """Once, though the transcript has it, too."""
    assert told(GREETING, WHEN, NINE, entry("caller", "thank you"), heard=Heard("thank you")) == [
        AssistantMessage("Hello."),
        CallerMessage("when are you open"),
        AssistantMessage("At nine."),
        CallerMessage("thank you"),
    ]


def test_a_turn_that_is_not_over_yet_is_told_as_if_it_were() -> None:
    """A draft is answered before the transcript has its words."""
    transcript, memory = transcript_of(GREETING), Memory()
    turn = Turn(transcript, memory, Heard("when are you open"))
    expected = [AssistantMessage("Hello."), CallerMessage("when are you open")]
    assert turn.messages() == expected
    write(transcript, WHEN)
    assert turn.messages() == expected


@pytest.mark.parametrize("entries", [["when are you", "open on sunday"], ["open on sunday"], []])
def test_words_that_were_joined_are_one_turn(entries: list[str]) -> None:
    """However the transcript has them."""
    text = "when are you open on sunday"
    assert told(*(entry("caller", one) for one in entries), heard=Heard(text)) == [CallerMessage(text)]


def test_words_that_were_never_answered_stay_the_callers() -> None:
    """Before those that are answered now."""
    assert told(WHEN, entry("caller", "hello?"), heard=Heard("hello?")) == [
        CallerMessage("when are you open"),
        CallerMessage("hello?"),
    ]


def test_an_answer_that_was_interrupted_is_cut_and_marked() -> None:
    """At the word that was heard last; and the caller is told to have interrupted it."""
    cut = entry("agent", "At nine every weekday.", "At nine")
    assert told(WHEN, cut, entry("caller", "wait"), heard=Heard("wait"))[1:] == [
        AssistantMessage("At nine" + CUT),
        CallerMessage(INTERRUPTS + "wait"),
    ]
    assert told(WHEN, cut, entry("caller", "wait"), NINE, heard=Heard("yes"))[2:] == [
        CallerMessage(INTERRUPTS + "wait"),
        AssistantMessage("At nine."),
        CallerMessage("yes"),
    ]


def test_what_nobody_heard_was_not_said() -> None:
    """Nor was a filler."""
    entries = [WHEN, entry("agent", "At nine.", ""), entry("agent", "One moment.", kind="filler")]
    assert told(*entries, heard=Heard("hello?")) == [CallerMessage("when are you open"), CallerMessage("hello?")]


def test_words_that_were_hard_to_hear_are_marked() -> None:
    """Those before, and those of the turn."""
    entries = [entry("caller", "mumble", confidence=0.3), NINE]
    assert told(*entries, heard=Heard("mumble", 0.39))[::2] == [CallerMessage(UNCLEAR + "mumble")] * 2


# -- tools ----------------------------------------------------------------------------------------------------------


def test_tools_stand_where_their_results_were_known() -> None:
    """Between the words before and after."""
    memory = Memory([exchange(2), exchange(3)])
    assert told(GREETING, WHEN, NINE, entry("caller", "bye"), heard=Heard("bye"), memory=memory) == [
        AssistantMessage("Hello."),
        CallerMessage("when are you open"),
        *TOOLS,
        AssistantMessage("At nine."),
        *TOOLS,
        CallerMessage("bye"),
    ]


def test_in_the_turn_itself_the_models_own_words_stand_as_it_wrote_them() -> None:
    """They are still being heard; what a tool has asked, and was told, stands before what came of it."""
    transcript, memory = transcript_of(WHEN), Memory()
    turn = Turn(transcript, memory, Heard("when are you open"))
    write(
        transcript,
        entry("agent", "Let me see.", "Let"),
        entry("agent", "One moment.", kind="filler"),
        entry("agent", "Which day?", kind="question"),
        entry("caller", "Sunday"),
    )
    memory.add(exchange(turn.now, "Let me see."))
    write(transcript, entry("agent", "I see.", kind="say"))
    memory.add(exchange(turn.now, "Hm."))
    assert turn.messages() == [
        CallerMessage("when are you open"),
        AssistantMessage("Which day?"),
        CallerMessage("Sunday"),
        AssistantMessage("Let me see.", (CALL,)),
        RESULT,
        AssistantMessage("I see."),
        AssistantMessage("Hm.", (CALL,)),
        RESULT,
    ]


def test_afterwards_the_words_before_a_tool_are_those_that_were_heard() -> None:
    """From the transcript, once."""
    transcript, memory = transcript_of(WHEN), Memory()
    turn = Turn(transcript, memory, Heard("when are you open"))
    memory.add(exchange(turn.now, "Let me see."))
    write(transcript, entry("agent", "Let me see."), NINE)
    assert Turn(transcript, memory, Heard("bye")).messages() == [
        CallerMessage("when are you open"),
        *TOOLS,
        AssistantMessage("Let me see."),
        AssistantMessage("At nine."),
        CallerMessage("bye"),
    ]


def test_tools_of_turns_that_are_no_longer_kept_are_not_told() -> None:
    """A long call forgets both."""
    transcript = Transcript()
    memory = Memory()
    for number in range(510):
        write(transcript, entry("caller", str(number)))
        if number in (3, 505):
            memory.add(exchange(number + 1))
    messages = Turn(transcript, memory, Heard("bye")).messages()
    assert transcript.dropped == 10
    assert sum(isinstance(message, ToolResult) for message in messages) == 1
    assert messages.index(RESULT) == 497
    assert messages[495] == CallerMessage("505")


def test_a_turn_in_which_much_is_said_survives_that_its_beginning_is_forgotten() -> None:
    """What is left is told."""
    transcript, memory = transcript_of(WHEN), Memory()
    turn = Turn(transcript, memory, Heard("when are you open"))
    write(transcript, *(entry("agent", str(number), kind="say") for number in range(510)))
    assert turn.messages()[1] == AssistantMessage("10")
    assert turn.spoken_to()


def test_what_is_kept_of_tools_is_bounded() -> None:
    """The last hundred, and of a long result the beginning and the end."""
    memory = Memory()
    for number in range(120):
        memory.add(Exchange(number, "", (CALL,), (ToolResult("a", "x" * 100_000),)))
    assert [one.at for one in memory.exchanges] == list(range(20, 120))
    assert tokens_of(memory.exchanges[0].results[0].text) <= 5_000


def test_it_is_known_whether_the_caller_has_heard_anything_in_the_turn() -> None:
    """A filler is nothing, and neither are words that were cut before they were heard."""
    transcript = transcript_of(NINE, WHEN)
    turn = Turn(transcript, Memory(), Heard("when are you open"))
    write(transcript, entry("agent", "One moment.", kind="filler"), entry("agent", "x", ""), entry("caller", "yes"))
    assert not turn.spoken_to()
    write(transcript, entry("agent", "I see.", kind="say"))
    assert turn.spoken_to()
