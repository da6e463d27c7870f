"""A language model without a model, for tests of what talks to one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

from offhook.models.base import Finished, TextPiece, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from offhook.models.base import Message, ModelEvent, ToolSpec

__all__ = ["FakeModel", "FakePiece"]

FakePiece: TypeAlias = "str | float | ToolCall | Finished | Exception"
"""A piece of an answer: words, seconds to wait, a tool, an end that is not the usual one, an error to raise."""

FakeAnswer: TypeAlias = "str | Iterable[FakePiece] | Callable[[Sequence[Message]], str | Iterable[FakePiece]]"


class FakeModel:
    """Gives one answer after the other, and the last one again and again, as a
    :class:`~offhook.models.base.LanguageModel`.

    Args:
        answers: what it answers: a text, which comes word by word; or the pieces of an answer; or a function of the
            messages that returns either.
        first_s: how long it takes to the first word.
        piece_s: and from one piece to the next.
        name: what it is called in the log.
    """

    def __init__(self, *answers: FakeAnswer, first_s: float = 0.0, piece_s: float = 0.0, name: str = "fake") -> None:
        self._answers = list(answers)
        self._first_s = first_s
        self._piece_s = piece_s
        self.name = name
        """What it is called."""
        self.asked: list[list[Message]] = []
        """The messages of every request."""
        self.offered: list[tuple[str, ...]] = []
        """The names of the tools that it could have used, likewise."""
        self.given_up = 0
        """How many answers were closed before their end."""

    async def stream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), call_id: str | None = None
    ) -> AsyncGenerator[ModelEvent]:
        """The next answer."""
        self.asked.append(list(messages))
        self.offered.append(tuple(tool.name for tool in tools))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        over = False
        try:
            await asyncio.sleep(self._first_s)
            made = answer(messages) if callable(answer) else answer
            used = False
            for piece in _words(made) if isinstance(made, str) else made:
                match piece:
                    case str():
                        yield TextPiece(piece)
                    case ToolCall():
                        used = True
                        yield piece
                    case Finished():
                        over = True
                        yield piece
                        return
                    case Exception():
                        over = True
                        raise piece
                    case _:
                        await asyncio.sleep(piece)
                if self._piece_s:
                    await asyncio.sleep(self._piece_s)
            over = True
            yield Finished(reason="tools" if used else "stop")
        finally:
            self.given_up += not over

    def told(self, at: int = -1) -> list[tuple[str, str]]:
        """The messages of a request as ``(who, words)``: ``rules``, ``caller``, ``agent``, ``tool``. For assertions."""
        return [(_WHO.get(type(message).__name__, "agent"), message.text) for message in self.asked[at]]


_WHO: dict[str, Any] = {"Rules": "rules", "CallerMessage": "caller", ToolResult.__name__: "tool"}


def _words(text: str) -> list[str]:
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)]
