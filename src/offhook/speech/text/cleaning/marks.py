"""All marks within a line, by the character that they begin with.

Each function is a :data:`~offhook.speech.text.cleaning.reading.Step` that stands before its mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.text.cleaning import links, markup, tags, typography
from offhook.speech.text.cleaning.reading import at_character, literal

if TYPE_CHECKING:
    from offhook.speech.text.cleaning.reading import Reader, Step

__all__ = ["MARKS"]

_KEY_BEFORE = frozenset(" .,;:!?)")
"""What stands after a key of a telephone."""
_ASCII_MARKS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _newline(reader: Reader, text: str, at: int, final: bool) -> int:
    del text, final
    reader.end_line()
    return at + 1


def _cell(reader: Reader, text: str, at: int, final: bool) -> int:
    del text, final
    reader.divide()
    reader.alone = True
    return at + 1


def _eyes(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """``:-)``, or what it is."""
    if reader.before.isspace():
        if not final and markup.EMOTICON_BEGUN.match(text, at):
            return None
        if face := markup.EMOTICON.match(text, at):
            reader.leave_out()
            return face.end()
    return typography.dash(reader, text, at, final)


def _hash(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """#1, #offhook, C# and the # key are said; the marks before and behind a heading are not."""
    if reader.before.isalnum():
        return literal(reader, text, at, final)
    if at + 1 == len(text) and not final:
        return None
    after = text[at + 1 : at + 2]
    key = reader.before.isspace() and not reader.alone and (after in _KEY_BEFORE)
    return literal(reader, text, at, final) if after.isalnum() or key else at + 1


def _backslash(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """The mark after it means itself."""
    if at + 1 == len(text) and not final:
        return None
    if text[at + 1 : at + 2] in _ASCII_MARKS:
        at_character(reader, text[at + 1], at)
        return at + 2
    reader.space()
    return at + 1


MARKS: dict[str, Step] = {
    "\n": _newline,
    "*": typography.emphasis,
    "_": typography.emphasis,
    "~": typography.tilde,
    "`": typography.backtick,
    "(": typography.parenthesis,
    "]": links.closed,
    "\u3010": links.source,
    "<": tags.angle,
    ">": tags.greater,
    "&": tags.entity,
    "|": _cell,
    "!": links.exclamation,
    ":": _eyes,
    ";": _eyes,
    "=": _eyes,
    "-": typography.dash,
    "#": _hash,
    "\\": _backslash,
}
"""By the character that each begins with."""
