"""HTML within a line: tags, comments, entities, addresses in angles.

Each function is a :data:`~offhook.speech.text.cleaning.reading.Step` that stands before its mark; a class is one that
reads from there to the end of what it is named for.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from offhook.speech.text.cleaning import markup
from offhook.speech.text.cleaning.links import scheme_at
from offhook.speech.text.cleaning.reading import at_character, literal
from offhook.speech.text.cleaning.typography import dash

if TYPE_CHECKING:
    from offhook.speech.text.cleaning.reading import Reader, Step

__all__ = ["angle", "entity", "greater"]


def angle(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """A tag, a comment, an address, or "less than"."""
    if text.startswith("<!--", at):
        reader.leave_out()
        reader.reads = _Hidden(re.compile("-->"), 3, reader.reads)
        return at + 4
    if mailbox := markup.MAILBOX.match(text, at):
        reader.say(mailbox[1])
        return mailbox.end()
    if tag := markup.TAG.match(text, at):
        _at_tag(reader, tag)
        return tag.end()
    if declaration := markup.DECLARATION.match(text, at):
        return declaration.end()
    if not final and (markup.TAG_BEGUN.match(text, at) or "<!--".startswith(text[at : at + 4])):
        return None
    if scheme_at(text, at + 1, final):
        reader.angle = True
        return at + 1
    return dash(reader, text, at, final)


def _at_tag(reader: Reader, tag: re.Match[str]) -> None:
    name = tag[1].lower()
    if name in markup.HIDDEN and tag[0][1] != "/" and tag[0][-2] != "/":
        closing = re.compile(rf"</{name}\s?>", re.IGNORECASE | re.ASCII)
        reader.leave_out()
        reader.reads = _Hidden(closing, len(name) + 4, reader.reads)
    elif name in markup.BREAKS:
        reader.break_off()
    elif name in markup.CELLS:
        reader.divide()


class _Hidden:
    """In a comment, or in an element that is not for people.

    Args:
        closing: what ends it.
        longest: how long that is at most.
        then: what reads on behind it.
    """

    def __init__(self, closing: re.Pattern[str], longest: int, then: Step) -> None:
        self._closing = closing
        self._longest = longest
        self._then = then

    def __call__(self, reader: Reader, text: str, at: int, final: bool) -> int | None:
        """Read on (a :data:`~offhook.speech.text.cleaning.reading.Step`)."""
        if closing := self._closing.search(text, at):
            reader.reads = self._then
            return closing.end()
        rest = len(text) if final else len(text) - self._longest + 1
        return rest if rest > at else None


def greater(reader: Reader, text: str, at: int, final: bool) -> int:
    """The end of an address in angles, or "greater than"."""
    if reader.angle:
        reader.angle = False
        return at + 1
    return literal(reader, text, at, final)


def entity(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """``&amp;``, or what it is."""
    if found := markup.ENTITY.match(text, at):
        for character in html.unescape(found[0]):
            at_character(reader, character, at)
        return found.end()
    return None if not final and markup.ENTITY_BEGUN.match(text, at) else literal(reader, text, at, final)
