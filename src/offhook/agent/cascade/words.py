"""The words of what a caller is saying, put together from what a recogniser tells.

A recogniser knows nothing of our utterances: it tells words that will not change, words that may, and turns of its own.
What was told before an utterance began, or is decided upon, is not told again as words of the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offhook.agent.cascade.utterance import words_of
from offhook.speech.streams import EagerEnd, EndOfTurn, FinalWords, PartialWords

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.speech.streams import Word

__all__ = ["Told", "WordsSoFar"]

_SOFT_MS = 500.0
"""Words that were told so shortly before voice activity noticed the caller are theirs: it was late."""

WordsEvent = PartialWords | FinalWords | EagerEnd | EndOfTurn


@dataclass(frozen=True, slots=True)
class Told:
    """Words, how certain they are (0..1), and when each was said, in milliseconds of the stream's audio, if that is
    known for all of them."""

    text: str = ""
    confidence: float = 0.0
    words: tuple[Word, ...] = ()


@dataclass(slots=True)
class _Turn:
    """A turn of the recogniser's, which may be longer than an utterance of ours, or shorter."""

    finals: list[Told] = field(default_factory=list)
    partial: Told = Told()
    eager: Told | None = None  # all of it, dropped words included
    dropped: list[str] = field(default_factory=list)  # of finals that were of an utterance before this one
    head: list[str] = field(default_factory=list)  # so was what follows these, as it was told then
    told_ms: float = 0.0

    def rest(self) -> Told:
        """What is of this utterance, or of none yet."""
        return _without(self._open(), self.head)

    def rest_of(self, whole: Told) -> Told:
        """What of all of it is."""
        return _without(whole, self.dropped + self.head)

    def forget(self) -> None:
        """What was told until now is of an utterance that is over."""
        finals = words_of(_joined(self.finals).text)
        if self.eager is not None:
            self.partial = _without(self._open(), finals)
        self.head = words_of(self.partial.text)
        self.dropped += finals
        self.finals, self.eager = [], None

    def _open(self) -> Told:
        """What follows what was dropped."""
        return _joined([*self.finals, self.partial]) if self.eager is None else _without(self.eager, self.dropped)


class WordsSoFar:
    """What was told of the utterance under way."""

    def __init__(self) -> None:
        self._ended: list[Told] = []  # turns of the recogniser's that are over
        self._turn = _Turn()
        self._cut_off = False

    @property
    def told(self) -> Told:
        """All of its words."""
        return _joined([*self._ended, self._turn.rest()])

    def take(self, event: WordsEvent, now_ms: float) -> None:
        """The recogniser tells something."""
        turn = self._turn
        turn.told_ms = now_ms
        words = Told(event.text.strip(), event.confidence, () if isinstance(event, EagerEnd) else event.words)
        match event:
            case PartialWords():
                turn.partial, turn.eager = words, None
            case FinalWords():
                turn.finals.append(words)
                turn.partial, turn.eager = Told(), None
            case EagerEnd():
                turn.eager = words
            case _:
                self._ended.append(turn.rest_of(words))
                self._turn = _Turn(told_ms=now_ms)

    def began(self, now_ms: float, *, goes_on: bool = False) -> None:
        """An utterance began, or ``goes_on`` with the one before, which was cut off."""
        cut_off, self._cut_off = self._cut_off, False
        if goes_on and cut_off:
            return
        if cut_off or now_ms - self._turn.told_ms > _SOFT_MS:
            self._forget()

    def over(self, *, keep: bool = False) -> None:
        """It is decided upon; ``keep``: it was cut off, and may go on."""
        self._cut_off = keep
        if not keep:
            self._forget()

    def restart(self) -> None:
        """Another stream hears the utterance anew, or those that follow."""
        self._ended.clear()
        self._turn = _Turn()

    def _forget(self) -> None:
        self._ended.clear()
        self._turn.forget()


def _joined(told: Iterable[Told]) -> Told:
    """One after the other; as certain as they are on average, word by word."""
    parts = [each for each in told if each.text]
    counts = [len(each.text.split()) for each in parts]
    if not parts:
        return Told()
    known = all(each.words for each in parts)
    return Told(
        " ".join(each.text for each in parts),
        sum(each.confidence * count for each, count in zip(parts, counts, strict=True)) / sum(counts),
        tuple(word for each in parts for word in each.words) if known else (),
    )


def _without(told: Told, head: list[str]) -> Told:
    """``told`` without the words it begins with that ``head`` begins with, too."""
    if not head:
        return told
    written = told.text.split()
    at = same = 0
    for word in written:
        spelt = words_of(word)
        if spelt != head[same : same + len(spelt)]:
            break
        at += 1
        same += len(spelt)
    words = told.words[at:] if len(told.words) == len(written) else ()
    return Told(" ".join(written[at:]), told.confidence, words)
