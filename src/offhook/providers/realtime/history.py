"""A call as a new session of its model is told it: what was said until then, and the tools that were used. Pure.

What the agent said stands as it was *heard*, and ends with an ellipsis where it was cut there. A long call is told from
its end: as many of the last entries as have :data:`LETTERS` letters together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from offhook.providers.realtime.protocol import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.calls.transcript import TranscriptEntry

__all__ = ["LETTERS", "Used", "messages_of"]

LETTERS: Final = 12_000
"""About 3,000 tokens."""
_LONGEST: Final = 1_000
_KEPT: Final = 20


@dataclass(slots=True)
class Used:
    """The tools that were used on a call: the last 20."""

    uses: list[tuple[int, str]] = field(default_factory=list)
    """After how many entries of the transcript, those that are no longer kept included; and what was used."""

    def add(self, at: int, name: str, arguments: str, result: str) -> None:
        """A tool was used."""
        words = f"You have used the tool {name} with {_short(arguments)}. What came of it: {_short(result)}"
        self.uses.append((at, words))
        del self.uses[:-_KEPT]


def messages_of(entries: Sequence[TranscriptEntry], dropped: int, used: Used, saying: str = "") -> list[str]:
    """What a session is sent so that it knows of the call.

    Args:
        entries: of the transcript.
        dropped: how many it has that are no longer kept.
        used: the tools.
        saying: what the agent is saying, and the caller has not heard to its end.
    """
    told: list[tuple[str, str]] = []
    waiting = [use for use in used.uses if use[0] >= dropped]
    for at, entry in enumerate(entries, dropped):
        while waiting and waiting[0][0] <= at:
            told.append(("system", waiting.pop(0)[1]))
        if entry.kind == "filler" or not entry.heard:
            continue
        role = "user" if entry.speaker == "caller" else "assistant"
        told.append((role, f"{entry.heard} …" if entry.cut else entry.heard))
    told += [("system", words) for _, words in waiting]
    if saying:
        told.append(("assistant", saying))
    kept: list[str] = []
    letters = 0
    for role, words in reversed(told):
        letters += len(words)
        if kept and letters > LETTERS:
            break
        kept.append(said(role, words[-LETTERS:]))
    return kept[::-1]


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]} …"
