"""A call as a new session of its model is told it."""

from __future__ import annotations

import json
from typing import Any

from offhook.calls.transcript import TranscriptEntry
from offhook.providers.realtime.history import LETTERS, Used, messages_of


def entry(speaker: Any, heard: str, said: str | None = None, kind: str = "turn") -> TranscriptEntry:
    return TranscriptEntry(
        speaker=speaker, kind=kind, began_at_ms=0, ended_at_ms=0, heard=heard, said=heard if said is None else said
    )


def told(messages: list[str]) -> list[tuple[str, str]]:
    items = [json.loads(message)["item"] for message in messages]
    return [(item["role"], item["content"][0]["text"]) for item in items]


def test_it_is_told_what_was_heard_and_which_tools_were_used_in_their_order() -> None:
    """Not what was cut, nor fillers."""
    used = Used()
    used.add(1, "price", '{"what": "it"}', "sixty")
    entries = [
        entry("agent", "Hello."),
        entry("caller", "What is it?"),
        entry("agent", "One moment.", kind="filler"),
        entry("agent", "It is", "It is sixty."),
        entry("agent", "", "Anything else?"),
    ]
    assert told(messages_of(entries, 0, used, "Well,")) == [
        ("assistant", "Hello."),
        ("system", 'You have used the tool price with {"what": "it"}. What came of it: sixty'),
        ("user", "What is it?"),
        ("assistant", "It is …"),
        ("assistant", "Well,"),
    ]


def test_a_tool_that_was_used_last_is_told_last() -> None:
    """After all that was said before."""
    used = Used()
    used.add(1, "price", "{}", "x" * 2000)
    (first, second) = told(messages_of([entry("agent", "Hello.")], 0, used))
    assert first == ("assistant", "Hello.")
    assert second[1].endswith("x …")
    assert len(second[1]) < 1200


def test_a_long_call_is_told_from_its_end() -> None:
    """As much of it as fits, but always the last of it."""
    entries = [entry("caller", f"{number} " + "word " * 400) for number in range(20)]
    said = told(messages_of(entries, 7, Used()))
    assert [text.split()[0] for _, text in said] == [str(number) for number in range(20)][-len(said) :]
    assert LETTERS - 2010 <= sum(len(text) for _, text in said) <= LETTERS
    assert len(told(messages_of([entry("caller", "x" * 50_000)], 0, Used()))[0][1]) == LETTERS


def test_tools_of_what_is_no_longer_kept_are_not_told() -> None:
    """And no more than the last twenty are kept."""
    used = Used()
    for number in range(30):
        used.add(number, f"tool_{number}", "{}", "")
    assert len(used.uses) == 20
    said = told(messages_of([entry("caller", "Hello.")], 28, used))
    assert [text.split()[5] for role, text in said if role == "system"] == ["tool_28", "tool_29"]
