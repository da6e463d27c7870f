"""Where a line begins: headings, lists, quotations, tables, rulers, definitions, and blocks of code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.text.cleaning import markup

if TYPE_CHECKING:
    from offhook.speech.text.cleaning.reading import Reader, Step

__all__ = ["InCode", "at_line_start"]

_LONGEST_RULER = 200


def at_line_start(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """Past one marker; ``at`` itself: there is none (a :data:`~offhook.speech.text.cleaning.reading.Step`)."""
    character = text[at]
    if character in " \t>":
        reader.marked |= character == ">"
        return at + 1
    if ruler := markup.RULER.match(text, at):
        end = ruler.end()
        if end - at < _LONGEST_RULER:
            if end == len(text) and not final:
                return None
            if end == len(text) or text[end] == "\n":
                reader.alone = True
                return end
    if character in markup.BULLETS:
        return _at_bullet(reader, text, at, final)
    if hashes := markup.HASHES.match(text, at):
        return _at_heading(reader, text, at, hashes.end(), final)
    if character == "|":
        reader.alone = True
        return at + 1
    return _at_number_or_bracket(reader, text, at, final)


def _at_bullet(reader: Reader, text: str, at: int, final: bool) -> int | None:
    if at + 1 == len(text):
        return at if final else None
    if text[at + 1] not in " \t":
        return at
    reader.marked = True
    return at + 2


def _at_heading(reader: Reader, text: str, at: int, end: int, final: bool) -> int | None:
    if end == len(text) and not final:
        return None
    if end < len(text) and text[end] not in " \t\n":
        return at
    reader.marked = reader.alone = True
    return end


def _at_number_or_bracket(reader: Reader, text: str, at: int, final: bool) -> int | None:
    if number := markup.ORDERED.match(text, at):
        reader.marked = True
        reader.say(f"{number[1]}.")
        reader.space()
        reader.fresh = False
        return number.end()
    if task := markup.TASK.match(text, at):
        return task.end()
    if markup.DEFINITION.match(text, at):
        reader.reads = _Unsaid(reader.reads)
        return at + 1
    begun = (markup.ORDERED_BEGUN, markup.TASK_BEGUN, markup.DEFINITION_BEGUN)
    return None if not final and any(pattern.match(text, at) for pattern in begun) else at


class _Unsaid:
    """In a line that is not said.

    Args:
        then: what reads on behind it.
    """

    def __init__(self, then: Step) -> None:
        self._then = then

    def __call__(self, reader: Reader, text: str, at: int, final: bool) -> int:
        """Read on (a :data:`~offhook.speech.text.cleaning.reading.Step`)."""
        del final
        end = text.find("\n", at)
        if end < 0:
            return len(text)
        reader.reads = self._then
        return end


class InCode:
    """In a block of code.

    Args:
        fence: what it began with.
        then: what reads on behind it.
    """

    def __init__(self, fence: str, then: Step) -> None:
        self._fence = fence
        self._then = then
        self._fresh = True

    def __call__(self, reader: Reader, text: str, at: int, final: bool) -> int | None:
        """Read on (a :data:`~offhook.speech.text.cleaning.reading.Step`)."""
        if self._fresh:
            edge = markup.FENCE_EDGE.match(text, at)
            if edge and edge[1].startswith(self._fence):
                reader.reads, reader.fresh = self._then, False
                return edge.end()
            if edge and edge.end() == len(text) and not final:
                return None
            self._fresh = False
        end = text.find("\n", at)
        self._fresh = end >= 0
        return end + 1 if self._fresh else len(text)
