"""Legs that nobody here began: those of a process that has died, and those that events tell of and nobody knows.

Both are found, judged (:mod:`~offhook.calls.recovery`) and taken over the same way. See docs/failures.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from offhook import waits
from offhook.calls.marks import read_mark
from offhook.calls.recovery import Found, Recovery, recover
from offhook.calls.state import CallRecord, CallState, apply
from offhook.carriers.events import CallHangup, CallInitiated
from offhook.errors import CarrierError
from offhook.server.journal import CallEntry, Remembered
from offhook.waiting import WaitOver, within

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    from offhook.carriers.commands import Carrier, LiveLeg
    from offhook.carriers.events import CallEvent
    from offhook.clock import Clock
    from offhook.server.journal import Journal

__all__ = ["Adoption", "Nursery"]

logger = logging.getLogger(__name__)

SETTLE_S = 1.0
"""How long a leg that nobody knows is left to explain itself: its first event may come after its second."""
MOST_STRANGERS = 1000
"""So many legs of others are remembered, so that their events are not looked into one by one."""

_Key = tuple[str, str]
"""A carrier's name, and its id for a leg."""


class Nursery(Protocol):
    """What adoption needs of its host."""

    clock: Clock

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run ``work`` in a task that the host keeps and counts."""
        ...

    def knows(self, carrier: Carrier, call_id: str, session_id: str = "") -> bool:
        """Whether the leg is a call of this process, or its session has one."""
        ...

    def adopt(self, carrier: Carrier, record: CallRecord, recovery: Recovery, own_id: str | None = None) -> None:
        """Take the leg over as a call, and do what ``recovery`` says. ``own_id`` is what its media tokens name."""
        ...


@dataclass(slots=True)
class _Leg:
    carrier: Carrier
    record: CallRecord
    entry: CallEntry | None = None
    alive: bool | None = None


class Adoption:
    """Finds legs that are nobody's, and takes them over.

    Args:
        host: what calls run in.
        carriers: whose legs.
        journal: what is known of earlier processes, and whose a call is; ``None``: nothing is.
    """

    def __init__(self, host: Nursery, carriers: Sequence[Carrier], journal: Journal | None) -> None:
        self.house = ""
        """The journal's own name, which is hung on the legs of its workers."""
        self.counters: Counter[str] = Counter()
        """Legs that were found, by what was done with them."""
        self._host = host
        self._carriers = carriers
        self._journal = journal
        self._remembered = Remembered()
        self._asked: set[_Key] = set()
        self._strangers: OrderedDict[_Key, None] = OrderedDict()

    # -- after a restart ---------------------------------------------------------------------------------------------

    def remember(self, remembered: Remembered) -> None:
        """What the journal holds; :meth:`after_restart` acts on it."""
        self.house = remembered.house
        self._remembered = remembered

    async def after_restart(self) -> None:
        """Take over what an earlier process has left: of the journal, and of what the carriers list."""
        remembered, self._remembered = self._remembered, Remembered()
        legs = _journalled(remembered, {carrier.wire.name: carrier for carrier in self._carriers})
        await asyncio.gather(*(self._after_restart(carrier, legs, remembered) for carrier in self._carriers))

    async def _after_restart(self, carrier: Carrier, legs: dict[_Key, _Leg], remembered: Remembered) -> None:
        name = carrier.wire.name
        known = {call_id: leg for (of, call_id), leg in legs.items() if of == name}
        connections = {event.connection_id for of, event in remembered.events if of == name} - {""}
        listed = await self._listed(carrier, connections)
        sessions = Counter(leg.session_id for leg in listed.values() if leg.session_id)
        work = []
        for call_id, leg in known.items():
            if call_id in listed:
                leg.alive = True
            others = sessions[leg.record.session_id] > (call_id in listed)
            work.append(self._take(leg, others_live=others))
        for call_id, found in listed.items():
            if call_id in known or (name, call_id) in remembered.elsewhere:
                continue
            record = CallRecord(
                call_id=call_id, leg_id=found.leg_id, session_id=found.session_id, client_state=found.client_state
            )
            # A person that a caller was connected to, or a leg whose first event is on its way.
            if any(leg.record.session_id == found.session_id for leg in known.values()):
                continue
            work.append(self._take_later(_Leg(carrier, record, alive=True)))
        await asyncio.gather(*work)

    async def _listed(self, carrier: Carrier, connections: Iterable[str]) -> dict[str, LiveLeg]:
        """The carrier's legs that are up, as far as it says."""
        listed: dict[str, LiveLeg] = {}
        for connection in (None, *sorted(connections)):
            try:
                legs = await within(waits.COMMAND, carrier.live_legs(connection))
            except (CarrierError, WaitOver) as error:
                logger.warning("the calls that are up could not be listed: %s", error.code)
                continue
            listed |= {leg.call_id: leg for leg in legs}
        return listed

    # -- at any time -------------------------------------------------------------------------------------------------

    def unknown(self, carrier: Carrier, event: CallEvent) -> None:
        """An event of a leg that nobody knows. Returns at once."""
        key = (carrier.wire.name, event.call_id)
        if not event.call_id or key in self._asked or key in self._strangers:
            return
        if isinstance(event, CallInitiated) and read_mark(event.client_state)[0] is None:
            self._is_strange(key)  # inbound ones are calls; this one somebody else has dialled
            return
        if isinstance(event, CallHangup):
            return
        self._asked.add(key)
        record, _ = apply(CallRecord(call_id=event.call_id), event)
        self._host.spawn(self._look_into(_Leg(carrier, record), key))

    async def _look_into(self, leg: _Leg, key: _Key) -> None:
        try:
            await self._take_later(leg)
        finally:
            self._asked.discard(key)

    def _is_strange(self, key: _Key) -> None:
        self._strangers[key] = None
        while len(self._strangers) > MOST_STRANGERS:
            self._strangers.popitem(last=False)

    # -- one leg -----------------------------------------------------------------------------------------------------

    async def _take_later(self, leg: _Leg) -> None:
        """Take a leg that may explain itself in a moment."""
        await asyncio.sleep(SETTLE_S)
        record = leg.record
        if not self._host.knows(leg.carrier, record.call_id, record.session_id):
            await self._take(leg, others_live=False)

    async def _take(self, leg: _Leg, *, others_live: bool) -> None:
        record, entry = leg.record, leg.entry
        mark, text = read_mark(record.client_state)
        if leg.alive is None and record.state is not CallState.ENDED:
            leg.alive = await self._alive(leg)
        found = Found(
            record=record,
            mark=mark,
            alive=leg.alive,
            ours=entry is not None,
            others_live=others_live,
        )
        recovery = recover(found, self.house)
        key = (leg.carrier.wire.name, record.call_id)
        if recovery not in (Recovery.FORGET, Recovery.LEAVE) and not await self._claim(leg):
            recovery = Recovery.LEAVE
        self.counters[recovery.value] += 1
        if recovery is Recovery.FORGET:
            if self._journal is not None:
                self._journal.over(*key)
        elif recovery is Recovery.LEAVE:
            self._is_strange(key)
        elif not self._host.knows(leg.carrier, record.call_id):
            logger.warning("call %s: found without anybody who serves it: %s", record.call_id, recovery.value)
            # Once a stream has begun its token is spent, which only the earlier process knew: it opens nothing.
            own_id = (entry.own_id or None) if entry is not None and not record.streams else None
            record = _fresh(replace(record, client_state=text), recovery)
            self._host.adopt(leg.carrier, record, recovery, own_id)

    async def _alive(self, leg: _Leg) -> bool | None:
        try:
            return await within(waits.HANGUP_REPORT, leg.carrier.is_alive(leg.record.call_id))
        except (CarrierError, WaitOver):
            return None

    async def _claim(self, leg: _Leg) -> bool:
        if self._journal is None:
            return True
        entry = leg.entry or CallEntry(record=leg.record, since_ms=self._host.clock.wall_ms())
        return await self._journal.claim(leg.carrier.wire.name, replace(entry, record=leg.record))


def _fresh(record: CallRecord, recovery: Recovery) -> CallRecord:
    """The facts that still hold: streams of an earlier process are over, and the next one to begin is the first."""
    record = replace(record, streams=frozenset(), stream_failures=frozenset(), begun=False)
    if recovery is Recovery.SERVE:  # it is answered, whoever knows when; and nobody is with the caller any more
        return replace(record, answered_at=record.answered_at or "", bridged_at=None, transferring=False)
    return record


def _journalled(remembered: Remembered, carriers: dict[str, Carrier]) -> dict[_Key, _Leg]:
    """The calls of the journal, with what its events say of them."""
    legs: dict[_Key, _Leg] = {}
    for name, entry in remembered.calls:
        if name in carriers:
            legs[name, entry.record.call_id] = _Leg(carriers[name], entry.record, entry)
    for name, event in remembered.events:
        key = (name, event.call_id)
        if key in remembered.elsewhere or name not in carriers:
            continue
        if key not in legs:
            if not isinstance(event, CallInitiated) or event.direction != "inbound":
                continue
            # Accepted, and the process died before it could do anything about it.
            legs[key] = _Leg(carriers[name], CallRecord(call_id=event.call_id))
        leg = legs[key]
        leg.record, _ = apply(leg.record, event)
    return legs
