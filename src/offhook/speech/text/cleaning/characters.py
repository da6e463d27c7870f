"""What becomes of characters that no voice can say: pictographs, selectors, controls, frames, letters in circles."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from offhook.speech.text.scripts import is_ideographic, is_spaceless

__all__ = ["DIVIDER", "sayable"]

DIVIDER = "|"
"""Stands for a mark that divides: an arrow, a bullet in the middle of a line."""

_SYMBOLS_THAT_ARE_SAID = frozenset("\u00b0\u2103\u2109\u2116")
_DIVIDERS = frozenset("|\u2022\u2023\u25e6\u2043\u25aa\u25cf\u27a1\u2794\u279c\u279e\u27a4\u2b95")
_UNSAID = frozenset("\u2020\u2021\u00b6\u00ac\u200b\u200c\u200d\u20e3{}`")
_VARIATIONS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_ENCLOSED_OR_FANCY = ((0x2460, 0x24FF), (0x2776, 0x2793), (0x1D400, 0x1D7FF))


def sayable(character: str, before: str) -> str:
    """What to say for a character that follows ``before``: itself mostly, a space, :data:`DIVIDER`, a plain letter, or
    ``""``, as if it were not there."""
    if character in ("\u200c", "\u200d"):
        # Letters of Arabic and of India take another shape by it. Between pictographs it glues a picture.
        return character if before > "\u05ff" and unicodedata.category(before)[0] in "LM" else ""
    if character == "\u200b":  # a space without a width, between the words of Thai, Khmer and Burmese
        return character if is_spaceless(before) and not is_ideographic(before) else ""
    return _sayable(character)


@lru_cache(maxsize=4096)
def _sayable(character: str) -> str:
    code = ord(character)
    if character.isspace():
        return " "
    if character in _DIVIDERS or 0x2190 <= code <= 0x21FF:
        return DIVIDER
    if character in _UNSAID or any(first <= code <= last for first, last in _VARIATIONS):
        return ""
    if any(first <= code <= last for first, last in _ENCLOSED_OR_FANCY):
        return _plain(character)
    return _of_category(character, unicodedata.category(character))


def _of_category(character: str, category: str) -> str:
    if category == "So":
        return character if character in _SYMBOLS_THAT_ARE_SAID else " "
    if category in ("Cc", "Cs", "Co", "Cn", "Me"):
        return ""
    if category == "Cf":
        return character if "\u0600" <= character <= "\u06dd" else ""  # the signs of numbers and verses in Arabic
    if category == "Sk" and ord(character) > 0xFFFF:  # the skin of a pictograph
        return ""
    return character


def _plain(character: str) -> str:
    """A letter or number in a circle, or in bold, as an ordinary one."""
    plain = unicodedata.normalize("NFKC", character)
    if plain != character:
        return plain.strip("().")
    number = unicodedata.numeric(character, None)
    return str(int(number)) if number is not None else ""
