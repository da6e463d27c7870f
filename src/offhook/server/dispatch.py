"""Events to calls: the one they are of, one that begins with them, or one that is not known yet."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from offhook.calls.call import Call
from offhook.calls.events import CallOver, CallRinging
from offhook.calls.marks import read_mark
from offhook.calls.state import CallRecord, TransferLegOver
from offhook.carriers.events import CallHangup, CallInitiated
from offhook.ids import new_id
from offhook.logs import describe
from offhook.server.early import EarlyEvents
from offhook.server.live import LiveCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.calls.recovery import Recovery
    from offhook.calls.registry import CallRegistry
    from offhook.carriers.commands import Carrier
    from offhook.carriers.events import CallEvent
    from offhook.server.counters import HostCounters
    from offhook.server.dials import Dials
    from offhook.server.surroundings import Surroundings

__all__ = ["Dispatch"]

logger = logging.getLogger(__name__)

LONGEST_CALL_MS = 5 * 3_600_000.0
"""No call lasts longer: carriers end them after four hours."""


class Dispatch:
    """Brings every event to its call.

    Args:
        host: what calls run in.
        registry: where calls are found by their id.
        counters: where new calls are counted.
        dials: whose legs show themselves by their events.
        unknown: told of every event of a leg that nobody knows.
    """

    def __init__(
        self,
        host: Surroundings,
        registry: CallRegistry,
        counters: HostCounters,
        *,
        dials: Dials,
        unknown: Callable[[Carrier, CallEvent], None],
    ) -> None:
        self.live: dict[Call, LiveCall] = {}
        """The calls that are up, and those whose end has yet to be reported."""
        self.observers: list[Callable[[Call], None]] = []
        """Told of every call once its id is known."""
        self._host = host
        self._registry = registry
        self._counters = counters
        self._dials = dials
        self._unknown = unknown
        self._early = EarlyEvents()

    @property
    def busy(self) -> int:
        """How many calls need us."""
        return sum(live.busy for live in self.live.values())

    # -- calls begin and end ------------------------------------------------------------------------------------------

    def begin(self, record: CallRecord, carrier: Carrier, own_id: str | None = None) -> LiveCall:
        """A call that we dial, or that rings here; its id may not be known yet."""
        call = Call(record, carrier, started_at_ms=self._host.clock.wall_ms(), own_id=own_id)
        live = self.live[call] = LiveCall(call, self._host)
        return live

    def identified(self, live: LiveCall, call_id: str) -> None:
        """A dialled call has its id, from the carrier's answer or its media stream, whichever came first."""
        if not live.call.id:
            live.call.record = replace(live.call.record, call_id=call_id)
            self._known(live)

    def adopt(self, record: CallRecord, carrier: Carrier, recovery: Recovery, own_id: str | None = None) -> None:
        """A leg that another process has begun, or that nobody knew of; ``own_id`` is what its media tokens name."""
        live = self.begin(record, carrier, own_id)
        if own_id is not None:
            self._registry.expect_tokens(live.call)
        self._known(live)
        if live.call in self.live and not live.call.ended:
            live.take_over(recovery)

    def report_over(self, call: Call, cause: str) -> None:
        """A call has turned out to be over, though no event of the carrier says so."""
        if not call.ended:
            at = datetime.now(UTC).isoformat()
            self._handle(
                call,
                CallHangup(
                    event_id=new_id(),
                    event_type="call.over",
                    occurred_at=at,
                    call_id=call.id,
                    cause=cause,
                    source="unknown",
                    sip_cause="unspecified",
                ),
            )

    def forget(self, live: LiveCall) -> None:
        """The call is over, and so is our part in it."""
        self.live.pop(live.call, None)

    def forget_lost_calls(self) -> None:
        """Let go of calls that must be over although nobody said so: a webhook can be lost for good."""
        horizon_ms = self._host.clock.now_ms() - LONGEST_CALL_MS
        for live in tuple(self.live.values()):
            if live.began_ms < horizon_ms:
                if live.busy:  # it was never answered, or never had audio: no session has ended, nor will
                    live.abandon()
                self._registry.end(live.call)
                self._host.settled(live, forget=True)

    def look_after_calls(self) -> None:
        """See to calls that nothing has been heard of for long. To be called from time to time."""
        self.forget_lost_calls()
        now_ms = self._host.clock.now_ms()
        for live in tuple(self.live.values()):
            live.look_after(now_ms)

    def is_new(self, carrier: Carrier, event: CallEvent) -> bool:
        """Whether a call would begin here with ``event``."""
        if not isinstance(event, CallInitiated) or event.direction != "inbound":
            return False
        return self._registry.get(event.call_id, carrier) is None

    def _known(self, live: LiveCall) -> None:
        """A call has its id: from now on webhooks find it, and those that came before it are made up for."""
        call = live.call
        self.forget_lost_calls()
        self._counters.calls += 1
        self._registry.add(call)
        for observer in tuple(self.observers):
            try:
                observer(call)
            except Exception as error:  # as with the observers of a call: none of them may cost the caller the answer
                logger.error("call %s: an observer of new calls raised %s", call.id, describe(error))
                logger.debug("the observer's error", exc_info=error)
        call.notify(CallRinging(at_ms=self._host.clock.wall_ms(), call_id=call.id, direction=call.direction))
        for event in self._early.take(call.carrier, call.id):
            self._handle(call, _without_mark(event))

    # -- events -------------------------------------------------------------------------------------------------------

    def process(self, carrier: Carrier, event: CallEvent) -> None:
        """Act on one event that ``carrier`` has reported."""
        call = self._registry.get(event.call_id, carrier)
        if call is None and self._dials.shown(carrier, event):
            call = self._registry.get(event.call_id, carrier)
        if call is not None:
            self._handle(call, _without_mark(event))
        elif isinstance(event, CallInitiated) and event.direction == "inbound":
            record = CallRecord(call_id=event.call_id, direction="inbound", from_=event.from_, to=event.to)
            live = self.begin(record, carrier)
            self._known(live)
            self._handle(live.call, _without_mark(event))
        elif (leg_of := self._leg_of(carrier, event)) is not None:
            self._leg_event(leg_of, event)
        else:
            self._early.keep(carrier, event)
            self._unknown(carrier, event)

    def _handle(self, call: Call, event: CallEvent) -> None:
        live = self.live.get(call)
        if live is None:
            call.apply(event, wall_ms=self._host.clock.wall_ms())  # over and done with: late facts change nothing else
            return
        live.handle(event)
        if isinstance(event, CallHangup):
            call.notify(CallOver(at_ms=self._host.clock.wall_ms(), call_id=call.id, cause=event.cause))
            self._registry.end(call)

    # -- transfers ----------------------------------------------------------------------------------------------------

    def _leg_of(self, carrier: Carrier, event: CallEvent) -> Call | None:
        """The call whose transfer made the leg that ``event`` is of."""
        call = self._registry.call_of_leg(event.call_id, carrier)
        if call is None:
            call = self._registry.in_session(event.session_id, carrier)
            if call is None or not call.transferring:
                return None
            self._registry.add_leg(event.call_id, call)
        return call

    def _leg_event(self, call: Call, event: CallEvent) -> None:
        call.notify(_without_mark(event))
        live = self.live.get(call)
        if isinstance(event, CallHangup) and live is not None:
            live.handle(TransferLegOver(cause=event.cause))


def _without_mark(event: CallEvent) -> CallEvent:
    """The event with the program's own text on it alone."""
    mark, text = read_mark(event.client_state)
    return event if mark is None else replace(event, client_state=text)
