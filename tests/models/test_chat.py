"""Requests of the chat protocol: what each host is sent, and what none is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.models.base import AssistantMessage, CallerMessage, Message, Rules, ToolCall, ToolResult, ToolSpec
from offhook.models.chat import THE_CALL_BEGINS, ChatOptions, blamed, request
from offhook.models.hosts import HOSTS, OTHER

OPENAI = HOSTS["openai"]
CALL = ToolCall("a", "book", '{"day": 1}')


def sent(*messages: Message, host: Any = OTHER) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = request(host, "m", messages)["messages"]
    return told


def test_a_plain_request_says_no_more_than_it_must() -> None:
    """The model, the messages, that it is streamed, and that tokens are counted."""
    body = request(OPENAI, "gpt-4.1", [CallerMessage("hi")])
    assert body == {
        "model": "gpt-4.1",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_tool_is_described_by_its_schema() -> None:
    """As a function."""
    body = request(OTHER, "m", [], [ToolSpec("book", "Books.", {"type": "object"})])
    function = {"name": "book", "description": "Books.", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": function}]


def test_the_longest_answer_has_the_name_that_the_host_gives_it() -> None:
    """Its other name where that one was refused, none where both were."""
    options = ChatOptions(max_tokens=9)
    both = frozenset({"max_tokens", "max_completion_tokens"})
    assert request(OPENAI, "m", [], options=options)["max_completion_tokens"] == 9
    assert request(OTHER, "m", [], options=options)["max_tokens"] == 9
    body = request(OTHER, "m", [], options=options, without=frozenset({"max_tokens"}))
    assert body["max_completion_tokens"] == 9
    assert not both & set(request(OTHER, "m", [], options=options, without=both))


def test_what_a_model_refuses_is_not_sent() -> None:
    """By the table, or by what was learned."""
    options = ChatOptions(temperature=0.2)
    assert request(OTHER, "m", [], options=options)["temperature"] == 0.2
    assert "temperature" not in request(OPENAI, "gpt-5-mini", [], options=options)
    assert "reasoning_effort" not in request(OPENAI, "gpt-5-mini", [], without=frozenset({"reasoning_effort"}))
    assert "stream_options" not in request(HOSTS["mistral"], "m", [])


def test_fields_of_the_program_count_more_than_the_tables() -> None:
    """It may want a model to think."""
    body = request(OPENAI, "gpt-5-mini", [], options=ChatOptions(extra={"reasoning_effort": "high"}))
    assert body["reasoning_effort"] == "high"


def test_calls_are_numbered_anew_and_results_follow_them() -> None:
    """Whatever ids the models gave, even the same twice."""
    again = ToolCall("a", "look", "{}")
    told = sent(
        CallerMessage("hi"),
        AssistantMessage("One moment.", (CALL, ToolCall("b", "look", "{}"))),
        ToolResult("a", "done"),
        ToolResult("b", "seen"),
        AssistantMessage(tool_calls=(again,)),
        ToolResult("a", "seen again"),
        ToolResult("nobody's", "lost"),
        AssistantMessage("Done."),
    )
    assert [one["role"] for one in told] == ["user", "assistant", "tool", "tool", "assistant", "tool", "assistant"]
    assert told[1]["content"] == "One moment."
    assert [call["id"] for call in told[1]["tool_calls"]] == ["call00001", "call00002"]
    assert told[2] == {"role": "tool", "tool_call_id": "call00001", "content": "done", "name": "book"}
    assert "content" not in told[4]
    assert told[5]["tool_call_id"] == told[4]["tool_calls"][0]["id"] == "call00003"


def test_results_name_their_tool_only_where_the_host_wants_it() -> None:
    """OpenAI does not."""
    told = sent(CallerMessage("hi"), AssistantMessage(tool_calls=(CALL,)), ToolResult("a", "done"), host=OPENAI)
    assert told[-1] == {"role": "tool", "tool_call_id": "call00001", "content": "done"}


@pytest.mark.parametrize(("written", "told"), [('{"day": 1}', '{"day": 1}'), ("{", "{}"), ("[1]", "{}"), ("", "{}")])
def test_arguments_that_are_no_object_are_told_as_an_empty_one(written: str, told: str) -> None:
    """Some servers parse them, and refuse the whole conversation."""
    (_, message) = sent(CallerMessage("hi"), AssistantMessage(tool_calls=(ToolCall("a", "book", written),)))
    assert message["tool_calls"][0]["function"] == {"name": "book", "arguments": told}


def test_calls_carry_what_the_host_wants_of_calls_that_are_not_its_own() -> None:
    """Gemini a signature."""
    told = sent(CallerMessage("hi"), AssistantMessage(tool_calls=(CALL,)), host=HOSTS["gemini"])
    signature = told[1]["tool_calls"][0]["extra_content"]["google"]["thought_signature"]
    assert signature == "skip_thought_signature_validator"


def test_the_rules_have_the_role_that_the_host_knows() -> None:
    """Both mean the same."""
    assert sent(Rules("Be brief."), host=OPENAI) == [{"role": "developer", "content": "Be brief."}]
    assert sent(Rules("Be brief.")) == [{"role": "system", "content": "Be brief."}]


def test_messages_of_one_role_are_one_and_empty_ones_none() -> None:
    """Templates want roles to alternate."""
    told = sent(
        CallerMessage("hi"), CallerMessage(""), CallerMessage("hello?"), AssistantMessage(""), AssistantMessage("Yes.")
    )
    assert told == [{"role": "user", "content": "hi\nhello?"}, {"role": "assistant", "content": "Yes."}]


def test_the_caller_is_first_where_templates_want_them_to_be() -> None:
    """Though the agent has spoken first; elsewhere nothing is added."""
    greeting: list[Message] = [Rules("x"), AssistantMessage("Hello."), CallerMessage("Hi.")]
    assert [one["content"] for one in sent(*greeting)] == ["x", THE_CALL_BEGINS, "Hello.", "Hi."]
    assert [one["content"] for one in sent(*greeting, host=OPENAI)] == ["x", "Hello.", "Hi."]


IDS = st.sampled_from(["a", "b", "", "call_1"])
CALLS = st.builds(ToolCall, IDS, st.just("t"), st.sampled_from(["{}", "{", '{"a": 1}']))
MESSAGES = st.one_of(
    st.builds(CallerMessage, st.text(max_size=3)),
    st.builds(ToolResult, IDS, st.text(max_size=3)),
    st.builds(AssistantMessage, st.text(max_size=3), st.lists(CALLS, max_size=2).map(tuple)),
)


@given(st.lists(MESSAGES, max_size=8), st.sampled_from([OTHER, *HOSTS.values()]))
def test_whatever_the_conversation_the_request_is_well_formed(messages: list[Message], host: Any) -> None:
    """Results answer calls before them, ids are what the strictest host takes, and no role comes twice with words."""
    called: set[str] = set()
    last = ""
    for one in json.loads(json.dumps(sent(*messages, host=host))):
        for call in one.get("tool_calls", ()):
            assert re.fullmatch(r"[a-zA-Z0-9]{9}", call["id"])
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            called.add(call["id"])
        assert one["role"] != "tool" or one["tool_call_id"] in called
        assert one["role"] != last or one["role"] == "tool" or "tool_calls" in one or last == "assistant"
        assert one.get("content") or one["role"] == "tool" or one["tool_calls"]
        last = one["role"]


@pytest.mark.parametrize(
    ("param", "words", "field"),
    [
        ("temperature", "", "temperature"),
        (None, "unknown field: stream_options", "stream_options"),
        ("max_tokens", "use max_completion_tokens", "max_tokens"),
        (None, "'max_tokens' is not supported: use 'max_completion_tokens'", "max_tokens"),
        ("messages", "roles must alternate", None),
        (None, "thinking is not supported", None),
        ("model", "", None),
    ],
)
def test_the_field_that_a_refusal_is_about_is_found(param: str | None, words: str, field: str | None) -> None:
    """If it was sent, and an answer can do without it."""
    body = {"model": "m", "messages": [], "temperature": 1, "stream_options": {}, "max_tokens": 5}
    assert blamed(body, param, words) == field
