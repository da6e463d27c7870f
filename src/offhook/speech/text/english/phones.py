"""Telephone numbers, digit by digit in groups."""

from __future__ import annotations

import re

from offhook.speech.text.english.words import digits
from offhook.speech.text.normalising import DIGITS, Rule, needing

__all__ = ["RULES", "in_groups"]

_COUNTRIES_OF_ONE = frozenset("17")
_COUNTRIES_OF_TWO = frozenset(
    str(code)
    for codes in (
        *((20, 27, 36, 39, 40, 41), range(30, 35), range(43, 50), range(51, 59), range(60, 67)),
        *((81, 82, 84, 86, 98), range(90, 96)),
    )
    for code in codes
)
_FEWEST, _MOST = 7, 13
_NOT_DIGITS = re.compile(r"[^0-9]+")


def in_groups(written: str) -> str:
    """Digits in groups of three, the last of up to four: as a person who reads them out."""
    groups = []
    rest = written
    while len(rest) > 4:
        groups.append(rest[:3])
        rest = rest[3:]
    return " ".join([*groups, rest])


def _international(found: re.Match[str]) -> str:
    groups = _NOT_DIGITS.sub(" ", found[0].replace("(0)", "")).split()
    if len(groups) == 1:
        number = groups[0]
        size = 1 if number[0] in _COUNTRIES_OF_ONE else 2 if number[:2] in _COUNTRIES_OF_TWO else 3
        groups = [number[:size], in_groups(number[size:])]
    return f"plus {digits(' '.join(groups))}"


def _grouped(found: re.Match[str]) -> str | None:
    written = found[0]
    count = sum(map(str.isdecimal, written))
    return digits(written) if _FEWEST <= count <= _MOST else None


def _bare(found: re.Match[str]) -> str:
    return digits(in_groups(found["number"]))


def _with_word(found: re.Match[str]) -> str:
    return f"{digits(found[1])}, {found[2].capitalize()}"


RULES = needing(
    DIGITS,
    Rule(re.compile(r"(?<![\w+])\+[0-9](?:[\s().-]{0,2}[0-9]){6,14}(?![0-9])"), _international),
    Rule(re.compile(r"(?<![\w.-])(1-[0-9]{3})-([A-Z]{4,12})\b"), _with_word),
    Rule(
        re.compile(
            r"(?<![\w.,/-])(?:1[\s.-])?(?:\([0-9]{3}\)\s?|[0-9]{3}[\s.-])[0-9]{3}[\s.-][0-9]{4}(?![\w-]|\.[0-9])"
        ),
        _grouped,
    ),
    Rule(
        re.compile(
            r"(?<![\w.,/-])(?:\(0[0-9]{1,4}\)|0[0-9]{1,4})[\s/.-]{1,2}[0-9]{2,8}(?:[\s.-][0-9]{2,6}){0,3}(?![\w-]|\.[0-9])"
        ),
        _grouped,
    ),
    Rule(re.compile(r"(?<![\w.,/-])[0-9]{3}-[0-9]{4}(?![\w-]|\.[0-9])"), _grouped),
    Rule(
        re.compile(
            r"\b(?:[Cc]all|[Dd]ial|[Tt]ext|[Rr]ing|[Pp]hone|[Ff]ax|[Tt]el)\.?:?\s(?P<number>[0-9]{3,15})(?![\w%]|[.,:/-][0-9])"
        ),
        _bare,
        "number",
    ),
    Rule(re.compile(r"\b(?:[Ee]xt\.?|[Ee]xtension)\s(?P<number>[0-9]{1,6})\b"), _bare, "number"),
)
