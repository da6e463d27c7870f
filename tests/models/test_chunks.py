"""Chunks of answers, as servers send them and as they should not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import EngineError, EngineUnavailable
from offhook.models.base import Finished, TextPiece, ToolCall
from offhook.models.chunks import ChunkReader

STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def call(name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**more, "function": function}


def calls(*pieces: Any) -> dict[str, Any]:
    return delta(tool_calls=list(pieces))


def read(*chunks: Any) -> tuple[str, list[ToolCall], Finished]:
    reader = ChunkReader("host:m")
    events = [reader.read(chunk) for chunk in chunks]
    ended = reader.end()
    finished = ended.pop()
    assert isinstance(finished, Finished)
    text = "".join(event.text for event in [*events, *ended] if isinstance(event, TextPiece))
    return text, [event for event in ended if isinstance(event, ToolCall)], finished


# -- words ----------------------------------------------------------------------------------------------------------


def test_words_come_as_they_are_sent() -> None:
    """With the spaces between them, each with its chunk."""
    reader = ChunkReader("host:m")
    assert reader.read(delta(role="assistant", content="")) == TextPiece("")
    assert reader.read(delta(content="At ")) == TextPiece("At ")
    assert reader.read(delta(content="nine.")) == TextPiece("nine.")
    reader.read(STOP)
    assert reader.end() == [Finished(reason="stop")]


@pytest.mark.parametrize(
    "chunk",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        delta(content=None),
        delta(content=7),
        delta(reasoning_content="Hm."),
        delta(reasoning="Hm.", content=None),
        delta(content=[{"type": "thinking", "thinking": []}, "x"]),
        delta(tool_calls=None),
        delta(tool_calls=["x"]),
        {"choices": [], "usage": None},
    ],
)
def test_a_chunk_without_words_is_a_sign_of_life(chunk: dict[str, Any]) -> None:
    """Whatever it lacks, and whatever is thought in it."""
    assert read(delta(content="At "), chunk, delta(content="nine."), STOP)[0] == "At nine."


def test_words_may_come_in_parts_in_a_message_or_behind_thoughts() -> None:
    """As some servers send them."""
    parts = [{"type": "text", "text": "At "}, {"text": "ni"}, {"type": "text", "text": None}]
    assert read(delta(content=parts), {"choices": [{"message": {"content": "ne."}}]}, STOP)[0] == "At nine."
    assert read(delta(content="<think>Hm"), delta(content=".</think> At <"), STOP)[0] == "At <"


def test_the_tokens_are_told_where_they_are_counted() -> None:
    """In a chunk of its own, or with the last one."""
    usage = {"prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9}
    assert read(STOP, {"choices": [], "usage": usage})[2] == Finished(reason="stop", tokens_in=3, tokens_out=6)
    assert read({**STOP, "usage": {"prompt_tokens": "3"}})[2] == Finished(reason="stop")


# -- calls of tools -------------------------------------------------------------------------------------------------


def test_a_call_is_put_together_from_its_pieces() -> None:
    """By index: id and name come once, arguments in pieces."""
    text, made, finished = read(
        calls(call("book", "", index=0, id="a", type="function")),
        calls(call(None, '{"day"', index=0), call("look", "{}", index=1, id="b")),
        calls(call(None, ": 1}", index=0)),
        delta("tool_calls"),
    )
    assert (text, made) == ("", [ToolCall("a", "book", '{"day": 1}'), ToolCall("b", "look", "{}")])
    assert finished.reason == "tools"


@pytest.mark.parametrize(
    "pieces",
    [
        [call("book", '{"a": 1}', index=0, id="1"), call("book", '{"a": 2}', index=0, id="2")],
        [call("book", '{"a": 1}', index=0), call("book", '{"a": 2}', index=0)],
        [call("book", '{"a": 1}'), call("book", '{"a": 2}')],
        [call("book", {"a": 1}), call("book", {"a": 2})],
        [call("book", '{"a": 1}', id="1"), call("book", '{"a": 2}', id="2")],
        [call("book", '{"a": 1}', id=""), call("book", '{"a": 2}', id=None, index=None)],
        [call("book"), call(None, '{"a"'), call(None, ": 1}"), call("book", '{"a": 2}')],
        [
            call("book", '{"a"', index=0, id="1"),
            call("book", ": 1}", index=0, id="1"),
            call("book", '{"a": 2}', id="2"),
        ],
        [call("book", '{"a"', index=0), call("book", ": 1}", index=0), call("book", '{"a": 2}', index=1)],
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_two_calls_are_two_calls_however_they_are_told(pieces: list[Any], at_once: bool) -> None:
    """Without index or id, with one index for both, whole or in pieces, in one chunk or in several."""
    chunks = [calls(*pieces)] if at_once else [calls(piece) for piece in pieces]
    _, made, finished = read(*chunks, STOP)
    assert [json.loads(one.arguments) for one in made] == [{"a": 1}, {"a": 2}]
    assert {one.name for one in made} == {"book"}
    assert len({one.id for one in made}) == 2
    assert finished.reason == "tools"


def test_ids_that_are_made_up_are_nobody_elses() -> None:
    """Whatever the server's own look like."""
    made = read(calls(call("a"), call("b", id="call_1"), call("c")), STOP)[1]
    assert [one.id for one in made] == ["call_2", "call_1", "call_3"]
    assert [one.arguments for one in made] == ["{}"] * 3


def test_two_tools_with_one_index_are_two_calls() -> None:
    """Their names tell them apart."""
    made = read(calls(call("a", "{", index=0)), calls(call("b", "{}", index=0)), STOP)[1]
    assert [(one.name, one.arguments) for one in made] == [("a", "{"), ("b", "{}")]


def test_what_names_no_tool_is_no_call() -> None:
    """Nor is a function that is none."""
    assert read(calls(call(None, "{}", index=0), {"function": None}, {}), STOP)[1] == []


def test_calls_and_their_arguments_are_bounded() -> None:
    """A server that goes on for ever costs no more than this."""
    made = read(*[calls(call("a", "x" * 60_000, index=0))] * 3, *[calls(call("b", "{}"))] * 50, STOP)[1]
    assert len(made[0].arguments) == 100_000
    assert len(made) == 32


# -- how it ends ----------------------------------------------------------------------------------------------------


def test_an_answer_that_is_cut_off_says_so() -> None:
    """And a call that is not whole is none."""
    assert read(delta(content="At ni"), delta("length"))[2].reason == "length"
    _, made, finished = read(calls(call("a", "{}", index=0), call("b", '{"x', index=1)), delta("length"))
    assert [one.name for one in made] == ["a"]
    assert finished.reason == "length"


@pytest.mark.parametrize("last", [delta("content_filter"), delta("SAFETY"), delta("stop", refusal="I cannot.")])
def test_a_refusal_is_told_apart(last: dict[str, Any]) -> None:
    """Whoever refuses; and no tool is used."""
    text, made, finished = read(calls(call("a", "{}")), last)
    assert (text, made, finished.reason) == ("", [], "refused")


def test_an_answer_that_nobody_has_ended_broke_off() -> None:
    """It may be any part of one."""
    with pytest.raises(EngineUnavailable, match="beginning of an answer"):
        read(delta(content="At nine."))
    with pytest.raises(EngineUnavailable):
        read({"choices": [{"delta": {}, "finish_reason": ""}]})


@pytest.mark.parametrize("chunk", [None, [], "x", 7])
def test_what_is_no_object_is_no_chunk(chunk: object) -> None:
    """It is said what came, by its kind."""
    with pytest.raises(EngineError, match="JSON objects"):
        ChunkReader("host:m").read(chunk)


@pytest.mark.parametrize("choices", ["x", {}, 7])
def test_choices_that_are_no_list_are_an_error(choices: object) -> None:
    """A word may have been in it."""
    with pytest.raises(EngineError, match="a list of choices"):
        ChunkReader("host:m").read({"choices": choices})


def test_an_error_in_the_middle_is_told_without_its_words() -> None:
    """They may be anybody's."""
    with pytest.raises(EngineUnavailable) as failed:
        ChunkReader("host:m").read({"error": {"message": "canary"}})
    assert "canary" not in str(failed.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": ANYTHING,
        "refusal": ANYTHING,
        "tool_calls": ANYTHING
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "index": ANYTHING,
                    "id": ANYTHING,
                    "function": ANYTHING
                    | st.fixed_dictionaries({}, optional={"name": ANYTHING, "arguments": ANYTHING}),
                },
            ),
            max_size=3,
        ),
    },
)
CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "usage": ANYTHING,
        "choices": ANYTHING
        | st.lists(
            st.fixed_dictionaries({}, optional={"delta": ANYTHING | DELTAS, "finish_reason": ANYTHING}), max_size=2
        ),
    },
)


@given(st.lists(ANYTHING | CHUNKS, max_size=6))
def test_whatever_comes_is_read_or_is_an_error_of_ours(chunks: list[Any]) -> None:
    """No server ends a call by what it sends."""
    try:
        _, made, _ = read(*chunks, STOP)
    except EngineError:
        return
    assert len({one.id for one in made}) == len(made)
    assert all(one.id and one.name and isinstance(one.arguments, str) for one in made)
