"""Numbers, times, prices and the like as they are said, by tables of rules: one for each language that is known.

A rule is a pattern and what is said for it. Rules are tried in the order of their table, each on what the ones before
it have left alone; so a rule for dates stands before one for numbers. A language without a table is said as it is
written: most voices read numbers of their language in some way, and in the wrong language they are worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from offhook.speech.text.languages import primary

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

__all__ = ["DIGITS", "Pieces", "Rule", "needing", "normalise", "rules_of"]

Pieces = list[tuple[str, "str | None"]]
"""A text in pieces, each with what is said for it; ``None``: not known yet, or as it is written."""

_TABLES = {"en": "offhook.speech.text.english"}
"""Modules by language; each has ``rules(language)``."""


DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said for what is found."""

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]
    """``None``: this one is left alone."""
    group: str | int = 0
    """What of it is replaced; the rest is what has to stand around it."""

    needs: frozenset[str] = frozenset()
    """Characters of which one is in everything that it finds; none: it is looked for everywhere."""

    def apply(self, pieces: Pieces) -> Pieces:
        """``pieces`` with what is said for what was found in those that were left alone."""
        if not any(voice is None and self.pattern.search(text) for text, voice in pieces):
            return pieces
        out: Pieces = []
        for text, voice in pieces:
            if voice is not None:
                out.append((text, voice))
                continue
            begin = 0
            for found in self.pattern.finditer(text):
                said = self.say(found)
                if said is not None:
                    start, end = found.span(self.group)
                    out += [(text[begin:start], None), (text[start:end], said)]
                    begin = end
            out.append((text[begin:], None))
        return [piece for piece in out if piece[0]]


def needing(characters: str, *rules: Rule) -> tuple[Rule, ...]:
    """``rules``, which find nothing where none of ``characters`` is: then they need not look."""
    return tuple(replace(rule, needs=frozenset(characters)) for rule in rules)


def rules_of(language: str) -> Sequence[Rule]:
    """The rules of a language, by its BCP 47 tag; none where it has no table."""
    module = _TABLES.get(primary(language))
    if module is None:
        return ()
    rules: Sequence[Rule] = import_module(module).rules(language)
    return rules


def normalise(pieces: Pieces, rules: Sequence[Rule]) -> Pieces:
    """``pieces`` with what ``rules`` say for what is in them."""
    there = set().union(*(text for text, voice in pieces if voice is None))
    for rule in rules:
        if not rule.needs or not rule.needs.isdisjoint(there):
            pieces = rule.apply(pieces)
    if pieces and pieces[-1][0].endswith("."):  # the stop of an abbreviation at the end is that of the sentence, too
        shown, said = pieces[-1]
        pieces[-1] = (shown, f"{said.removesuffix('.')}." if said is not None else None)
    return pieces
