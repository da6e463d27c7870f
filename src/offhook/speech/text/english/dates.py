"""Dates, days, years and decades."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from offhook.speech.text.english.words import cardinal, ordinal, year
from offhook.speech.text.normalising import DIGITS, Rule, needing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["rules"]

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_FIRST = frozenset({"us"})
_DAY_FIRST = frozenset({"gb", "uk", "ie", "au", "nz", "in", "za"})
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b(?:\.(?=\s))?"
)
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?:\s?[-\u2013\u2014]\s?(?P<last>[0-9]{1,2})(?:st|nd|rd|th)?)?"
_YEAR = r"(?P<year>(?:1[0-9]|20)[0-9]{2})"
_WEEKDAY = r"(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)(?:day|nesday|sday|rsday|urday)?\b(?:\.(?=\s))?"


def rules(language: str) -> Sequence[Rule]:
    """The rules, for a BCP 47 tag: its region tells which of two numbers is the month."""
    region = language.replace("_", "-").rpartition("-")[2].lower()
    return (
        *needing(
            DIGITS,
            Rule(re.compile(r"(?<![\w-])([0-9]{4})-([0-9]{2})-([0-9]{2})(T(?=[0-9])|(?![\w-]))"), _iso),
            Rule(re.compile(r"(?<![\w/.])([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})(?![\w/])"), _slashes(region)),
            Rule(re.compile(r"(?<![\w/.])([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?![\w/])"), _dots),
            Rule(re.compile(rf"\b{_MONTH}\s{_DAY}(?![0-9:%]|[.,/][0-9])(?:,?\s{_YEAR}(?![0-9]))?"), _month_day),
            Rule(
                re.compile(rf"(?:\b[Tt]he\s)?(?<![0-9.,:/-]){_DAY}\s(?:of\s)?{_MONTH}(?:,?\s{_YEAR}(?![0-9]))?"),
                _day_month,
            ),
            Rule(re.compile(rf"\b{_MONTH},?\s{_YEAR}(?![0-9])"), _month_year),
        ),
        *needing(
            "MTWFS",
            Rule(re.compile(rf"\b{_WEEKDAY}\s?[-\u2013\u2014]\s?{_WEEKDAY}"), _weekdays),
            Rule(re.compile(r"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri)\b(?:\.(?=\s))?(?!-)"), _weekday),
            Rule(re.compile(r"\b(Sat|Sun)\b(?:\.(?=\s))?(?=[,:]?\s[0-9]|\s?[-\u2013&])"), _weekday),
        ),
        *needing(
            DIGITS,
            Rule(re.compile(r"(?<![\w.,])(?:1[1-9]|20)[0-9]0s\b"), _decade),
            Rule(re.compile(r"(?:'|(?<=\bthe )|(?<=\bearly )|(?<=\blate )|(?<=\bmid-))[2-9]0s\b"), _decade),
            Rule(
                re.compile(
                    rf"(?<![\w.,-]){_YEAR}(?P<to>\s?[-\u2013\u2014]\s?|\sto\s)(?P<last>(?:1[0-9]|20)[0-9]{{2}})(?![\w-])"
                ),
                _years,
            ),
            Rule(
                re.compile(
                    rf"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Dd]uring|[Yy]ear|[Cc]irca|[Ee]arly|[Ll]ate|[Mm]id|[Ss]pring|[Ss]ummer|"
                    rf"[Aa]utumn|[Ff]all|[Ww]inter)[\s-]{_YEAR}(?![\w%]|[.,][0-9])"
                ),
                _bare_year,
                "year",
            ),
            Rule(
                re.compile(
                    rf"\b(?:[Bb]y|[Ff]rom|[Bb]efore|[Aa]fter|[Oo]f)\s{_YEAR}(?=\s*(?:[.,;:!?)](?![0-9])|$)|\s(?:and|or|was|is)\b)"
                ),
                _bare_year,
                "year",
            ),
        ),
    )


def _date(day: int, month: int, year_number: int | None, *, day_first: bool) -> str | None:
    if not (1 <= month <= len(_MONTHS) and 1 <= day <= _LENGTHS[month - 1]):
        return None
    name = _MONTHS[month - 1]
    said = f"the {ordinal(day)} of {name}" if day_first else f"{name} {ordinal(day)}"
    return f"{said}, {year(year_number)}" if year_number is not None else said


def _iso(found: re.Match[str]) -> str | None:
    said = _date(int(found[3]), int(found[2]), int(found[1]), day_first=False)
    return f"{said}, " if said and found[4] else said


def _slashes(region: str) -> Callable[[re.Match[str]], str | None]:
    def say(found: re.Match[str]) -> str | None:
        first, second, written = int(found[1]), int(found[2]), found[3]
        year_number = int(written) + (2000 if len(written) == 2 else 0)
        if second > len(_MONTHS) or region in _MONTH_FIRST:
            return _date(second, first, year_number, day_first=False)
        if first > len(_MONTHS) or region in _DAY_FIRST:
            return _date(first, second, year_number, day_first=True)
        return f"{cardinal(first)}, {cardinal(second)}, {year(year_number)}"

    return say


def _dots(found: re.Match[str]) -> str | None:
    return _date(int(found[1]), int(found[2]), int(found[3]), day_first=True)


def _month(written: str) -> int:
    return next(number for number, name in enumerate(_MONTHS, 1) if name.startswith(written[:3]))


def _of_year(found: re.Match[str]) -> int | None:
    return int(found["year"]) if found["year"] else None


def _month_day(found: re.Match[str]) -> str | None:
    month, last = _month(found["month"]), found["last"]
    if not last:
        return _date(int(found["day"]), month, _of_year(found), day_first=False)
    first = _date(int(found["day"]), month, None, day_first=False)
    ending = _date(int(last), month, _of_year(found), day_first=False)
    return f"{first} to {ending.partition(' ')[2]}" if first and ending else None


def _day_month(found: re.Match[str]) -> str | None:
    month, last = _month(found["month"]), found["last"]
    ending = _date(int(last or found["day"]), month, _of_year(found), day_first=True)
    if not last:
        return ending
    first = _date(int(found["day"]), month, None, day_first=True)
    return f"{first.partition(' of ')[0]} to {ending}" if first and ending else None


def _month_year(found: re.Match[str]) -> str:
    return f"{_MONTHS[_month(found['month']) - 1]} {year(int(found['year']))}"


def _day_name(written: str) -> str:
    return next(name for name in _DAYS if name.startswith(written[:3]))


def _weekdays(found: re.Match[str]) -> str:
    return f"{_day_name(found[1])} to {_day_name(found[2])}"


def _weekday(found: re.Match[str]) -> str:
    return _day_name(found[1])


def _decade(found: re.Match[str]) -> str:
    written = found[0].strip("s'")
    said = year(int(written))
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def _years(found: re.Match[str]) -> str:
    return f"{year(int(found['year']))} to {year(int(found['last']))}"


def _bare_year(found: re.Match[str]) -> str:
    return year(int(found["year"]))
