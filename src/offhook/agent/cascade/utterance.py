"""Something that a caller says, from its first sound until it is a turn or is not; of :mod:`~.turns`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from offhook.agent.cascade.decisions import MayBeTurn, NotTheTurn

__all__ = ["Utterance", "Voice", "words_of"]


class Voice(Enum):
    """The caller's voice."""

    QUIET = auto()
    """Nothing is being said."""
    TALKING = auto()
    """Something is."""
    TRAILING = auto()
    """They are silent, and it is not known yet whether for good."""
    CUT = auto()
    """They have talked for too long: only the words are waited for."""


@dataclass(slots=True)
class Utterance:
    """What is known of it. Times are of the clock of :class:`~offhook.agent.cascade.turns.TurnTaking`."""

    began_ms: float
    ended_ms: float
    """The end of the last speech in it."""
    over_agent: bool
    """It began while the agent spoke."""
    words_ms: float = 0.0
    """How much of it sounds like words."""
    silent_ms: float = 0.0
    """How much silence was heard since."""
    answered: str | None = None
    """It goes on with a turn that was cut off, and these were its words."""
    draft: int | None = None
    """Which recognition of its words was asked for, and is not dropped."""
    text: str | None = None
    """Its words, once they are known."""
    confidence: float = 0.0
    complete: bool = False
    answer: bool = False
    live: str = ""
    """The words that a recogniser has told so far of its own accord, all along."""
    ended: bool = False
    """It takes :attr:`text` for the whole of a turn."""
    yielded: bool = False
    """The agent has given it the floor."""
    told: str | None = None
    """The words that were last told to be those of the turn, perhaps."""

    def may_be_turn(self, text: str) -> tuple[MayBeTurn, ...]:
        """Tell that ``text`` may be the whole turn, unless that is known."""
        if self.told is not None and words_of(self.told) == words_of(text):
            return ()
        self.told = text
        return (MayBeTurn(text, self.confidence, self.began_ms, self.ended_ms),)

    def not_the_turn(self, text: str | None = None) -> tuple[NotTheTurn, ...]:
        """Take back what was told, unless it was ``text``."""
        told, self.told = self.told, None
        if told is None or (text is not None and words_of(told) == words_of(text)):
            return ()
        return (NotTheTurn(),)


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case and without punctuation: what makes two texts the same."""
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
