"""What a dialog tells the observers of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from offhook.calls.events import CallFact

__all__ = ["IntentMatched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentMatched(CallFact):
    """Fired when it is known what the caller wants, before anything is done about it: a handler may take its time, or
    ask something back."""

    type: ClassVar[str] = "turn.intent"
    source: ClassVar[str] = "agent"

    intent: str
    confidence: float
