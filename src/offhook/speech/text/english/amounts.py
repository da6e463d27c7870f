"""Prices, percentages and measures."""

from __future__ import annotations

import re

from offhook.speech.text.english.words import NUMBER, number, plural
from offhook.speech.text.normalising import DIGITS, Rule, needing

__all__ = ["MAGNITUDES", "RULES"]

_CURRENCIES = {
    "\u00a3": ("pound", "penny"),
    "GBP": ("pound", "penny"),
    "$": ("dollar", "cent"),
    "US$": ("US dollar", "cent"),
    "USD": ("US dollar", "cent"),
    "A$": ("Australian dollar", "cent"),
    "AUD": ("Australian dollar", "cent"),
    "C$": ("Canadian dollar", "cent"),
    "CAD": ("Canadian dollar", "cent"),
    "NZ$": ("New Zealand dollar", "cent"),
    "\u20ac": ("euro", "cent"),
    "EUR": ("euro", "cent"),
    "\u00a5": ("yen", "sen"),
    "JPY": ("yen", "sen"),
    "\u20b9": ("rupee", "paisa"),
    "INR": ("rupee", "paisa"),
    "CHF": ("Swiss franc", "centime"),
}
MAGNITUDES = {
    "k": "thousand",
    "K": "thousand",
    "thousand": "thousand",
    "m": "million",
    "M": "million",
    "mn": "million",
    "million": "million",
    "b": "billion",
    "B": "billion",
    "bn": "billion",
    "billion": "billion",
    "T": "trillion",
    "tn": "trillion",
    "trillion": "trillion",
}
_UNITS = {
    "km": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "mi": "mile",
    "ft": "foot",
    "yd": "yard",
    "km/h": "kilometer per hour",
    "kph": "kilometer per hour",
    "mph": "mile per hour",
    "m/s": "meter per second",
    "km\u00b2": "square kilometer",
    "m\u00b2": "square meter",
    "m2": "square meter",
    "sqm": "square meter",
    "ft\u00b2": "square foot",
    "sq ft": "square foot",
    "m\u00b3": "cubic meter",
    "m3": "cubic meter",
    "ha": "hectare",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "l": "liter",
    "L": "liter",
    "ml": "milliliter",
    "mL": "milliliter",
    "cl": "centiliter",
    "dl": "deciliter",
    "s": "second",
    "sec": "second",
    "secs": "second",
    "ms": "millisecond",
    "min": "minute",
    "mins": "minute",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "yr": "year",
    "yrs": "year",
    "wk": "week",
    "wks": "week",
    "W": "watt",
    "kW": "kilowatt",
    "MW": "megawatt",
    "kWh": "kilowatt hour",
    "V": "volt",
    "kcal": "kilocalorie",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "dB": "decibel",
    "rpm": "RPM",
    "KB": "kilobyte",
    "kB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "Mbps": "megabit per second",
    "Mbit/s": "megabit per second",
    "Gbps": "gigabit per second",
    "\u00b0C": "degree Celsius",
    "\u00b0F": "degree Fahrenheit",
    "\u00b0": "degree",
    "%": "percent",
    "\u2103": "degree Celsius",
    "\u2109": "degree Fahrenheit",
    "\u2030": "per mille",
}
_UNCHANGED = frozenset({"kilohertz", "megahertz", "gigahertz", "RPM", "per mille", "sen"})
_PER = {
    **{word: word for word in ("second", "minute", "hour", "day", "night", "week", "month", "year", "person", "guest")},
    **{word: word for word in ("people", "item", "unit", "call", "user", "room", "kilo", "head", "page", "piece")},
    "sec": "second",
    "min": "minute",
    "hr": "hour",
    "h": "hour",
    "wk": "week",
    "mo": "month",
    "yr": "year",
    "kg": "kilogram",
    "km": "kilometer",
    "lb": "pound",
    "m\u00b2": "square meter",
    "kWh": "kilowatt hour",
}


def _any(words: dict[str, str] | dict[str, tuple[str, str]]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _many(name: str) -> str:
    if name in _UNCHANGED:
        return name
    head, square, unit = name.rpartition("square ") if name.startswith("square ") else name.rpartition("cubic ")
    if square:
        return f"{head}{square}{plural(unit)}"
    if name.endswith((" dollar", " franc", " hour")) and " per " not in name:
        return f"{name}s"
    return plural(name)


def _named(written: str, name: str) -> str:
    return name if written == "1" else _many(name)


def _amount(written: str, magnitude: str | None, currency: str) -> str:
    """A sum of money."""
    main, small = _CURRENCIES[currency]
    if magnitude:
        return f"{number(written)} {MAGNITUDES[magnitude]} {_many(main)}"
    whole, _, cents = written.replace(",", "").partition(".")
    if len(cents) != 2:
        return f"{number(written)} {_named(written, main)}"
    rest = f"{number(cents.lstrip('0') or '0')} {_named(cents.lstrip('0'), small)}"
    if int(cents) == 0:
        return f"{number(whole)} {_named(whole, main)}"
    return rest if int(whole) == 0 else f"{number(whole)} {_named(whole, main)} and {rest}"


def _price(found: re.Match[str]) -> str:
    sign = "minus " if found["minus"] else ""
    magnitude, last = found["magnitude"], found["last"]
    if last is None:
        return sign + _amount(found["first"], magnitude, found["currency"])
    first = number(found["first"])
    if magnitude and magnitude != found["last_magnitude"]:
        first += f" {MAGNITUDES[magnitude]}"
    return f"{sign}{first} to {_amount(last, found['last_magnitude'], found['currency'])}"


def _price_behind(found: re.Match[str]) -> str:
    return _amount(found["number"].replace(",", "."), found["magnitude"], found["currency"])


def _pence(found: re.Match[str]) -> str:
    return f"{number(found[1])} {_named(found[1], 'penny' if found[2] == 'p' else 'cent')}"


def _measure(found: re.Match[str]) -> str:
    sign = "minus " if found["minus"] else ""
    unit = _UNITS[found["unit"].replace("\u00b0 ", "\u00b0").replace("\u00ba", "\u00b0")]
    if found["last"]:
        return f"{sign}{number(found['first'])} to {number(found['last'])} {_many(unit)}"
    return f"{sign}{number(found['first'])} {_named(found['first'], unit)}"


def _height(found: re.Match[str]) -> str:
    return f"{number(found[1])} foot {number(found[2])}"


def _by(found: re.Match[str]) -> str:
    said = " by ".join(number(side) for side in (found[1], found[2], found[3]) if side)
    return f"{said} {_many(_UNITS[found[4]])}" if found[4] else said


def _large(found: re.Match[str]) -> str:
    written, magnitude = found[1], found[2]
    screen = magnitude == "K" and written in ("4", "8")
    return f"{number(written)} {'K' if screen else MAGNITUDES[magnitude]}"


def _per(found: re.Match[str]) -> str:
    return f" per {_PER[found[1]]}"


_SIGN = r"(?<![\w.,)-])(?P<minus>[-\u2212])?"
_MAGNITUDE = _any(MAGNITUDES)
_SYMBOL = _any(_CURRENCIES)
_TO = r"\s?[-\u2013\u2014]\s?"

_LETTER_UNITS = _any({unit: name for unit, name in _UNITS.items() if unit[-1].isalnum()})

RULES = (
    *needing(
        DIGITS,
        Rule(
            re.compile(
                rf"{_SIGN}(?P<currency>{_SYMBOL})\s?(?P<first>{NUMBER})(?:\s?(?P<magnitude>{_MAGNITUDE})\b)?"
                rf"(?:{_TO}(?:{_SYMBOL})?(?P<last>{NUMBER})(?:\s?(?P<last_magnitude>{_MAGNITUDE})\b)?)?(?![\w])"
            ),
            _price,
        ),
        Rule(
            re.compile(
                rf"(?<![\w.,])(?P<number>[0-9]+,[0-9]{{2}}(?![0-9])|{NUMBER})(?:\s?(?P<magnitude>{_MAGNITUDE}))?"
                rf"\s?(?P<currency>\u20ac|\u00a3|EUR|GBP|USD|CHF|CAD|AUD|JPY|INR)(?![\w])"
            ),
            _price_behind,
        ),
        Rule(re.compile(r"(?<![\w.,])([0-9]{1,2})\s?(p|\u00a2)(?![\w])"), _pence),
        Rule(re.compile(r"(?<![\w.,])([0-9])'\s?([0-9]{1,2})(?:\"|''|\u2033)"), _height),
        Rule(
            re.compile(
                rf"(?<![\w.,])({NUMBER})\s?[x\u00d7]\s?({NUMBER})(?:\s?[x\u00d7]\s?({NUMBER}))?"
                rf"(?:\s?({_LETTER_UNITS}))?(?!\w)"
            ),
            _by,
        ),
        Rule(
            re.compile(
                rf"{_SIGN}(?P<first>{NUMBER})(?:{_TO}(?P<last>{NUMBER}))?\s?(?P<unit>[\u00b0\u00ba]\s?[CF](?!\w)|"
                rf"(?:{_LETTER_UNITS})(?![\w/]|-\w)|"
                rf"[\u00b0%\u2103\u2109\u2030])"
            ),
            _measure,
        ),
        Rule(re.compile(rf"(?<![\w.,])({NUMBER})\s?(k|K|M|bn)(?![\w])"), _large),
    ),
    *needing("/", Rule(re.compile(rf"\s?/\s?({_any(_PER)})\b"), _per)),
)
