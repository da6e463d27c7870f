"""Which words of a sentence were heard: by the times that the voice gives, and by their share of the time elsewhere.

A voice may spell a word otherwise than the text does ("25": "twenty", "five"), tell only some of the words, or tell
them late. So the words of the text are laid beside those that the voice has told; where both are the same the time is
known, and what lies between is taken to be said evenly.
"""

from __future__ import annotations

import math
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from offhook.speech.streams import Word
    from offhook.speech.text import Spoken

__all__ = ["heard_words", "words_heard"]


def heard_words(spoken: Spoken, timed: Sequence[Word], at_ms: float, length_ms: float) -> str:
    """The words of a sentence, as they are shown, of which at least half was said ``at_ms`` into its audio.

    Args:
        spoken: the sentence.
        timed: the words of it that the voice has told, in their order.
        at_ms: how far it was heard.
        length_ms: how long it is, or will probably be.
    """
    if at_ms >= length_ms:
        return spoken.text
    return spoken.heard(words_heard(spoken.words, timed, at_ms, length_ms))


def words_heard(words: Sequence[str], timed: Sequence[Word], at_ms: float, length_ms: float) -> int:
    """How many of ``words`` those are."""
    heard, before_ms = 0, 0.0
    for began_ms, ended_ms in _spans(words, timed, length_ms):
        # What a voice tells may be any numbers: a word is not said before the one that it follows.
        middle_ms = max(before_ms, (began_ms + ended_ms) / 2)
        if not middle_ms <= at_ms:
            break
        heard, before_ms = heard + 1, middle_ms
    return heard


def _spans(words: Sequence[str], timed: Sequence[Word], length_ms: float) -> Iterator[tuple[float, float]]:
    """From when to when each word is said."""
    told = [word for word in timed if _plain(word.text) and math.isfinite(word.began_ms + word.ended_ms)]
    beside = SequenceMatcher(None, [_plain(word) for word in words], [_plain(word.text) for word in told], False)
    at, at_told, at_ms = 0, 0, 0.0
    for block in beside.get_matching_blocks():  # the last one is empty, at the end of both
        between = told[at_told : block.b]
        until_ms = told[block.b].began_ms if block.size else max(length_ms, at_ms)
        if between:
            at_ms, until_ms = between[0].began_ms, between[-1].ended_ms if block.size else until_ms
        yield from _shared(words[at : block.a], at_ms, until_ms)
        for word in told[block.b : block.b + block.size]:
            yield word.began_ms, word.ended_ms
            at_ms = word.ended_ms
        at, at_told = block.a + block.size, block.b + block.size


def _shared(words: Sequence[str], from_ms: float, to_ms: float) -> Iterator[tuple[float, float]]:
    """Words that are said one after the other between two times, each as long as it is written."""
    letters = sum(len(word) + 1 for word in words)
    position = 0
    for word in words:
        began, position = position, position + len(word) + 1
        yield from_ms + (to_ms - from_ms) * began / letters, from_ms + (to_ms - from_ms) * position / letters


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
