"""A sentence, as it is shown and as a voice says it, and which words of the one are which of the other."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from offhook.speech.text.scripts import is_spaceless

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spoken"]

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said at once: mostly a sentence."""

    text: str
    """As it is shown, in the transcript and to the dialog: "It costs £5."."""
    voice: str
    """As a voice says it: "It costs five pounds."."""
    parts: tuple[tuple[str, str], ...]
    """Both, cut where a word of both ends: ``("It ", "It "), ("costs ", "costs "), ("£5.", "five pounds.")``."""
    goes_on: bool = False
    """Whether it is known that more of the same text follows."""

    @classmethod
    def plain(cls, text: str) -> Spoken:
        """A text that is said as it is written."""
        return cls.of([(text, None)])

    @classmethod
    def of(cls, pieces: list[tuple[str, str | None]]) -> Spoken:
        """Put together from pieces of the text, each with what is said for it; ``None``: as it is written.

        A part ends where a space is in a piece of the second kind, and between characters of scripts without spaces.
        Of spaces that meet in what is said one is left.
        """
        parts: list[tuple[str, str]] = []
        shown = said = ""
        spaced = True
        for text, voice, ends in _atoms(pieces):
            shown += text
            said += voice.lstrip() if spaced else voice
            spaced = voice[-1:].isspace() if voice else spaced
            if ends:
                parts.append((shown, said))
                shown = said = ""
        if shown:
            parts.append((shown, said))
        return cls._of_parts(tuple(parts))

    @property
    def words(self) -> list[str]:
        """What is said, word by word; in scripts without spaces, character by character."""
        return [word for _, said in self.parts for word in said.split()]

    def heard(self, words: int) -> str:
        """What of :attr:`text` was heard when so many of :attr:`words` were said: the parts of which half was."""
        return self._first(self._reached(words, all_of_it=False)).text.rstrip()

    def split(self, words: int) -> tuple[Spoken, Spoken]:
        """What was said when so many of :attr:`words` were, and the rest, with every part that was begun only."""
        at = self._reached(words, all_of_it=True)
        said = self._first(at)
        return replace(said, text=said.text.rstrip()), replace(self._of_parts(self.parts[at:]), goes_on=self.goes_on)

    def _reached(self, words: int, *, all_of_it: bool) -> int:
        """How many parts are said by then."""
        for at, (_, said) in enumerate(self.parts):
            size = len(said.split())
            if size > words * (1 if all_of_it else 2):
                return at
            words = max(0, words - size)
        return len(self.parts)

    def _first(self, parts: int) -> Spoken:
        return self._of_parts(self.parts[:parts])

    @classmethod
    def _of_parts(cls, parts: tuple[tuple[str, str], ...]) -> Spoken:
        return cls("".join(shown for shown, _ in parts), "".join(said for _, said in parts).rstrip(), parts)


def _atoms(pieces: list[tuple[str, str | None]]) -> Iterator[tuple[str, str, bool]]:
    """The smallest pieces, with what is said for each, and whether a part ends there."""
    for text, voice in pieces:
        if voice is not None:
            yield text, voice, False
            continue
        begin = 0
        for end in _ends(text):
            yield text[begin:end], text[begin:end], True
            begin = end
        if begin < len(text):
            yield text[begin:], text[begin:], False


def _ends(text: str) -> list[int]:
    """Where parts end in a text that is said as it is written."""
    ends = [space.end() for space in _SPACES.finditer(text)]
    ends += [at + 1 for at, (one, other) in enumerate(pairwise(text)) if is_spaceless(one) and is_spaceless(other)]
    return sorted(set(ends))
