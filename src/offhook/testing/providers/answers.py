"""What the language models of the stand-ins say: scripted answers, in turn, with the time that they take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offhook.errors import ConfigError, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Answer", "Answers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a model: words, or tools that it wants used, or both.

    ``tools`` are names and arguments, these as JSON text, which may be broken. ``first_ms`` is how long the first
    piece takes, ``piece_ms`` every other one; a piece is a word, or a part of a tool's arguments. ``finish`` is the
    reason of its end, where it is not the usual one (``length``, ``content_filter``).
    """

    text: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    first_ms: float = 0.0
    piece_ms: float = 0.0
    finish: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Answer:
        """An answer from JSON, its tools as ``[["name", "{}"], …]``.

        Raises:
            ConfigError: it is none.
        """
        try:
            tools = tuple((str(name), str(arguments)) for name, arguments in values.get("tools", ()))
            return cls(**{**values, "tools": tools})
        except (TypeError, ValueError):
            raise ConfigError(
                f"expected an answer (text, tools, first_ms, piece_ms, finish), got {kind_of(dict(values))}.",
                fix='{"text": "We open at nine.", "first_ms": 200}',
            ) from None


class Answers:
    """Answers in the order in which they are given. When none is left, the model repeats what it was told last.

    Args:
        answers: the first ones; a text is an answer without delay.
    """

    def __init__(self, *answers: str | Answer) -> None:
        self._answers: deque[Answer] = deque()
        self.add(*answers)

    def add(self, *answers: str | Answer) -> None:
        """More of them."""
        self._answers.extend(Answer(text=one) if isinstance(one, str) else one for one in answers)

    def clear(self) -> None:
        """Forget those that were not given yet."""
        self._answers.clear()

    @property
    def waiting(self) -> int:
        """How many were not given yet."""
        return len(self._answers)

    def next(self, messages: Sequence[Any]) -> Answer:
        """The answer to a conversation, whose messages have a ``role`` and a ``content``."""
        if self._answers:
            return self._answers.popleft()
        last = messages[-1] if messages else None
        if not isinstance(last, dict):
            return Answer(text="Nothing was said.")
        said = _text_of(last.get("content"))
        return Answer(text=f"The result is: {said}" if last.get("role") == "tool" else f"You said: {said}")


def _text_of(content: object) -> str:
    """A message's text; a content may be a list of parts."""
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")
