"""Where a text is cut, so that its beginning is spoken while the rest of it is still being thought of.

The text says where; time only says when. However the text comes, in letters or all at once, the same sentences come
out, as no cut depends on where a piece of it ends:

- after ``. ! ? …`` where a space follows that does not belong to an abbreviation, an initial, the number of an item or
  an ordinal; after the stops of scripts that need no space (``。`` ``।`` ``؟``); after a stop without a space where a
  new sentence clearly begins ("nine.We"); at the end of a line;
- a sentence that grows long is cut at the end of a clause, later at the end of a word, in the end anywhere: a stop that
  does not come is not waited for. The length of scripts without spaces is counted in characters
  (:func:`~offhook.speech.text.scripts.units`).

Time adds cuts where nothing has come for a while, and moves none: put together again, what was given out before its
time and after it is the sentence that the text alone makes. After :attr:`~offhook.speech.text.cutting.Cutting.stop_ms`
that is a sentence which has its stop, though what follows could still show that it is none ("offhook." may become
"offhook.dev"); after :attr:`~offhook.speech.text.cutting.Cutting.stalled_ms` it is whatever is there, but for a number
or an abbreviation at its end, which the next word may belong to.
"""

from __future__ import annotations

import re

from offhook.speech.text.cutting import Cutting
from offhook.speech.text.endings import Endings, is_stop
from offhook.speech.text.languages import ABBREVIATIONS, words_of
from offhook.speech.text.scripts import (
    CLAUSE_MARKS,
    CLAUSE_MARKS_WITHOUT_SPACE,
    CLOSERS,
    STOPS,
    WORD_UNITS,
    holds_together,
    is_ideographic,
    is_spaceless,
    units,
)

__all__ = ["Sentences", "split_sentences"]

_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]")
_WORD_ENDS = STOPS | CLAUSE_MARKS | CLAUSE_MARKS_WITHOUT_SPACE
_CLOSERS = "".join(CLOSERS)
_LONG_TOKEN = 24
"""A word longer than this takes the time of more than one: of another for every six letters."""
_LETTER_UNITS = 2
_FEW_WORDS = 2
"""So few words say nothing by themselves, unless they are a clause: they are waited with for twice as long."""
_MOST_STOPS = 40
_ENDLESS = 8 * WORD_UNITS
"""A word that goes on for so much longer than a sentence may be is none."""


class Sentences:
    """Collects a clean text that comes in pieces, and gives it back sentence by sentence.

    Args:
        cutting: how long sentences may be.
        language: whose abbreviations and conjunctions count, as a BCP 47 tag.
    """

    def __init__(self, cutting: Cutting | None = None, *, language: str = "en") -> None:
        self.cutting = cutting or Cutting()
        self._language = language
        self._conjunctions = words_of(language).conjunctions
        self._begin()

    def _begin(self) -> None:
        self._endings = Endings(self._language)
        self._text = ""
        self._at = 0  # up to here it was read
        self._start = 0  # where the sentence begins
        self._given = 0  # up to here it was given out before its time
        self._size = 0  # of the sentence, in units
        self._token = -1  # where the word that is read begins
        self._before_token = 0  # the size of the sentence there
        self._run = -1  # where the stops begin that are read
        self._any = False  # whether there was a sentence before
        self._pushed_ms = 0.0
        self._out: list[str] = []

    # -- what comes, and when -----------------------------------------------------------------------------------------

    def push(self, piece: str, now_ms: float = 0.0) -> list[str]:
        """Add text, at ``now_ms`` of any monotonic clock; returns the sentences that are complete by it."""
        if piece:
            self._pushed_ms = now_ms
            self._text += _SPACES.sub(self._space, piece)
            self._read(final=False)
        return self._taken()

    def tick(self, now_ms: float) -> list[str]:
        """Time has passed; returns what is spoken because nothing came for so long."""
        due_ms = self.due_ms
        if due_ms is not None and now_ms >= due_ms:
            self._give(len(self._text) if self.whole else self._word_end())
        return self._taken()

    @property
    def pending(self) -> bool:
        """Whether there are words that were not given out."""
        return _WORD.search(self._text, max(self._start, self._given)) is not None

    @property
    def due_ms(self) -> float | None:
        """When :meth:`tick` would give something, if nothing comes; ``None``: never."""
        if self.whole:
            return self._pushed_ms + self.cutting.stop_ms
        begin, end = max(self._start, self._given), self._word_end()
        if not self._size or not _WORD.search(self._text, begin, end):
            return None
        there = self._text[begin:end]
        few = there.count(" ") < _FEW_WORDS and there[-1] not in _WORD_ENDS and not is_spaceless(there[-1])
        return self._pushed_ms + self.cutting.stalled_ms * (2 if few else 1)

    def flush(self) -> list[str]:
        """There is no more text; returns what is left, if it has a word in it. The next piece begins another text."""
        self._read(final=True)
        self._give(len(self._text))
        rest = self._taken()
        self._begin()
        return rest

    def _space(self, spaces: re.Match[str]) -> str:
        """One space, or the end of a line, in place of many, wherever they were cut."""
        before = self._text[-1:] if spaces.start() == 0 else "x"
        space = " " if not before.isspace() and spaces[0][0] != "\n" else ""
        return f"{space}\n" if "\n" in spaces[0] and before != "\n" else space

    def _taken(self) -> list[str]:
        if start := self._start:
            self._text = self._text[start:]
            self._at -= start
            self._given = max(0, self._given - start)
            self._token -= start if self._token >= 0 else 0
            self._run -= start if self._run >= 0 else 0
            self._start = 0
        out, self._out = self._out, []
        return out

    def _give(self, end: int) -> None:
        """Give out the sentence up to ``end``, as far as that was not done, and if there is a word in it."""
        begin = max(self._start, self._given)
        if _WORD.search(self._text, begin, end):
            self._out.append(self._text[begin:end].strip())
            self._given = end

    def _cut(self, end: int) -> None:
        """The sentence ends here."""
        self._give(end)
        self._start = self._at = end
        self._size, self._token, self._run = 0, -1, -1
        self._any = True

    # -- where it is cut ----------------------------------------------------------------------------------------------

    def _read(self, *, final: bool) -> None:
        text = self._text
        while self._at < len(text):
            at = self._at
            character = text[at]
            if self._run >= 0:
                if (is_stop(text, at) or character in CLOSERS) and at - self._run < _MOST_STOPS:
                    self._at += 1
                    continue
                ends = self._stops_end(at, final=final)
                if ends is None:
                    return
                self._run = -1
                if ends and self._size:
                    self._cut(at)
                    continue
            if character in " \n":
                cut = self._cut_at_space(at, final=final)
                if cut is None:
                    return
                if cut:
                    continue
            elif is_stop(text, at):
                self._run = at
            elif self._is_over_long(at):
                self._cut(at)
                continue
            else:
                self._count(at)
            self._at += 1

    def _stops_end(self, at: int, *, final: bool) -> bool | None:
        if at - self._run >= _MOST_STOPS:
            return True
        return self._endings.ends(self._text, self._start, self._run, at, final=final)

    def _count(self, at: int) -> None:
        """Another character of the sentence."""
        character = self._text[at]
        if is_spaceless(character):
            self._token = -1
            self._size += units(character)
        elif self._token < 0 and character.isalnum():
            self._token, self._before_token = at, self._size
            self._size += WORD_UNITS
        elif 0 <= self._token <= at - _LONG_TOKEN:
            self._size += _LETTER_UNITS

    @property
    def _long(self) -> int:
        """From this size on a sentence is cut where a clause ends."""
        return (self.cutting.words if self._any else self.cutting.first_words) * WORD_UNITS

    def _cut_at_space(self, at: int, *, final: bool) -> bool | None:
        """Whether the sentence was cut at a space or the end of a line; ``None``: what follows decides."""
        text = self._text
        if self._size and text[at] == "\n":
            self._cut(at + 1)
            return True
        if self._size >= self._long:
            ends = self._clause_ends(at, final=final)
            if ends is None:
                return None
            begins = self._token >= 0 and text[self._token : at].lower() in self._conjunctions
            if begins and self._before_token >= self._long:
                self._cut(self._token)
                return True
            if ends or self._size >= self.cutting.most_words * WORD_UNITS:
                self._cut(at)
                return True
        self._token = -1
        return False

    def _clause_ends(self, at: int, *, final: bool) -> bool | None:
        """Whether a clause ends before the space."""
        text, mark = self._text, self._mark_before(at)
        if text[mark] in CLAUSE_MARKS_WITHOUT_SPACE:
            return True
        if text[mark] in CLAUSE_MARKS:
            if at + 1 < len(text):
                return not (text[mark - 1].isdecimal() and text[at + 1].isdecimal())  # "May 3, 2026" is one date
            return True if final or not text[mark - 1].isdecimal() else None
        return is_spaceless(text[mark]) and not is_ideographic(text[mark])

    def _mark_before(self, at: int) -> int:
        """The place of the mark before ``at`` and before what closes behind it."""
        mark = at - 1
        while self._text[mark] in CLOSERS and mark > self._start:
            mark -= 1
        return mark

    def _is_over_long(self, at: int) -> bool:
        """Whether the sentence is cut between two characters: where a script has no spaces, or a word no end."""
        if self._size < self._long:
            return False
        before, character = self._text[at - 1], self._text[at]
        if self._text[self._mark_before(at)] in CLAUSE_MARKS_WITHOUT_SPACE:
            return character not in CLOSERS
        most = self.cutting.most_words * WORD_UNITS
        if is_spaceless(character):
            return self._size >= most and not holds_together(before, character)
        return self._size >= most + _ENDLESS

    # -- what time allows ---------------------------------------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """Whether all that is there was read, has not been given out, and ends as a sentence does."""
        if self._run < 0 or not self._size or self._at < len(self._text):
            return False
        return self.pending and self._endings.is_whole(self._text, self._start, self._run)

    def _word_end(self) -> int:
        """Where the last word ends that may be spoken without the next one: a number may not, nor "Dr."."""
        begin = max(self._start, self._given)
        text = self._text
        end = self._at  # what was not read decides whether a sentence ends here
        if self._token >= 0 and self._before_token >= self._long:
            end = self._token  # it may become a conjunction, before which the sentence is cut
        while words := text[begin:end].split():
            token = words[-1]
            last = token.rstrip(_CLOSERS)[-1:]
            needs_next = token.lower().rstrip(".") in ABBREVIATIONS or last.isdecimal()
            if last and not needs_next and (last.isalnum() or last in _WORD_ENDS or is_spaceless(last)):
                return end
            end = text.rindex(token, begin, end)
        return begin


def split_sentences(text: str, cutting: Cutting | None = None, *, language: str = "en") -> list[str]:
    """The sentences of a whole text."""
    sentences = Sentences(cutting, language=language)
    return sentences.push(text) + sentences.flush()
