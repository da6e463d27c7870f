"""Which calls of ``flush`` are answered by what a provider tells: pure.

Some providers answer each request to finish, some only where there was something to finish, and some take no such
request. What counts is how far a provider has heard: what it tells of audio up to a flush answers it. Where it tells
nothing at all, what it has told so far is the answer after a while; but one that tells nothing time after time is given
up.
"""

from __future__ import annotations

from collections import deque

from offhook.errors import EngineUnavailable

__all__ = ["Flushes"]

_MOST_IN_VAIN = 2
_ABOUT_MS = 100.0
"""Providers count audio in steps of their own; what is nearer to a flush than this has reached it."""


class Flushes:
    """The flushes of one stream.

    Args:
        provider: whose, for the error.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._open: deque[tuple[int, float]] = deque()
        self._asked = 0
        self._in_vain = 0

    @property
    def open(self) -> bool:
        """Whether one is not answered."""
        return bool(self._open)

    def ask(self, sent_ms: float) -> int:
        """Another one, after so much audio by the provider's count. Returns its number, from 1."""
        self._asked += 1
        self._open.append((self._asked, sent_ms))
        return self._asked

    def lost(self, length_ms: float) -> None:
        """Audio that was counted is not sent after all."""
        self._open = deque((number, sent_ms - length_ms) for number, sent_ms in self._open)

    def heard(self, provider_ms: float) -> int:
        """All audio up to there is heard. The number of the last flush that this answers, 0 if it answers none."""
        self._in_vain = 0
        answered = 0
        while self._open and self._open[0][1] <= provider_ms + _ABOUT_MS:
            answered, _ = self._open.popleft()
        return answered

    def answered(self) -> int:
        """The provider answers a request to finish: the oldest. Its number, 0 if there is none."""
        self._in_vain = 0
        return self._open.popleft()[0] if self._open else 0

    def all_answered(self) -> int:
        """What the provider tells holds all that there is. The number of the last, 0 if there is none."""
        self._in_vain = 0
        answered = self._asked if self._open else 0
        self._open.clear()
        return answered

    def told(self) -> None:
        """The provider has told something of what it hears."""
        self._in_vain = 0

    def waited(self, number: int) -> int:
        """It was waited for an answer to this flush long enough. The number to answer with, 0 if it is answered.

        Raises:
            EngineUnavailable: this is not the first time that the provider tells nothing.
        """
        if not self._open or self._open[0][0] > number:
            return 0
        self._in_vain += 1
        if self._in_vain >= _MOST_IN_VAIN:
            raise EngineUnavailable(f"expected {self._provider} to tell what it hears, got nothing time after time.")
        answered = 0
        while self._open and self._open[0][0] <= number:
            answered, _ = self._open.popleft()
        return answered
