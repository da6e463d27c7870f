"""A host: it takes a carrier's calls and puts an agent's session on each of them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.calls.call import Call
from offhook.calls.events import CallOver, CallRinging, TransferBridged, TransferFailed
from offhook.calls.registry import CallRegistry, TokenRefused
from offhook.calls.state import CallRecord, CallState
from offhook.calls.stream import MediaStream
from offhook.carriers.commands import StreamRequest
from offhook.carriers.events import CallBridged, CallHangup, CallInitiated
from offhook.clock import SystemClock
from offhook.errors import CallError, ConfigError, UnsupportedCodec
from offhook.server.counters import HostCounters
from offhook.server.early import EarlyEvents
from offhook.server.inbox import Inbox, Verdict
from offhook.server.live import LiveCall
from offhook.server.media import MediaRefused
from offhook.server.options import HostOptions
from offhook.server.stall import StallProbe
from offhook.server.ticker import Ticker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from offhook.carriers.commands import Carrier
    from offhook.carriers.events import CallEvent
    from offhook.clock import Clock
    from offhook.server.media import MediaLimits
    from offhook.server.session import SessionFactory
    from offhook.server.wire import Wire

__all__ = ["Host"]

logger = logging.getLogger(__name__)

LONGEST_CALL_MS = 5 * 3_600_000.0
"""No call lasts longer: the carrier ends them after four hours."""

_CARRIER_CODECS = (("PCMU", 8000), ("PCMA", 8000), ("G722", 8000), ("OPUS", 16000), ("AMR-WB", 16000), ("L16", 16000))


class Host:
    """Takes webhooks and media sockets, answers and dials, and runs a session on each call.

    It lives on one event loop. It has no sockets of its own: :class:`~offhook.server.run.Server` gives it a port, and
    :mod:`~offhook.server.asgi` a place in another application.

    Args:
        sessions: makes the session of a call. Where it has a ``warm_up``, as the carrier may, :meth:`start` awaits it.
        carrier: who commands go to. The host does not close it.
        wire: how that carrier's webhooks and media are written.
        public_url: where the carrier reaches this process, without a path; may be set later, before the first call.
        options: limits, times and texts.
        clock: the machine's, unless told otherwise.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        carrier: Carrier,
        wire: Wire,
        public_url: str | None = None,
        options: HostOptions | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.sessions = sessions
        self.carrier = carrier
        self.wire = wire
        self.public_url = public_url
        self.options = options or HostOptions()
        self.clock: Clock = clock or SystemClock()
        self.registry = CallRegistry(self.clock)
        self.ticker = Ticker(self.clock)
        self.stall = StallProbe()
        self.counters = HostCounters()
        self.draining = False
        self.stopping = False
        self.inbox = Inbox(wire, self.clock, limit=self.options.max_queued_events, refuses=self._refuses)
        self._live: dict[Call, LiveCall] = {}
        self._settled = asyncio.Event()
        self._early = EarlyEvents()
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        self._observers: list[Callable[[Call], None]] = []

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Warm everything up, then take events. Nothing slow is left for the first call.

        Raises:
            UnsupportedCodec: if the codec of the options cannot be coded on this machine.
        """
        warm_ups = [getattr(each, "warm_up", None) for each in (self.carrier, self.sessions)]
        await asyncio.gather(
            asyncio.to_thread(_warm_codecs, self.options), *(warm_up() for warm_up in warm_ups if warm_up is not None)
        )
        self._worker = asyncio.create_task(self._work())

    async def drain(self, timeout_s: float) -> None:
        """Take no new calls, let the running ones end, and after ``timeout_s`` say goodbye to the rest.

        New inbound calls are answered 503, so that the carrier tries elsewhere; webhooks of running calls are taken.
        """
        self.draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._until_idle(), timeout_s)
        rest = [live for live in self._live.values() if live.busy]
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
        self.draining = self.stopping = True
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait({self._worker})
            self._worker = None
        for live in tuple(self._live.values()):
            live.abandon()
        # First in good order, with every session closed; then whatever still hangs on to a command.
        for hurry in (False, True):
            for task in tuple(self._tasks) if hurry else ():
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=2.0)
        self.stall.stop()

    async def _until_idle(self) -> None:
        await self.inbox.events.join()
        while any(live.busy for live in self._live.values()):
            self._settled.clear()
            await self._settled.wait()

    async def _until_reported(self) -> None:
        while any(not live.handed_over for live in self._live.values()):
            self._settled.clear()
            await self._settled.wait()

    # -- for programs ------------------------------------------------------------------------------------------------

    async def dial(
        self,
        to: str,
        from_: str,
        *,
        timeout_s: int = 30,
        client_state: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Call:
        """Call ``to`` and put a session on the call once it is answered. Returns when the carrier has agreed to dial.

        Args:
            to: E.164 or a SIP URI.
            from_: the number to present; one of the account's own.
            timeout_s: how long it may ring.
            client_state: a text that comes back with every webhook of the call.
            data: what ``call.data`` begins with.

        Raises:
            CallError: if the host is draining.
            CarrierError: if the carrier refuses.
        """
        if self.draining:
            raise CallError("expected a host that takes calls, got one that is stopping.")
        record = CallRecord(call_id="", direction="outbound", from_=from_, to=to, client_state=client_state)
        call = Call(record, self.carrier, started_at_ms=self.clock.wall_ms())
        call.data.update(data or {})
        live = self._live[call] = LiveCall(call, self)
        self.stall.watch()
        request = self.stream_request(call, ringing_s=timeout_s)
        try:
            dialed = await self.carrier.dial(
                to=to, from_=from_, stream=request, client_state=client_state, timeout_s=timeout_s
            )
        except BaseException:
            self.settled(live, forget=True)
            raise
        call.record = replace(call.record, leg_id=dialed.leg_id, session_id=dialed.session_id)
        self.identified(live, dialed.call_id)
        live.prepare()
        return call

    def on_call(self, callback: Callable[[Call], None]) -> Callable[[], None]:
        """Call ``callback`` with every new call, as soon as its id is known; returns a function that ends it.

        What it raises is logged by its type, and disturbs neither the call nor other callbacks.
        """
        self._observers.append(callback)

        def forget() -> None:
            if callback in self._observers:
                self._observers.remove(callback)

        return forget

    def report(self) -> dict[str, object]:
        """What ``/healthz`` tells: no personal data."""
        return {
            "status": "draining" if self.draining else "ok",
            "calls_up": sum(live.busy for live in self._live.values()),
            "calls": self.counters.calls,
            "webhooks": self.inbox.counters.report(),
            "media": self.counters.media(),
            "loop_stall": self.stall.report(),
            "ticks_missed": self.ticker.missed,
            "tasks": len(self._tasks),
        }

    # -- webhooks ----------------------------------------------------------------------------------------------------

    def webhook(self, body: bytes, headers: Mapping[str, str]) -> Verdict:
        """Judge one delivery, and queue its event if it is new. Returns at once; nothing has acted on it yet."""
        return self.inbox.take(body, headers)

    def _refuses(self, event: CallEvent) -> str | None:
        if self.inbox.events.qsize() + len(self._tasks) >= self.options.max_queued_events:
            return "queue_full"
        if isinstance(event, CallInitiated) and event.direction == "inbound" and not self.registry.get(event.call_id):
            if self.draining:
                return "draining"
            if self._full():
                self._forget_lost_calls()
                return "too_many_calls" if self._full() else None
        return None

    def _full(self) -> bool:
        return sum(live.busy for live in self._live.values()) >= self.options.max_calls

    async def _work(self) -> None:
        while True:
            event = await self.inbox.events.get()
            try:
                self._process(event)
            except Exception as error:
                logger.error("an event of type %s raised %s", event.event_type, type(error).__name__)
                logger.debug("the event's error", exc_info=error)
            finally:
                self.inbox.events.task_done()

    def _process(self, event: CallEvent) -> None:
        call = self.registry.get(event.call_id)
        if call is not None:
            self._handle(call, event)
        elif isinstance(event, CallInitiated) and event.direction == "inbound":
            call = Call(CallRecord(call_id=event.call_id), self.carrier, started_at_ms=self.clock.wall_ms())
            live = self._live[call] = LiveCall(call, self)
            call.record = replace(call.record, direction="inbound", from_=event.from_, to=event.to)
            self._known(live)
            self._handle(call, event)
        elif (leg_of := self._leg_of(event)) is not None:
            self._leg_event(leg_of, event)
        else:
            self._early.keep(event)

    def _handle(self, call: Call, event: CallEvent) -> None:
        live = self._live.get(call)
        if live is None:
            call.apply(event, wall_ms=self.clock.wall_ms())  # over and done with: late facts change nothing else
            return
        bridged_before = call.state is CallState.BRIDGED
        live.handle(event)
        now_ms = self.clock.wall_ms()
        if isinstance(event, CallBridged) and call.transferring and not bridged_before and not call.ended:
            call.notify(TransferBridged(at_ms=now_ms, call_id=call.id))
        if isinstance(event, CallHangup):
            call.notify(CallOver(at_ms=now_ms, call_id=call.id, cause=event.cause))
            self.registry.end(call)

    def _known(self, live: LiveCall) -> None:
        """A call has its id: from now on webhooks find it, and those that came before it are made up for."""
        call = live.call
        self._forget_lost_calls()
        self.counters.calls += 1
        self.registry.add(call)
        for observer in tuple(self._observers):
            try:
                observer(call)
            except Exception as error:  # as with the observers of a call: none of them may cost the caller the answer
                logger.error("an observer of new calls raised %s", type(error).__name__)
                logger.debug("the observer's error", exc_info=error)
        call.notify(CallRinging(at_ms=self.clock.wall_ms(), call_id=call.id, direction=call.direction))
        for event in self._early.take(call.id):
            self._handle(call, event)

    def _forget_lost_calls(self) -> None:
        """Let go of calls that must be over although nobody said so: a webhook can be lost for good."""
        horizon_ms = self.clock.now_ms() - LONGEST_CALL_MS
        for live in tuple(self._live.values()):
            if live.began_ms < horizon_ms:
                if live.busy:  # it was never answered, or never had audio: no session has ended, nor will
                    live.abandon()
                self.registry.end(live.call)
                self.settled(live, forget=True)

    # -- transfers ---------------------------------------------------------------------------------------------------

    def _leg_of(self, event: CallEvent) -> Call | None:
        """The call whose transfer made the leg that ``event`` is of."""
        call = self.registry.call_of_leg(event.call_id)
        if call is None:
            call = self.registry.in_session(event.session_id)
            if call is None or not call.transferring:
                return None
            self.registry.add_leg(event.call_id, call)
        return call

    def _leg_event(self, call: Call, event: CallEvent) -> None:
        call.notify(event)
        if isinstance(event, CallHangup) and call.transferring and call.state is CallState.ANSWERED:
            call.transferring = False
            call.notify(TransferFailed(at_ms=self.clock.wall_ms(), call_id=call.id, cause=event.cause))
            live = self._live.get(call)
            if live is not None:
                live.transfer_failed()

    # -- media (MediaGate) -------------------------------------------------------------------------------------------

    @property
    def media_limits(self) -> MediaLimits:
        """What one media socket may cost."""
        return self.options.media

    def admit(self, token: str) -> tuple[Call, StreamRequest]:
        """Spend a token. Raises :exc:`~offhook.server.media.MediaRefused`."""
        if not token:
            self.counters.media_refused["none"] += 1
            raise MediaRefused(401, "expected a token in the path")
        found = self.registry.redeem_token(token)
        if isinstance(found, TokenRefused):
            self.counters.media_refused[found.reason] += 1
            raise MediaRefused(403 if found.reason == "unknown" else 410, f"this token is {found.reason}")
        return found

    def open_stream(
        self, call: Call, request: StreamRequest, *, send: Callable[[bytes], None], close: Callable[[], None]
    ) -> MediaStream:
        """The stream of a socket that was let in."""
        self.counters.media_sockets += 1
        order = self.options.l16_byte_order
        stream = MediaStream(self.wire.new_media(), request=request, send=send, close=close, l16_byte_order=order)
        live = self._live.get(call)
        if live is None:
            close()
        else:
            self.counters.media_open += 1
            live.opened(stream)
        return stream

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
            logger.error("a call's work raised %s", type(error).__name__)
            logger.debug("the work's error", exc_info=error)

    def stream_request(self, call: Call, *, ringing_s: float = 0.0) -> StreamRequest:
        """A stream to ask the carrier for, with a fresh one-time token in its address."""
        if self.public_url is None:
            raise ConfigError(
                "expected to know where the carrier reaches this process, got no public address.",
                fix="set OFFHOOK_PUBLIC_URL, or pass public_url to Host.",
            )
        address = "ws" + self.public_url.removeprefix("http").rstrip("/")
        options = self.options
        # The token needs the request and the request's address the token.
        request = StreamRequest(url="", codec=options.codec, sample_rate=options.sample_rate)
        token = self.registry.issue_token(call, request, ringing_s=ringing_s)
        return replace(request, url=f"{address}/media/{token}")

    def identified(self, live: LiveCall, call_id: str) -> None:
        """A dialled call has its id, from the carrier's answer or its media stream, whichever came first."""
        if not live.call.id:
            live.call.record = replace(live.call.record, call_id=call_id)
            self._known(live)

    def stream_over(self, stream: MediaStream) -> None:
        """A media stream is over: add what it has counted to the totals."""
        self.counters.stream_over(stream.counters)

    def settled(self, live: LiveCall, *, forget: bool) -> None:
        """Our part in the call is done; ``forget`` if the call is over as well."""
        if forget:
            self._live.pop(live.call, None)
        self._settled.set()


def _warm_codecs(options: HostOptions) -> None:
    """Build one coder of each kind the carrier may announce, so that no library is loaded during a call."""
    make_encoder(options.codec, options.sample_rate, l16_byte_order=options.l16_byte_order)
    for encoding, rate in _CARRIER_CODECS:
        with suppress(UnsupportedCodec):
            make_decoder(encoding, rate)
