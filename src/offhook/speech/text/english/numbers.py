"""Numbers of every other kind: ordinals, fractions, ranges, and plain ones."""

from __future__ import annotations

import re
import unicodedata

from offhook.speech.text.english.phones import in_groups
from offhook.speech.text.english.words import NUMBER, cardinal, digits, number, ordinal
from offhook.speech.text.normalising import DIGITS, Rule, needing

__all__ = ["RULES"]

_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_SIGNS = {"-": "minus ", "\u2212": "minus ", "+": "plus "}
_FRACTIONS = "\u00bc\u00bd\u00be\u2150-\u215e\u2189"
_MOST_PARTS = 10
_MANY_DIGITS = 7


def _ordinal(found: re.Match[str]) -> str:
    return ordinal(int(found[1].replace(",", "")))


def _part(above: int, below: int) -> str:
    one, many = _PARTS.get(below, (ordinal(below), f"{ordinal(below)}s"))
    return f"{cardinal(above)} {one if above == 1 else many}"


def _fraction(found: re.Match[str]) -> str | None:
    whole, above, below = found[1], int(found[2]), int(found[3])
    if not (0 < above < below and below <= _MOST_PARTS):
        return None
    if not whole:
        return _part(above, below)
    return f"{number(whole)} and {'a half' if (above, below) == (1, 2) else _part(above, below)}"


def _written_fraction(found: re.Match[str]) -> str:
    whole = found[1]
    above, _, below = unicodedata.normalize("NFKC", found[2]).partition("\u2044")
    said = "zero" if above == "0" else _part(int(above), int(below or 1))
    if not whole:
        return said
    return f"{number(whole)} and {'a half' if found[2] == chr(0xBD) else said}"


def _slash(found: re.Match[str]) -> str:
    between = " " if found[0] == "24/7" else " slash "
    return between.join(number(part) for part in (found[1], found[2]))


def _range(found: re.Match[str]) -> str:
    return f"{number(found[1])} to {number(found[2])}"


def _spaced(found: re.Match[str]) -> str:
    return number(found[1].replace(" ", ""))


def _times(found: re.Match[str]) -> str:
    return f"{number(found[1])} times"


def _plain(found: re.Match[str]) -> str:
    sign, written = found[1] or "", found[2]
    text, start, end = found.string, found.start(), found.end()
    if len(written) >= _MANY_DIGITS and written.isdecimal() and not sign:
        said = digits(in_groups(written))
    else:
        said = _SIGNS.get(sign, "") + number(written)
    if start > 0 and text[start - 1].isalpha():
        said = f" {said}"
    return f"{said} " if end < len(text) and text[end].isalpha() else said


def _decimal(found: re.Match[str]) -> str:
    return f"point {digits(found[1])}"


def _item(found: re.Match[str]) -> str:
    return f"{number(found[1])},"


def _other_digits(found: re.Match[str]) -> str:
    """Digits of other scripts."""
    return digits("".join(str(unicodedata.decimal(digit)) for digit in found[0]))


RULES = (
    *needing(
        DIGITS,
        Rule(re.compile(r"\A([0-9]{1,3})\.(?=\s)"), _item),
        Rule(re.compile(r"(?<![\w.,])([1-9][0-9]{0,2}(?: [0-9]{3})* 000)(?![\w]|[.,][0-9])"), _spaced),
        Rule(re.compile(r"(?<![\w.,])([0-9]{1,3}(?:,[0-9]{3})*|[0-9]{1,9})(?:st|nd|rd|th)\b"), _ordinal),
        Rule(re.compile(r"(?<![\w.,/])(?:([0-9]{1,3})\s)?([0-9]{1,2})/([0-9]{1,2})(?![\w/]|[.,][0-9])"), _fraction),
    ),
    Rule(re.compile(rf"(?<![\w.,])([0-9]{{1,3}})?\s?([{_FRACTIONS}])"), _written_fraction),
    *needing(
        DIGITS,
        Rule(re.compile(r"(?<![\w.,/])([0-9]{1,4})/([0-9]{1,4})(?![\w/]|[.,][0-9])"), _slash),
        Rule(re.compile(rf"(?<![\w.,-])({NUMBER})(?:\s?[-\u2013\u2014]\s?|:)({NUMBER})(?![\w]|[-.,:][0-9])"), _range),
        Rule(re.compile(rf"(?<![\w.,])({NUMBER})x(?!\w)"), _times),
        Rule(re.compile(r"(?<![\w.])\.([0-9]+)(?![\w])"), _decimal),
        Rule(re.compile(rf"((?<![\w.)])[-\u2212+])?({NUMBER})"), _plain),
    ),
    Rule(re.compile(r"\d+"), _other_digits),
)
