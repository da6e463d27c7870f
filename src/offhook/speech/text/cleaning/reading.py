"""The place in a text that is read in pieces, and what was given out of it."""

from __future__ import annotations

from collections.abc import Callable

from offhook.speech.text.cleaning.characters import DIVIDER, sayable

__all__ = ["Reader", "Step", "at_character", "literal"]

Step = Callable[["Reader", str, int, bool], "int | None"]
"""Reads on from a place in the text; where to go on from then, or ``None``: what follows decides. The last argument
tells whether nothing follows: then it never answers ``None``."""

_STOPS = frozenset(".!?\u2026")
_AFTER_GAP = frozenset(".,;:!?\u2026)")
_NO_COMMA_AFTER = frozenset(".,;:!?\u2026(\n")


class Reader:
    """What the steps of cleaning share.

    Args:
        reads: the first step.
    """

    def __init__(self, reads: Step) -> None:
        self.reads = reads
        """What reads on."""
        self.before = "\n"
        """The character before the one that is read."""
        self.fresh = True
        """Nothing of the line but its markers was read."""
        self.marked = False
        """The line has a marker."""
        self.alone = False
        """The line is a heading, a ruler or a row of a table: no sentence goes on behind it."""
        self.bracket = False
        """A bracket was just closed: what follows may be an address."""
        self.bang = False
        """An exclamation mark was just read: what follows may be an image."""
        self.angle = False
        """An angle was opened before an address."""
        self.no_link_until = 0
        """There is no link before this place."""
        self._text = ""  # what is not decided
        self._out: list[str] = []
        # What was given out, and what is to stand before the next of it.
        self._last = ""
        self._break = 0  # 1: the end of a line; 2: of a paragraph
        self._space = False
        self._comma = False
        self._gap = False  # something was left out here

    def read(self, piece: str, *, final: bool) -> str:
        """Read another piece; returns what is clean by now."""
        text, at = self._text + piece, 0
        while at < len(text):
            step = self.reads(self, text, at, final)
            if step is None:
                break
            if step > at:
                self.before = text[step - 1]
            at = step
        self._text = text[at:]
        self.no_link_until = max(0, self.no_link_until - at)
        out = "".join(self._out)
        self._out.clear()
        return out

    def say(self, words: str) -> None:
        """Give out ``words``, with what has to stand before them."""
        if self._last:
            self._out.append(self._between(words[0]))
        self._out.append(words)
        self._last = words[-1]
        self._break, self._space, self._comma, self._gap = 0, False, False, False

    def _between(self, first: str) -> str:
        spaced = self._last == " "
        if self._break:
            goes_on = self._break == 1 and not self.marked and first.islower()
            return "\n" if not goes_on else "" if spaced else " "
        if spaced:
            return ""
        if self._comma:
            return ", " if self._last not in _NO_COMMA_AFTER else " "
        if self._space and not (self._gap and first in _AFTER_GAP):
            return " "
        return ""

    def space(self) -> None:
        """A space is to stand before what comes next. Behind a stop it is given out at once: it ends a sentence."""
        if self._last in _STOPS and not self._break and not self._comma and not self._gap:
            self._out.append(" ")
            self._last = " "
        self._space = True

    def divide(self) -> None:
        """A comma is to stand there."""
        self._comma = True

    def leave_out(self) -> None:
        """Something is not said: the words around it stay apart, and a stop behind it does not."""
        self._space = self._gap = True

    def break_off(self) -> None:
        """What comes next is another line."""
        self._break = 2

    def end_line(self) -> None:
        """The line is over."""
        blank = self.fresh and not self.marked
        self._break = max(self._break, 2 if blank or self.alone else 1)
        self.fresh, self.marked, self.alone = True, False, False


def at_character(reader: Reader, character: str, at: int) -> int:
    """Past a character that is no mark."""
    said = sayable(character, reader.before)
    if said == DIVIDER:
        reader.divide()
    elif said == " ":
        if character.isspace():
            reader.space()
        else:
            reader.leave_out()
    elif said:
        reader.say(said)
    return at + 1


def literal(reader: Reader, text: str, at: int, final: bool) -> int:
    """Past a mark that means itself (a :data:`Step`)."""
    del final
    reader.say(text[at])
    return at + 1
