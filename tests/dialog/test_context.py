"""How much of a long call a model is told."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialog.context import LEFT_OUT, Budget, cut, fitted, tokens_of
from offhook.errors import ConfigError
from offhook.models.base import AssistantMessage, CallerMessage, Rules, ToolCall, ToolResult

if TYPE_CHECKING:
    from offhook.models.base import Message

RULES = Rules("Be brief.")


def turns(count: int, *, words: int = 100) -> list[Message]:
    told: list[Message] = [AssistantMessage("Hello.")]
    for number in range(count):
        told += [CallerMessage(f"c{number} " + "x" * 4 * words), AssistantMessage(f"a{number}")]
    return told


def callers(messages: list[Message]) -> list[str]:
    return [message.text.split()[0] for message in messages if isinstance(message, CallerMessage)]


# -- tokens ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本", 2), ("ab日", 2)])
def test_tokens_are_guessed_rather_too_high(text: str, tokens: int) -> None:
    """Four letters of English, or one of another script."""
    assert tokens_of(text) == tokens


def test_a_text_that_is_too_long_loses_its_middle() -> None:
    """More of the beginning is kept than of the end."""
    short = cut("a" * 4000 + "z" * 4000, 100)
    assert tokens_of(short) <= 100
    head, _, tail = short.partition(" […] ")
    assert set(head) == {"a"}
    assert set(tail) == {"z"}
    assert len(head) > len(tail) > 100
    assert cut("At nine.", 100) == "At nine."


@given(st.text(max_size=300), st.integers(0, 60))
def test_a_cut_text_is_never_too_long(text: str, tokens: int) -> None:
    """Whatever the script."""
    assert tokens_of(cut(text, tokens)) <= tokens


@pytest.mark.parametrize("wrong", [{"tokens": 10}, {"message_tokens": 1}, {"turns": 0}])
def test_a_budget_that_cannot_work_is_refused(wrong: dict[str, int]) -> None:
    """When it is made."""
    with pytest.raises(ConfigError):
        Budget(**wrong)


# -- what fits ------------------------------------------------------------------------------------------------------


def test_a_short_call_is_told_whole() -> None:
    """As it is."""
    told = [RULES, *turns(5)]
    assert fitted(told, Budget()) == told
    assert fitted(told[1:], Budget()) == told[1:]
    assert fitted([], Budget()) == []


def test_the_oldest_turns_are_left_out_whole_and_it_is_said() -> None:
    """A few at a time, so that the beginning of the next request is the same."""
    kept = fitted([RULES, *turns(20)], Budget(tokens=1500))
    assert kept[0] == Rules(f"Be brief.\n\n{LEFT_OUT}")
    assert callers(kept) == [f"c{number}" for number in range(8, 20)]
    assert isinstance(kept[1], CallerMessage)
    kept = fitted(turns(20), Budget(tokens=1500))
    assert callers(kept)[0] == "c8"


def test_the_last_turns_are_kept_as_long_as_shorter_messages_will_do() -> None:
    """Each loses its middle."""
    kept = fitted([RULES, *turns(20, words=1000)], Budget(tokens=1500, turns=6))
    assert callers(kept) == [f"c{number}" for number in range(14, 20)]
    assert all("[…]" in message.text for message in kept if isinstance(message, CallerMessage))


def test_no_single_message_fills_a_request() -> None:
    """Neither an answer of ten thousand tokens, nor the result of a tool, nor its arguments."""
    long = "x" * 40_000
    call = ToolCall("a", "look", long)
    told: list[Message] = [
        RULES,
        CallerMessage("c0"),
        AssistantMessage(long, (call,)),
        ToolResult("a", long),
        CallerMessage("c1"),
    ]
    kept = fitted(told, Budget(message_tokens=500))
    assert callers(kept) == ["c0", "c1"]
    assert all(tokens_of(message.text) <= 500 for message in kept)
    assert isinstance(kept[2], AssistantMessage)
    assert kept[2].tool_calls[0].arguments == "{}"


def test_rules_are_never_cut_and_the_last_turn_is_never_left_out() -> None:
    """Though nothing else is left then."""
    rules = Rules("r" * 8000)
    kept = fitted([rules, *turns(9)], Budget(tokens=500))
    assert kept[0].text.startswith(rules.text)
    assert callers(kept) == ["c8"]
    assert fitted([CallerMessage("c0"), rules], Budget(tokens=500))[1] == rules


CALL = st.builds(ToolCall, st.just("i"), st.just("t"), st.text(max_size=400))
TURN = st.builds(
    lambda caller, text, call, result, used: [
        CallerMessage(caller),
        AssistantMessage(text, (call,) if used else ()),
        *([ToolResult("i", result)] if used else []),
    ],
    st.text(max_size=2000),
    st.text(max_size=2000),
    CALL,
    st.text(max_size=2000),
    st.booleans(),
)


@given(st.lists(TURN, min_size=1, max_size=12), st.integers(500, 3000), st.integers(40, 800), st.integers(1, 6))
def test_whatever_was_said_what_is_told_fits(
    said: list[list[Message]], tokens: int, message_tokens: int, kept_turns: int
) -> None:
    """Or is the last turn alone, in short; and every result follows its call."""
    budget = Budget(tokens=tokens, message_tokens=message_tokens, turns=kept_turns)
    kept = fitted([RULES, *(message for turn in said for message in turn)], budget)
    assert isinstance(kept[0], Rules)
    size = sum(4 + tokens_of(message.text) for message in kept)
    assert size <= tokens or len(callers_of(kept)) == 1
    for before, message in pairwise(kept):
        if isinstance(message, ToolResult):
            assert isinstance(before, AssistantMessage)
            assert before.tool_calls


def callers_of(messages: list[Message]) -> list[Message]:
    return [message for message in messages if isinstance(message, CallerMessage)]
