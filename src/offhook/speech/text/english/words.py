"""Numbers and letters in words. The words come from Unicode's own rules for spelling numbers out (CLDR)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from unicode_rbnf import RbnfEngine

if TYPE_CHECKING:
    import re

__all__ = ["NUMBER", "PLURALS", "cardinal", "digits", "letters", "number", "ordinal", "plural", "year"]

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
"""A number as English writes it, as the source of a pattern."""
_MOST_DIGITS = 15
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PLURALS = {"foot": "feet", "penny": "pence", "hertz": "hertz", "yen": "yen", "won": "won", "percent": "percent"}
_engine = RbnfEngine.for_language("en")


@lru_cache(maxsize=4096)
def _spelled(value: int, rules: str) -> str:
    return _engine.format_number(value, ruleset_names=[rules]).text


def cardinal(value: int) -> str:
    """``21`` is "twenty-one". Under a quadrillion."""
    return _spelled(value, "spellout-cardinal")


def ordinal(value: int) -> str:
    """``21`` is "twenty-first"."""
    return _spelled(value, "spellout-ordinal")


def year(value: int) -> str:
    """``1905`` is "nineteen oh five"."""
    return _spelled(value, "spellout-numbering-year").replace("oh-", "oh ")


def digits(text: str) -> str:
    """Digit by digit; anything else in it parts groups."""
    groups = "".join(character if character.isdecimal() else " " for character in text).split()
    return ", ".join(" ".join(_DIGITS[int(digit)] for digit in group) for group in groups)


def number(text: str) -> str:
    """A number as it is written: ``1,234.5`` is "one thousand two hundred thirty-four point five"."""
    whole, point, fraction = text.replace(",", "").partition(".")
    if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    else:
        said = cardinal(int(whole)) if whole else ""
    return f"{said} point {digits(fraction)}".strip() if point else said


def plural(name: str) -> str:
    """The plural of a unit."""
    first, space, rest = name.partition(" ")
    return f"{PLURALS.get(first, f'{first}s')}{space}{rest}"


def letters(text: str) -> str:
    """Letter by letter. A voice takes an A before another word for the article: a comma tells it otherwise."""
    return " ".join("A," if letter == "A" else letter for letter in text.upper())


def without_last_comma(found: re.Match[str], said: str) -> str:
    """``said``, where nothing follows what was ``found`` that its last letter could be the article of."""
    return said if found.string[found.end() : found.end() + 2].strip()[:1].isalnum() else said.removesuffix(",")
