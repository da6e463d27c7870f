"""OpenAI's Realtime protocol: what is sent, and what comes."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import EngineError
from offhook.providers.realtime import protocol
from offhook.providers.realtime.protocol import (
    CallerBegan,
    CallerEnded,
    CallerHeard,
    CallerTurn,
    CallerWords,
    Ready,
    ReplyAudio,
    ReplyBegan,
    ReplyItem,
    ReplyItemOver,
    ReplyOver,
    ReplyText,
    ToolAsked,
    Trouble,
    read,
)


def told(kind: str, **fields: Any) -> object:
    return read(json.dumps({"type": kind, "event_id": "e1", **fields}), "OpenAI")


SPOKEN = {"response_id": "r1", "item_id": "i1", "output_index": 0, "content_index": 0}


def test_what_is_told_of_the_session_and_the_caller_is_read() -> None:
    """As the reference writes it."""
    assert told("session.created", session={"expires_at": 1800000000}) == Ready(1800000000.0)
    assert told("session.updated", session={}) == Ready(None)
    assert told("input_audio_buffer.speech_started", item_id="i1", audio_start_ms=120) == CallerBegan("i1", 120.0)
    assert told("input_audio_buffer.speech_stopped", item_id="i1", audio_end_ms=900) == CallerEnded("i1", 900.0)
    assert told("input_audio_buffer.committed", item_id="i1", previous_item_id=None) == CallerTurn("i1")
    words = "conversation.item.input_audio_transcription"
    assert told(f"{words}.delta", item_id="i1", delta="When") == CallerWords("i1", "When")
    assert told(f"{words}.completed", item_id="i1", transcript=" When? \n") == CallerHeard("i1", "When?")
    assert told(f"{words}.failed", item_id="i1", error={"code": "x"}) == CallerHeard("i1", "")
    assert told("error", error={"type": "server_error", "code": None, "event_id": None}) == Trouble("server_error", "")
    assert told("error", error={"type": "t", "code": "busy", "event_id": "a"}) == Trouble("busy", "a")


@pytest.mark.parametrize("part", ["response.output_audio", "response.audio"])
def test_what_is_told_of_a_response_is_read_by_both_names(part: str) -> None:
    """Compatible hosts still use those of the beta."""
    audio = base64.b64encode(b"\x01\x02").decode()
    assert told(f"{part}.delta", **SPOKEN, delta=audio) == ReplyAudio("r1", "i1", b"\x01\x02")
    assert told(f"{part}_transcript.delta", **SPOKEN, delta="We ") == ReplyText("r1", "i1", "We ")
    assert told(f"{part}.done", **SPOKEN) == ReplyItemOver("r1", "i1")


def test_a_response_is_told_apart_by_what_asked_for_it() -> None:
    """The tag comes back in its metadata; without one the session answers the caller of its own accord."""
    assert told("response.created", response={"id": "r1", "metadata": {protocol.TAG: "a1"}}) == ReplyBegan("r1", "a1")
    assert told("response.created", response={"id": "r1", "metadata": None}) == ReplyBegan("r1", "")
    added = {"type": "message", "id": "i1"}
    assert told("response.output_item.added", response_id="r1", item=added) == ReplyItem("r1", "i1")
    assert told("response.output_item.added", response_id="r1", item={"type": "function_call"}) is None
    call = {"call_id": "c1", "name": "book", "arguments": "{}"}
    assert told("response.function_call_arguments.done", response_id="r1", **call) == ToolAsked(
        "r1", "c1", "book", "{}"
    )
    done = {"id": "r1", "status": "cancelled", "status_details": {"type": "cancelled", "reason": "turn_detected"}}
    assert told("response.done", response=done) == ReplyOver("r1", "cancelled", "turn_detected")
    assert told("response.done", response={"id": "r1", "status": "completed"}) == ReplyOver("r1", "completed", "")


def test_what_does_not_matter_says_nothing() -> None:
    """Other events, of which there are many, and new ones."""
    assert told("rate_limits.updated") is None
    assert told("response.content_part.added") is None
    assert told("response.of.tomorrow") is None
    assert read("{}", "OpenAI") is None


@pytest.mark.parametrize(
    "message", ["", "{", "[]", "null", b"\x00", '{"type":"response.output_audio.delta","delta":"?"}']
)
def test_a_message_that_is_none_is_an_error_of_ours(message: str | bytes) -> None:
    """Without a word of it."""
    with pytest.raises(EngineError, match="of OpenAI"):
        read(message, "OpenAI")


@given(
    st.dictionaries(
        st.sampled_from(
            ["type", "item_id", "response_id", "response", "item", "session", "error", "delta", "transcript"]
        ),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(),
            st.lists(st.integers()),
            st.dictionaries(st.text(), st.integers()),
            st.sampled_from(["response.created", "response.done", "error", "session.created", "response.audio.delta"]),
        ),
    )
)
def test_whatever_a_message_holds_there_is_an_event_nothing_or_an_error_of_ours(values: dict[str, Any]) -> None:
    """Hosts send what they like."""
    with suppress(EngineError):
        assert read(json.dumps(values), "OpenAI") is None or "type" in values


def test_what_is_sent_is_what_the_reference_writes() -> None:
    """Field by field."""
    sent = [
        protocol.update({"instructions": "Be short."}),
        protocol.append(b"\xff\x7f"),
        protocol.clear_input(),
        protocol.ask("a1"),
        protocol.ask("a2", instructions="Say it.", beside=True, tools=False),
        protocol.cancel("r1"),
        protocol.truncate("i1", 1200),
        protocol.tool_result("c1", "booked"),
        protocol.said("user", "Hello."),
        protocol.said("assistant", "Hello."),
    ]
    tagged = {"metadata": {protocol.TAG: "a2"}, "instructions": "Say it.", "conversation": "none", "input": []}
    assert [json.loads(message) for message in sent] == [
        {"type": "session.update", "session": {"type": "realtime", "instructions": "Be short."}},
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\xff\x7f").decode()},
        {"type": "input_audio_buffer.clear"},
        {"type": "response.create", "event_id": "a1", "response": {"metadata": {protocol.TAG: "a1"}}},
        {"type": "response.create", "event_id": "a2", "response": {**tagged, "tool_choice": "none"}},
        {"type": "response.cancel", "response_id": "r1"},
        {"type": "conversation.item.truncate", "item_id": "i1", "content_index": 0, "audio_end_ms": 1200},
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": "c1", "output": "booked"},
        },
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]},
        },
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]},
        },
    ]
