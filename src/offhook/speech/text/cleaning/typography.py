"""Emphasis, code, stage directions, dashes and arrows within a line.

Each function is a :data:`~offhook.speech.text.cleaning.reading.Step` that stands before its mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.text.cleaning import markup
from offhook.speech.text.cleaning.lines import InCode
from offhook.speech.text.cleaning.reading import literal

if TYPE_CHECKING:
    from offhook.speech.text.cleaning.reading import Reader

__all__ = ["backtick", "dash", "direction", "emphasis", "parenthesis", "tilde"]

_LONGEST_RUN = 40


def emphasis(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """``*`` and ``_``: emphasis, a stage direction, or what they are: 5 * 3, snake_case, a_b@offhook.dev."""
    character, before = text[at], reader.before
    end = _end_of_run(text, at)
    if end - at == _LONGEST_RUN or before == character:
        return end
    if end == len(text) and not final and (before.isspace() or before.isalnum()):
        return None
    after = text[end] if end < len(text) else "\n"
    single = end == at + 1
    if character == "_" and before.isalnum() and after.isalnum():
        return _underscore(reader, text, at, end, final)
    spaced, times = (
        before.isspace() and (after.isspace() or after in ".,;:!?"),
        before.isdecimal() and after.isdecimal(),
    )
    if character == "*" and single and before != "\n" and (spaced or times):
        return literal(reader, text, at, final)
    if single and not before.isalnum():
        return direction(reader, text, at, final, closer=character, words=4)
    return end


def _underscore(reader: Reader, text: str, at: int, end: int, final: bool) -> int | None:
    """Within a word: its parts are words, unless it is the name of a mailbox."""
    rest = markup.MAILBOX_REST.match(text, at)
    to = rest.end() if rest else at
    if to == len(text) and not final and to - at < markup.LONGEST_NAME:
        return None
    if to - at < markup.LONGEST_NAME and text.startswith("@", to):
        return literal(reader, text, at, final)
    reader.space()
    return end


def direction(reader: Reader, text: str, at: int, final: bool, *, closer: str, words: int) -> int | None:
    """Past a stage direction of at most so many words; past its first mark, where it is none."""
    first = markup.LETTERS.match(text, at + 1)
    letters = first[0].lower() if first else ""
    end = at + 1 + len(letters)
    if end == len(text) and not final and any(word.startswith(letters) for word in markup.STAGE_WORDS):
        return None
    if letters in markup.STAGE_WORDS:
        content, mark, _ = text[at + 1 : at + 2 + markup.LONGEST_DIRECTION].partition(closer)
        one_line = "\n" not in content
        if mark and one_line and len(content.split()) <= words:
            reader.leave_out()
            return at + 2 + len(content)
        if not mark and one_line and not final and len(content) <= markup.LONGEST_DIRECTION:
            return None
    return at + 1


def parenthesis(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """A stage direction, or what it is."""
    step = direction(reader, text, at, final, closer=")", words=2)
    return literal(reader, text, at, final) if step == at + 1 else step


def tilde(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """``~~struck~~`` out, a fence, or "about"."""
    if at + 1 == len(text) and not final:
        return None
    if text.startswith("~~", at):
        return backtick(reader, text, at, final)
    return literal(reader, text, at, final) if text[at + 1 : at + 2].isdecimal() else at + 1


def backtick(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """Around code: within a line it is said, a block of it is not."""
    if reader.before == text[at]:
        return at + 1  # the rest of a run that is no fence
    if fence := markup.FENCE.match(text, at):
        reader.reads = InCode(fence[1], reader.reads)
        reader.break_off()
        return fence.end() + 1
    if not final and markup.FENCE_BEGUN.match(text, at):
        return None
    return _end_of_run(text, at)


def _end_of_run(text: str, at: int) -> int:
    end = at + 1
    while end < len(text) and text[end] == text[at] and end - at < _LONGEST_RUN:
        end += 1
    return end


def dash(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """Arrows and dashes that are made of other marks."""
    if at + 3 >= len(text) and not final and set(text[at:]) <= set("<-=>"):
        return None
    if arrow := markup.ARROW.match(text, at):
        reader.divide()
        return arrow.end()
    if dashes := markup.DASHES.match(text, at):
        if dashes.end() == len(text) and not final:
            return None
        reader.say("\u2014")
        return dashes.end()
    return literal(reader, text, at, final)
