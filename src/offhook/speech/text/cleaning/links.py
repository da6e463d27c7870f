"""Links, images, notes and addresses within a line.

Each function is a :data:`~offhook.speech.text.cleaning.reading.Step` that stands before its mark; a class is one that
reads from there to the end of what it is named for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.text.cleaning import markup
from offhook.speech.text.cleaning.reading import literal
from offhook.speech.text.cleaning.typography import direction

if TYPE_CHECKING:
    from offhook.speech.text.cleaning.reading import Reader, Step

__all__ = ["InAddress", "InLink", "bracket", "closed", "exclamation", "reference", "scheme_at", "source"]

_LONGEST_SCHEME = max(len(scheme) for scheme in markup.SCHEMES)


def bracket(reader: Reader, text: str, at: int, final: bool, *, bang: bool) -> int | None:
    """An image (behind a ``bang``), a note, a citation, a stage direction, or the words of a link."""
    if bang and (image := markup.IMAGE.match(text, at)):
        reader.bracket = True
        reader.leave_out()
        return image.end()
    if not final and (markup.IMAGE_BEGUN if bang else markup.NOTE_BEGUN).match(text, at):
        reader.bang = bang
        return None
    note = markup.NOTE.match(text, at) or markup.NUMBERED_LINK.match(text, at)
    if not note and not reader.before.isspace():
        note = markup.CITATION.match(text, at)
    if note:
        reader.bracket = True
        reader.leave_out()
        return note.end()
    return direction(reader, text, at, final, closer="]", words=2)


def closed(reader: Reader, text: str, at: int, final: bool) -> int:
    """``]``: what follows may be an address."""
    del text, final
    reader.bracket = True
    return at + 1


def reference(text: str, at: int, final: bool) -> int | None:
    """``[words][name]``: the name of a link."""
    if name := markup.REFERENCE.match(text, at):
        return name.end()
    return None if not final and markup.REFERENCE_BEGUN.match(text, at) else at + 1


class InLink:
    """In ``(address "title")`` behind the words of a link: not said. What turns out to be none is read as text.

    Args:
        then: what reads on behind it.
    """

    def __init__(self, then: Step) -> None:
        self._then = then
        self._scanned = 0
        self._depth = 0
        self._quote = ""

    def __call__(self, reader: Reader, text: str, at: int, final: bool) -> int | None:
        """Read on (a :data:`~offhook.speech.text.cleaning.reading.Step`)."""
        end = at + self._scanned
        while end < len(text) and self._goes_on(text, end):
            if text[end] == " " and end + 1 == len(text) and not final:
                break
            end += 1
            if self._depth == 0:
                reader.reads = self._then
                return end
        if not final and (end == len(text) or (text[end] == " " and end + 1 == len(text))):
            self._scanned = end - at
            return None
        reader.reads, reader.no_link_until = self._then, end
        return at

    def _goes_on(self, text: str, at: int) -> bool:
        character = text[at]
        if self._quote:
            self._quote = "" if character == self._quote else self._quote
        elif character in "\"'" and text[at - 1] == " ":
            self._quote = character
        elif character == " ":
            return text[at + 1 : at + 2] in ("", " ", '"', "'", ")")
        else:
            self._depth += (character == "(") - (character == ")")
        return character != "\n"


def source(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """A citation in the brackets of Chinese texts, as some models write them."""
    if found := markup.SOURCE.match(text, at):
        reader.leave_out()
        return found.end()
    return None if not final and markup.SOURCE_BEGUN.match(text, at) else literal(reader, text, at, final)


def exclamation(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """The end of a sentence, at once where a word stands before it; or the beginning of an image."""
    if reader.before.isspace() or reader.before == "[":
        if at + 1 == len(text) and not final:
            return None
        if text.startswith("[", at + 1):
            reader.bang = True
            return at + 1
    reader.bang = True
    return literal(reader, text, at, final)


def scheme_at(text: str, at: int, final: bool) -> str | None:
    """How an address begins here: ``""`` if none does, ``None`` if that is not known yet."""
    begun = text[at : at + _LONGEST_SCHEME].lower()
    for scheme in markup.SCHEMES:
        if begun.startswith(scheme):
            return scheme
        if not final and scheme.startswith(begun):
            return None
    return ""


class InAddress:
    """In an address on the net: its domain is said; of a mailbox or a telephone, what it is.

    Args:
        scheme: how it begins.
        then: what reads on behind it.
    """

    def __init__(self, scheme: str, then: Step) -> None:
        self._scheme = scheme
        self._then = then
        self._scanned = len(scheme)

    def __call__(self, reader: Reader, text: str, at: int, final: bool) -> int | None:
        """Read on (a :data:`~offhook.speech.text.cleaning.reading.Step`)."""
        longest = at + markup.LONGEST_ADDRESS
        rest = markup.ADDRESS.match(text, at + self._scanned, longest)
        end = rest.end() if rest else at + self._scanned
        if end == len(text) and end < longest and not final:
            self._scanned = end - at
            return None
        address = _balanced(text[at + len(self._scheme) : end]).rstrip(markup.ADDRESS_END)
        reader.reads = self._then
        if self._scheme in ("mailto:", "tel:"):
            said = address.partition("?")[0]
        else:
            host = markup.HOST.match(address)
            said = host[1] if host else ""
        if said:
            reader.say(said)
        return at + len(self._scheme) + len(address)


def _balanced(address: str) -> str:
    """The address up to a bracket that was opened before it."""
    depth = 0
    for at, character in enumerate(address):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return address[:at]
    return address
