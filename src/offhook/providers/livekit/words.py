"""Words with their times as LiveKit's plugins tell them (``TimedString``): pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.speech.streams import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["words_of"]


def words_of(timed: Iterable[Any]) -> tuple[Word, ...]:
    """Those that have a time, in ms of the audio; LiveKit's are in seconds. A plugin may leave any of it out, or give
    all words the same time, which is none."""
    words: list[Word] = []
    for one in timed:
        began_s, ended_s, confidence = (_number(one, name) for name in ("start_time", "end_time", "confidence"))
        text = str(one).strip()
        if text and began_s is not None:
            ended_ms = (ended_s if ended_s is not None and ended_s >= began_s else began_s) * 1000
            sure = 1.0 if confidence is None or not 0.0 < confidence <= 1.0 else confidence
            words.append(Word(text, began_s * 1000, ended_ms, sure))
    if len(words) > 1 and words[0].began_ms == words[-1].ended_ms:
        return ()
    return tuple(words)


def _number(one: Any, name: str) -> float | None:
    value = getattr(one, name, None)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
