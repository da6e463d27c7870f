"""The people on the exchange: what a phone is, and the phones that need no human."""

from __future__ import annotations

from typing import Literal, Protocol

__all__ = ["Handset", "Phone"]


class Handset(Protocol):
    """What a phone can do to its leg."""

    call_id: str

    def answer(self) -> None:
        """Pick up a leg that rings here."""
        ...

    def reject(self, cause: Literal["busy", "rejected"]) -> None:
        """Refuse a leg that rings here."""
        ...

    def hang_up(self) -> None:
        """End the leg, or give up on one that nobody has answered."""
        ...

    def press(self, digit: str) -> None:
        """Press a key: DTMF towards the application."""
        ...

    def note(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        """Write an event of this phone into the timeline; ``at_ms`` (epoch ms) among the fields overrides now."""
        ...


class Phone(Protocol):
    """One party's telephone. Called on the event loop only; every method is quick and never blocks.

    Audio is ``pcm`` at ``rate``; the line resamples where its codec has another rate. ``now_ms`` is monotonic. A frame
    handed out by :meth:`mouth` at ``now_ms`` was spoken in the 20 ms *before*; one given to :meth:`ear` is heard in the
    20 ms *after*: what a phone's microphone and loudspeaker do.
    """

    rate: int
    """Hz of the audio of both directions: 8000, or 16000 for a wideband phone."""

    def ring(self, handset: Handset, now_ms: float) -> None:
        """A call comes in and rings."""
        ...

    def placed(self, handset: Handset, now_ms: float) -> None:
        """A call was placed from here; the other side rings."""
        ...

    def waiting(self, now_ms: float) -> None:
        """Called every 20 ms from ``ring`` or ``placed`` until ``connected``."""
        ...

    def connected(self, now_ms: float) -> None:
        """The call is answered: audio flows."""
        ...

    def bridged(self, now_ms: float) -> None:
        """Another party was put on the line."""
        ...

    def mouth(self, now_ms: float) -> bytes:
        """The next 20 ms of what this party says."""
        ...

    def ear(self, pcm: bytes, now_ms: float) -> None:
        """The next 20 ms of what this party hears."""
        ...

    def digit(self, digit: str, now_ms: float) -> None:
        """A key pressed by the other side is heard."""
        ...

    def ended(self, cause: str, now_ms: float) -> None:
        """The call is over."""
        ...

    def report(self) -> dict[str, object]:
        """What this party said, heard and measured, as plain JSON values."""
        ...
