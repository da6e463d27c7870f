"""Which phone a seed or a request describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.exchange.phones import Handset, Phone
    from offhook.exchange.seed import PhoneSpec

__all__ = ["make_caller", "make_phone"]


def make_phone(spec: PhoneSpec) -> Phone | None:
    """The phone that rings at a seeded number, for one call; ``None`` when nobody has the number."""
    if spec.answers == "not_found":
        return None
    return PlainPhone(spec.answers, answer_after_ms=spec.answer_after_ms)


def make_caller(script: object) -> Phone:
    """The caller that a request describes: the name of a script, a script as a table, or nothing (a silent caller)."""
    return PlainPhone("silent")


class PlainPhone:
    """A phone with nobody at it: it rings, picks up or refuses, and says nothing."""

    rate = 8000

    def __init__(self, answers: str, *, answer_after_ms: float = 0) -> None:
        self.answers = answers
        self._answer_after_ms = answer_after_ms
        self._handset: Handset | None = None
        self._rang_ms = 0.0
        self._cause: str | None = None

    def ring(self, handset: Handset, now_ms: float) -> None:
        """It rings."""
        self._handset, self._rang_ms = handset, now_ms
        if self.answers == "busy":
            handset.reject("busy")
        elif self.answers == "rejects":
            handset.reject("rejected")

    def placed(self, handset: Handset, now_ms: float) -> None:
        """It calls."""
        self._handset = handset

    def waiting(self, now_ms: float) -> None:
        """It rings still."""
        picks_up = self.answers in ("person", "silent")
        if picks_up and self._rang_ms and self._handset and now_ms - self._rang_ms >= self._answer_after_ms:
            self._handset.answer()

    def connected(self, now_ms: float) -> None:
        """Audio flows."""

    def bridged(self, now_ms: float) -> None:
        """Another party is on the line."""

    def mouth(self, now_ms: float) -> bytes:
        """Silence."""
        return bytes(320)

    def ear(self, pcm: bytes, now_ms: float) -> None:
        """Nobody listens."""

    def digit(self, digit: str, now_ms: float) -> None:
        """Nobody listens."""

    def ended(self, cause: str, now_ms: float) -> None:
        """It is over."""
        self._cause = cause

    def report(self) -> dict[str, object]:
        """How it ended."""
        return {"answers": self.answers, "ended": self._cause}
