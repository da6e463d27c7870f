"""What has passed through a stream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from offhook.audio.reorder import ReorderCounters

__all__ = ["CountedTrack", "StreamCounters"]


class CountedTrack(Protocol):
    """A track that is heard: an :class:`~offhook.calls.media.inbound.Inbound`."""

    @property
    def order(self) -> ReorderCounters:
        """In which order its pieces came."""
        ...


@dataclass(slots=True)
class StreamCounters:
    """What has passed through one stream: what came in, and what could not go out."""

    tracks: list[CountedTrack] = field(default_factory=list)
    """Those that are heard, or were."""
    lost: int = 0
    """Pieces that never came, or were not of the codec, and were made up for."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Messages that were not acted on, by reason."""
    faults: Counter[int] = field(default_factory=Counter)
    """Complaints of the carrier about what we sent, by its code."""
    unsent: int = 0
    """Messages not sent because the stream had not begun or was over."""

    @property
    def received(self) -> int:
        """Pieces of audio taken in."""
        return sum(track.order.received for track in self.tracks)

    @property
    def late(self) -> int:
        """Pieces that came twice or too late, and were dropped."""
        return sum(track.order.late + track.order.duplicates for track in self.tracks)

    @property
    def restarts(self) -> int:
        """How often the carrier began to count anew."""
        return sum(track.order.restarts for track in self.tracks)
