"""Webhooks in: verified, told apart, counted and queued, before anything acts on them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from offhook.errors import PayloadInvalid, SignatureInvalid, TimestampStale, WebhookError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook.carriers.events import CallEvent
    from offhook.clock import Clock
    from offhook.server.wire import Wire

__all__ = ["MAX_BODY_BYTES", "Inbox", "Seen", "Verdict", "WebhookCounters"]

logger = logging.getLogger(__name__)

KeyT = TypeVar("KeyT")

MAX_BODY_BYTES = 1024 * 1024
"""The largest webhook body that is read."""

_STATUS: dict[type[WebhookError], int] = {SignatureInvalid: 401, TimestampStale: 403, PayloadInvalid: 400}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one delivery. ``reason`` is ``None`` if it was taken, or repeats an event that was."""

    status: int
    reason: str | None = None


@dataclass(slots=True)
class WebhookCounters:
    """What has been delivered since the start."""

    delivered: int = 0
    """Requests to the webhook's path."""
    verified: int = 0
    """Of these: signed by the carrier, and an event."""
    accepted: int = 0
    """Of these: queued for the first time."""
    duplicates_dropped: int = 0
    """Of the verified: events that the carrier repeated."""
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
    """Takes deliveries and answers at once; :attr:`events` hands the new ones on.

    Args:
        wire: how the carrier signs and writes.
        clock: for the signature's age.
        limit: how many events may wait before the carrier is asked to come back later (503).
        refuses: says why a verified event is not taken now (``"draining"``), or ``None``; the carrier retries it.
    """

    def __init__(self, wire: Wire, clock: Clock, *, limit: int, refuses: Callable[[CallEvent], str | None]) -> None:
        self.counters = WebhookCounters()
        self.events: asyncio.Queue[CallEvent] = asyncio.Queue(maxsize=limit)
        self._wire = wire
        self._clock = clock
        self._refuses = refuses
        self._events = Seen[str]()
        self._signatures = Seen[bytes]()

    def take(self, body: bytes, headers: Mapping[str, str]) -> Verdict:
        """Judge one delivery. Never raises."""
        counters = self.counters
        counters.delivered += 1
        try:
            event = self._wire.read_webhook(body, headers, self._clock.wall_ms() / 1000)
        except WebhookError as error:
            return self._refuse(_STATUS.get(type(error), 400), error.code, len(body), error.fix)
        counters.verified += 1
        signature = self._wire.signature_of(headers)
        if signature in self._signatures:
            return self._refuse(409, "replayed", len(body))
        if event.event_id in self._events:
            counters.duplicates_dropped += 1
            self._remember(event, signature)
            return Verdict(200)
        reason = self._refuses(event)
        if reason is None and self.events.full():
            reason = "queue_full"
        if reason is not None:
            return self._refuse(503, reason, len(body))
        # Only now: a delivery that was refused must be taken when the carrier repeats it.
        self._remember(event, signature)
        self.events.put_nowait(event)
        counters.accepted += 1
        return Verdict(200)

    def _remember(self, event: CallEvent, signature: bytes) -> None:
        now_ms = self._clock.now_ms()
        self._events.add(event.event_id, now_ms)
        if signature:
            self._signatures.add(signature, now_ms)

    def refuse_unread(self, status: int, reason: str, size: int) -> Verdict:
        """Count and log a delivery that was refused before its body was looked at."""
        self.counters.delivered += 1
        return self._refuse(status, reason, size)

    def _refuse(self, status: int, reason: str, size: int, fix: str | None = None) -> Verdict:
        self.counters.refused[reason] += 1
        hint = f"; fix: {fix}" if fix else ""
        logger.warning("webhook refused: %s, answered %d, body of %d bytes%s", reason, status, size, hint)
        return Verdict(status, reason)
