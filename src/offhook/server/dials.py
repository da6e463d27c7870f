"""Dialling: a leg is ours from the command on, whatever is slow, lost or thought better of (see calls/dialling)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from offhook import waits
from offhook.calls.dialling import Bind, Dialling, Effect, Fail, HangUp
from offhook.calls.marks import Mark, marked, read_mark
from offhook.carriers.events import CallHangup, CallInitiated
from offhook.errors import CarrierUnavailable
from offhook.ids import new_id
from offhook.server.insist import insist
from offhook.waiting import WaitOver, within

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from offhook.carriers.commands import Carrier, StreamRequest
    from offhook.carriers.events import CallEvent
    from offhook.server.live import LiveCall

__all__ = ["Dials", "DialsHost"]

logger = logging.getLogger(__name__)

SLACK_S = 90.0
"""How much longer than the phone may ring a leg that nobody wants is waited for."""


class DialsHost(Protocol):
    """What dialling needs of its host."""

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run ``work`` in a task that the host keeps and counts."""
        ...

    def identified(self, live: LiveCall, call_id: str) -> None:
        """A dialled call has its id."""
        ...

    def settled(self, live: LiveCall, *, forget: bool) -> None:
        """The call needs nothing any more."""
        ...


@dataclass(slots=True, eq=False)
class _Dial:
    id: str
    carrier: Carrier
    live: LiveCall
    to: str
    from_: str
    machine: Dialling = field(default_factory=Dialling)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the leg is known, or whoever dialled knows that there is none."""
    error: BaseException | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once no leg can show itself any more that would have to be hung up, and none is being hung up."""


class Dials:
    """The dials whose legs are not known yet, or not wanted any more.

    Args:
        host: what calls run in.
    """

    def __init__(self, host: DialsHost) -> None:
        self._host = host
        self._dials: dict[str, _Dial] = {}

    def __len__(self) -> int:
        return len(self._dials)

    async def dial(
        self,
        live: LiveCall,
        stream: StreamRequest,
        *,
        carrier: Carrier,
        to: str,
        from_: str,
        text: str | None,
        timeout_s: int,
        house: str,
    ) -> None:
        """Dial, and return once the leg is known: by the reply, its first webhook or its media stream.

        Cancelled at any moment, the leg is hung up as soon as it is known, and the call is settled at once.

        Raises:
            CarrierError: the carrier refuses, or has not replied, and no leg has shown itself.
        """
        dial = _Dial(new_id(), carrier, live, to, from_)
        self._dials[dial.id] = dial
        asyncio.get_running_loop().call_later(timeout_s + SLACK_S, self._forget, dial)

        async def command() -> None:
            try:
                reply = await carrier.dial(
                    to=to,
                    from_=from_,
                    stream=stream,
                    client_state=marked(Mark(house, dial.id), text),
                    timeout_s=timeout_s,
                )
            except BaseException as error:
                dial.error = error
                unknown = isinstance(error, CarrierUnavailable | asyncio.CancelledError)
                self._do(dial, dial.machine.lost() if unknown else dial.machine.denied())
                if isinstance(error, asyncio.CancelledError):
                    raise
            else:
                live.belongs(leg_id=reply.leg_id, session_id=reply.session_id)
                self._do(dial, dial.machine.shown(reply.call_id))

        self._host.spawn(command())
        try:
            await dial.settled.wait()
        except asyncio.CancelledError:
            bound = dial.machine.call_id is not None
            self._do(dial, dial.machine.cancel())
            if not bound:
                self._host.settled(live, forget=True)
            raise
        if dial.machine.failed:
            assert dial.error is not None
            raise dial.error

    def shown(self, carrier: Carrier, event: CallEvent) -> bool:
        """An event of a leg that is not known; whether it is one of a dial of ours, and dealt with.

        A carrier that does not echo our id is taken at its word for the numbers, where only one dial has them.
        """
        mark, _ = read_mark(event.client_state)
        dial = self._dials.get(mark.id) if mark is not None else None
        if dial is None and mark is None and isinstance(event, CallInitiated) and event.direction == "outbound":
            dial = self._by_numbers(carrier, event)
        if dial is None or dial.carrier is not carrier or dial.machine.call_id is not None:
            return dial is not None and dial.machine.call_id == event.call_id
        if isinstance(event, CallHangup) and dial.machine.cancelled:
            dial.machine.shown(event.call_id)  # it is over before it could be hung up
            self._forget(dial)
            return True
        dial.live.belongs(leg_id=event.leg_id, session_id=event.session_id)
        self._do(dial, dial.machine.shown(event.call_id))
        return True

    def shown_by_media(self, live: LiveCall, call_id: str) -> bool:
        """A media stream with the token of ``live`` names its leg; whether the leg is wanted."""
        for dial in self._dials.values():
            if dial.live is live:
                self._do(dial, dial.machine.shown(call_id))
                return not (dial.machine.cancelled or dial.machine.failed)
        return True

    async def settle(self) -> None:
        """Wait, bounded, for the legs that nobody wants to be known and hung up: the process ends."""
        unwanted = [dial for dial in self._dials.values() if dial.machine.cancelled or dial.machine.failed]
        waiting = [asyncio.ensure_future(dial.over.wait()) for dial in unwanted if not dial.over.is_set()]
        if waiting:
            with contextlib.suppress(WaitOver):
                await within(waits.DIALLED, asyncio.wait(waiting))
            for wait in waiting:
                wait.cancel()

    def _by_numbers(self, carrier: Carrier, event: CallInitiated) -> _Dial | None:
        found = [
            dial
            for dial in self._dials.values()
            if dial.carrier is carrier
            and dial.machine.call_id is None
            and (dial.to, dial.from_) == (event.to, event.from_)
        ]
        return found[0] if len(found) == 1 else None

    def _do(self, dial: _Dial, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Bind(call_id):
                    self._host.identified(dial.live, call_id)
                    dial.settled.set()
                case Fail():
                    self._host.settled(dial.live, forget=True)
                    dial.settled.set()
                case HangUp(call_id):
                    self._host.spawn(self._hang_up(dial, call_id))
                    return
        if dial.machine.over:
            self._forget(dial)

    async def _hang_up(self, dial: _Dial, call_id: str) -> None:
        command_id = new_id()

        async def command() -> None:
            await dial.carrier.hangup(call_id, command_id=command_id)

        try:
            failure = await insist(waits.HANGUP, command, over=asyncio.Event(), call_id=call_id)
            if failure is not None:
                logger.error("call %s, which nobody wants any more, could not be hung up: %s", call_id, failure.code)
        finally:
            self._forget(dial)

    def _forget(self, dial: _Dial) -> None:
        self._dials.pop(dial.id, None)
        dial.over.set()
