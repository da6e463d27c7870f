"""Which calls of ``flush`` are answered by what a provider tells: pure.

Some providers answer each request to finish, some only where there was something to finish, and some take no such
request. What counts is how far a provider has heard: what it tells of audio up to a flush answers it. Where it tells
nothing for good though it is heard of, the words that it has told so far are the answer after a while. Where it tells
nothing at all any more, and owes something, it is given up: one that answers always, has said that somebody speaks, or
has told words that may still change. So is one that tells nothing time after time.
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
        always: whether it answers every request to finish, also where nothing was said.
    """

    def __init__(self, provider: str, *, always: bool = False) -> None:
        self._provider = provider
        self._always = always
        self._open: deque[tuple[int, float]] = deque()
        self._asked = 0
        self._in_vain = 0
        self._told = False  # anything, since the last one was asked
        self._owes = always  # words for good

    @property
    def open(self) -> bool:
        """Whether one is not answered."""
        return bool(self._open)

    @property
    def alive(self) -> bool:
        """Whether the provider has told something since the last one was asked."""
        return self._told

    def ask(self, sent_ms: float) -> int:
        """Another one, after so much audio by the provider's count. Returns its number, from 1."""
        self._asked += 1
        self._told = False
        self._open.append((self._asked, sent_ms))
        return self._asked

    def lost(self, length_ms: float) -> None:
        """Audio that was counted is not sent after all."""
        self._open = deque((number, sent_ms - length_ms) for number, sent_ms in self._open)

    def heard(self, provider_ms: float) -> int:
        """All audio up to there is heard. The number of the last flush that this answers, 0 if it answers none."""
        self.told()
        answered = 0
        while self._open and self._open[0][1] <= provider_ms + _ABOUT_MS:
            answered, _ = self._open.popleft()
        return answered

    def answered(self) -> int:
        """The provider answers a request to finish: the oldest. Its number, 0 if there is none."""
        self.told()
        return self._open.popleft()[0] if self._open else 0

    def all_answered(self) -> int:
        """What the provider tells holds all that there is. The number of the last, 0 if there is none."""
        self.told()
        answered = self._asked if self._open else 0
        self._open.clear()
        return answered

    def told(self) -> None:
        """The provider has told something of what it hears."""
        self._in_vain = 0
        self._told = True

    def told_more(self) -> None:
        """It says that somebody speaks, or words that may still change."""
        self._owes = True

    def told_words(self) -> None:
        """It has told words for good."""
        self._owes = False

    def waited(self, number: int) -> int:
        """It was waited for an answer to this flush long enough. The number to answer with, 0 if it is answered.

        Raises:
            EngineUnavailable: the provider owes an answer, or this is not the first time that it tells nothing.
        """
        if not self._open or self._open[0][0] > number:
            return 0
        self._in_vain += 1
        owes, self._owes = self._owes and not self._told, self._always
        if owes or self._in_vain >= _MOST_IN_VAIN:
            raise EngineUnavailable(f"expected {self._provider} to tell what it hears, got nothing.")
        answered = 0
        while self._open and self._open[0][0] <= number:
            answered, _ = self._open.popleft()
        return answered
