"""Webhooks in: verified, told apart, counted and queued, before anything acts on them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from offhook.errors import PayloadInvalid, SignatureInvalid, TimestampStale, WebhookError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from offhook.carriers.commands import Carrier
    from offhook.carriers.events import CallEvent
    from offhook.carriers.wire import Document, WebhookRequest
    from offhook.clock import Clock
    from offhook.server.journal import Journal

__all__ = ["MAX_BODY_BYTES", "Inbox", "Seen", "Verdict", "WebhookCounters"]

logger = logging.getLogger(__name__)

KeyT = TypeVar("KeyT")

MAX_BODY_BYTES = 1024 * 1024
"""The largest webhook body that is read."""

_STATUS: dict[type[WebhookError], int] = {SignatureInvalid: 401, TimestampStale: 403, PayloadInvalid: 400}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one delivery. ``reason`` is ``None`` if it was taken, or repeats events that were."""

    status: int
    reason: str | None = None
    document: Callable[[], Awaitable[Document]] | None = field(default=None, compare=False)
    """Where the carrier waits for one in the reply: gets it (see :meth:`Inbox.document_of`)."""
    written: tuple[asyncio.Future[bool], ...] = field(default=(), compare=False)
    """Done once what was taken is written down, or need not be waited for any longer."""


@dataclass(slots=True)
class WebhookCounters:
    """What has been delivered since the start."""

    delivered: int = 0
    """Requests to the webhook's path."""
    verified: int = 0
    """Of these: signed by the carrier, and understood."""
    accepted: int = 0
    """Events of these that were queued, each for the first time."""
    duplicates_dropped: int = 0
    """Events of these that the carrier repeated."""
    refused: Counter[str] = field(default_factory=Counter)
    """Not taken, by reason."""

    def report(self) -> dict[str, object]:
        """As plain values."""
        return {
            "delivered": self.delivered,
            "verified": self.verified,
            "accepted": self.accepted,
            "duplicates_dropped": self.duplicates_dropped,
            "refused": dict(self.refused),
        }


class Seen(Generic[KeyT]):
    """What was taken, for as long as it may come again: the ids of events, and the signatures of deliveries.

    Args:
        limit: how many are remembered at most; the oldest are forgotten first.
        memory_ms: how long one is remembered.
    """

    def __init__(self, *, limit: int = 100_000, memory_ms: float = 900_000.0) -> None:
        self._limit = limit
        self._memory_ms = memory_ms
        self._seen: OrderedDict[KeyT, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, key: KeyT) -> bool:
        return key in self._seen

    def add(self, key: KeyT, now_ms: float) -> None:
        """Remember ``key``, and forget what is old."""
        self._seen[key] = now_ms
        self._seen.move_to_end(key)
        while self._seen:
            oldest, seen_ms = next(iter(self._seen.items()))
            if len(self._seen) <= self._limit and now_ms - seen_ms <= self._memory_ms:
                return
            del self._seen[oldest]


class Inbox:
    """Takes deliveries of every carrier and answers at once; :attr:`events` hands the new events on.

    An event is acted on after its acknowledgement: what it sets going would only hold that up. So with a journal it is
    handed on once it is written, or late, and always behind those that were accepted before it.

    Args:
        clock: for the signatures' age.
        limit: how many events may wait before the carrier is asked to come back later (503).
        journal: where accepted events are written before they are acknowledged.
        refuses: says why a verified event is not taken now (``"draining"``), or ``None``; the carrier retries it.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        limit: int,
        refuses: Callable[[Carrier, CallEvent], str | None],
        journal: Journal | None = None,
    ) -> None:
        self.counters = WebhookCounters()
        self.events: asyncio.Queue[tuple[Carrier, CallEvent]] = asyncio.Queue(maxsize=limit)
        self._limit = limit
        self._clock = clock
        self._refuses = refuses
        self._journal = journal
        self._unwritten: deque[tuple[Carrier, CallEvent, asyncio.Future[bool]]] = deque()
        self._handing_on = False
        self._seen = Seen[tuple[str, str]]()
        self._signatures = Seen[bytes]()

    @property
    def waiting(self) -> int:
        """How many accepted events nobody has acted on yet."""
        return len(self._unwritten) + self.events.qsize()

    async def join(self) -> None:
        """Wait until all accepted events were acted on."""
        while self._unwritten:
            await asyncio.wait([self._unwritten[-1][2]])
        await self.events.join()

    def take(self, carrier: Carrier, request: WebhookRequest) -> Verdict:
        """Judge one delivery of ``carrier``: all its events are taken, or none. Never raises."""
        counters, wire, size = self.counters, carrier.wire, len(request.body)
        counters.delivered += 1
        try:
            reading = wire.read_webhook(request, self._clock.wall_ms() / 1000)
        except WebhookError as error:
            return self._refuse(_STATUS.get(type(error), 400), error.code, size, error.fix)
        counters.verified += 1
        if reading.signature in self._signatures:
            return self._refuse(409, "replayed", size)
        new = [event for event in reading.events if (wire.name, event.event_id) not in self._seen]
        reason = next((reason for event in new if (reason := self._refuses(carrier, event)) is not None), None)
        if reason is None and self.waiting + len(new) > self._limit:
            reason = "queue_full"
        if reason is not None:
            return self._refuse(503, reason, size)
        # Only now: a delivery that was refused must be taken when the carrier repeats it.
        now_ms = self._clock.now_ms()
        for event in reading.events:
            self._seen.add((wire.name, event.event_id), now_ms)
        if reading.signature:
            self._signatures.add(reading.signature, now_ms)
        counters.accepted += len(new)
        counters.duplicates_dropped += len(reading.events) - len(new)
        if self._journal is None:
            for event in new:
                self.events.put_nowait((carrier, event))
            return Verdict(200, document=reading.document)
        written = tuple(self._journal.accept(wire.name, event, reading.signature) for event in new)
        for event, future in zip(new, written, strict=True):
            self._unwritten.append((carrier, event, future))
            future.add_done_callback(self._written)
        return Verdict(200, document=reading.document, written=written)

    def _written(self, future: asyncio.Future[bool]) -> None:
        if not self._handing_on:
            self._handing_on = True
            future.get_loop().call_soon(self._hand_on)  # behind those who wait to acknowledge

    def _hand_on(self) -> None:
        self._handing_on = False
        while self._unwritten and self._unwritten[0][2].done():
            carrier, event, _ = self._unwritten.popleft()
            self.events.put_nowait((carrier, event))

    def remember(self, seen: Iterable[tuple[tuple[str, str], bytes, float]]) -> None:
        """What an earlier process has accepted: keys, signatures, and when, in wall clock milliseconds."""
        since_ms = self._clock.now_ms() - self._clock.wall_ms()
        for key, signature, at_ms in seen:
            self._seen.add(key, since_ms + at_ms)
            if signature:
                self._signatures.add(signature, since_ms + at_ms)

    def refuse_unread(self, status: int, reason: str, size: int) -> Verdict:
        """Count and log a delivery that was refused before its body was looked at."""
        self.counters.delivered += 1
        return self._refuse(status, reason, size)

    async def document_of(self, verdict: Verdict, within_s: float) -> Document | Verdict:
        """The document that the carrier waits for, once what decides on the call has written it.

        If that takes longer than ``within_s`` it is a refusal: the carrier then tries where it is told to go when we
        fail.
        """
        assert verdict.document is not None
        try:
            async with asyncio.timeout(within_s):
                return await verdict.document()
        except TimeoutError:
            return self._refuse(503, "not_answered", 0)

    def _refuse(self, status: int, reason: str, size: int, fix: str | None = None) -> Verdict:
        self.counters.refused[reason] += 1
        hint = f"; fix: {fix}" if fix else ""
        logger.warning("webhook refused: %s, answered %d, body of %d bytes%s", reason, status, size, hint)
        return Verdict(status, reason)
