"""The sentences of a text that comes in pieces, in time: what there is of it is said if nothing comes for a while."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from offhook.waiting import close, is_own_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.clock import Clock
    from offhook.speech.text import Spoken, WordingStream

__all__ = ["Alarm", "SentencesInTime"]

_AGAIN_MS = 100.0


class Alarm:
    """Calls back at a time of the call's clock: one at a time, and once."""

    def __init__(self) -> None:
        self._at_ms: float | None = None
        self._ring: Callable[[float], object] = lambda now_ms: None

    def set(self, at_ms: float | None, ring: Callable[[float], object]) -> None:
        """Call ``ring`` with the time, at ``at_ms`` or soon after; ``None``: never. What was set before is not."""
        self._at_ms, self._ring = at_ms, ring

    def tick(self, now_ms: float) -> None:
        """This is the time."""
        if self._at_ms is not None and now_ms >= self._at_ms:
            self._at_ms = None
            self._ring(now_ms)


class SentencesInTime:
    """The sentences of ``pieces``, each as it becomes known, for one who iterates.

    A piece is asked for when a sentence is wanted; all of them in one task, from the first to the end. Whoever makes
    it has to :meth:`aclose` it.

    Args:
        pieces: the text. Closed in the end.
        stream: what makes sentences of it.
        clock: what time it is.
        alarm: told the time, all along.
        dry: whether nothing is left to be heard meanwhile: only then is a sentence broken off because its rest does
            not come.
        failed: told what ``pieces`` raises, which is their end.
    """

    def __init__(
        self,
        pieces: AsyncIterator[str],
        stream: WordingStream,
        *,
        clock: Clock,
        alarm: Alarm,
        dry: Callable[[], bool],
        failed: Callable[[BaseException], object],
    ) -> None:
        self._pieces = pieces
        self._stream = stream
        self._clock = clock
        self._alarm = alarm
        self._dry = dry
        self._failed = failed
        self._ready: deque[Spoken] = deque()
        self._wanted = asyncio.Event()
        self._given = asyncio.Event()
        self._ended = False
        self._task = asyncio.ensure_future(self._run())

    def __aiter__(self) -> SentencesInTime:
        return self

    async def __anext__(self) -> Spoken:
        """The next sentence."""
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            self._given.clear()
            self._wanted.set()
            await self._given.wait()
        return self._ready.popleft()

    async def aclose(self) -> None:
        """No other is wanted: the pieces are given up, and closed."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            while (piece := await self._piece()) is not None:
                self._give(self._stream.push(piece, self._clock.now_ms()))
            self._give(self._stream.flush())
        finally:
            self._ended = True
            self._give([])
            await close(self._pieces)

    async def _piece(self) -> str | None:
        """The next piece, when a sentence is wanted; ``None`` at their end."""
        try:
            await self._wanted.wait()
            return await anext(self._pieces, None)
        except BaseException as error:
            if is_own_end(error):
                raise
            self._failed(error)
            return None

    def _give(self, sentences: list[Spoken]) -> None:
        self._alarm.set(None if self._ended else self._stream.due_ms, self._nothing_came)
        self._ready += sentences
        if self._ready or self._ended:
            self._wanted.clear()
            self._given.set()

    def _nothing_came(self, now_ms: float) -> None:
        if self._stream.whole or self._dry():
            self._give(self._stream.tick(now_ms))
        else:
            self._alarm.set(now_ms + _AGAIN_MS, self._nothing_came)
