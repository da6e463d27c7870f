"""What open models think aloud, taken out of what they say. Pure.

Reasoning that a server does not tell apart comes between ``<think>`` and ``</think>`` in the text itself.
"""

from __future__ import annotations

__all__ = ["Thoughts"]

_OPENS = ("<think>", "<thinking>")
_CLOSES = ("</think>", "</thinking>")


class Thoughts:
    """Leaves thoughts out of text that comes in pieces, cut anywhere.

    A thought that is not closed lasts to the end. One whose beginning was never seen, because the template has written
    it, cannot be told from words: only its end is left out. Blanks before the first word are no words.
    """

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._began = False

    def push(self, piece: str) -> str:
        """The words in ``piece``, and what was held back of the piece before."""
        self._held += piece
        said = ""
        while True:
            at, tag = _first(self._held, _CLOSES if self._thinking else (*_OPENS, *_CLOSES))
            if not tag:
                break
            if not self._thinking:
                said += self._held[:at]
            self._thinking = tag in _OPENS
            self._held = self._held[at + len(tag) :]
        keep = _may_begin(self._held, _CLOSES if self._thinking else (*_OPENS, *_CLOSES))
        if not self._thinking:
            said += self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return self._words(said)

    def flush(self) -> str:
        """What is held back, now that nothing follows."""
        held, self._held = self._held, ""
        return "" if self._thinking else self._words(held)

    def _words(self, said: str) -> str:
        if not self._began:
            said = said.lstrip()
            self._began = bool(said)
        return said


def _first(text: str, tags: tuple[str, ...]) -> tuple[int, str]:
    """Where the first of ``tags`` is, and which it is; ``""``: there is none."""
    found = [(text.find(tag), tag) for tag in tags if tag in text]
    return min(found, default=(len(text), ""))


def _may_begin(text: str, tags: tuple[str, ...]) -> int:
    """How many letters at the end of ``text`` may be the beginning of a tag."""
    longest = max(map(len, tags)) - 1
    for count in range(min(longest, len(text)), 0, -1):
        if any(tag.startswith(text[-count:]) for tag in tags):
            return count
    return 0
