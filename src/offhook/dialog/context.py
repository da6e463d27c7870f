"""What of a long conversation a model is told: a rule, so that no call outgrows its context. Pure.

1. No message is longer than :attr:`Budget.message_tokens`: of a longer one the middle is left out.
2. While all of it is more than :attr:`Budget.tokens`, the oldest turns are left out, whole and a few at a time (so that
   what a host has cached of the beginning stays good for some turns), but not the last :attr:`Budget.turns`.
3. While it still is, messages are cut shorter, down to a few words; then more of the oldest turns are left out.

The rules are never cut, and the last turn is never left out. A line in the rules says that something is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offhook.errors import ConfigError
from offhook.models.base import AssistantMessage, CallerMessage, Rules, ToolResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.models.base import Message

__all__ = ["LEFT_OUT", "Budget", "cut", "fitted", "tokens_of"]

LEFT_OUT = "(The beginning of this call is left out here.)"
"""What the rules end with where turns are left out."""

_CUT = " […] "
_TURNS_AT_ONCE = 4
_SHORTEST_TOKENS = 40
_FRAME_TOKENS = 4
"""What a message costs beside its words."""
_LETTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much a model is told. In tokens as :func:`tokens_of` guesses them.

    Raises:
        ConfigError: a number that cannot work.
    """

    tokens: int = 12_000
    """All of a request but the tools: rules and conversation."""
    message_tokens: int = 1_500
    """The longest message of the conversation."""
    turns: int = 6
    """So many of the caller's last turns are kept as long as they can be."""

    def __post_init__(self) -> None:
        if self.tokens < 500 or self.message_tokens < _SHORTEST_TOKENS or self.turns < 1:
            raise ConfigError(
                f"expected at least 500 tokens, {_SHORTEST_TOKENS} a message and 1 turn, got {self.tokens}, "
                f"{self.message_tokens} and {self.turns}.",
                fix=f"leave them out for {Budget().tokens}, {Budget().message_tokens} and {Budget().turns}",
            )


def tokens_of(text: str) -> int:
    """A guess at the tokens of a text that is rather too high: a quarter of its letters, and one for each letter that
    is not of English."""
    plain = sum(map(str.isascii, text))
    return -(-plain // _LETTERS_PER_TOKEN) + len(text) - plain


def cut(text: str, tokens: int) -> str:
    """``text`` in at most ``tokens``: its beginning and its end, more of the beginning."""
    size = tokens_of(text)
    kept = len(text)
    while size > tokens and kept > 0:
        kept = min(kept - 1, int(kept * tokens / size))
        head = kept - kept // 3
        shorter = text[:head] + _CUT + text[len(text) - kept // 3 :]
        size = tokens_of(shorter)
        if size <= tokens:
            return shorter
    return text if size <= tokens else ""


def fitted(messages: Sequence[Message], budget: Budget) -> list[Message]:
    """The messages that a model is told of a conversation.

    Args:
        messages: the rules first, if there are any; then turns, each from a message of the caller's to the next one.
            The results of tools follow their calls.
        budget: how much it may be.
    """
    rules = messages[0].text if messages and isinstance(messages[0], Rules) else None
    turns = _turns(messages if rules is None else messages[1:])
    own = (tokens_of(f"{rules}\n\n{LEFT_OUT}") + _FRAME_TOKENS) if rules is not None else 0
    limit = budget.message_tokens
    told = [_shortened(turn, limit) for turn in turns]
    left_out = 0
    while own + _size(told) > budget.tokens and len(told) > budget.turns:
        gone = min(_TURNS_AT_ONCE, len(told) - budget.turns)
        left_out += gone
        del told[:gone]
    while own + _size(told) > budget.tokens and limit > _SHORTEST_TOKENS:
        limit = max(_SHORTEST_TOKENS, limit // 2)
        told = [_shortened(turn, limit) for turn in told]
    while own + _size(told) > budget.tokens and len(told) > 1:
        left_out += 1
        del told[0]
    first: list[Message] = []
    if rules is not None:
        first = [Rules(f"{rules}\n\n{LEFT_OUT}" if left_out else rules)]
    return [*first, *(message for turn in told for message in turn)]


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """What comes before the caller's first message belongs to it."""
    turns: list[list[Message]] = []
    for message in messages:
        begins = isinstance(message, CallerMessage) and turns and any(isinstance(m, CallerMessage) for m in turns[-1])
        if begins or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _shortened(turn: list[Message], tokens: int) -> list[Message]:
    return [_short(message, tokens) for message in turn]


def _short(message: Message, tokens: int) -> Message:
    match message:
        case CallerMessage(text):
            return CallerMessage(cut(text, tokens))
        case ToolResult(call_id, text):
            return ToolResult(call_id, cut(text, tokens))
        case AssistantMessage(text, calls):
            told = tuple(
                call if tokens_of(call.arguments) <= tokens else replace(call, arguments="{}") for call in calls
            )
            return AssistantMessage(cut(text, tokens), told)
    return message


def _size(turns: list[list[Message]]) -> int:
    return sum(_tokens(message) for turn in turns for message in turn)


def _tokens(message: Message) -> int:
    size = _FRAME_TOKENS + tokens_of(message.text)
    if isinstance(message, AssistantMessage):
        size += sum(_FRAME_TOKENS + tokens_of(call.name) + tokens_of(call.arguments) for call in message.tool_calls)
    return size
