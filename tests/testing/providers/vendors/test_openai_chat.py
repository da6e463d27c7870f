"""Chat completions, as a stand-in answers them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offhook.testing.providers.answers import Answer, Answers
from offhook.testing.providers.session import Accept, Close, End, Refuse, Send, Woke
from offhook.testing.providers.vendors.openai_chat import ChatCompletion

from .sessions import kinds, request

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello there"}]}


def asked(answer: Answer | None = None, key: str = "Bearer k", **more: Any) -> list[Any]:
    session = ChatCompletion("c", Answers(*([answer] if answer else [])))
    return list(session.opened(request("", key, json.dumps({**ASKED, **more}))))


def events(acts: list[Any]) -> list[Any]:
    texts = [str(act.message) for act in acts if isinstance(act, Send)]
    return [json.loads(text[6:]) for text in texts if text.startswith("data: {")]


def test_an_answer_is_streamed_word_by_word() -> None:
    """First the role, last the reason of its end; the white space is kept."""
    acts = asked(Answer(text=" We  open at nine. ", first_ms=200, piece_ms=5), stream=True)
    assert kinds(acts) == ["Accept", "role", "text", "text", "text", "text", "text", "finish", "done", "End"]
    told = events(acts)
    assert "".join(one["choices"][0]["delta"].get("content") or "" for one in told) == " We  open at nine. "
    assert told[-1]["choices"][0]["finish_reason"] == "stop"
    assert [act.after_ms for act in acts if isinstance(act, Send)][:4] == [200, 0, 5, 5]


def test_tokens_are_counted_where_that_was_asked_for() -> None:
    """In an event of their own, without choices."""
    acts = asked(stream=True, stream_options={"include_usage": True})
    assert kinds(acts)[-3:] == ["usage", "done", "End"]
    usage = events(acts)[-1]
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] > 0


def test_a_tool_is_named_first_and_its_arguments_come_in_pieces() -> None:
    """Each tool has its place; only its first fragment says what it is."""
    arguments = '{"day": "friday", "time": "19:30"}'
    acts = asked(Answer(tools=(("book", arguments), ("end", ""))), stream=True)
    calls = [call for one in events(acts) for call in one["choices"][0]["delta"].get("tool_calls", ())]
    assert [call["index"] for call in calls] == [0, 0, 0, 0, 1]
    assert [call["id"] for call in calls if "id" in call] == ["call_1", "call_2"]
    assert "".join(call["function"]["arguments"] for call in calls if call["index"] == 0) == arguments
    assert events(acts)[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_whole_answer_is_one_object() -> None:
    """Words, tools, and the reason of its end."""
    acts = asked(Answer(text="so", tools=(("book", "{}"),), finish="length"))
    assert kinds(acts) == ["Accept", "whole", "End"]
    (choice,) = json.loads(acts[1].message)["choices"]
    assert choice["message"]["content"] == "so"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "book", "arguments": "{}"}
    assert choice["finish_reason"] == "length"
    assert json.loads(asked()[1].message)["choices"][0]["message"]["content"] == "You said: hello there"


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        (json.dumps(ASKED), "", 401),
        ("{", "Bearer k", 400),
        ("{}", "Bearer k", 400),
        ('{"messages": []}', "Bearer k", 400),
        ('{"messages": ["x"]}', "Bearer k", 400),
        ('{"messages": ["x"], "model": 5}', "Bearer k", 400),
    ],
)
def test_a_wrong_request_is_refused(body: str, key: str, status: int) -> None:
    """As the vendor does."""
    (refused,) = ChatCompletion("c", Answers()).opened(request("", key, body))
    assert isinstance(refused, Refuse)
    assert refused.status == status
    assert isinstance(refused.body, dict)
    assert refused.body["error"]["type"] == "invalid_request_error"


def test_a_failure_before_the_answer_is_another_answer_and_after_it_an_event() -> None:
    """After which the response breaks off."""
    session = ChatCompletion("c", Answers())
    assert [type(act) for act in session.failure(500, "x")] == [Refuse]
    assert isinstance(next(iter(session.opened(request("", "Bearer k", json.dumps(ASKED))))), Accept)
    acts = list(session.failure(1011, "x"))
    assert events(acts)[0]["error"]["message"] == "x"
    assert acts[-1] == Close(1011, "x")
    assert End() not in acts
    assert (session.stage_of("x"), list(session.received("x")), list(session.happened(Woke("x")))) == (
        "unknown",
        [],
        [],
    )
