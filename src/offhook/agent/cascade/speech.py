"""One thing that an agent says: its words, its playout, and how it ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.agent.cascade.in_time import Alarm
from offhook.audio.frames import FRAME_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from offhook.agent.cascade.recording import Recording
    from offhook.agent.cascade.turn import Turn
    from offhook.agent.playout import Playout
    from offhook.speech.streams import StreamingTextToSpeech

__all__ = ["Speech"]


class Speech:
    """One thing the agent says."""

    def __init__(
        self, words: str | AsyncIterator[str] | Awaitable[Recording], kind: str, playout: Playout, turn: Turn | None
    ) -> None:
        self.words = words
        self.kind = kind
        self.playout = playout
        self.turn = turn
        self.instead = ""
        """What is said where a recording is not to be had."""
        self.failed: list[StreamingTextToSpeech] = []
        """The voices that have failed in it."""
        self.room = asyncio.Event()
        """Set while so little of its audio waits that another sentence is wanted."""
        self.room.set()
        self.making = False
        """Whether the audio of one of its sentences is on its way."""
        self.alarm = Alarm()
        """Rings when its words are not waited for any longer."""
        self.mute: Exception | None = None
        """Why there is no more audio of it, where it was made ready and no voice said it."""
        self.protected = False
        self.announced = False
        self.sent = False
        self.sent_at_ms = 0.0
        """When its first audio was sent, on the clock of the session."""
        self.complete = False
        """Whether all of its words are known."""
        self.text = ""
        """What was to be said, as far as it is known."""
        self.heard = ""
        """What of it was heard; set at its end."""
        self.interrupted = False
        self.error: BaseException | None = None
        """What the source of its words raised."""
        self.pump: asyncio.Task[None] | None = None
        self.on_over: Callable[[], None] | None = None
        """Called at its end: for whoever thinks of more words."""
        self._over = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether it is heard, interrupted or failed."""
        return self._over.is_set()

    def is_dry(self) -> bool:
        """Whether none of its audio waits to be sent, or is being made."""
        return not self.making and self.playout.waiting_ms < FRAME_MS

    async def wait(self) -> bool:
        """Wait for its end; whether all of it was heard."""
        await self._over.wait()
        return not self.interrupted and self.error is None

    def end(self) -> None:
        """It is over."""
        self._over.set()
        if self.on_over is not None:
            self.on_over()
