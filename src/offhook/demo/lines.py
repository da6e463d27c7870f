"""A scripted model: it stands in for a language model, and answers by the words that were really recognised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offhook.testing.providers.answers import Answer, Answers

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Line", "Lines"]


@dataclass(frozen=True, slots=True)
class Line:
    """What is answered to a caller whose last words have ``words`` in them, a regular expression in any case.

    Where the first answer uses tools, the second is given when their results are there, and so on; the last one again
    and again.
    """

    words: str
    answers: tuple[Answer, ...]


class Lines(Answers):
    """Answers by what the caller has said.

    Args:
        lines: the first whose words are found counts.
        otherwise: what is answered where none is.
    """

    def __init__(self, *lines: Line, otherwise: Answer) -> None:
        super().__init__()
        self._lines = lines
        self._otherwise = otherwise

    def next(self, messages: Sequence[Any]) -> Answer:
        """The answer to a conversation."""
        told = [message for message in messages if isinstance(message, dict)]
        last = max((at for at, message in enumerate(told) if message.get("role") == "user"), default=-1)
        words = str(told[last].get("content") or "") if last >= 0 else ""
        rounds = sum(bool(message.get("tool_calls")) for message in told[last + 1 :])
        for line in self._lines:
            if re.search(line.words, words, re.IGNORECASE):
                return line.answers[min(rounds, len(line.answers) - 1)]
        return self._otherwise
