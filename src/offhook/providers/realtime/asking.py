"""Ask a realtime model for something once: whether it lets us in, takes the tools, and speaks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from offhook.errors import EngineError
from offhook.providers.connection import until_closed
from offhook.providers.realtime import protocol
from offhook.providers.realtime.protocol import ReplyAudio, ReplyOver, Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.errors import OffhookError
    from offhook.models.base import ToolSpec
    from offhook.providers.realtime.protocol import ModelEvent
    from offhook.providers.realtime.seam import RealtimeModel, RealtimeSession

__all__ = ["first_sounds"]

_ASKED: Final = "Say exactly the following words, as they are: Good morning."


async def first_sounds(model: RealtimeModel, tools: Sequence[ToolSpec]) -> tuple[float, float, float]:
    """Let it speak twice in one session.

    Returns:
        How long the first sound took, from the connection on, and the second time; how much was said, all of these in
        milliseconds.

    Raises:
        EngineError: it refuses, breaks off, or makes no sound.
    """
    began_s = time.perf_counter()
    asking = _Asking(model, tools)
    try:
        first_s = await asking.sound("first")
        said_ms = asking.said_ms
        again_began_s = time.perf_counter()
        again_s = await asking.sound("again")
    finally:
        asking.session.close()
        await until_closed()
    return (first_s - began_s) * 1000, (again_s - again_began_s) * 1000, said_ms


class _Asking:
    """One session, and what comes of it."""

    def __init__(self, model: RealtimeModel, tools: Sequence[ToolSpec]) -> None:
        audio = model.formats[0]
        settings = model.session(
            audio, audio, instructions="", tools=tools, language="en", answers=False, interrupts=False
        )
        self._sounds_s: list[float] = []
        self.said_ms = 0.0
        self._over: asyncio.Future[None]
        self.session = model.open(audio, [protocol.update(settings)], self)

    async def sound(self, tag: str) -> float:
        """Ask for a response; when its first sound came."""
        self._sounds_s, self.said_ms = [], 0.0
        self._over = asyncio.get_running_loop().create_future()
        self.session.send([protocol.ask(tag, instructions=_ASKED, tools=False)])
        await self._over
        if not self._sounds_s:
            raise EngineError("expected the model to speak, got a response without a sound.")
        return self._sounds_s[0]

    def told(self, session: RealtimeSession, event: ModelEvent) -> None:
        """An event of it."""
        match event:
            case ReplyAudio(audio=audio) if audio:
                self._sounds_s.append(time.perf_counter())
                self.said_ms += len(audio) / self.session.model.formats[0].bytes_per_ms
            case ReplyOver() if not self._over.done():
                self._over.set_result(None)
            case Trouble(code):
                self.lost(session, EngineError(f"expected the model to take the session, got {code}."))

    def lost(self, session: RealtimeSession, error: OffhookError) -> None:
        """It is over."""
        if not self._over.done():
            self._over.set_exception(error)
