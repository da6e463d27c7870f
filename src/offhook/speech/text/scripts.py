"""What the scripts of the world do where text is cut and cleaned: which have no spaces, and which marks end what.

The marks are those that Unicode calls Sentence_Terminal (UAX #44), of scripts that are written today.
"""

from __future__ import annotations

import unicodedata

__all__ = [
    "CLAUSE_MARKS",
    "CLAUSE_MARKS_WITHOUT_SPACE",
    "CLOSERS",
    "OPENERS",
    "STOPS",
    "STRONG_STOPS",
    "WORD_UNITS",
    "holds_together",
    "is_ideographic",
    "is_spaceless",
    "joined",
    "units",
]

STRONG_STOPS = frozenset(
    "\u3002\uff01\uff1f\uff61\uff0e\ufe12\ufe52\ufe56\ufe57\u2047\u2048\u2049"  # Chinese, Japanese
    "\u0964\u0965\u104b\u17d4\u17d5\u0f0d\u0f0e\u1c7e\u1c7f\uabeb"  # of India and its neighbours
    "\u06d4\u061f\u061e\u0700\u0701\u0702\u07f9"  # Arabic, Urdu, Syriac, N'Ko
    "\u0589\u1362\u1367\u1368\u1803\u1809\u166e\ua60e\ua60f\ua9c8\ua9c9\u1b5a\u1b5b\u1b5e\u1b5f"
)
"""They end a sentence whatever follows: their scripts need no space after them."""
STOPS = STRONG_STOPS | frozenset(".!?\u2026\u2025\u203c\u203d\u037e")
"""All marks that can end a sentence. The last is the Greek question mark, which is mostly typed as a semicolon."""
CLOSERS = frozenset("\"'\u201d\u2019)]}\u00bb\u203a\u300d\u300f\u3011\u3009\u300b\uff09\uff3d\uff5d")
"""What may stand between a stop and the end of its sentence."""
OPENERS = frozenset("\"'\u201c\u2018\u201e([{\u00ab\u2039\u300c\u300e\u3010\u3008\u300a\uff08\uff3b\uff5b\u00bf\u00a1")
"""What may stand before the first word of a sentence."""
CLAUSE_MARKS = frozenset(",;:\u2013\u2014\u060c\u061b\u0387\u055d\u1363\u1364\u1365\u1366\u104a\u17d6")
"""They end a clause where a space follows."""
CLAUSE_MARKS_WITHOUT_SPACE = frozenset("\uff0c\u3001\uff1b\uff1a\ufe50\ufe51\ufe54\ufe55\uff64")
"""They end a clause whatever follows."""

_IDEOGRAPHIC = (
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA000, 0xA4CF),  # Yi
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)
_RUN_TOGETHER = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0xA980, 0xA9DF),  # Javanese
    (0xAA00, 0xAA7F),  # Cham, more Burmese
)
_SPOKEN_AFTER = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
"""Vowels that Thai and Lao write before the consonant."""
_STACKING = frozenset("\u17d2\u1039\u094d")
"""What follows belongs to the same syllable."""

WORD_UNITS = 12
"""The length of a text is counted in twelfths of a word."""
_IDEOGRAPH_UNITS = 6
_LETTER_UNITS = 2
_FIRST = min(first for first, _ in _RUN_TOGETHER)


def is_ideographic(character: str) -> bool:
    """Whether it is Chinese, Japanese or Yi: a syllable or a word by itself."""
    code = ord(character)
    return code >= _IDEOGRAPHIC[0][0] and any(first <= code <= last for first, last in _IDEOGRAPHIC)


def is_spaceless(character: str) -> bool:
    """Whether its script puts no spaces between words."""
    code = ord(character)
    return code >= _FIRST and (any(first <= code <= last for first, last in _RUN_TOGETHER) or is_ideographic(character))


def units(character: str) -> int:
    """How much of a word a character of a script without spaces is: two ideographs or six other letters are spoken in
    the time of an English word."""
    if not character.isalnum():
        return 0
    return _IDEOGRAPH_UNITS if is_ideographic(character) else _LETTER_UNITS


def holds_together(before: str, after: str) -> bool:
    """Whether two characters that follow each other are one on the page, or one syllable."""
    return before in _SPOKEN_AFTER or before in _STACKING or unicodedata.category(after)[0] == "M" or after == "\u200d"


def joined(sentences: list[str]) -> str:
    """Sentences as a text, with spaces between them where their script has any."""
    text = ""
    for sentence in sentences:
        if text and sentence:
            tight = is_spaceless(sentence[0]) and (is_spaceless(text[-1]) or text[-1] in STRONG_STOPS)
            text += sentence if tight else f" {sentence}"
        else:
            text += sentence
    return text
