"""Marks that are said as words."""

from __future__ import annotations

import re

from offhook.speech.text.normalising import Rule, needing

__all__ = ["BETWEEN_NUMBERS", "RULES"]

_SYMBOLS = {
    "&": "and",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "<": "less than",
    ">": "greater than",
    "%": "percent",
    "\u00b1": "plus or minus",
    "\u00d7": "times",
    "\u00f7": "divided by",
    "\u2248": "about",
    "\u2264": "at most",
    "\u2265": "at least",
    "\u2260": "is not",
    "\u221e": "infinity",
    "\u00b0": "degrees",
    "\u00a7": "section",
    "\u2116": "number",
    "<=": "at most",
    ">=": "at least",
    "!=": "is not",
}
_BETWEEN = {"*": "times", "^": "to the power of", "~": "about", "x": "times", "\u00b7": "times"}


def _said(words: dict[str, str], found: re.Match[str]) -> str:
    return f" {words[found[0]]} "


def _symbol(found: re.Match[str]) -> str:
    return _said(_SYMBOLS, found)


def _between(found: re.Match[str]) -> str:
    return _said(_BETWEEN, found)


def _hashtag(found: re.Match[str]) -> str:
    del found
    return "hashtag "


def _or(found: re.Match[str]) -> str:
    return " " if found[1] == "and" else " or "


BETWEEN_NUMBERS = needing(
    "^*~",
    Rule(re.compile(r"(?<=[0-9A-Za-z])\^(?=[0-9])"), _between),
    Rule(re.compile(r"(?<=[0-9])\*(?=[0-9])|(?<=[0-9] )\*(?= [0-9])"), _between),
    Rule(re.compile(r"~(?=[0-9])"), _between),
)
RULES = needing(
    "#/" + "".join(_SYMBOLS),
    Rule(re.compile(r"#(?=[^\W\d_])"), _hashtag),
    Rule(re.compile(r"\b([^\W\d_]+)(?P<slash>/)(?=[^\W\d_])"), _or, "slash"),
    Rule(re.compile(r"<=|>=|!=|[&@+=<>%\u00b1\u00d7\u00f7\u2248\u2264\u2265\u2260\u221e\u00b0\u00a7\u2116]"), _symbol),
)
