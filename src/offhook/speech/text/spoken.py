"""A sentence, as it is shown and as a voice says it, and which words of the one are which of the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
        return cls("".join(shown for shown, _ in parts), "".join(said for _, said in parts).rstrip(), tuple(parts))

    def heard(self, share: float) -> str:
        """What of :attr:`text` was heard when ``share`` (0..1) of the time of :attr:`voice` is over: the parts of which
        at least half was said."""
        if share >= 1:
            return self.text
        lengths = [len(said.rstrip()) + said[-1:].isspace() for _, said in self.parts]
        if self.text and not is_spaceless(self.text[-1]):
            lengths[-1] += 1  # the last word is as any other
        reached = share * sum(lengths)
        heard, position = "", 0.0
        for (shown, _), length in zip(self.parts, lengths, strict=True):
            if position + length / 2 > reached:
                break
            heard += shown
            position += length
        return heard.rstrip()


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
