"""A host: it takes the calls of carriers and puts an agent's session on each of them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from offhook import spool
from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.codecs.g711 import codes_of, samples_of
from offhook.calls.registry import CallRegistry
from offhook.calls.state import CallRecord
from offhook.clock import SystemClock
from offhook.errors import CallError, ConfigError, UnsupportedCodec
from offhook.logs import describe
from offhook.server.admission import Admission
from offhook.server.adoption import Adoption
from offhook.server.capacity import Capacity
from offhook.server.cores import usable_cores
from offhook.server.counters import HostCounters
from offhook.server.dials import Dials
from offhook.server.dispatch import Dispatch
from offhook.server.gate import Gate
from offhook.server.held_up import HeldUp
from offhook.server.inbox import Inbox
from offhook.server.journal import CallNotes
from offhook.server.options import HostOptions
from offhook.server.stall import StallProbe
from offhook.server.ticker import Ticker
from offhook.speech.metering import Metering

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from offhook.calls.call import Call
    from offhook.calls.media.stream import MediaStream
    from offhook.calls.recovery import Recovery
    from offhook.calls.session import SessionFactory
    from offhook.carriers.commands import Carrier, StreamRequest
    from offhook.carriers.events import CallEvent
    from offhook.carriers.wire import WebhookRequest
    from offhook.clock import Clock
    from offhook.server.capacity import Scarce
    from offhook.server.inbox import Verdict
    from offhook.server.journal import Journal
    from offhook.server.live import LiveCall

__all__ = ["Host"]

logger = logging.getLogger(__name__)


LOOK_AFTER_S = 5.0
"""How often it is looked for calls of which nothing is heard any more, and for callers whom nobody answers."""


class Host:
    """Takes webhooks and media sockets, answers and dials, and runs a session on each call.

    It lives on one event loop. It has no sockets of its own: :class:`~offhook.server.run.Server` gives it a port, and
    :mod:`~offhook.server.asgi` a place in another application.

    Args:
        sessions: makes the session of a call. Where it has a ``warm_up``, as the carrier may, :meth:`start` awaits it.
        carriers: who calls come from, each at ``/webhooks/`` and its name, and who calls are dialled through. The host
            does not close them.
        public_url: where the carrier reaches this process, without a path; may be set later, before the first call.
        options: limits, times and texts.
        clock: the machine's, unless told otherwise.
        journal: where accepted events and calls are written down, for the process that comes after this one.

    Raises:
        ConfigError: without a carrier, or with two of one name; or if the token key of the options is too short.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        carriers: Sequence[Carrier],
        public_url: str | None = None,
        options: HostOptions | None = None,
        clock: Clock | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.sessions = sessions
        self.carriers = tuple(carriers)
        self.options = options or HostOptions()
        self.clock: Clock = clock or SystemClock()
        self.registry = CallRegistry(self.clock, self.options.token_key)
        self.ticker = Ticker(self.clock)
        self.stall = StallProbe()
        self.held_up = HeldUp()
        self.counters = HostCounters()
        self.draining = False
        self.stopping = False
        limit = self.options.max_queued_events
        self.inbox = Inbox(self.clock, limit=limit, refuses=self._refuses, journal=journal)
        self.dials = Dials(self)
        self.adoption = Adoption(self, self.carriers, journal)
        unknown = self.adoption.unknown if self.options.adopts else _leave_alone
        self.dispatch = Dispatch(self, self.registry, self.counters, dials=self.dials, unknown=unknown)
        self.gate = Gate(self.options, self.registry, self.counters, self.dispatch.live.get)
        self.gate.public_url = public_url
        self.admission = Admission(
            Capacity(self.options.max_calls, cores=usable_cores(), options=self.options.capacity),
            clock=self.clock,
            live=self.dispatch.live.values,
            measures=self.options.measures_capacity,
        )
        self._journal = journal
        if journal is not None:
            self.on_call(CallNotes(journal).follow)
        self._settled = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        self._patrol: asyncio.Task[None] | None = None
        names = [carrier.wire.name for carrier in self.carriers]
        if not names or len(set(names)) < len(names):
            raise ConfigError(
                f"expected carriers of different names, got {', '.join(names) or 'none'}.",
                fix="give each carrier's wire a name of its own: it is the last part of its webhooks' address.",
            )

    @property
    def public_url(self) -> str | None:
        """Where carriers reach this process, without a path; ``None`` if it is not known yet."""
        return self.gate.public_url

    @public_url.setter
    def public_url(self, url: str | None) -> None:
        self.gate.public_url = url

    def carrier(self, name: str) -> Carrier | None:
        """The carrier of that name, if there is one."""
        return next((carrier for carrier in self.carriers if carrier.wire.name == name), None)

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Warm everything up, then take events. Nothing slow is left for the first call.

        Raises:
            UnsupportedCodec: if the codec of the options cannot be coded on this machine.
        """
        warm_ups = [getattr(each, "warm_up", None) for each in (*self.carriers, self.sessions)]
        await asyncio.gather(
            asyncio.to_thread(_warm_codecs, self.options, self.carriers),
            *(warm_up() for warm_up in warm_ups if warm_up is not None),
        )
        metering = getattr(self.sessions, "metering", None)
        self.admission.begin(metering if isinstance(metering, Metering) else None)
        if self._journal is not None:
            remembered = await self._journal.open()
            self.inbox.remember(remembered.seen)
            self.adoption.remember(remembered)
        self.held_up.start()
        self._worker = asyncio.create_task(self._work())
        self._patrol = asyncio.create_task(self._look_after_calls())

    def recover(self) -> None:
        """Take over the calls of a process that has died. To be called once after :meth:`start`, when the carrier can
        reach the address of this one; returns at once."""
        if self.options.adopts:
            self.spawn(self.adoption.after_restart())

    async def drain(self, timeout_s: float) -> None:
        """Take no new calls, let the running ones end, and after ``timeout_s`` say goodbye to the rest.

        New inbound calls are answered 503, so that the carrier tries elsewhere; webhooks of running calls are taken.
        """
        self.draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._until_idle(), timeout_s)
        rest = [live for live in self.dispatch.live.values() if live.busy]
        if rest:
            logger.warning("drain: %d calls are still up after %g s, saying goodbye", len(rest), timeout_s)
            await asyncio.gather(*(live.say_goodbye() for live in rest))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._until_idle(), self.options.times.hangup_s)
        # The carrier has yet to report the end of calls that we hung up: whoever watches them wants to know.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._until_reported(), self.options.times.hangup_s)

    async def stop(self) -> None:
        """Let go of everything at once. Use :meth:`drain` first: calls that are up are left to themselves."""
        self.draining = True
        await self.dials.settle()
        self.stopping = True
        for task in (self._worker, self._patrol):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        self._worker = self._patrol = None
        for live in tuple(self.dispatch.live.values()):
            live.abandon()
        # First in good order, with every session closed; then whatever still hangs on to a command.
        for hurry in (False, True):
            for task in tuple(self._tasks) if hurry else ():
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=2.0)
        self.stall.stop()
        self.held_up.stop()
        self.admission.stop()
        if self._journal is not None:
            await self._journal.close()

    async def _until_idle(self) -> None:
        await self.inbox.join()
        while any(live.busy for live in self.dispatch.live.values()):
            self._settled.clear()
            await self._settled.wait()

    async def _until_reported(self) -> None:
        while any(not live.handed_over for live in self.dispatch.live.values()):
            self._settled.clear()
            await self._settled.wait()

    # -- for programs ------------------------------------------------------------------------------------------------

    async def dial(
        self,
        to: str,
        from_: str,
        *,
        carrier: str | None = None,
        timeout_s: int = 30,
        client_state: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Call:
        """Call ``to`` and put a session on the call once it is answered. Returns when the carrier has agreed to dial.

        Args:
            to: E.164 or a SIP URI.
            from_: the number to present; one of the account's own.
            carrier: the name of the one to dial through; ``None``: the first.
            timeout_s: how long it may ring.
            client_state: a text that comes back with every webhook of the call.
            data: what ``call.data`` begins with.

        Raises:
            CallError: if the host is draining, or there is no room for one more call.
            ConfigError: if there is no such carrier.
            CarrierError: if the carrier refuses.
        """
        if self.draining:
            raise CallError("expected a host that takes calls, got one that is stopping.")
        through = self.carriers[0] if carrier is None else self.carrier(carrier)
        if through is None:
            names = ", ".join(each.wire.name for each in self.carriers)
            raise ConfigError(f"expected a carrier of this host to dial through ({names}), got {carrier!r}.")
        if (scarce := self.admission.refuses("-", self.dispatch.busy)) is not None:
            raise CallError(
                f"expected room for one more call, got {self.dispatch.busy} that are up already ({scarce}).",
                fix="dial again when one is over; /healthz tells how many there is room for",
            )
        record = CallRecord(call_id="", direction="outbound", from_=from_, to=to, client_state=client_state)
        live = self.dispatch.begin(record, through)
        call = live.call
        call.data.update(data or {})
        self.stall.watch()
        request = self.stream_request(call, ringing_s=timeout_s)
        live.ringing_s = timeout_s
        await self.dials.dial(
            live,
            request,
            carrier=through,
            to=to,
            from_=from_,
            text=client_state,
            timeout_s=timeout_s,
            house=self.adoption.house,
        )
        live.prepare()
        return call

    def on_call(self, callback: Callable[[Call], None]) -> Callable[[], None]:
        """Call ``callback`` with every new call, as soon as its id is known; returns a function that ends it.

        What it raises is logged by its type, and disturbs neither the call nor other callbacks.
        """
        self.dispatch.observers.append(callback)

        def forget() -> None:
            if callback in self.dispatch.observers:
                self.dispatch.observers.remove(callback)

        return forget

    def report(self) -> dict[str, object]:
        """What ``/healthz`` tells: no personal data."""
        return {
            "status": "draining" if self.draining else "full" if self.admission.full else "ok",
            "capacity": self.admission.report(),
            "calls_up": self.dispatch.busy,
            "calls": self.counters.calls,
            "webhooks": self.inbox.counters.report(),
            "journal": None if self._journal is None else self._journal.report(),
            "legs_found": dict(self.adoption.counters),
            "media": self.counters.media(),
            "loop_stall": {**self.stall.report(), **self.held_up.report()},
            "ticks_missed": self.ticker.missed,
            "tasks": len(self._tasks),
            "output": spool.report(),
        }

    # -- webhooks ----------------------------------------------------------------------------------------------------

    def webhook(self, carrier: Carrier, request: WebhookRequest) -> Verdict:
        """Judge one delivery, and queue its events if they are new. Returns at once; nothing has acted on them yet."""
        return self.inbox.take(carrier, request)

    def _refuses(self, carrier: Carrier, event: CallEvent) -> str | None:
        if self.inbox.waiting + len(self._tasks) >= self.options.max_queued_events:
            return "queue_full"
        if self.dispatch.is_new(carrier, event):
            if self.draining:
                return "draining"
            if self._full():
                self.dispatch.forget_lost_calls()
                return "too_many_calls" if self._full() else None
        return None

    def _full(self) -> bool:
        return self.dispatch.busy >= self.options.max_calls

    async def _work(self) -> None:
        while True:
            carrier, event = await self.inbox.events.get()
            try:
                self.dispatch.process(carrier, event)
            except Exception as error:
                logger.error("call %s: %s raised %s", event.call_id, event.event_type, describe(error))
                logger.debug("the event's error", exc_info=error)
            finally:
                self.inbox.events.task_done()

    async def _look_after_calls(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AFTER_S)
            self.dispatch.look_after_calls()

    # -- for legs that nobody here began (Nursery) -------------------------------------------------------------------

    def knows(self, carrier: Carrier, call_id: str, session_id: str = "") -> bool:
        """Whether the leg is a call of this process, or its session has one."""
        in_session = self.registry.in_session(session_id, carrier) if session_id else None
        return in_session is not None or self.registry.get(call_id, carrier) is not None

    def adopt(self, carrier: Carrier, record: CallRecord, recovery: Recovery, own_id: str | None = None) -> None:
        """Take the leg over as a call."""
        if not self.draining:
            self.dispatch.adopt(record, carrier, recovery, own_id)

    # -- for live calls (Surroundings) -------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run ``work`` in a task that is kept until it is done."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a call's work raised %s", describe(error))
            logger.debug("the work's error", exc_info=error)

    def stream_request(self, call: Call, *, ringing_s: float = 0.0) -> StreamRequest:
        """A stream to ask the carrier for, with a fresh one-time token in its address."""
        return self.gate.stream_request(call, ringing_s=ringing_s)

    @property
    def house(self) -> str:
        """What is hung on the legs that are taken here."""
        return self.adoption.house

    def identified(self, live: LiveCall, call_id: str) -> None:
        """A dialled call has its id."""
        self.dispatch.identified(live, call_id)

    def shown_by_media(self, live: LiveCall, call_id: str) -> bool:
        """A media stream of a dialled call names its leg; whether it is wanted."""
        return self.dials.shown_by_media(live, call_id)

    def refuses(self, live: LiveCall) -> Scarce | None:
        """Whether there is no room for a call that rings: ``None``, or what there is too little of."""
        return self.admission.refuses(live.call.id, self.dispatch.busy - 1)

    def ring_s(self) -> float:
        """How long the phone of a call that there is room for rings, before it is answered."""
        return self.admission.ring_s()

    def report_over(self, call: Call, cause: str) -> None:
        """A call has turned out to be over, though the carrier has not reported it."""
        self.dispatch.report_over(call, cause)

    def stream_over(self, stream: MediaStream) -> None:
        """A media stream is over: add what it has counted to the totals."""
        self.counters.stream_over(stream.counters)

    def settled(self, live: LiveCall, *, forget: bool) -> None:
        """Our part in the call is done; ``forget`` if the call is over as well."""
        if forget and live.call in self.dispatch.live:
            self.counters.line_over(live.call.line)
            self.dispatch.forget(live)
        self._settled.set()


def _leave_alone(carrier: Carrier, event: CallEvent) -> None:
    """What becomes of events of unknown legs in a program that takes none over."""


def _warm_codecs(options: HostOptions, carriers: Sequence[Carrier]) -> None:
    """Build one coder of each kind that a carrier may announce, so that no library is loaded during a call."""
    codes_of(make_encoder(options.codec, options.sample_rate, l16_byte_order=options.l16_byte_order))
    for encoding, rate in {codec for carrier in carriers for codec in carrier.wire.codecs}:
        with suppress(UnsupportedCodec):
            samples_of(make_decoder(encoding, rate))
