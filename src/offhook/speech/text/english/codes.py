"""What is spelled: order numbers, codes, versions, letters one by one."""

from __future__ import annotations

import re

from offhook.speech.text.english.phones import in_groups
from offhook.speech.text.english.words import cardinal, digits, letters, number, without_last_comma
from offhook.speech.text.normalising import DIGITS, Rule, needing

__all__ = ["RULES"]

_RUNS = re.compile(r"[A-Z]+|[0-9]+")
_VOWEL = re.compile(r"[AEIOU]")
_LONGEST_SPELLED = 3
_LONGEST_NUMBER = 2


def _code(found: re.Match[str]) -> str:
    written = found[0]
    runs = _RUNS.findall(written)
    groups = [" ".join(_run(run, of=len(runs)) for run in _RUNS.findall(group)) for group in written.split("-")]
    said = (" " if len(runs) <= 2 else ", ").join(groups).replace(",,", ",")
    return without_last_comma(found, said)


def _run(run: str, *, of: int) -> str:
    if run.isdecimal():
        short = of <= 2 and len(run) <= _LONGEST_NUMBER and run[0] != "0"
        return cardinal(int(run)) if short else digits(run)
    return letters(run) if len(run) <= _LONGEST_SPELLED or not _VOWEL.search(run) else run


def _digits(found: re.Match[str]) -> str:
    written = found["code"]
    return digits(in_groups(written) if len(written) > 4 else written)


def _letters(found: re.Match[str]) -> str:
    return without_last_comma(found, letters(re.sub(r"[^A-Za-z]", "", found[0])))


def _groups(found: re.Match[str]) -> str:
    return digits(found[0])


def _version(found: re.Match[str]) -> str:
    parts = found[2].split(".")
    address = len(parts) == 4 and not found[1]
    said = " dot ".join(map(digits, parts)) if address else " point ".join(map(number, parts))
    return f"version {said}" if found[1] else said


RULES = (
    *needing(
        DIGITS, Rule(re.compile(r"(?<![\w.,])([vV])?([0-9]{1,4}(?:\.[0-9]{1,4}){2,5})(?![\w]|\.[0-9])"), _version)
    ),
    *needing("-", Rule(re.compile(r"(?<![\w-])(?:[A-Za-z]-){2,40}[A-Za-z](?![\w-])"), _letters)),
    Rule(re.compile(r"(?<!\S)(?:[A-Z]\s){2,40}[A-Z](?![\w'])"), _letters),
    *needing(
        DIGITS,
        Rule(
            re.compile(
                r"\b(?:[Cc]ode|PIN|[Pp]in|[Rr]eference|[Oo]rder|[Aa]ccount|[Tt]icket|[Cc]ase|[Bb]ooking|[Cc]onfirmation|ID|"
                r"[Tt]racking|[Ii]nvoice|[Ss]erial|[Zz]ip|ZIP|[Pp]ostcode|[Pp]assword|[Pp]asscode|[Nn]umber)"
                r"(?:\s(?:[Nn]umber|[Nn]o\.?|[Cc]ode|ID))?(?:\sis|:)?\s#?(?P<code>[0-9]{3,20})(?![\w%]|[.,:/-][0-9])"
            ),
            _digits,
            "code",
        ),
        Rule(re.compile(r"(?<![\w.,-])[0-9]{1,6}(?:-[0-9]{1,6}){2,8}(?![\w-]|[.,][0-9])"), _groups),
        Rule(
            re.compile(
                r"(?<![\w-])(?=[A-Z0-9-]{0,40}[A-Z])(?=[A-Z0-9-]{0,40}[0-9])[A-Z0-9]{1,40}(?:-[A-Z0-9]{1,40}){0,8}(?![\w-])"
            ),
            _code,
        ),
    ),
)
