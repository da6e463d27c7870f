"""The 20 ms clock of the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from offhook.clock import Clock

__all__ = ["Paced", "Pacer"]


class Paced(Protocol):
    """Something that takes part in every tick. All talk before any listens, so that nobody is a frame behind."""

    def talk(self, now_ms: int) -> None:
        """Produce this tick's audio."""
        ...

    def listen(self, now_ms: int) -> None:
        """Take in this tick's audio."""
        ...


class Pacer:
    """One absolute 20 ms schedule for all lines.

    Args:
        clock: whose monotonic reading the schedule follows.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def add(self, paced: Paced) -> None:
        """Take part from the next tick on."""
        raise NotImplementedError

    def remove(self, paced: Paced) -> None:
        """Take part no more; removing twice is not an error."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop ticking for good."""
        raise NotImplementedError
