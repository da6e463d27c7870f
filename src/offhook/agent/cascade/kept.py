"""The audio of what a caller is saying, kept until its words are decided upon.

So an utterance can be cut where it began, a moment before that was noticed; a recogniser that breaks leaves nothing
unheard, as the next one is given the audio again; and words can be placed in time.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

__all__ = ["Kept", "Piece"]

_KEEP_MS = 600.0
"""Kept while nothing is being said."""
_BEFORE_MS = 240.0
"""Audio of before the detected beginning that belongs to an utterance: the beginning is detected late."""
_LONGEST_MS = 30_000.0
"""Kept of an utterance: the end of one that is longer."""


class Piece(NamedTuple):
    """A piece of audio. Positions are milliseconds of all audio since the call's first."""

    pcm: bytes
    begins_ms: float
    """Its position."""
    length_ms: float
    ended_ms: float
    """When it ended, on the clock of the call."""


class Kept:
    """Of the caller's audio, what may still be needed."""

    def __init__(self) -> None:
        self.pushed_ms = 0.0
        """The position of the end."""
        self._pieces: deque[Piece] = deque()
        self._kept_ms = 0.0
        self._over_ms = 0.0
        self._speaking = False

    def push(self, pcm: bytes, length_ms: float, ended_ms: float) -> None:
        """The next piece, which ended at ``ended_ms`` on the clock of the call."""
        self._pieces.append(Piece(pcm, self.pushed_ms, length_ms, ended_ms))
        self.pushed_ms += length_ms
        self._kept_ms += length_ms
        self._forget(_LONGEST_MS if self._speaking else _KEEP_MS)

    def began(self, at_ms: float, *, goes_on: bool = False) -> float:
        """Something is said since ``at_ms`` on the clock; or, if that ``goes_on`` with what was said last, since that
        was over. Returns the position from which on the audio belongs to it."""
        self._speaking = True
        if goes_on:
            return self._over_ms
        return next((piece.begins_ms for piece in self._pieces if piece.ended_ms > at_ms - _BEFORE_MS), self.pushed_ms)

    def over(self) -> None:
        """It is decided upon."""
        self._speaking = False
        self._over_ms = self.pushed_ms
        self._forget(_KEEP_MS)

    def since(self, position_ms: float) -> list[Piece]:
        """What is kept from a position on, whole pieces."""
        return [piece for piece in self._pieces if piece.begins_ms >= position_ms]

    @property
    def unheard_ms(self) -> float:
        """The position from which on nothing is decided upon, and is kept; if something is being said, from its
        beginning on, as far as it is kept."""
        first_ms = self._pieces[0].begins_ms if self._pieces else self.pushed_ms
        return first_ms if self._speaking else max(first_ms, self._over_ms)

    def time_of(self, position_ms: float) -> float | None:
        """When the audio at a position was said, on the clock of the call; ``None`` where it is not kept any more."""
        for piece in reversed(self._pieces):
            if piece.begins_ms <= position_ms:
                return piece.ended_ms - piece.length_ms + min(position_ms - piece.begins_ms, piece.length_ms)
        return None

    def _forget(self, longest_ms: float) -> None:
        while self._kept_ms > longest_ms:
            self._kept_ms -= self._pieces.popleft().length_ms
