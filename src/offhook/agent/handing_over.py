"""Hand a caller over to a person: announce it, transfer the call, wait for the person, and go on if nobody comes.

When is decided elsewhere (:mod:`offhook.agent.handover`); here it is carried out, whoever listens and speaks.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

from offhook.addresses import check_address
from offhook.agent import events
from offhook.calls.events import TransferBridged, TransferFailed
from offhook.errors import CarrierError
from offhook.waiting import WaitOver, within
from offhook.waits import TRANSFER

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.agent.conversant import Conversant
    from offhook.calls.call import Call

__all__ = ["HandingOver", "HandingOverHost"]

logger = logging.getLogger(__name__)

_RING_S = 30
"""How long it may ring at a person, where the agent has no rules for handing over."""
_TRANSFER_SLACK_S = 15.0
"""How much later than the end of the ringing the carrier may report that nobody has answered."""


class HandingOverHost(Protocol):
    """What :class:`HandingOver` needs of a session."""

    @property
    def call(self) -> Call:
        """The call."""
        ...

    @property
    def agent(self) -> Agent:
        """Who hands over."""
        ...

    @property
    def over(self) -> bool:
        """Whether the conversation is over."""
        ...

    def wall_ms(self, at_ms: float | None = None) -> float:
        """The time for events."""
        ...

    def notify(self, event: events.SessionEvent) -> None:
        """Tell the observers of the call."""
        ...

    def finish(self, reason: str) -> None:
        """End the conversation."""
        ...


class HandingOver:
    """The hand-overs of one call, one at a time.

    Args:
        host: the session.
        conversant: who speaks, and has to leave the caller alone meanwhile.
    """

    def __init__(self, host: HandingOverHost, conversant: Conversant) -> None:
        self._host = host
        self._conversant = conversant
        self._transfer: asyncio.Future[str | None] | None = None
        self._patience: asyncio.Task[None] | None = None
        self.under_way = False
        """Whether the caller is being connected to a person: nothing they say is answered."""

    async def hand_over(self, to: str | None, *, reason: str, announced: bool, goes_on: bool = True) -> None:
        """Connect the caller to a person, once everything said was heard; ``None``: where the agent hands over to.

        If nobody can be reached the caller is told, and the conversation goes on. A second hand-over while one is under
        way does nothing.

        Args:
            to: E.164 number or SIP URI.
            reason: why, for the records.
            announced: the caller knows already: the agent's own message is not said.
            goes_on: the agent can go on if nobody is reached; if not, the caller is not told so.

        Raises:
            ConfigError: ``to`` cannot be dialled.
        """
        if self.under_way:
            return
        rules = self._host.agent.handing_over
        target = check_address(to) if to is not None else rules.to if rules is not None else None
        if target is None:
            await self._say(self._host.agent.texts.no_handover, "apology")
            return
        self.under_way = True
        self._conversant.hold("handover")
        try:
            message = rules.message if rules is not None and not announced else ""
            await self._announce_and_connect(target, reason, message, goes_on=goes_on)
        finally:
            self._release()

    async def _announce_and_connect(self, to: str, reason: str, message: str, *, goes_on: bool) -> None:
        host, call = self._host, self._host.call
        host.notify(events.HandoverStarted(at_ms=host.wall_ms(), call_id=call.id, to=to, reason=reason))
        await self._say(message, "handover", protected=True)
        await self._conversant.idle()
        cause = await self._connect(to)
        if host.over:
            return
        at_ms = host.wall_ms()
        if cause is None:
            host.notify(events.HandoverDone(at_ms=at_ms, call_id=call.id, to=to, reason=reason))
            host.finish("handover")
            return
        host.notify(events.HandoverFailed(at_ms=at_ms, call_id=call.id, to=to, reason=reason, cause=cause))
        if goes_on:
            self._release()
            await self._say(host.agent.texts.handover_failed, "apology")

    async def _connect(self, to: str) -> str | None:
        """Transfer the call and wait for the person to answer; why they did not, or ``None``."""
        call = self._host.call
        transfer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._transfer = transfer
        rules = self._host.agent.handing_over
        ring_s = rules.ring_s if rules is not None else _RING_S
        forget = call.observe(self._on_fact)
        try:
            return await within(
                TRANSFER,
                self._ring(to, ring_s, transfer),
                limit_s=ring_s + _TRANSFER_SLACK_S,
                on_long=self._still_rings,
                long_s=self._host.agent.limits.ringing_again_s,
                call_id=call.id,
            )
        except CarrierError as error:
            logger.warning("call %s: the transfer was refused: %s", call.id, error.code)
            return error.code
        except WaitOver:
            if await call.is_alone() is False:
                return None  # a person's leg cannot ring so long: they talk, and the report of it was lost
            call.withdraw_transfer()
            return "timeout"
        finally:
            forget()
            self._transfer = None

    async def _ring(self, to: str, ring_s: int, transfer: asyncio.Future[str | None]) -> str | None:
        """Ask for the transfer, and wait for what comes of it: the carrier's answer to the command may be lost."""
        asked = asyncio.ensure_future(self._host.call.transfer(to, timeout_s=ring_s))
        try:
            either: set[asyncio.Future[Any]] = {asked, transfer}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not transfer.done():
                await asked
            return await transfer
        finally:
            if not asked.done():
                asked.cancel()
            elif not asked.cancelled():
                asked.exception()  # the facts count

    def _still_rings(self) -> None:
        """The caller hears nothing while it rings at the person's phone."""
        text = self._host.agent.texts.handover_waiting
        if text and not self._host.over and (self._patience is None or self._patience.done()):
            self._patience = asyncio.create_task(self._say(text, "filler"))

    def close(self) -> None:
        """The conversation is over: nobody is told anything."""
        if self._transfer is not None and not self._transfer.done():
            self._transfer.set_result("the call is over")
        if self._patience is not None:
            self._patience.cancel()

    def _on_fact(self, fact: object) -> None:
        transfer = self._transfer
        if transfer is None or transfer.done():
            return
        if isinstance(fact, TransferBridged):
            transfer.set_result(None)
        elif isinstance(fact, TransferFailed):
            transfer.set_result(fact.cause)

    async def _say(self, text: str, kind: str, *, protected: bool = False) -> None:
        if text and not self._host.over:
            await self._conversant.say(text, kind, protected=protected)

    def _release(self) -> None:
        if self.under_way:
            self.under_way = False
            if not self._host.over:
                self._conversant.release()
