"""What a language model is: messages in, pieces of text and calls of tools out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

__all__ = [
    "AssistantMessage",
    "CallerMessage",
    "Finished",
    "LanguageModel",
    "Message",
    "ModelEvent",
    "Rules",
    "TextPiece",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants a tool used. ``arguments`` is JSON as the model wrote it: it may be broken."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the model is told to be and do."""

    text: str


@dataclass(frozen=True, slots=True)
class CallerMessage:
    """What the caller said."""

    text: str


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """What the model said, as far as it was heard, and the tools it wanted used."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a :class:`ToolCall`."""

    call_id: str
    text: str


Message: TypeAlias = Rules | CallerMessage | AssistantMessage | ToolResult


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it. ``parameters`` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of the answer, with the spaces that belong into it. An empty one only says that the model is at work."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The answer is over. ``reason``: ``length`` if it was cut off at the most tokens, ``refused`` if the model or its
    provider will not answer. Token counts where they are told."""

    reason: Literal["stop", "tools", "length", "refused"] = "stop"
    tokens_in: int | None = None
    tokens_out: int | None = None


ModelEvent: TypeAlias = TextPiece | ToolCall | Finished


class LanguageModel(Protocol):
    """Answers messages. One for all calls of a worker."""

    def stream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), call_id: str | None = None
    ) -> AsyncIterator[ModelEvent]:
        """The answer to ``messages``, as it is thought of: pieces of text, whole tool calls, :class:`Finished` last.

        Closing the iterator ends the request: the provider's socket is told within 50 ms. ``call_id`` is for the log.

        Raises (while iterating):
            EngineError: the provider refuses, breaks off, or sends what cannot be read. Its own text is not in it.
        """
        ...
