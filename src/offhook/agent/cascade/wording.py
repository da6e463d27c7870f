"""From the text of an answer to the sentences that a voice is asked for, as the text comes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from offhook.agent.cascade.sentences import Sentences

__all__ = ["Sentence", "Wording", "sentence_of", "sentences_of"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a speech."""

    shown: str
    """As it is in the transcript."""
    spoken: str
    """As the voice is asked for it."""
    goes_on: bool = False
    """Whether it is known that more of the same speech follows."""


class Wording:
    """Collects the text of one speech, in pieces, and gives it back sentence by sentence."""

    def __init__(self) -> None:
        self._sentences = Sentences()

    def push(self, piece: str) -> list[Sentence]:
        """Add text; returns the sentences that are complete now."""
        return _in_a_row(self._sentences.push(piece), more=self._sentences.pending)

    def flush(self) -> list[Sentence]:
        """There is no more text; returns the rest of it."""
        return _in_a_row(self._sentences.flush(), more=False)


def sentence_of(text: str, *, goes_on: bool = False) -> Sentence:
    """What is left of a sentence that was broken off, as one: ``text`` is some of what was shown of it."""
    return Sentence(text, text, goes_on)


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of a whole speech."""
    wording = Wording()
    sentences = wording.push(text) + wording.flush()
    return [replace(sentence, goes_on=at < len(sentences)) for at, sentence in enumerate(sentences, 1)]


def _in_a_row(sentences: list[str], *, more: bool) -> list[Sentence]:
    return [Sentence(text, text, goes_on=more or at < len(sentences)) for at, text in enumerate(sentences, 1)]
