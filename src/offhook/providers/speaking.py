"""A voice's session without I/O: what all providers have in common. Pure.

Sentences have numbers, from 1. What comes for one that is not owed any more (it was cancelled, or said) is dropped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.speech.streams import AudioFormat, Word

__all__ = ["Said", "SentenceAudio", "SentenceWords", "SpeakingSession", "Spoken"]


@dataclass(frozen=True, slots=True)
class SentenceAudio:
    """A piece of a sentence's audio."""

    sentence: int
    audio: bytes


@dataclass(frozen=True, slots=True)
class SentenceWords:
    """When words of a sentence are said, in milliseconds from the beginning of its audio."""

    sentence: int
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """All of a sentence's audio has come."""

    sentence: int


Said: TypeAlias = SentenceAudio | SentenceWords | Spoken


class SpeakingSession(ABC):
    """One connection.

    Args:
        provider: whose, for errors.
        audio: how the audio is to be written.
        at_once: how many sentences may be asked for before the first of them is said; the others wait here.
    """

    def __init__(self, provider: str, audio: AudioFormat, *, at_once: int = 4) -> None:
        self.provider = provider
        self.audio = audio
        self._at_once = at_once
        self._waiting: list[tuple[int, str]] = []
        self.owed: dict[int, str] = {}
        """Sentences that were asked for and are not said yet, by number, in their order."""

    def say(self, sentence: int, text: str) -> list[str]:
        """Ask for a sentence: the messages to send."""
        if len(self.owed) >= self._at_once:
            self._waiting.append((sentence, text))
            return []
        self.owed[sentence] = text
        return self._ask(sentence, text)

    def cancel(self) -> list[str]:
        """Nothing of what was asked for is wanted any more: the messages to send."""
        owed = [*self.owed]
        self.owed.clear()
        self._waiting.clear()
        return self._stop(owed) if owed else []

    def next(self) -> list[str]:
        """The messages to send since a sentence was said, for those that waited."""
        messages: list[str] = []
        while self._waiting and len(self.owed) < self._at_once:
            sentence, text = self._waiting.pop(0)
            self.owed[sentence] = text
            messages += self._ask(sentence, text)
        return messages

    def all_owed(self) -> list[tuple[int, str]]:
        """Every sentence that is not said yet, those that wait too."""
        return [*self.owed.items(), *self._waiting]

    def said(self, sentence: int) -> Iterable[Said]:
        """It is, if it was owed."""
        if self.owed.pop(sentence, None) is not None:
            yield Spoken(sentence)

    def opening(self) -> list[str]:
        """What to send first on the connection."""
        return []

    def ending(self) -> tuple[str, ...]:
        """What to send last."""
        return ()

    @abstractmethod
    def received(self, message: str | bytes) -> Iterable[Said]:
        """What a message means.

        Raises:
            EngineError: it is an error, or no message of this protocol.
        """

    @abstractmethod
    def _ask(self, sentence: int, text: str) -> list[str]:
        """Ask for a sentence."""

    @abstractmethod
    def _stop(self, owed: list[int]) -> list[str]:
        """Ask for no more of these."""
