"""One connection of a client to a stand-in: the session, its engines, the faults, the journal and the wire.

A session says what to do (:mod:`offhook.testing.providers.session`); here it is done. One task reads, one writes; what
is sent goes through one queue, so that whatever is delayed delays what follows it, as on a real connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from offhook.errors import OffhookError
from offhook.testing.providers.ears import Ears
from offhook.testing.providers.faults import garbled
from offhook.testing.providers.session import (
    Accept,
    Close,
    End,
    Force,
    Hear,
    Hush,
    Listen,
    Piece,
    Refuse,
    Retune,
    Send,
    Speak,
    Spoken,
    StopHearing,
    Wake,
    Woke,
)
from offhook.testing.providers.voices import Mouth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from offhook.testing.providers.engines import Engines
    from offhook.testing.providers.faults import Fault, Faults
    from offhook.testing.providers.journal import Journal
    from offhook.testing.providers.session import Act, Door, EngineEvent, Request, Session

__all__ = ["Link", "Wire"]

logger = logging.getLogger(__name__)

AUDIO = ("audio", "voice")
"""Stages of audio. Where it goes both ways, the second is what is sent to the client."""
UNAVAILABLE = 1011
"""The close code, and half of the HTTP status, of a stand-in whose engines are not there."""


class Wire(Protocol):
    """The socket, or the response, that a client is at the other end of."""

    async def accept(self, accept: Accept) -> None:
        """Let the client in."""
        ...

    async def refuse(self, refuse: Refuse) -> None:
        """Answer with something else."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send a message, or a piece of the response."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close a socket; end a response in the middle."""
        ...

    async def end(self) -> None:
        """Complete a response."""
        ...

    def reset(self) -> None:
        """Cut the connection."""
        ...

    def messages(self) -> AsyncIterator[str | bytes]:
        """What the client sends, until it has gone."""
        ...


def _told(fault: Fault) -> dict[str, object]:
    """The body of a refusal, as most vendors write it."""
    return {"error": {"message": fault.text, "type": "fault", "code": str(fault.status), "param": None}}


class _Cut(Exception):
    """A fault has ended the connection."""


class Link:
    """One connection.

    Args:
        door: where the client came in.
        connection: the id of the connection, for the journal.
        session: the vendor's protocol.
        wire: the client.
        engines: what to hear and speak with.
        faults: what goes wrong.
        journal: what is written down.
    """

    def __init__(
        self,
        door: Door,
        connection: str,
        session: Session,
        wire: Wire,
        *,
        engines: Engines,
        faults: Faults,
        journal: Journal,
    ) -> None:
        self._door = door
        self._connection = connection
        self._session = session
        self._wire = wire
        self._engines = engines
        self._faults = faults
        self._journal = journal
        self._out: deque[tuple[Act, bool]] = deque()
        """What is to be written, and whether the voice gave it."""
        self._more = asyncio.Event()
        self._ears: Ears | None = None
        self._mouth: Mouth | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._silent = False
        self._last_audio: Send | None = None

    async def run(self, request: Request) -> None:
        """From the request to the end of the connection."""
        self._note("in", "connect", request.path)
        if request.body:
            self._note("in", "request", request.body.decode(errors="replace"))
        writing: asyncio.Task[None] | None = None
        try:
            if not await self._comes_in():
                return
            self._do(self._session.opened(request))
            writing = asyncio.create_task(self._write())
            reading = asyncio.create_task(self._read())
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        finally:
            if writing is not None:
                writing.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await writing
            self._let_go()

    # -- in -----------------------------------------------------------------------------------------------------------

    async def _comes_in(self) -> bool:
        """Whether the client may; what else becomes of it is done."""
        for fault in self._due("connect"):
            match fault.kind:
                case "slow":
                    await asyncio.sleep(fault.delay_ms / 1000)
                case "hang":
                    async for _ in self._wire.messages():
                        pass
                    self._note("in", "gone")
                    return False
                case "reset":
                    self._wire.reset()
                    return False
                case _:
                    headers = {"retry-after": "1"} if fault.status == 429 else {}
                    await self._wire.refuse(Refuse(fault.status, _told(fault), headers))
                    self._note("out", "refused", str(fault.status))
                    return False
        return True

    async def _read(self) -> None:
        async for message in self._wire.messages():
            stage = self._session.stage_of(message)
            self._note("in", stage, message, audio=stage in AUDIO)
            faults = self._due(stage)
            if any(fault.kind == "ignore" for fault in faults):
                continue
            for fault in faults:
                self._act_on_incoming(fault)
            self._do(self._session.received(message))
        self._note("in", "gone")

    def _act_on_incoming(self, fault: Fault) -> None:
        match fault.kind:
            case "late" if self._last_audio is not None:
                again = Send(self._last_audio.stage, self._last_audio.message, after_ms=fault.delay_ms)
                asyncio.get_running_loop().call_later(fault.delay_ms / 1000, self._put, again)
            case "silence":
                self._silent = True
            case "close" | "refuse":
                self._put(Close(fault.code, fault.text))
            case "reset":
                self._wire.reset()
            case "error":
                self._do(self._session.failure(fault.code, fault.text))
            case _:
                return

    # -- what the session wants ---------------------------------------------------------------------------------------

    def _do(self, acts: Iterable[Act], *, voiced: bool = False) -> None:
        for act in acts:
            match act:
                case Hear() | Retune() | Force() | StopHearing():
                    if self._ears is not None:
                        self._ears.do(act)
                case Listen():
                    self._listen(act)
                case Speak():
                    self._speak(act)
                case Hush():
                    self._hush()
                case Wake(name, after_ms):
                    self._wake(name, after_ms)
                case _:
                    self._put(act, voiced=voiced)

    def _put(self, act: Act, *, voiced: bool = False) -> None:
        self._out.append((act, voiced))
        self._more.set()

    def _happened(self, event: EngineEvent) -> None:
        self._do(self._session.happened(event), voiced=isinstance(event, Piece | Spoken))

    def _listen(self, listen: Listen) -> None:
        if self._ears is not None:
            self._ears.close()
        try:
            self._ears = Ears(self._engines, listen, self._happened, self._fail)
        except OffhookError as error:
            self._fail(error)

    def _speak(self, speak: Speak) -> None:
        if self._mouth is None:
            self._mouth = Mouth(self._engines, self._happened, self._fail)
        wrong = any(fault.kind == "rate" for fault in self._due("speak"))
        self._mouth.speak(speak, rate_factor=2 if wrong else 1)

    def _hush(self) -> None:
        if self._mouth is not None:
            self._mouth.hush()
        kept = [(act, voiced) for act, voiced in self._out if not voiced]
        self._out.clear()
        self._out.extend(kept)

    def _wake(self, name: str, after_ms: float | None) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        if after_ms is not None:
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(after_ms / 1000, self._happened, Woke(name))

    def _fail(self, error: Exception) -> None:
        logger.error("a stand-in for %s cannot go on", self._door.name, exc_info=error)
        text = str(error) if isinstance(error, OffhookError) else type(error).__name__
        self._do(self._session.failure(UNAVAILABLE, text))
        self._put(Close(UNAVAILABLE, "no engine"))

    # -- out ----------------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        with suppress(_Cut):
            while True:
                while not self._out:
                    self._more.clear()
                    await self._more.wait()
                act, _ = self._out.popleft()
                match act:
                    case Accept():
                        await self._wire.accept(act)
                        self._note("out", "accepted")
                    case Refuse():
                        await self._wire.refuse(act)
                        self._note("out", "refused", str(act.status))
                        return
                    case Send():
                        await self._send(act)
                    case Close(code, reason):
                        if not self._silent:
                            await self._close(code, reason)
                            return
                    case End():
                        if not self._silent:
                            await self._wire.end()
                            self._note("out", "closed")
                            return
                    case _:
                        raise TypeError(f"expected something to write, got {type(act).__name__}")

    async def _send(self, send: Send) -> None:
        if send.after_ms:
            await asyncio.sleep(send.after_ms / 1000)
        message: str | bytes | None = send.message
        for fault in self._due(send.stage, outgoing=True):
            message = await self._spoil(fault, message)
        if self._silent or message is None:
            return
        await self._wire.send(message)
        if send.stage in AUDIO:
            self._last_audio = send
        self._note("out", send.stage, message, audio=send.stage in AUDIO)

    async def _spoil(self, fault: Fault, message: str | bytes | None) -> str | bytes | None:
        """What becomes of a message that is about to be sent; ``None``: it is not."""
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.delay_ms / 1000)
            case "silence":
                self._silent = True
            case "garbage":
                return garbled(message, fault.garbage)
            case "drop":
                return None
            case "close" | "refuse":
                await self._close(fault.code, fault.text)
                raise _Cut
            case "reset":
                self._wire.reset()
                raise _Cut
            case "error":
                self._interrupt(self._session.failure(fault.code, fault.text))
                return None
            case _:
                pass
        return message

    def _interrupt(self, acts: Iterable[Act]) -> None:
        """Do something before everything that waits to be written."""
        waiting = {id(one) for one in self._out}
        self._do(acts)
        now = [one for one in self._out if id(one) not in waiting]
        later = [one for one in self._out if id(one) in waiting]
        self._out.clear()
        self._out.extend([*now, *later])

    async def _close(self, code: int, reason: str) -> None:
        self._note("out", "closed", f"{code} {reason}".strip())
        await self._wire.close(code, reason)

    # -- both ---------------------------------------------------------------------------------------------------------

    def _due(self, stage: str, *, outgoing: bool = False) -> list[Fault]:
        faults = self._faults.due(self._door.name, stage, outgoing=outgoing)
        for fault in faults:
            self._journal.note(self._door.name, self._connection, "fault", stage, fault.kind)
        return faults

    def _note(self, way: str, stage: str, message: str | bytes | None = None, *, audio: bool = False) -> None:
        self._journal.note(self._door.name, self._connection, way, stage, message, audio=audio)  # type: ignore[arg-type]

    def _let_go(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._ears is not None:
            self._ears.close()
        if self._mouth is not None:
            self._mouth.close()
