"""Documents cut into passages that answer one question each: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

__all__ = ["MOST_WORDS", "Passage", "passages_of", "text_of_html"]

MOST_WORDS = 150
"""A passage is no longer, unless a single word is: what a model reads of five of them is a page."""

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？।])\s+")  # noqa: RUF001  # noqa: RUF001  (sentences of other scripts end so)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document. ``source`` names the document and the headings above the piece."""

    source: str
    text: str


def passages_of(name: str, text: str) -> list[Passage]:
    """The passages of a document in plain text or Markdown.

    A heading begins a new one, and is part of the source of all below it. Paragraphs are kept together up to
    :data:`MOST_WORDS`; one that is longer is cut between sentences, and a sentence that is longer between words.
    """
    headings: list[str] = []
    levels: list[int] = []
    passages: list[Passage] = []
    paragraphs: list[str] = []
    lines: list[str] = []

    def end_paragraph() -> None:
        if lines:
            paragraphs.append(" ".join(lines))
            lines.clear()

    def end_section() -> None:
        end_paragraph()
        source = " > ".join([name, *headings])
        passages.extend(Passage(source, piece) for piece in _packed(paragraphs))
        paragraphs.clear()

    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading:
            end_section()
            level = len(heading[1])
            while levels and levels[-1] >= level:
                levels.pop()
                headings.pop()
            levels.append(level)
            headings.append(heading[2])
        elif line.strip():
            lines.append(" ".join(line.split()))
        else:
            end_paragraph()
    end_section()
    return passages


def _packed(paragraphs: list[str]) -> list[str]:
    """Paragraphs together, as long as they fit."""
    packed: list[str] = []
    room = 0
    for paragraph in paragraphs:
        for piece in _pieces(paragraph):
            words = len(piece.split())
            if packed and words <= room:
                packed[-1] = f"{packed[-1]}\n{piece}"
            else:
                packed.append(piece)
                room = MOST_WORDS
            room -= words
    return packed


def _pieces(paragraph: str) -> list[str]:
    if len(paragraph.split()) <= MOST_WORDS:
        return [paragraph]
    pieces: list[str] = []
    words: list[str] = []
    for sentence in _SENTENCE_END.split(paragraph):
        said = sentence.split()
        if words and len(words) + len(said) > MOST_WORDS:
            pieces.append(" ".join(words))
            words = []
        words += said
        while len(words) > MOST_WORDS:
            pieces.append(" ".join(words[:MOST_WORDS]))
            words = words[MOST_WORDS:]
    return [*pieces, " ".join(words)]


class _Text(HTMLParser):
    """The words of a page, with its headings as Markdown has them."""

    _SILENT = frozenset({"script", "style", "noscript", "template", "svg", "head", "nav"})
    _BLOCKS = frozenset({"p", "div", "li", "tr", "br", "section", "article", "table", "ul", "ol", "dd", "dt", "hr"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self._SILENT:
            self._silent += 1
        elif re.fullmatch("h[1-6]", tag):
            self.parts.append("\n\n" + "#" * int(tag[1]) + " ")
        elif tag in self._BLOCKS:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        elif re.fullmatch("h[1-6]", tag) or tag in self._BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of_html(page: str) -> str:
    """The words of a page, without what is not shown, its headings as in Markdown. Broken pages are read as far as they
    can be."""
    reader = _Text()
    reader.feed(page)
    reader.close()
    return "".join(reader.parts)
