"""How names are said, where the voice would not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from offhook.errors import ConfigError, kind_of
from offhook.speech.text.scripts import is_spaceless

if TYPE_CHECKING:
    from offhook.speech.text.normalising import Pieces

__all__ = ["Pronunciations"]

_FIX = 'pronounce={"Leicester": "lester"}'
_WORD = re.compile(r"[^\W_]")


class Pronunciations:
    """Words and what is said for them. They are found as whole words, in small letters and capitals alike, the longest
    first; what is said for them is said as it is written.

    Args:
        said: by the word, or words.

    Raises:
        ConfigError: there is nothing to find or to say, or a word is there twice.
    """

    def __init__(self, said: Mapping[str, str] | None = None) -> None:
        if said is not None and not isinstance(said, Mapping):
            raise ConfigError(f"expected pronounce as a dict of words, got {kind_of(said)}.", fix=_FIX)
        found: dict[str, str] = {}
        for word, voice in (said or {}).items():
            key = " ".join(_text(word, "a word to pronounce").lower().split())
            if key in found:
                raise ConfigError(f"expected one pronunciation of {word!r}, got two.", fix="leave one out")
            found[key] = " ".join(_text(voice, f"how to say {word!r}").split())
        words = sorted(found, key=len, reverse=True)
        self._voices = [found[word] for word in words]
        self._pattern = re.compile("|".join(f"({_whole(word)})" for word in words), re.IGNORECASE) if words else None

    def apply(self, pieces: Pieces) -> Pieces:
        """``pieces`` with what is said for the words in them."""
        if self._pattern is None:
            return pieces
        out: Pieces = []
        for text, voice in pieces:
            if voice is not None:
                out.append((text, voice))
                continue
            begin = 0
            for word in self._pattern.finditer(text):
                assert word.lastindex is not None, "every word is a group"
                out += [(text[begin : word.start()], None), (word[0], self._voices[word.lastindex - 1])]
                begin = word.end()
            out.append((text[begin:], None))
        return [piece for piece in out if piece[0]]


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not _WORD.search(value):
        raise ConfigError(f"expected {what} as a text with a letter in it, got {kind_of(value)}.", fix=_FIX)
    return value


def _whole(word: str) -> str:
    """A pattern of the word where no other letter touches it; scripts without spaces have no whole words."""
    begin = r"(?<![^\W_])" if word[0].isalnum() and not is_spaceless(word[0]) else ""
    end = r"(?![^\W_])" if word[-1].isalnum() and not is_spaceless(word[-1]) else ""
    return begin + r"\s+".join(re.escape(part) for part in word.split()) + end
