"""From what a program wants said to what a voice is given: cleaned, cut into sentences, pronounced and normalised."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offhook.speech.text.cleaning import Cleaner, clean
from offhook.speech.text.normalising import normalise, rules_of
from offhook.speech.text.pronouncing import Pronunciations
from offhook.speech.text.scripts import joined
from offhook.speech.text.sentences import Sentences, split_sentences
from offhook.speech.text.spoken import Spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.speech.text.cutting import Cutting

__all__ = ["Wording", "WordingStream"]


_AT_ONCE = 400
"""A long text is taken in pieces of so many characters: other calls work in between."""


class Wording:
    """How one agent's texts are said. Shared by all calls.

    Args:
        language: of the texts, as a BCP 47 tag such as ``en`` or ``en-GB``. Numbers and abbreviations are put into
            words where the language is known (:mod:`offhook.speech.text.normalising`).
        pronounce: how names are said.
        cutting: how long sentences may be.
    """

    def __init__(
        self, *, language: str = "en", pronounce: Pronunciations | None = None, cutting: Cutting | None = None
    ) -> None:
        self._language = language
        self._pronounce = pronounce or Pronunciations()
        self._cutting = cutting
        self._rules = rules_of(language)

    def stream(self) -> WordingStream:
        """For a text that comes in pieces."""
        return WordingStream(self, Sentences(self._cutting, language=self._language))

    def sentences(self, text: str) -> Iterator[Spoken]:
        """What is said for a whole text, worked out as it is asked for; nothing, where it has no words."""
        before: Spoken | None = None
        for spoken in self._each(text):
            if before is not None:
                yield replace(before, goes_on=True)
            before = replace(spoken, goes_on=False)
        if before is not None:
            yield before

    def _each(self, text: str) -> Iterator[Spoken]:
        stream = self.stream()
        for begin in range(0, len(text), _AT_ONCE):
            yield from stream.push(text[begin : begin + _AT_ONCE])
        yield from stream.flush()

    def shown(self, text: str) -> str:
        """A whole text as it is shown; ``""``, where it has no words."""
        return joined(split_sentences(clean(text), self._cutting, language=self._language))

    def spoken(self, sentence: str) -> Spoken:
        """What is said for a clean sentence."""
        return Spoken.of(normalise(self._pronounce.apply([(sentence, None)]), self._rules))


class WordingStream:
    """One text that comes in pieces. Pure: ``now_ms`` is any monotonic clock.

    Args:
        wording: how it is said.
        sentences: what cuts it.
    """

    def __init__(self, wording: Wording, sentences: Sentences) -> None:
        self._wording = wording
        self._cleaner = Cleaner()
        self._sentences = sentences

    def push(self, piece: str, now_ms: float = 0.0) -> list[Spoken]:
        """Add text; returns what is to be said by now."""
        sentences = self._sentences.push(self._cleaner.push(piece), now_ms)
        return self._spoken(sentences, more=self._sentences.pending)

    def tick(self, now_ms: float) -> list[Spoken]:
        """Time has passed; returns what is to be said because nothing came for so long."""
        unfinished = not self._sentences.whole
        return self._spoken(self._sentences.tick(now_ms), more=unfinished)

    @property
    def whole(self) -> bool:
        """Whether what there is is a sentence with its stop, that only waits for what could follow."""
        return self._sentences.whole

    @property
    def due_ms(self) -> float | None:
        """When :meth:`tick` would give something; ``None``: not before there is more text."""
        return self._sentences.due_ms

    def flush(self) -> list[Spoken]:
        """There is no more text; returns the rest."""
        return self._spoken(self._sentences.push(self._cleaner.flush()) + self._sentences.flush(), more=False)

    def _spoken(self, sentences: list[str], *, more: bool) -> list[Spoken]:
        last = len(sentences)
        return [
            replace(self._wording.spoken(sentence), goes_on=more or number < last)
            for number, sentence in enumerate(sentences, 1)
        ]
