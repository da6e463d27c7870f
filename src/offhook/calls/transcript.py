"""The record of a call in words: who said what, when, and what of it the other heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, overload

__all__ = ["Scribe", "Speaker", "Transcript", "TranscriptEntry"]

Speaker = Literal["caller", "agent"]

_ENTRIES = 500
_LETTERS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptEntry:
    """One thing that one party said. Times are wall clock, milliseconds since the epoch. Personal data."""

    speaker: Speaker
    kind: str
    """What it was: ``turn`` of the caller; of the agent what
    :class:`~offhook.agent.events.AgentSpeechBegan` calls it: ``greeting``, ``reply``, ``question`` and so on."""
    began_at_ms: float
    ended_at_ms: float
    heard: str
    """What reached the other: of the caller the words that were recognised, of the agent those that were played, exact
    where it was interrupted. Empty if it was interrupted before a word was over."""
    said: str
    """All that was to be said, as far as it was known: more than ``heard`` where it was interrupted."""
    confidence: float = 1.0
    """How sure the words are, in 0..1: the recogniser's word for the caller's, 1 for the agent's."""

    @property
    def cut(self) -> bool:
        """Whether something was said that was not heard."""
        return self.said != self.heard


class Transcript(Sequence[TranscriptEntry]):
    """What both parties have heard, in the order in which it was over. It is read here, and written by a
    :class:`Scribe`.

    Something that is being said appears when it was heard, or interrupted: while a turn is being answered, the words of
    that turn are the last entry. A long call keeps its end: at most the last 500 entries, and as many of them as hold
    100,000 letters of ``said`` together, but always the last; :attr:`dropped` counts the others.
    """

    __slots__ = ("_dropped", "_entries", "_letters")

    def __init__(self) -> None:
        self._entries: list[TranscriptEntry] = []
        self._letters = 0
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many entries are no longer kept."""
        return self._dropped

    @overload
    def __getitem__(self, index: int) -> TranscriptEntry: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TranscriptEntry, ...]: ...

    def __getitem__(self, index: int | slice) -> TranscriptEntry | tuple[TranscriptEntry, ...]:
        """An entry, or those of a slice as they are now."""
        return tuple(self._entries[index]) if isinstance(index, slice) else self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Transcript of {len(self)} entries, {self._dropped} dropped>"


class Scribe:
    """Writes a transcript: the session on the call does.

    Args:
        transcript: goes on where another scribe has stopped.
    """

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    def write(self, entry: TranscriptEntry) -> None:
        """Add an entry."""
        transcript = self._transcript
        entries = transcript._entries
        entries.append(entry)
        transcript._letters += len(entry.said)
        while len(entries) > 1 and (len(entries) > _ENTRIES or transcript._letters > _LETTERS):
            transcript._letters -= len(entries.pop(0).said)
            transcript._dropped += 1
