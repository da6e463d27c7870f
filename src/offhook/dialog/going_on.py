"""An answer that one model has begun and another goes on with: nothing is said twice. Pure."""

from __future__ import annotations

import re

__all__ = ["GoingOn"]

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_SENTENCE_END = re.compile(r"[^\w\s,;:]\s+")
_NO_WORDS = re.compile(r"\W*")
_NO_WORDS_AT_END = re.compile(r"\W*$")
_LONGEST_REPEAT = 2_000


class GoingOn:
    """Leaves out of what a model goes on with what it says again of what was said.

    It is told what was said, and not to repeat it. Where it does, it begins again at the beginning, or at one of the
    last sentences: while its words are those that were said from there to the end, they are held back, and dropped once
    the end is reached. Compared are words, without punctuation and capitals.

    Args:
        said: what was said before.
    """

    def __init__(self, said: str) -> None:
        said = said[-_LONGEST_REPEAT:]
        starts = {0, *(match.end() for match in _SENTENCE_END.finditer(said))}
        self._repeats = [words for start in sorted(starts) if (words := _words(said[start:]))]
        self._said = said
        self._held = ""
        self._decided = not said

    def push(self, piece: str) -> str:
        """What of ``piece``, and of what was held back, goes on with what was said."""
        if self._decided:
            return piece
        self._held += piece
        return self._decide(whole=False)

    def flush(self) -> str:
        """What is held back, now that nothing follows."""
        return "" if self._decided else self._decide(whole=True)

    def _decide(self, *, whole: bool) -> str:
        found = list(_WORD.finditer(self._held))
        if not whole and found and found[-1].end() == len(self._held):
            found.pop()  # it may go on
        words = [match.group().lower() for match in found]
        for repeat in self._repeats:
            if words[: len(repeat)] == repeat:
                rest = self._held[found[len(repeat) - 1].end() :]
                return self._end(self._after(rest)) if whole or re.search(r"\w", rest) else ""
        if not whole and (not words or any(repeat[: len(words)] == words for repeat in self._repeats)):
            return ""
        glue = "" if self._said[-1:].isspace() or self._held[:1].isspace() or not words else " "
        return self._end(glue + self._held)

    def _after(self, rest: str) -> str:
        """What follows words that were said: without the punctuation, and the space, that was said after them."""
        stop = _NO_WORDS_AT_END.search(self._said)
        if stop is None or not stop.group():
            return rest
        if stop.group().strip():
            rest = rest[len(_NO_WORDS.match(rest).group()) :]  # type: ignore[union-attr]  # it matches nothing, too
        glue = "" if stop.group()[-1].isspace() or not rest else " "
        return glue + rest.lstrip()

    def _end(self, text: str) -> str:
        self._decided = True
        self._held = ""
        return text


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
