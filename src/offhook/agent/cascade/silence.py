"""When nobody speaks: a reminder, and in the end a goodbye; of :mod:`~.turns`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.agent.cascade.decisions import EndCall, RemindSilence

if TYPE_CHECKING:
    from offhook.agent.options import Limits

__all__ = ["Silence"]


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
