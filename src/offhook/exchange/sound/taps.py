"""Who listens in on a line without being heard: media streams, recordings, transcriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Tap", "Taps", "Track"]

Track = Literal["inbound", "outbound", "both"]
"""What a tap gets of a line: what its party says, what its party hears, or both."""


class Tap(Protocol):
    """Listens in on a line. Called on the event loop; it must be quick."""

    def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """20 ms that the line's party said: pcm at the line's rate, and the same in the line's codec.

        Mostly one frame per tick: none while no audio comes from the party, several when it comes in a burst.
        """
        ...

    def missed(self, duration_ms: int) -> None:
        """So much of what the party said is lost; what it says next comes after it. For taps of the inbound track."""
        ...

    def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """20 ms that the line's party hears; one frame in every tick, after what was said in it."""
        ...


class Taps:
    """The taps of one line, in the order in which they came. One that raises is taken off; the others go on.

    Args:
        failed: told of a tap that raised, after it was taken off.
    """

    __slots__ = ("_failed", "_inbound", "_outbound")

    def __init__(self, failed: Callable[[Tap, Exception], None]) -> None:
        self._failed = failed
        # Tuples, so that a tap may come or go while frames are handed out.
        self._inbound: tuple[Tap, ...] = ()
        self._outbound: tuple[Tap, ...] = ()

    def add(self, tap: Tap, track: Track = "both") -> None:
        """Hand ``track`` to ``tap`` from the next frame on; a tap that is there already gets another track."""
        self.remove(tap)
        if track != "outbound":
            self._inbound += (tap,)
        if track != "inbound":
            self._outbound += (tap,)

    def remove(self, tap: Tap) -> None:
        """Take it off; removing twice is not an error."""
        self._inbound = tuple(one for one in self._inbound if one is not tap)
        self._outbound = tuple(one for one in self._outbound if one is not tap)

    def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """Hand out 20 ms that the party said."""
        for tap in self._inbound:
            try:
                tap.said(now_ms, pcm, payload)
            except Exception as error:  # whatever a tap is, a call does not end because somebody listens in on it
                self._fail(tap, error)

    def missed(self, duration_ms: int) -> None:
        """Tell of audio of the party that is lost."""
        for tap in self._inbound:
            try:
                tap.missed(duration_ms)
            except Exception as error:
                self._fail(tap, error)

    def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """Hand out 20 ms that the party hears."""
        for tap in self._outbound:
            try:
                tap.heard(now_ms, pcm, payload)
            except Exception as error:
                self._fail(tap, error)

    def _fail(self, tap: Tap, error: Exception) -> None:
        self.remove(tap)
        self._failed(tap, error)
