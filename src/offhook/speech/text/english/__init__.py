"""English, as it is said.

What is said for what is written, and what is left to the voice:

- numbers in words; a number of seven digits and more without commas, or one that begins with a zero, digit by digit;
- ``14:30`` is "fourteen thirty", ``9:05`` "nine oh five", ``9:00`` "nine o'clock", ``14:00`` "fourteen hundred";
- a date by its month. Of ``03/04/2026`` nobody can know which is the month: its numbers are read as they stand. With
  the language ``en-US`` the month is first, with ``en-GB`` and its like the day;
- a telephone number digit by digit in its groups, or in groups of three; so is a number behind "code", "order" and the
  like, and one in three groups or more;
- letters and digits in one word, and letters with hyphens between them: letter by letter;
- a word of consonants alone is spelled; other abbreviations in capitals and Roman numerals are left to the voice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.text.english import addresses, amounts, codes, dates, numbers, phones, symbols, times, titles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.speech.text.normalising import Rule

__all__ = ["rules"]


def rules(language: str) -> Sequence[Rule]:
    """The rules, in the order in which they are tried, for a BCP 47 tag such as ``en`` or ``en-GB``."""
    return (
        *addresses.RULES,
        *dates.rules(language),
        *times.RULES,
        *phones.RULES,
        *amounts.RULES,
        *codes.RULES,
        *titles.BEFORE_NUMBERS,
        *symbols.BETWEEN_NUMBERS,
        *numbers.RULES,
        *titles.RULES,
        *symbols.RULES,
    )
