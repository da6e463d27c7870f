"""When nobody speaks: a reminder, and in the end a goodbye. It holds no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from offhook.agent.options import Limits

__all__ = ["EndCall", "RemindSilence", "Silence"]


@dataclass(frozen=True, slots=True)
class RemindSilence:
    """Decided when nobody has spoken for long; ``count`` is 1 for the first time."""

    count: int


@dataclass(frozen=True, slots=True)
class EndCall:
    """Decided when the call should end: say goodbye and hang up. Nothing is decided after it."""

    reason: Literal["silence"]


class Silence:
    """How long nobody has spoken, and how often that was said.

    Args:
        limits: how long that may be, and how often.
        now_ms: when it begins.
    """

    def __init__(self, limits: Limits, now_ms: float) -> None:
        self._limits = limits
        self._since_ms = now_ms
        self._reminders = 0
        self.over = False
        """Whether the call is to end because of it."""

    def begins(self, now_ms: float) -> None:
        """Somebody has been heard until now."""
        self._since_ms = now_ms

    def broken(self) -> None:
        """The caller is there: reminders count anew."""
        self._reminders = 0

    def tick(self, at_ms: float) -> RemindSilence | EndCall | None:
        """Nobody speaks; what follows from that by now."""
        if at_ms - self._since_ms < self._limits.silence_s * 1000:
            return None
        if self._reminders >= self._limits.reminders:
            self.over = True
            return EndCall("silence")
        self._reminders += 1
        self._since_ms = at_ms
        return RemindSilence(self._reminders)
