"""The line to one page: its commands, its calls one after the other, and all that it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final

from starlette.websockets import WebSocketDisconnect

from offhook.errors import OffhookError, kind_of
from offhook.exchange.people.script import ClipRef, Say, Script
from offhook.exchange.people.softphone import SOFTPHONE_RATE, Softphone
from offhook.exchange.people.voices import Voices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.websockets import WebSocket

    from offhook.exchange.exchange import Exchange
    from offhook.exchange.legs.journal import Subscription

__all__ = ["SOFTPHONE_NUMBER", "BrowserLine"]

logger = logging.getLogger(__name__)

SOFTPHONE_NUMBER: Final = "+15550151"
"""The number that the browser phone calls from: fictional, like all of the exchange's."""

MOST_AUDIO: Final = 50
"""Frames that wait for a page that does not read: one second; later ones are dropped."""

MOST_TEXT: Final = 400
"""Characters that a page may have said for it at once."""

_KEYS: Final = frozenset("0123456789*#")


class BrowserLine:
    """One page, one call at a time.

    Args:
        exchange: where calls are placed.
        websocket: the page; accepted.
        codecs: what it may ask for.
    """

    def __init__(self, exchange: Exchange, websocket: WebSocket, *, codecs: Collection[str]) -> None:
        self._exchange = exchange
        self._websocket = websocket
        self._codecs = codecs
        self._outgoing: asyncio.Queue[bytes | str] = asyncio.Queue()
        self._phone: Softphone | None = None
        self._call_id: str | None = None
        self._in_call = False
        self._events: Subscription | None = None
        self._watching: asyncio.Task[None] | None = None
        self._saying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Serve the page until it goes; a call that is up then is hung up."""
        sending = asyncio.create_task(self._send())
        try:
            while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
                if (pcm := message.get("bytes")) is not None:
                    if self._phone is not None:
                        self._phone.speak(pcm)
                else:
                    self._act(message.get("text") or "")
        finally:
            self._hang_up()
            tasks = [task for task in (sending, self._watching, self._saying) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._forget_call()

    def tell_event(self, event: Mapping[str, Any]) -> None:
        """An event of the agent: passed on if it is of this page's call, or of no call."""
        if event.get("call") in (None, self._call_id):
            self._tell(event)

    # -- commands ------------------------------------------------------------------------------------------------------

    def _act(self, text: str) -> None:
        try:
            command = json.loads(text)
        except (ValueError, RecursionError):
            command = None
        if not isinstance(command, dict):
            logger.warning("the browser phone sent a message that is not understood")
            return
        handset = self._phone.handset if self._phone is not None else None
        match command:
            case {"type": "call", "to": str(to), "codec": str(codec)} if not self._in_call:
                self._place(to, codec)
            case {"type": "press", "digit": str(digit)} if handset is not None and digit in _KEYS:
                handset.press(digit)
            case {"type": "say", "text": str(words)} if handset is not None and 0 < len(words.strip()) <= MOST_TEXT:
                self._saying = asyncio.create_task(self._say(self._saying, words.strip()))
            case {"type": "hang_up"}:
                self._hang_up()
            case _:
                logger.warning("the browser phone sent a command that cannot be followed now")

    def _place(self, to: str, codec: str) -> None:
        self._forget_call()
        self._phone = phone = Softphone(
            SOFTPHONE_NUMBER, hear=self._hear, tell=self._tell_state, clock=self._exchange.clock
        )
        try:
            if codec not in self._codecs:
                raise OffhookError(f"expected one of the codecs {', '.join(self._codecs)}, got {kind_of(codec)}.")
            call_id = self._exchange.place_call(from_=SOFTPHONE_NUMBER, to=to, phone=phone, codec=codec)
        except OffhookError as error:
            self._tell({"type": "phone.refused", "message": error.message, "fix": error.fix})
            return
        self._call_id = call_id
        self._in_call = True
        self._events = self._exchange.journal.subscribe(call_id)
        self._watching = asyncio.create_task(self._watch(self._events))

    def _hang_up(self) -> None:
        """Also what was placed just now and does not ring yet, so that the phone has no handset for it."""
        if self._in_call and self._call_id is not None:
            with contextlib.suppress(OffhookError):  # the exchange stops, and ends it
                self._exchange.handset(self._call_id).hang_up()

    def _forget_call(self) -> None:
        """Stop watching the call before: what it still reports is not of the next one."""
        if self._events is not None:
            self._events.close()
        if self._watching is not None:
            self._watching.cancel()
        self._events = self._watching = self._call_id = None

    async def _say(self, before: asyncio.Task[None] | None, words: str) -> None:
        """Have ``words`` spoken into the call, in the order in which they were typed."""
        phone = self._phone
        assert phone is not None
        if before is not None:
            await asyncio.wait([before])
        ref = ClipRef(text=words)
        voices = Voices()
        try:
            await voices.prepare(Script((Say(ref),)), rate=SOFTPHONE_RATE)
        except OffhookError as error:
            self._tell({"type": "phone.problem", "message": error.message, "fix": error.fix})
            return
        clip = voices.clip(ref, rate=SOFTPHONE_RATE)
        if clip.speech is None:
            self._tell({"type": "phone.problem", "message": "Nothing in that can be said aloud in English.", "fix": ""})
            return
        phone.say(clip)

    # -- what the page is told -----------------------------------------------------------------------------------------

    async def _watch(self, events: Subscription) -> None:
        async for event in events:
            self._tell(event)

    def _tell_state(self, state: str, details: Mapping[str, object]) -> None:
        if state == "ended":
            self._in_call = False
        self._tell({"type": f"phone.{state}", **details})

    def _tell(self, event: Mapping[str, Any]) -> None:
        self._outgoing.put_nowait(json.dumps(event))

    def _hear(self, pcm: bytes) -> None:
        if self._outgoing.qsize() < MOST_AUDIO:
            self._outgoing.put_nowait(pcm)

    async def _send(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the page went; receive() says so as well
            while True:
                message = await self._outgoing.get()
                if isinstance(message, bytes):
                    await self._websocket.send_bytes(message)
                else:
                    await self._websocket.send_text(message)
