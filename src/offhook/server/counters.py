"""What a host has seen since its start."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.calls.media.counters import StreamCounters
    from offhook.calls.media.line import MediaLine

__all__ = ["HostCounters"]


@dataclass(slots=True)
class HostCounters:
    """What a host has seen since its start."""

    calls: int = 0
    """Calls begun, in both directions."""
    media_sockets: int = 0
    """Media sockets let in."""
    media_open: int = 0
    """Of these: streams that are not over."""
    media_refused: Counter[str] = field(default_factory=Counter)
    """Media sockets refused, by reason."""
    frames: Counter[str] = field(default_factory=Counter)
    """Pieces of audio of streams that are over: ``received``, ``lost`` and concealed, ``late``; and how often their
    numbers ``restarted``."""
    messages_ignored: Counter[str] = field(default_factory=Counter)
    """Messages of such streams that were not acted on, by reason."""
    faults: Counter[str] = field(default_factory=Counter)
    """What the carrier complained of in what we sent on such streams, by its code."""
    unsent: int = 0
    """Messages that were not sent, because there was no stream to send them on."""
    listeners_failed: Counter[str] = field(default_factory=Counter)
    """Listeners of calls that are over that have lost their place, by the type of what they raised."""

    def stream_over(self, seen: StreamCounters) -> None:
        """A media stream is over: add what it has counted."""
        self.media_open -= 1
        self.frames.update(received=seen.received, lost=seen.lost, late=seen.late, restarted=seen.restarts)
        self.messages_ignored.update(seen.ignored)
        self.faults.update({str(code): count for code, count in seen.faults.items()})
        self.unsent += seen.unsent

    def line_over(self, line: MediaLine) -> None:
        """A call's audio is over for good: add what it has counted."""
        self.unsent += line.unsent
        self.listeners_failed.update(line.taps.failed)

    def media(self) -> dict[str, object]:
        """What there is to say of media, as plain values."""
        return {
            "sockets": self.media_sockets,
            "open": self.media_open,
            "refused": dict(self.media_refused),
            "frames": dict(self.frames),
            "ignored": dict(self.messages_ignored),
            "faults": dict(self.faults),
            "unsent": self.unsent,
            "listeners_failed": dict(self.listeners_failed),
        }
