"""What the carrier itself says on a leg: ``speak`` and ``playback``, one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offhook.errors import OffhookError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from offhook.exchange.sound.line import Line

__all__ = ["Announcement", "Announcer"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Something to be played to a leg.

    Args:
        id: pairs what the line reports with it.
        audio: makes the pcm at the rate that it is given.
        times: how often it is played.
        started: called when it begins.
        ended: called with ``completed``, ``cancelled``, ``call_hangup`` or ``failed`` when it is over; only after
            ``started``.
        failed: called with the reason when its audio could not be had, after ``started`` and before ``ended``.
    """

    id: str
    audio: Callable[[int], Coroutine[None, None, bytes]]
    times: int = 1
    started: Callable[[], None]
    ended: Callable[[str], None]
    failed: Callable[[str], None]


class Announcer:
    """The queue of one leg's announcements. The next is made only when the one before it is over."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._queue: deque[Announcement] = deque()
        self._current: Announcement | None = None
        self._over: asyncio.Future[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._cut: str | None = None
        """Why the current announcement is to end early."""

    def add(self, announcement: Announcement, *, stop: Literal["", "current", "all"] = "") -> None:
        """Queue it, after cutting off what ``stop`` says."""
        self.stop(stop)
        self._queue.append(announcement)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="announcements")

    def stop(self, which: Literal["", "current", "all"]) -> None:
        """End the current announcement, or all of them."""
        if which == "all":
            self._queue.clear()
        if which and self._current is not None:
            self._end_current("cancelled")

    def playback_ended(self, playback_id: str, status: str) -> None:
        """The line is done with an announcement."""
        if self._current is not None and playback_id == self._current.id and self._over is not None:
            self._settle(status)

    def hang_up(self) -> None:
        """The call is over: nothing more is played, and what played has ended."""
        self._queue.clear()
        if self._current is not None:
            self._end_current("call_hangup")

    async def drain(self) -> None:
        """Wait until what played has been reported as ended; after :meth:`hang_up`."""
        if self._task is not None:
            if self._over is None:  # its audio is still being made, and nobody will hear it
                self._task.cancel()
            await asyncio.wait({self._task})

    def _end_current(self, status: str) -> None:
        self._cut = status
        if self._over is not None:
            self._settle(status)
            if status == "cancelled":
                self._line.stop_playback(current_only=True)

    def _settle(self, status: str) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(status)

    async def _run(self) -> None:
        try:
            while self._queue:
                self._current, self._cut = self._queue.popleft(), None
                await self._play(self._current)
                self._current = None
        finally:
            self._task = self._current = None

    async def _play(self, announcement: Announcement) -> None:
        reason, pcm = "", b""
        try:
            pcm = await announcement.audio(self._line.rate)
        except OffhookError as error:
            reason = str(error)
        except Exception:
            logger.exception("the audio of an announcement could not be made")
            reason = "the audio could not be made"
        if self._cut == "call_hangup":
            return  # it never began
        announcement.started()
        status = self._cut or "completed"
        if reason:
            announcement.failed(reason)
            status = "failed"
        elif pcm:
            for _ in range(announcement.times):
                if self._cut is None:
                    status = await self._once(announcement, pcm)
                if status != "completed":
                    break
        announcement.ended(status)

    async def _once(self, announcement: Announcement, pcm: bytes) -> str:
        self._over = asyncio.get_running_loop().create_future()
        self._line.play(announcement.id, pcm)
        try:
            return await self._over
        finally:
            self._over = None
