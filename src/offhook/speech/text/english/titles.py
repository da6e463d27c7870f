"""Abbreviations: titles, streets, "e.g.", and words of consonants."""

from __future__ import annotations

import re

from offhook.speech.text.english.words import letters
from offhook.speech.text.normalising import DIGITS, Rule, needing

__all__ = ["BEFORE_NUMBERS", "RULES"]

_TITLES = {
    "Dr": "Doctor",
    "Prof": "Professor",
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "St": "Saint",
    "Mt": "Mount",
    "Rev": "Reverend",
    "Gen": "General",
    "Sgt": "Sergeant",
    "Capt": "Captain",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Gov": "Governor",
    "Sen": "Senator",
}
_STREETS = {"Dr": "Drive", "St": "Street", "Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard", "Sq": "Square"}
_WORDS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "vs": "versus",
    "approx.": "approximately",
    "incl.": "including",
    "excl.": "excluding",
    "min.": "minimum",
    "max.": "maximum",
    "dept.": "department",
    "apt.": "apartment",
    "tel.": "telephone",
    "ext.": "extension",
    "inc.": "incorporated",
    "ltd.": "limited",
    "corp.": "corporation",
    "jr.": "junior",
    "sr.": "senior",
    "a.k.a.": "also known as",
    "w/o": "without",
    "w/": "with",
    "est.": "established",
    "misc.": "miscellaneous",
}
_BEFORE_NUMBER = {"No": "number", "Nos": "numbers", "Nr": "number", "Fig": "figure", "Vol": "volume", "pp": "pages"}
_SOUNDS = frozenset({"HMM", "SHH", "PSST", "PST", "BRR", "GRR", "TSK"})
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def _title(found: re.Match[str]) -> str:
    return _TITLES[found[1].rstrip(".")]


def _street(found: re.Match[str]) -> str:
    return _STREETS[found["street"].rstrip(".")]


def _word(found: re.Match[str]) -> str:
    return _WORDS[found[0].lower()]


def _before_number(found: re.Match[str]) -> str:
    return "number " if found[0][0] in "#\u2116" else f"{_BEFORE_NUMBER[found[1].capitalize()]} "


def _consonants(found: re.Match[str]) -> str | None:
    word = found[1]
    if _ROMAN.fullmatch(word) or word.endswith("Y") or word in _SOUNDS:
        return None
    return letters(word) + ("'s" if found[2] else "")


def _any(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


BEFORE_NUMBERS = needing(
    DIGITS,
    Rule(re.compile(r"[#\u2116]\s?(?=[0-9])"), _before_number),
    Rule(re.compile(r"\b([Nn]os?|[Nn]r|[Ff]ig|[Vv]ol)\.\s?(?=[0-9])"), _before_number),
)
RULES = (
    Rule(
        re.compile(rf"\b[A-Z][a-z]+\s(?P<street>(?:{_any(_STREETS)})(?:\.|(?![\w.-])))(?!\s[A-Z][a-z])"),
        _street,
        "street",
    ),
    Rule(re.compile(rf"\b((?:Dr|Prof|Mrs?|Ms)\b\.?|(?:{_any(_TITLES)})\.)(?=\s[A-Z])"), _title),
    *needing("./vV", Rule(re.compile(rf"(?<![\w.])(?:{_any(_WORDS)})(?![\w])", re.IGNORECASE), _word)),
    Rule(re.compile(r"(?<![\w'.])([BCDFGHJKLMNPQRSTVWXYZ]{2,6})(s)?(?![\w'])"), _consonants),
)
