"""Addresses on the net: ``info@offhook.dev`` is "info at offhook dot dev"."""

from __future__ import annotations

import re

from offhook.speech.text.english.words import digits, letters, without_last_comma
from offhook.speech.text.normalising import Rule, needing

__all__ = ["RULES"]

_TOP = (
    "com|org|net|edu|gov|mil|int|info|biz|dev|app|io|ai|co|me|tv|xyz|shop|store|online|site|tech|cloud|eu|us|uk|de|fr|es|"
    "it|nl|be|ch|at|pt|ie|ca|au|nz|in|za|jp|cn|br|mx|pl|se|no|dk|fi|cz|gr|ru|ua|tr|il|ae|sg|hk|kr"
)
_MARKS = {".": "dot", "-": "dash", "_": "underscore", "+": "plus", "/": "slash", "@": "at", "%": "percent"}
_TOKEN = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_LONGEST_SPELLED = 3


def _say(found: re.Match[str]) -> str:
    return without_last_comma(found, " ".join(_part(part) for part in _TOKEN.findall(found[0])))


def _part(part: str) -> str:
    if part.isdecimal():
        return digits(part)
    if part.isalpha():
        spelled = len(part) == 1 or (len(part) <= _LONGEST_SPELLED and not _VOWEL.search(part)) or part == "uk"
        return letters(part) if spelled else part
    return _MARKS.get(part, "")


RULES = needing(
    ".",
    Rule(
        re.compile(r"(?<![\w.@+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}(?<!-)"), _say
    ),
    Rule(
        re.compile(
            rf"(?<![\w.@-])(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.){{1,4}}(?:{_TOP})"
            r"(?![\w@-]|\.[A-Za-z0-9])(?:/[A-Za-z0-9_-]{1,40}){0,4}"
        ),
        _say,
    ),
)
