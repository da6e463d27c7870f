"""Cut text into sentences, so that the first can be spoken while the next is still being thought of."""

from __future__ import annotations

import re

__all__ = ["Sentences", "split_sentences"]

_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s)|\n")  # noqa: RUF001  (sentences of other scripts end so)
_WHOLE = re.compile(r"[^\W\d_][.!?…。！？]+[\"'”’)\]]*$")  # noqa: RUF001  (after a digit it may be a decimal point)
_STOP = re.compile(r"[.!?…。！？][\"'”’)\]]*$")  # noqa: RUF001
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|e\.g|i\.e|a\.m|p\.m|approx|[a-z])\.$", re.IGNORECASE
)
_WORD = re.compile(r"\w")


class Sentences:
    """Collects text that comes in pieces, and gives it back sentence by sentence."""

    def __init__(self) -> None:
        self._text = ""

    @property
    def pending(self) -> bool:
        """Whether a sentence is begun, and so follows those that were given back."""
        return _WORD.search(self._text) is not None

    def push(self, piece: str) -> list[str]:
        """Add text; returns the sentences that are complete now.

        A sentence is complete when something follows it, or when it came as one piece: who yields sentences is heard
        sentence by sentence, and need not put spaces between them. Who yields pieces of words puts their spaces in.
        """
        begins = not self._text.strip()
        if piece[:1].isupper() and (_is_sentence(self._text) or (" " in piece and _STOP.search(self._text))):
            self._text, begins = f"{self._text} ", True
        self._text += f"{piece} " if begins and _is_sentence(piece) else piece
        complete: list[str] = []
        start = 0
        for end in _END.finditer(self._text):
            sentence = self._text[start : end.end()].strip()
            if _ABBREVIATION.search(sentence) or not _WORD.search(sentence):
                continue
            complete.append(sentence)
            start = end.end()
        self._text = self._text[start:]
        return complete

    def flush(self) -> list[str]:
        """There is no more text; returns what is left, if it has a word in it."""
        rest, self._text = self._text.strip(), ""
        return [rest] if _WORD.search(rest) else []


def _is_sentence(text: str) -> bool:
    """Whether the text ends where a sentence can end, whatever follows."""
    return _WHOLE.search(text) is not None and _ABBREVIATION.search(text) is None


def split_sentences(text: str) -> list[str]:
    """The sentences of a whole text."""
    sentences = Sentences()
    return sentences.push(text) + sentences.flush()
