"""When somebody begins to speak, pauses, and has ended: pure, from the probabilities of a voice activity detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from offhook.speech.streams import Word

if TYPE_CHECKING:
    from offhook.testing.providers.session import Listen

__all__ = ["Began", "Draft", "Due", "Ended", "Heard", "Hearing", "Paused", "Quiet", "Resumed", "Span", "spread"]

_SPEECH = 0.5
_SILENCE = 0.35
_WINDOW_MS = 32.0
_WINDOWS = 2
"""So many windows of speech in a row are an onset: one alone may be a click."""
_BEFORE_MS = 250.0
_AFTER_MS = 200.0
"""How much of the silence around the words is given to the recogniser."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of audio, in milliseconds of it, and where in it somebody speaks."""

    from_ms: float
    to_ms: float
    began_ms: float
    ended_ms: float


@dataclass(frozen=True, slots=True)
class Began:
    """Somebody has started to speak."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class Draft:
    """Recognise what there is of an utterance."""

    span: Span


@dataclass(frozen=True, slots=True)
class Paused:
    """Recognise it: it is perhaps over."""

    span: Span
    silence_ms: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """It was not over."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Recognise it: it is over. ``span`` is ``None`` where an end was forced and nobody was speaking."""

    span: Span | None
    silence_ms: float
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing was said for some time after an utterance, which ended at ``last_ms``."""

    last_ms: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The detector has seen so much."""

    at_ms: float


Due: TypeAlias = Began | Draft | Paused | Resumed | Ended | Quiet | Heard


class Hearing:
    """One stream's utterances.

    Args:
        listen: the silences.
    """

    def __init__(self, listen: Listen) -> None:
        self._listen = listen
        self._began_ms: float | None = None
        self._loud = 0
        self._last_ms = 0.0
        """The end of the last window of speech."""
        self._at_ms = 0.0
        self._drafted_ms = 0.0
        self._paused = False
        self._quiet_due = False
        self._reported_ms = 0.0

    @property
    def speaking(self) -> bool:
        """Whether an utterance is going on."""
        return self._began_ms is not None

    def probability(self, probability: float, at_ms: float) -> list[Due]:
        """The probability of speech in the window that ends at ``at_ms``."""
        due = self._of_window(probability, at_ms)
        report_ms = self._listen.report_ms
        if report_ms is not None and at_ms - self._reported_ms >= report_ms:
            self._reported_ms = at_ms
            due.append(Heard(at_ms))
        return due

    def _of_window(self, probability: float, at_ms: float) -> list[Due]:
        self._at_ms = at_ms
        self._loud = self._loud + 1 if probability >= _SPEECH else 0
        if self._began_ms is None:
            return self._while_silent()
        threshold = _SILENCE if not self._paused else _SPEECH
        if probability >= threshold and (not self._paused or self._loud >= _WINDOWS):
            return self._goes_on(at_ms)
        return self._falls_silent(at_ms - self._last_ms)

    def retune(self, listen: Listen) -> None:
        """Other silences from now on."""
        self._listen = listen

    def force(self) -> Ended:
        """The utterance ends now, whatever is heard."""
        if self._began_ms is None:
            return Ended(None, 0.0, forced=True)
        return self._end(max(0.0, self._at_ms - self._last_ms), forced=True)

    def _while_silent(self) -> list[Due]:
        if self._loud >= _WINDOWS:
            self._began_ms = max(0.0, self._at_ms - self._loud * _WINDOW_MS)
            self._last_ms = self._drafted_ms = self._at_ms
            self._paused = False
            return [Began(self._began_ms)]
        if (
            self._quiet_due
            and self._listen.quiet_ms is not None
            and self._at_ms - self._last_ms >= self._listen.quiet_ms
        ):
            self._quiet_due = False
            return [Quiet(self._last_ms)]
        return []

    def _goes_on(self, at_ms: float) -> list[Due]:
        due: list[Due] = []
        if self._paused:
            self._paused = False
            due.append(Resumed())
        self._last_ms = at_ms
        draft_ms = self._listen.draft_ms
        if draft_ms is not None and at_ms - self._drafted_ms >= draft_ms:
            self._drafted_ms = at_ms
            due.append(Draft(self._span()))
        return due

    def _falls_silent(self, silence_ms: float) -> list[Due]:
        if silence_ms >= self._listen.end_ms:
            return [self._end(silence_ms)]
        pause_ms = self._listen.pause_ms
        if pause_ms is not None and not self._paused and silence_ms >= pause_ms:
            self._paused = True
            return [Paused(self._span(), silence_ms)]
        return []

    def _end(self, silence_ms: float, *, forced: bool = False) -> Ended:
        span = self._span()
        self._began_ms = None
        self._loud = 0
        self._paused = False
        self._quiet_due = True
        return Ended(span, silence_ms, forced)

    def _span(self) -> Span:
        assert self._began_ms is not None
        return Span(
            max(0.0, self._began_ms - _BEFORE_MS),
            min(self._at_ms, self._last_ms + _AFTER_MS),
            self._began_ms,
            self._last_ms,
        )


def spread(text: str, began_ms: float, ended_ms: float, confidence: float) -> tuple[Word, ...]:
    """The words of ``text`` over that time, each as long as it has letters: an estimate, the engines tell none."""
    texts = text.split()
    letters = sum(map(len, texts))
    words: list[Word] = []
    at_ms = began_ms
    for one in texts:
        length_ms = (ended_ms - began_ms) * len(one) / letters
        words.append(Word(one, at_ms, at_ms + length_ms, confidence))
        at_ms += length_ms
    return tuple(words)
