"""What the native voices share: one thread per engine, sentences, and where the sound begins."""

from __future__ import annotations

import asyncio
import re
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    Emit = Callable[[bytes], bool]
    """Takes a piece of pcm; whether to go on."""

__all__ = ["Worker", "sentences", "sound_begins"]

T = TypeVar("T")

_BREAK = re.compile(r"""(?:(?<=[.!?;:])|(?<=[.!?]["')\]]))\s+|\n+""")
_CLAUSE = re.compile(r"(?<=,)\s+")
_WORDS = re.compile(r"\w")
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls, of which one ends a text in C, and halves of characters, which have no UTF-8."""
_LONG_CHARS = 160
_LEAD_MS = 15
_LUMP_MS = 80
_AUDIBLE = 200
"""Louder than the hiss before the first phoneme, and quieter than any phoneme: of 32768."""


def sentences(text: str) -> list[str]:
    """Split at sentence ends; a sentence of more than 160 characters also at its commas, and wherever it has none for
    so long: an engine that works on a text without end has no time for other calls. Pieces have words in them."""
    pieces: list[str] = []
    for sentence in _BREAK.split(_UNSPEAKABLE.sub(" ", text)):
        if len(sentence) <= _LONG_CHARS:
            pieces.append(sentence)
            continue
        for clause in _CLAUSE.split(sentence):
            pieces += textwrap.wrap(clause, _LONG_CHARS, break_on_hyphens=False)
    return [piece.strip() for piece in pieces if _WORDS.search(piece)]


def sound_begins(pcm: bytes, rate: int) -> int | None:
    """The byte to start playing at: 15 ms before the first audible sample; None if all is silence."""
    audible = np.abs(np.frombuffer(pcm, np.int16).astype(np.int32)) > _AUDIBLE
    first = int(audible.argmax())
    if not audible[first]:
        return None
    return 2 * max(0, first - rate * _LEAD_MS // 1000)


class Worker:
    """One thread that owns an engine which can do one thing at a time."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def call(self, job: Callable[[], T]) -> T:
        """Run ``job`` in the thread and wait for it: for constructors, not for the event loop."""
        return self._thread.submit(job).result()

    async def speak(self, text: str, rate: int, synthesise: Callable[[str, Emit], None]) -> AsyncGenerator[bytes, None]:
        """Yield what ``synthesise(sentence, emit)`` emits, sentence by sentence, without the silence before the first.

        The next sentence is begun when the pieces of the last are taken, so calls take turns at the engine. When the
        iterator is closed, the next ``emit`` answers False.
        """
        loop = asyncio.get_running_loop()
        stopped = threading.Event()
        lead = _Lead(rate)
        try:
            for sentence in sentences(text):
                pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
                done = loop.run_in_executor(
                    self._thread, _synthesise, synthesise, sentence, _Pieces(loop, pieces, lead, stopped)
                )
                # Comes after the last piece: both travel from the thread through the loop's own queue.
                done.add_done_callback(partial(_put_end, pieces))
                while (pcm := await pieces.get()) is not None:
                    yield pcm
                done.result()
        finally:
            stopped.set()


class _Lead:
    """Drops the silence before the first sound."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._before = True

    def trim(self, pcm: bytes) -> bytes:
        if self._before and pcm:
            start = sound_begins(pcm, self.rate)
            if start is None:
                return b""
            self._before = False
            return pcm[start:]
        return pcm


class _Pieces:
    """In the worker thread: hands pieces to the loop; the first at once, then in lumps, so that the loop wakes less."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[bytes | None], lead: _Lead, stopped: threading.Event
    ) -> None:
        self._loop = loop
        self._queue = queue
        self._lead = lead
        self.stopped = stopped
        self._held = bytearray()
        self._enough = 0

    def emit(self, pcm: bytes) -> bool:
        if self.stopped.is_set():
            return False
        self._held += self._lead.trim(pcm)
        if len(self._held) > self._enough:
            self._enough = 2 * self._lead.rate * _LUMP_MS // 1000
            self.flush()
        return not self.stopped.is_set()

    def flush(self) -> None:
        if self._held and not self.stopped.is_set():
            try:
                self._loop.call_soon_threadsafe(self._queue.put_nowait, bytes(self._held))
            except RuntimeError:  # the loop is closed: nobody listens any more
                self.stopped.set()
            self._held.clear()


def _synthesise(synthesise: Callable[[str, Emit], None], sentence: str, pieces: _Pieces) -> None:
    if not pieces.stopped.is_set():
        synthesise(sentence, pieces.emit)
        pieces.flush()


def _put_end(pieces: asyncio.Queue[bytes | None], _: asyncio.Future[None]) -> None:
    pieces.put_nowait(None)
