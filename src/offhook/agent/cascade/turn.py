"""What the caller said, while the agent works on its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.agent.work import Work, current_work
from offhook.dialog.base import Heard

if TYPE_CHECKING:
    import asyncio

__all__ = ["Turn", "current_turn", "joined"]


@dataclass(slots=True, eq=False)
class Turn(Work):
    """What the caller said, when, and how far the answer is. Times are milliseconds of the session's clock."""

    heard: Heard
    speech_began_ms: float
    speech_ended_ms: float
    words_at_ms: float
    endpoint_at_ms: float
    reply_at_ms: float | None = None
    audio_at_ms: float | None = None
    task: asyncio.Task[None] | None = None

    def takes(self, turn: Turn) -> None:
        """It was a draft, and this is what the turn came to be."""
        self.heard = turn.heard
        self.speech_began_ms, self.speech_ended_ms = turn.speech_began_ms, turn.speech_ended_ms
        self.words_at_ms, self.endpoint_at_ms = turn.words_at_ms, turn.endpoint_at_ms

    @property
    def running(self) -> bool:
        """Whether the answer is still being worked on or spoken."""
        return self.task is not None and not self.task.done()


def current_turn() -> Turn | None:
    """The turn that the running code answers, if it answers one."""
    work = current_work.get()
    return work if isinstance(work, Turn) else None


def joined(before: Turn | None, turn: Turn) -> Turn:
    """``turn`` with the words of the one before it, which was not answered."""
    if before is None:
        return turn
    text = f"{before.heard.text} {turn.heard.text}".strip()
    heard = Heard(text, min(before.heard.confidence, turn.heard.confidence))
    return Turn(heard, before.speech_began_ms, turn.speech_ended_ms, turn.words_at_ms, turn.endpoint_at_ms)
