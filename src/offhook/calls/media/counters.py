"""What has passed through a stream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.audio.reorder import ReorderCounters

__all__ = ["StreamCounters"]


@dataclass(slots=True)
class StreamCounters:
    """What has passed through one stream: what came in, and what could not go out."""

    orders: list[ReorderCounters] = field(default_factory=list)
    """In which order the pieces of audio came, for each track that is heard."""
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
        return sum(order.received for order in self.orders)

    @property
    def late(self) -> int:
        """Pieces that came twice or too late, and were dropped."""
        return sum(order.late + order.duplicates for order in self.orders)

    @property
    def restarts(self) -> int:
        """How often the carrier began to count anew."""
        return sum(order.restarts for order in self.orders)
