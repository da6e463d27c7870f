"""Who hears a call: any number of listeners, each on one track, none of them able to disturb the others."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

from offhook.logs import describe

if TYPE_CHECKING:
    from offhook.carriers.media import MediaStarted

__all__ = ["MediaListener", "Tap", "Taps", "Track", "Way", "nobody"]

logger = logging.getLogger(__name__)

Track = Literal["inbound", "outbound", "sent"]
"""Which audio of a call.

* ``inbound``: what the other party says, as the carrier sends it.
* ``outbound``: what the other party hears, as the carrier sends it; only of a stream that was asked for with it.
* ``sent``: what we send, when we send it.
"""

Way = Callable[[bytes, float], None]
"""Where the pieces of a track go: ``(pcm, timestamp_ms)``."""


class MediaListener(Protocol):
    """Who hears a call's audio: an agent's session, a recorder. All methods are called on the event loop and must not
    block. They come in the order of the wire, between one :meth:`media_started` and one :meth:`media_stopped`."""

    def media_started(self, started: MediaStarted) -> None:
        """Audio is about to flow, or flows already."""
        ...

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """A piece of the track's audio, usually 20 ms; losses are concealed.

        ``inbound`` and ``outbound`` are at the line's ``input_rate``, ``sent`` is at its ``output_rate``.
        ``timestamp_ms`` is where the piece begins on the track's own clock, which goes on from one stream of the call
        to the next, the time between them left out.
        """
        ...

    def mark_returned(self, name: str) -> None:
        """All audio sent before the mark was played, or was dropped by a clear."""
        ...

    def digit(self, digit: str) -> None:
        """The other party pressed a key."""
        ...

    def media_lost(self) -> None:
        """The socket is gone and the call is up: there is no audio, and marks that are out do not come back. A new
        socket may come."""
        ...

    def media_resumed(self) -> None:
        """A new socket carries the audio; the rates are what they were."""
        ...

    def media_stopped(self) -> None:
        """The audio is over for good, for whatever reason. The last call, exactly once."""
        ...


class Tap:
    """One listener's place on a line."""

    __slots__ = ("gone", "listener", "track", "vital")

    def __init__(self, listener: MediaListener, track: Track, *, vital: bool) -> None:
        self.listener = listener
        self.track = track
        self.vital = vital
        self.gone = False


def nobody(pcm: bytes, timestamp_ms: float) -> None:
    """The way of a track that nobody hears."""


class Taps:
    """The listeners of a line.

    Args:
        changed: called when the ways of the tracks are others than before.
    """

    __slots__ = ("_call_id", "_changed", "_taps", "failed")

    def __init__(self, changed: Callable[[], None], call_id: Callable[[], str] = lambda: "-") -> None:
        self.failed: Counter[str] = Counter()
        """Listeners that have lost their place, by the type of what they raised."""
        self._changed = changed
        self._call_id = call_id
        self._taps: tuple[Tap, ...] = ()

    def __len__(self) -> int:
        return len(self._taps)

    def add(self, tap: Tap) -> None:
        """Let ``tap`` hear from now on."""
        self._taps = (*self._taps, tap)
        self._changed()

    def remove(self, tap: Tap) -> None:
        """Let ``tap`` hear nothing more."""
        if not tap.gone:
            tap.gone = True
            self._taps = tuple(other for other in self._taps if other is not tap)
            self._changed()

    def way(self, track: Track) -> Way:
        """Where the pieces of ``track`` go.

        Straight to the listener, if it is the only one and may fail the call: the way of nearly every call, at the cost
        of nothing in between.
        """
        taps = tuple(tap for tap in self._taps if tap.track == track)
        if not taps:
            return nobody
        if len(taps) == 1 and taps[0].vital:
            return taps[0].listener.audio

        def spread(pcm: bytes, timestamp_ms: float) -> None:
            for tap in taps:
                if tap.gone:
                    pass
                elif tap.vital:
                    tap.listener.audio(pcm, timestamp_ms)
                else:
                    try:
                        tap.listener.audio(pcm, timestamp_ms)
                    except Exception as error:
                        self._lose(tap, error)

        return spread

    def tell(self, method: str, *arguments: object, all_may_fail: bool = False) -> None:
        """Tell every listener, in the order they came, by calling ``method``.

        Args:
            method: its name.
            arguments: its arguments.
            all_may_fail: what a vital listener raises does not come out either: the audio has ended anyway.
        """
        for tap in self._taps:
            if not tap.gone:
                self.tell_one(tap, method, *arguments, may_fail=all_may_fail)

    def tell_one(self, tap: Tap, method: str, *arguments: object, may_fail: bool = False) -> None:
        """Tell one listener. What a vital one raises comes out, unless it ``may_fail``."""
        try:
            getattr(tap.listener, method)(*arguments)
        except Exception as error:
            if tap.vital and not may_fail:
                raise
            self._lose(tap, error)

    def clear(self) -> None:
        """Let everyone go."""
        for tap in self._taps:
            tap.gone = True
        self._taps = ()
        self._changed()

    def _lose(self, tap: Tap, error: Exception) -> None:
        # The error's text may hold what was said; its type may not.
        logger.error("call %s: a listener of its audio raised %s; it hears no more", self._call_id(), describe(error))
        self.failed[type(error).__name__] += 1
        self.remove(tap)
