"""The sentences of a text that comes in pieces, in time: what there is of it is said if nothing comes for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from offhook.waiting import close, is_own_end
from offhook.waits import CLOSE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from offhook.clock import Clock
    from offhook.speech.text import Spoken, WordingStream

__all__ = ["Alarm", "sentences_in_time"]

_AGAIN_MS = 100.0


class Alarm:
    """Wakes whoever waits for a time of the call's clock. One at a time."""

    def __init__(self) -> None:
        self._at_ms: float | None = None
        self._rings: asyncio.Future[None] | None = None

    def set(self, at_ms: float | None) -> asyncio.Future[None]:
        """Done at that time; ``None``: never. The one that was set before is not."""
        self._at_ms = at_ms
        self._rings = asyncio.get_running_loop().create_future()
        return self._rings

    def tick(self, now_ms: float) -> None:
        """This is the time."""
        if self._at_ms is not None and now_ms >= self._at_ms and self._rings is not None:
            self._at_ms = None
            self._rings.set_result(None)


async def sentences_in_time(
    pieces: AsyncIterator[str],
    stream: WordingStream,
    *,
    clock: Clock,
    alarm: Alarm,
    dry: Callable[[], bool],
    failed: Callable[[BaseException], object],
) -> AsyncGenerator[Spoken]:
    """The sentences of ``pieces``, each as it becomes known; a piece is asked for when a sentence is wanted.

    Args:
        pieces: the text. Closed in the end.
        stream: what makes sentences of it.
        clock: what time it is.
        alarm: told the time, while this waits.
        dry: whether nothing is left to be heard meanwhile: only then is a sentence broken off because its rest does
            not come.
        failed: told what ``pieces`` raises, which is their end.
    """
    coming: asyncio.Future[str | None] | None = None
    again_ms = 0.0
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(pieces, failed))
            due_ms = stream.due_ms
            rings = alarm.set(max(due_ms, again_ms) if due_ms is not None else None)
            events: set[asyncio.Future[Any]] = {coming, rings}
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            now_ms = clock.now_ms()
            said: list[Spoken] = []
            if coming.done():
                piece, coming = coming.result(), None
                if piece is None:
                    break
                said = stream.push(piece, now_ms)
            elif stream.whole or dry():
                said = stream.tick(now_ms)
            else:
                again_ms = now_ms + _AGAIN_MS
            for spoken in said:
                yield spoken
        for spoken in stream.flush():
            yield spoken
    finally:
        alarm.set(None)
        if coming is not None:
            coming.cancel()
            await asyncio.wait({coming}, timeout=CLOSE.limit_s)
        await close(pieces)


async def _next(pieces: AsyncIterator[str], failed: Callable[[BaseException], object]) -> str | None:
    """The next piece, ``None`` at their end."""
    try:
        return await anext(pieces, None)
    except BaseException as error:
        if is_own_end(error):
            raise
        failed(error)
        return None
