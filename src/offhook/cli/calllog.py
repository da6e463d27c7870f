"""What ``offhook serve`` shows of its calls: when, which call, what happened, how it came out. No words, no numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from offhook.logs import short_id, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SHOWN", "CallLog", "stamp", "without_personal_data"]

Event = dict[str, Any]

_SAFE: Final = frozenset(
    ("agent", "call", "cause", "codec", "direction", "error", "intent", "kind", "reason", "source", "type")
)
"""The texts of events that are names of ours, of the carrier's, or of the program's own code."""


class CallLog:
    """The lines of one call."""

    def __init__(self) -> None:
        self._answered_ms: float | None = None
        self._rang_ms: float | None = None
        self._left: str | None = None

    def line(self, event: Event) -> str | None:
        """The line that follows from ``event``; ``None`` if it is not worth one."""
        kind = event["type"]
        if (write := _LINES.get(kind)) is not None:
            text = write(self, event)
        elif kind.endswith(("failed", "_lost")):
            what = kind.replace(".", " ").replace("_", " ")
            text = f"{what}: {event.get('error') or event.get('cause') or event.get('reason')}"
        else:
            return None
        return None if text is None else f"{stamp(event)}{text}"

    def _ringing(self, event: Event) -> str:
        self._rang_ms = event["at_ms"]
        return f"ringing, {event['direction']}"

    def _answered(self, event: Event) -> str:
        self._answered_ms = event["at_ms"]
        waited = "" if self._rang_ms is None else f" after {(event['at_ms'] - self._rang_ms) / 1000:.1f} s"
        return f"answered{waited}, {event['codec']}"

    def _turned_away(self, event: Event) -> str:
        return f"no room for it ({event['reason']}): {'passed on' if event['passed_on'] else 'busy'}"

    def _session_ended(self, event: Event) -> None:
        self._left = event["reason"]

    def _ended(self, event: Event) -> str:
        cause = event["cause"].replace("_", " ")
        if self._answered_ms is None:
            return f"ended unanswered: {cause}"
        left = "" if self._left in (None, "hangup") else f" ({str(self._left).replace('_', ' ')})"
        return f"ended after {(event['at_ms'] - self._answered_ms) / 1000:.1f} s: {cause}{left}"


_LINES: dict[str, Callable[[CallLog, Event], str | None]] = {
    "call.ringing": CallLog._ringing,
    "call.turned_away": CallLog._turned_away,
    "session.started": CallLog._answered,
    "session.ended": CallLog._session_ended,
    "call.ended": CallLog._ended,
    "handover.started": lambda _, event: "handing over",
    "handover.done": lambda _, event: "handed over: connected",
    "silence.reminder": lambda _, event: "nobody speaks: a reminder",
}

SHOWN: Final = frozenset(_LINES)
"""The types of events that always have a line."""


def stamp(event: Event) -> str:
    """When, and of which call: what each line begins with."""
    return f"{timestamp(event['at_ms'] / 1000)} {short_id(event['call'])}  "


def without_personal_data(event: Event) -> Event:
    """The event without what people have said and pressed, and without their numbers.

    Figures stay, and the texts that are known to be names. What is not known to be harmless goes.
    """
    handover = event["type"].startswith("handover.")  # its reason is in the words of the program
    return {
        name: value
        for name, value in event.items()
        if isinstance(value, int | float | None)
        or (isinstance(value, str) and name in _SAFE and not (handover and name == "reason"))
    }
