"""Collecting keys that the other party presses (``gather``), as a pure machine.

https://developers.telnyx.com/api-reference/call-commands/gather
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from offhook.exchange.legs.facts import Collected

__all__ = ["DigitsWanted", "Gather", "Gathered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsWanted:
    """What is to be collected; the defaults are the carrier's."""

    id: str = ""
    minimum: int = 1
    maximum: int = 128
    timeout_ms: int = 60_000
    inter_digit_timeout_ms: int = 5_000
    initial_timeout_ms: int = 5_000
    terminating_digit: str = "#"
    valid_digits: str = "0123456789#*"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of it: the digits without the terminating one, and how it ended."""

    digits: str
    outcome: Collected


class Gather:
    """One gathering.

    It ends with the terminating digit, with the maximum of digits, after a pause between two digits, or when its time
    is over. Fewer digits than the minimum, or one that is not valid, make it ``invalid``; none at all, ``timeout``.
    """

    def __init__(self, wanted: DigitsWanted, now_ms: float) -> None:
        self._wanted = wanted
        self._digits = ""
        self._invalid = False
        self._ends_ms = now_ms + wanted.timeout_ms
        self._next_digit_ms = now_ms + wanted.initial_timeout_ms

    @property
    def id(self) -> str:
        """What the command called it."""
        return self._wanted.id

    @property
    def due_ms(self) -> float:
        """When :meth:`over` has an answer if no digit comes."""
        return min(self._ends_ms, self._next_digit_ms)

    def digit(self, digit: str, now_ms: float) -> Gathered | None:
        """A key is pressed; the result if that ends it."""
        if digit == self._wanted.terminating_digit:
            return self._result()
        if digit not in self._wanted.valid_digits:
            self._invalid = True
        self._digits += digit
        self._next_digit_ms = now_ms + self._wanted.inter_digit_timeout_ms
        return self._result() if len(self._digits) >= self._wanted.maximum else None

    def over(self, now_ms: float) -> Gathered | None:
        """The result if its time is over."""
        return self._result() if now_ms >= self.due_ms else None

    def stopped(self, why: Literal["stopped", "hung_up"]) -> Gathered:
        """It is ended from outside."""
        return Gathered(self._digits, why)

    def _result(self) -> Gathered:
        if not self._digits:
            return Gathered("", "timeout")
        valid = not self._invalid and len(self._digits) >= self._wanted.minimum
        return Gathered(self._digits, "valid" if valid else "invalid")
