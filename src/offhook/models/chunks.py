"""What a model has answered, from the chunks of a chat completion that is streamed. Pure.

Written for what servers send, not for what they should: a chunk without ``choices``, or with none (usage alone); a null
``content``, or a list of parts; calls of tools without ``index`` or ``id``, whole in one chunk, several with one index;
arguments as an object; ``finish_reason`` "stop" beside calls of tools; a ``message`` in place of a ``delta``. Reasoning
is dropped, in fields of its own and in the text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Literal

from offhook.errors import EngineError, EngineUnavailable, kind_of
from offhook.models.base import Finished, TextPiece, ToolCall
from offhook.models.thoughts import Thoughts

if TYPE_CHECKING:
    from offhook.models.base import ModelEvent

__all__ = ["ChunkReader"]

_REFUSED = ("content_filter", "refusal", "safety")
_MOST_CALLS = 32
_MOST_LETTERS = 100_000
"""No answer has more calls, and no call longer arguments: what goes beyond is left out."""


@dataclass(slots=True)
class _Call:
    """A call of a tool, as far as it is known."""

    index: object = None
    id: str = ""
    name: str = ""
    arguments: str = ""


class ChunkReader:
    """Reads the chunks of one answer.

    Args:
        host: who answers, for errors.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._thoughts = Thoughts()
        self._calls: list[_Call] = []
        self._reason: str | None = None
        self._refused = False
        self._tokens: tuple[int | None, int | None] = (None, None)

    def read(self, chunk: object) -> TextPiece:
        """The words in ``chunk``: an empty piece where there are none, as a sign that the model is at work.

        Raises:
            EngineError: it is no chunk.
            EngineUnavailable: it tells of an error.
        """
        if not isinstance(chunk, Mapping):
            raise EngineError(f"expected chunks of {self._host} as JSON objects, got {kind_of(chunk)}.")
        if chunk.get("error"):
            raise EngineUnavailable(f"expected {self._host} to answer to the end, got an error in the middle.")
        self._read_usage(chunk.get("usage"))
        choices = chunk.get("choices")
        if choices is not None and not isinstance(choices, list):
            raise EngineError(f"expected chunks of {self._host} with a list of choices, got {kind_of(choices)}.")
        choice = choices[0] if isinstance(choices, list) and choices else None
        return TextPiece(self._read_choice(choice) if isinstance(choice, Mapping) else "")

    def end(self) -> list[ModelEvent]:
        """There are no more chunks: what is left of the words, the calls of tools, and how it ended.

        Raises:
            EngineUnavailable: nothing has said that the answer is whole.
        """
        if self._reason is None:
            raise EngineUnavailable(f"expected {self._host} to answer to the end, got the beginning of an answer.")
        text = self._thoughts.flush()
        calls = [ToolCall(call.id, call.name, call.arguments or "{}") for call in self._named()]
        events: list[ModelEvent] = [TextPiece(text)] if text else []
        reason: Literal["stop", "tools", "length", "refused"] = "stop"
        if self._refused or self._reason in _REFUSED:
            reason, calls = "refused", []
        elif self._reason == "length":
            reason, calls = "length", [call for call in calls if _is_whole(call.arguments)]
        elif calls:
            reason = "tools"
        tokens_in, tokens_out = self._tokens
        return [*events, *calls, Finished(reason=reason, tokens_in=tokens_in, tokens_out=tokens_out)]

    def _read_choice(self, choice: Mapping[str, object]) -> str:
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._reason = reason.lower()
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, Mapping):
            return ""
        if delta.get("refusal"):
            self._refused = True
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, Mapping):
                self._read_call(call)
        return self._thoughts.push(_text_of(delta.get("content")))

    def _read_usage(self, usage: object) -> None:
        if isinstance(usage, Mapping):
            self._tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))

    # -- calls of tools -----------------------------------------------------------------------------------------------

    def _read_call(self, piece: Mapping[str, object]) -> None:
        function = piece.get("function")
        function = function if isinstance(function, Mapping) else {}
        id_, name, arguments = _word(piece.get("id")), _word(function.get("name")), function.get("arguments")
        call = self._call_of(piece.get("index"), id_, name, more=bool(arguments))
        if call is None:
            return
        call.id = call.id or id_
        call.name = call.name or name
        if isinstance(arguments, str):
            call.arguments = (call.arguments + arguments)[:_MOST_LETTERS]
        elif isinstance(arguments, Mapping):
            call.arguments = json.dumps(arguments)

    def _call_of(self, index: object, id_: str, name: str, *, more: bool) -> _Call | None:
        """The call that a piece belongs to: by its id, else by its index, else the last one. ``None``: one too many.

        A piece that names a tool begins a call, unless it repeats what is known of the one that it belongs to: then its
        arguments, if there are ``more``, are not whole yet.
        """
        call = next((call for call in self._calls if id_ and call.id == id_), None)
        if call is not None:
            return call
        if index is not None:
            call = next((call for call in reversed(self._calls) if call.index == index), None)
        elif self._calls and not name:
            call = self._calls[-1]
        if call is None or (id_ and call.id) or (name and call.name and (name != call.name or _ends(call, more))):
            if len(self._calls) >= _MOST_CALLS:
                return None
            call = _Call(index)
            self._calls.append(call)
        return call

    def _named(self) -> list[_Call]:
        """The calls that name a tool, each with an id of its own."""
        calls = [call for call in self._calls if call.name]
        taken = {call.id for call in calls}
        own = (f"call_{number}" for number in count(1))
        for call in calls:
            call.id = call.id or next(id_ for id_ in own if id_ not in taken)
        return calls


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):  # in parts, of which some are thoughts
        parts = [part for part in content if isinstance(part, Mapping) and part.get("type", "text") == "text"]
        return "".join(_word(part.get("text")) for part in parts)
    return ""


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _ends(call: _Call, more: bool) -> bool:
    return more and _is_whole(call.arguments)


def _is_whole(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True
