"""What a host has seen since its start."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.calls.stream import StreamCounters

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
    """Pieces of audio of streams that are over: ``received``, ``lost`` and concealed, ``late``."""
    messages_ignored: Counter[str] = field(default_factory=Counter)
    """Messages of such streams that were not acted on, by reason."""

    def stream_over(self, seen: StreamCounters) -> None:
        """A media stream is over: add what it has counted."""
        self.media_open -= 1
        self.frames.update(received=seen.received, lost=seen.lost, late=seen.late)
        self.messages_ignored.update(seen.ignored)

    def media(self) -> dict[str, object]:
        """What there is to say of media, as plain values."""
        return {
            "sockets": self.media_sockets,
            "open": self.media_open,
            "refused": dict(self.media_refused),
            "frames": dict(self.frames),
            "ignored": dict(self.messages_ignored),
        }
