"""Whether a sentence ends with its stops: abbreviations, initials, numbers and quotes look as if it did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from offhook.speech.text.languages import ABBREVIATIONS, BEFORE_NUMBERS, MAY_BE_LAST, words_of
from offhook.speech.text.scripts import CLOSERS, OPENERS, STOPS, STRONG_STOPS

if TYPE_CHECKING:
    from offhook.speech.text.languages import Words

__all__ = ["Endings", "is_stop"]

_WORD = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[^\W\d_]+")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_ASKED_OR_CALLED = frozenset("!?;\u037e\u203c\u203d")
_CLOSERS = "".join(CLOSERS)
_LONGEST_ABBREVIATION = 30
_LONGEST_STARTER = 12
_LONGEST_ITEM = 3
_MOST_OPENERS = 3


def is_stop(text: str, at: int) -> bool:
    """Whether the character is one that can end a sentence."""
    if text[at] == ";":  # what Greeks type for their question mark
        return at > 0 and "\u0370" <= text[at - 1] <= "\u03ff"
    return text[at] in STOPS


class Endings:
    """Tells of one text whether its sentences end.

    A sentence begins at ``start``, and its stops lie from ``run`` to ``at``.

    Args:
        language: a BCP 47 tag.
    """

    def __init__(self, language: str) -> None:
        self._words: Words = words_of(language)
        self._next_item = 0  # the number of the next item of a list within sentences

    def ends(self, text: str, start: int, run: int, at: int, *, final: bool) -> bool | None:
        """Whether a sentence ends with its stops, before the character at ``at``; ``None``: what follows decides, and
        the text is not ``final``."""
        stops, following = text[run:at], text[at]
        if not STRONG_STOPS.isdisjoint(stops):
            return not (stops == "\uff0e" and following.isdecimal())
        if following == "\n":
            return True
        if following != " ":
            return self._ends_without_space(text, start, run, at, final=final)
        if self._ends_whatever_follows(text, start, run, at):
            return True
        first = at + 1
        while first < len(text) and first - at <= _MOST_OPENERS and text[first] in OPENERS:
            first += 1
        if first == len(text):
            return True if final else None
        if stops.rstrip(_CLOSERS) != ".":
            return not text[first].islower()  # "Well... yes" goes on; so does what was asked in quotes by somebody
        return self._full_stop_ends(text, start, run, first, quoted=len(stops) > 1, final=final)

    def _ends_whatever_follows(self, text: str, start: int, run: int, at: int) -> bool:
        """Whether a sentence ends with its stops and a space, whatever the next word is."""
        stops = text[run:at]
        if stops != ".":
            return not (stops[0] in ".\u2026\u2025" or stops[-1] in CLOSERS)
        token = _last_token(text, start, run)
        unsure = token in ABBREVIATIONS or token in BEFORE_NUMBERS or _may_be_last(token) or token.isdecimal()
        return not unsure

    def _full_stop_ends(self, text: str, start: int, run: int, first: int, *, quoted: bool, final: bool) -> bool | None:
        """Whether one full stop ends a sentence, before a word that begins at ``first``."""
        following = text[first]
        token = _last_token(text, start, run)
        if token.isdecimal():
            return self._number_ends(text, start, run, token)
        if (quoted and following.islower()) or token in ABBREVIATIONS:
            return False
        if token in BEFORE_NUMBERS and following.isdecimal():
            return False
        if not _may_be_last(token):
            return True
        return False if following.islower() else self._starts(text, first, final=final)

    def _number_ends(self, text: str, start: int, run: int, token: str) -> bool:
        """Whether a number with a full stop ends a sentence: it may be an ordinal, or that of an item."""
        before = text[start : run - len(token)]
        number = int(token) if len(token) <= _LONGEST_ITEM else 0
        begins_list = not _WORD.search(before) or (number == 1 and before.rstrip().endswith(":"))
        if number and (begins_list or number == self._next_item):
            self._next_item = number + 1
            return False
        return not (self._words.dotted_ordinals and len(token) < _LONGEST_ITEM)

    def _ends_without_space(self, text: str, start: int, run: int, at: int, *, final: bool) -> bool | None:
        """Whether a sentence ends though no space follows: who yields whole sentences need not think of one."""
        following, before = text[at], text[run - 1 : run]
        if not following.isalpha() or not before.isalnum():
            return False
        if not following.islower() and not following.isupper():
            return True  # a script without capitals
        if following.islower() or text[run] in "\u2026\u2025":
            return False
        if text[run] != ".":
            return True
        token = _last_token(text, start, run)
        number = before.isdecimal()
        if not number and (not before.islower() or "." in token or token in ABBREVIATIONS or _may_be_last(token)):
            return False
        if at + 1 == len(text):
            return True if final else None
        return text[at + 1].islower() or (not number and text[at + 1] in " '\u2019")

    def _starts(self, text: str, first: int, *, final: bool) -> bool | None:
        """Whether the word that begins at ``first`` begins a sentence."""
        word = _LETTERS.match(text, first, first + _LONGEST_STARTER + 1)
        if word is None:
            return False
        if word.end() == len(text) and not final:
            return None
        return word[0].lower() in self._words.starters

    @staticmethod
    def is_whole(text: str, start: int, run: int) -> bool:
        """Whether a text that ends with stops ends as a sentence does, unless something unlikely follows."""
        stops = text[run:]
        if not (STRONG_STOPS | _ASKED_OR_CALLED).isdisjoint(stops):
            return True
        token = _last_token(text, start, run)
        unsure = token in ABBREVIATIONS or _may_be_last(token) or token[-1:].isdecimal()
        return stops[0] == "." and ".." not in stops and not unsure


def _may_be_last(token: str) -> bool:
    """Whether a word with a full stop may be an abbreviation, or an initial."""
    return token in MAY_BE_LAST or _INITIALS.fullmatch(token) is not None


def _last_token(text: str, start: int, run: int) -> str:
    """The word before the stops, in small letters and without what opens it."""
    words = text[max(start, run - _LONGEST_ABBREVIATION) : run].split()
    return words[-1].lstrip("\"'\u201c\u2018([{-").lower() if words else ""
