"""Times of the day."""

from __future__ import annotations

import re

from offhook.speech.text.english.words import cardinal
from offhook.speech.text.normalising import DIGITS, Rule, needing

__all__ = ["RULES"]

_HOUR = r"(?:[01]?[0-9]|2[0-4])"
_HALF = r"(?:\s?[AaPp]\.?\s?[Mm]\b\.?)"
_CLOCK = rf"{_HOUR}:[0-5][0-9](?::[0-5][0-9])?(?![0-9:])Z?{_HALF}?"
_OF_HALF = rf"(?:1[0-2]|0?[1-9])(?:[.:][0-5][0-9])?{_HALF}"
_TIME = rf"(?:{_OF_HALF}|{_CLOCK})"
_TO = r"\s?[-\u2013\u2014]\s?"
_BEFORE = r"(?<![\w.,:/$\u00a3\u20ac-])"
_PARTS = re.compile(rf"({_HOUR})(?:[.:]([0-9]{{2}})(?::([0-9]{{2}}))?)?(Z)?(?:\s?([AaPp])\.?\s?[Mm]\b\.?)?", re.VERBOSE)
_NOON = 12


def _time(written: str) -> str:
    found = _PARTS.fullmatch(written)
    assert found is not None, "it was found by a narrower pattern"
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    half = f" {found[5].lower()}.m." if found[5] else ""
    said = _hour_and_minute(hour, minute, whole=found[2] is not None and not half)
    if second:
        said += f" and {cardinal(second)} second{'s' if second > 1 else ''}"
    return f"{said}{half}{' UTC' if found[4] else ''}"


def _hour_and_minute(hour: int, minute: int, *, whole: bool) -> str:
    if minute:
        return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    if not whole:
        return cardinal(hour)
    if hour % 24 == 0:
        return "midnight"
    return f"{cardinal(hour)} o'clock" if hour <= _NOON else f"{cardinal(hour)} hundred"


def _one(found: re.Match[str]) -> str:
    return _time(found[0])


def _range(found: re.Match[str]) -> str:
    return f"{_time(found[1])} to {_time(found[2])}"


RULES = needing(
    DIGITS,
    Rule(re.compile(rf"{_BEFORE}({_TIME}){_TO}({_TIME}|{_HOUR}(?![\w.,:/%-]))"), _range),
    Rule(re.compile(rf"{_BEFORE}({_HOUR}){_TO}({_TIME})"), _range),
    Rule(re.compile(rf"{_BEFORE}{_TIME}(?![\w])"), _one),
)
