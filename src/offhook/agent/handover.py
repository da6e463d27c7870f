"""When and where an agent hands a caller over to a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from offhook.addresses import check_address
from offhook.errors import ConfigError

__all__ = ["Handover", "Misses", "Verdict"]

_BELOW_CONFIDENCE = 0.5
_AFTER_MISSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """When and where an agent hands a caller over to a person.

    Raises:
        ConfigError: a value that cannot work.
    """

    to: str
    """E.164 number or SIP URI."""
    below_confidence: float = _BELOW_CONFIDENCE
    """An answer less certain than this, in 0..1, is a miss."""
    after_misses: int = _AFTER_MISSES
    """How many misses in a row it takes. To each one before the last the dialog says what it wants to, and where it
    says nothing the agent asks again."""
    message: str = "I will connect you to a colleague. One moment, please."
    """Said before, unless what led to the hand-over has said something itself: it is announced once."""
    ring_s: int = 30
    """How long it may ring there, in 5..600, before the caller is told that nobody answers."""

    def __post_init__(self) -> None:
        check_address(self.to)
        if not 0 <= self.below_confidence <= 1:
            raise ConfigError(
                f"expected below_confidence in 0..1, got {self.below_confidence}", fix="0.5 suits most agents"
            )
        if self.after_misses < 1:
            raise ConfigError(f"expected after_misses of 1 or more, got {self.after_misses}", fix="use 1 or 2")
        if not 5 <= self.ring_s <= 600:
            raise ConfigError(f"expected ring_s in 5..600, got {self.ring_s}", fix="30 is what carriers do")


class Verdict(Enum):
    """What follows from how sure a dialog is."""

    ANSWER = auto()
    """It is sure enough."""
    ASK_AGAIN = auto()
    """It is a miss: unless the dialog has something to say, the caller is asked to say it in another way."""
    HAND_OVER = auto()
    """It is one miss too many."""


class Misses:
    """Counts on one call how often in a row a dialog, of whatever kind, was not sure enough.

    Args:
        rules: what counts as a miss; ``None``: as in a :class:`Handover` that leaves it out.
    """

    def __init__(self, rules: Handover | None) -> None:
        self._below_confidence = rules.below_confidence if rules is not None else _BELOW_CONFIDENCE
        self._after_misses = rules.after_misses if rules is not None else _AFTER_MISSES
        self._in_a_row = 0

    @property
    def reason(self) -> str:
        """Why a person should take over, for the records."""
        times = "once" if self._after_misses == 1 else f"{self._after_misses} times in a row"
        return f"the agent did not understand the caller {times}"

    def judge(self, confidence: float) -> Verdict:
        """A turn was understood with this confidence, in 0..1. After a hand-over the count starts again."""
        if confidence >= self._below_confidence:
            self._in_a_row = 0
            return Verdict.ANSWER
        self._in_a_row += 1
        if self._in_a_row < self._after_misses:
            return Verdict.ASK_AGAIN
        self._in_a_row = 0
        return Verdict.HAND_OVER
