"""Text as a model writes it, made fit to be said: without markup, links, code and pictographs.

A voice reads "asterisk asterisk" where a screen shows bold type. What is kept is what a person would read aloud:

- emphasis, headings, lists, quotations: their words. The number of a list item is kept, a bullet is a new line;
- a table: row by row, its cells divided by commas;
- a link: its words; a bare address: its domain (``https://www.offhook.dev/docs`` is "offhook.dev");
- ``code`` within a sentence: its characters; a block of code: nothing, and nothing in its place;
- an image, a footnote, a citation such as ``[1]`` behind a word: nothing;
- HTML: what is between the tags; of ``<script>``, ``<style>``, ``<think>`` and comments: nothing; entities: their
  character;
- pictographs, emoticons, frames, control characters: nothing; arrows and bullets within a line: a comma;
- stage directions such as ``*smiles*`` or ``(laughs)``: nothing, where they begin with one of
  :data:`~offhook.speech.text.cleaning.markup.STAGE_WORDS`; other words in asterisks are taken for emphasis.

A line that ends within a sentence (the next one begins with a small letter, and is no list item) goes on; every other
end of a line is kept: it is where a voice pauses.

The text may come in pieces, cut anywhere: the same comes out. Nothing is decided before what was read decides it, and
what is held back for that is short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.text.cleaning import links, markup
from offhook.speech.text.cleaning.lines import at_line_start
from offhook.speech.text.cleaning.marks import MARKS
from offhook.speech.text.cleaning.reading import Reader, at_character

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Cleaner", "clean"]

_LINE_ENDS: Mapping[int, str] = dict.fromkeys(map(ord, "\v\f\r\x85\u2028\u2029"), "\n")


class Cleaner:
    """Cleans a text that comes in pieces."""

    def __init__(self) -> None:
        self._reader = Reader(_in_text)
        self._return = False  # the last piece ended with a carriage return

    def push(self, piece: str) -> str:
        """Add text; returns what is clean of it by now. It may end with a space."""
        if not piece:
            return ""
        plain = piece[1:] if self._return and piece[0] == "\n" else piece
        self._return = piece[-1] == "\r"
        return self._reader.read(plain.replace("\r\n", "\n").translate(_LINE_ENDS), final=False)

    def flush(self) -> str:
        """There is no more text; returns the rest. The next piece begins another text."""
        rest = self._reader.read("", final=True)
        self.__init__()  # type: ignore[misc]  # as new
        return rest


def clean(text: str) -> str:
    """A whole text, cleaned."""
    cleaner = Cleaner()
    return (cleaner.push(text) + cleaner.flush()).rstrip()


def _in_text(reader: Reader, text: str, at: int, final: bool) -> int | None:
    if reader.fresh and text[at] != "\n":
        step = at_line_start(reader, text, at, final)
        if step != at:
            return step
        reader.fresh = False
    if reader.bracket and text[at] in "([":
        return _behind_bracket(reader, text, at, final)
    reader.bracket = False
    bang, reader.bang = reader.bang, False
    if text[at] == "[":
        return links.bracket(reader, text, at, final, bang=bang)
    if run := markup.PLAIN.match(text, at):
        scheme = "" if reader.before.isalnum() else links.scheme_at(text, at, final)
        if scheme == "":
            reader.say(run[0])
            return run.end()
        if scheme is None:
            return None
        reader.reads = links.InAddress(scheme, _in_text)
        return at
    mark = MARKS.get(text[at])
    return mark(reader, text, at, final) if mark is not None else at_character(reader, text[at], at)


def _behind_bracket(reader: Reader, text: str, at: int, final: bool) -> int | None:
    if text[at] == "[":
        return links.reference(text, at, final)
    reader.bracket = False
    if at >= reader.no_link_until:
        reader.reads = links.InLink(_in_text)
        return at
    return MARKS["("](reader, text, at, final)
