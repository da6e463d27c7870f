"""Delivering webhooks.

Every try carries its own ``meta.attempt`` and ``meta.delivered_to`` and is signed anew. Each event is delivered by
itself, so a retry may arrive after a later event: order was never promised.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from offhook.exchange.webhooks.payloads import envelope
from offhook.exchange.webhooks.tries import judge, next_try

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from offhook.carriers.telnyx.signing import Signer
    from offhook.clock import Clock
    from offhook.exchange.legs.journal import Journal
    from offhook.exchange.webhooks.targets import Target
    from offhook.exchange.webhooks.tries import Try, Verdict
    from offhook.exchange.words.settings import WebhookAssumptions

__all__ = ["Webhook", "WebhookSender"]

MAX_REDIRECTS = 3
REMEMBERED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One event for one target."""

    event_id: str
    event_type: str
    call_id: str
    occurred_ms: float
    payload: Mapping[str, Any] = field(repr=False)
    target: Target = field(repr=False)


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    tries: int = 0

    def as_dict(self) -> dict[str, int]:
        return {
            "sent": self.sent,
            "delivered": self.delivered,
            "failed": self.failed,
            "pending": self.sent - self.delivered - self.failed,
            "tries": self.tries,
        }


class WebhookSender:
    """Delivers events, each in a task of its own, and keeps account.

    Args:
        signer: signs every body.
        clock: the time for timestamps.
        journal: gets ``webhook.delivered``, ``webhook.attempt_failed`` and ``webhook.failed``.
        assumptions: how redirects are taken.
        sleep: waits the given number of seconds between tries.
        client: sends; made when it is not given.
    """

    def __init__(
        self,
        signer: Signer,
        *,
        clock: Clock,
        journal: Journal,
        assumptions: WebhookAssumptions,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._journal = journal
        self._sleep = sleep
        # No proxy, no .netrc: a webhook goes to the URL that was given, with nothing of this machine's in it.
        self._client = client or httpx.AsyncClient(
            trust_env=False,
            follow_redirects=assumptions.follow_redirects,
            max_redirects=MAX_REDIRECTS,
            limits=httpx.Limits(max_connections=1000, max_keepalive_connections=100),
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._total = _Tally()
        self._tallies: dict[str, _Tally] = {}
        self._by_type: Counter[str] = Counter()
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        """The latest tries, oldest first: ``event_type``, ``id``, ``call``, ``attempt``, ``status``, ``ms``."""

    def send(self, webhook: Webhook) -> None:
        """Begin to deliver; returns at once."""
        self._by_type[webhook.event_type] += 1
        for tally in self._tallies_of(webhook.call_id):
            tally.sent += 1
        task = asyncio.create_task(self._deliver(webhook), name=f"webhook {webhook.event_type}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tally(self, call_id: str | None = None) -> dict[str, int]:
        """``sent``, ``delivered``, ``failed``, ``pending``, ``tries``, of one call or of all."""
        return (self._total if call_id is None else self._tallies.get(call_id, _Tally())).as_dict()

    def by_type(self) -> dict[str, int]:
        """How many events of each type were sent."""
        return dict(self._by_type)

    def forget(self, call_id: str) -> None:
        """Drop the account of a call that can no longer be asked for."""
        self._tallies.pop(call_id, None)

    async def settle(self) -> None:
        """Wait until every event is delivered or given up."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def aclose(self, grace_s: float = 0.0) -> None:
        """Give what is on its way ``grace_s`` to arrive, drop the rest, and close connections."""
        if grace_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.settle(), grace_s)
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    def _tallies_of(self, call_id: str) -> tuple[_Tally, _Tally]:
        return self._total, self._tallies.setdefault(call_id, _Tally())

    async def _deliver(self, webhook: Webhook) -> None:
        verdict: Verdict = "retry"
        last: Try | None = None
        tallies = self._tallies_of(webhook.call_id)
        while (this := next_try(webhook.target, last, verdict)) is not None:
            if this.after_ms:
                await self._sleep(this.after_ms / 1000)
            verdict = await self._try(webhook, this)
            for tally in tallies:
                tally.tries += 1
            last = this
        for tally in tallies:
            if verdict == "delivered":
                tally.delivered += 1
            else:
                tally.failed += 1
        if verdict != "delivered":
            self._journal.append(
                "webhook.failed",
                webhook.call_id,
                event_type=webhook.event_type,
                id=webhook.event_id,
                reason="given up",
            )

    async def _try(self, webhook: Webhook, this: Try) -> Verdict:
        body = envelope(
            webhook.event_type, webhook.event_id, webhook.occurred_ms, dict(webhook.payload), this.attempt, this.url
        )
        headers = {
            "content-type": "application/json",
            "user-agent": "telnyx-webhooks",
            **self._signer.sign(body, int(self._clock.wall_ms() // 1000)),
        }
        began_ms = self._clock.now_ms()
        status: int | None = None
        reason: str | None = None
        try:
            async with asyncio.timeout(webhook.target.timeout_ms / 1000):
                response = await self._client.post(this.url, content=body, headers=headers, timeout=None)
            status = response.status_code
        except TimeoutError:
            reason = "timeout"
        except httpx.TooManyRedirects:
            reason = "too many redirects"
        except httpx.ConnectError:
            reason = "nothing listens there"
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:  # JSON can hold what no URL can
            reason = type(problem).__name__
        verdict = judge(status)
        facts: dict[str, Any] = {
            "event_type": webhook.event_type,
            "id": webhook.event_id,
            "attempt": this.attempt,
            "status": status,
            "ms": round(self._clock.now_ms() - began_ms, 3),
        }
        if reason is not None:
            facts["reason"] = reason
        if this.failover:
            facts["failover"] = True
        self.deliveries.append({"call": webhook.call_id, **facts})
        kind = "webhook.delivered" if verdict == "delivered" else "webhook.attempt_failed"
        self._journal.append(kind, webhook.call_id, **facts)
        return verdict
