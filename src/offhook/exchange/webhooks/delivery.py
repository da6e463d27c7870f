"""Delivering webhooks.

Every try carries its own ``meta.attempt`` and ``meta.delivered_to`` and is signed anew. Each event is delivered by
itself, so a retry may arrive after a later event: order was never promised.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from offhook.errors import ConfigError
from offhook.exchange.webhooks.payloads import envelope
from offhook.exchange.webhooks.tries import judge, next_try
from offhook.exchange.words.local_urls import local_webhook_urls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from offhook.carriers.telnyx.signing import Signer
    from offhook.clock import Clock
    from offhook.exchange.legs.journal import Journal
    from offhook.exchange.webhooks.targets import Target
    from offhook.exchange.webhooks.tries import Try, Verdict
    from offhook.exchange.words.settings import WebhookAssumptions

__all__ = ["Webhook", "WebhookSender", "trusting", "why"]

MAX_REDIRECTS = 3
REMEMBERED = 1000
_CONNECT_S = 0.5
"""How long one of several ways to a program may take to connect, this machine or a tunnel."""


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
            verify=trusting(assumptions.ca_path),
            follow_redirects=assumptions.follow_redirects,
            max_redirects=MAX_REDIRECTS,
            limits=httpx.Limits(max_connections=1000, max_keepalive_connections=100),
        )
        self._reached: set[str] = set()
        """Origins that were reached, of URLs that lead to more than one."""
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
        reason: str | None = None
        tallies = self._tallies_of(webhook.call_id)
        while (this := next_try(webhook.target, last, verdict)) is not None:
            if this.after_ms:
                await self._sleep(this.after_ms / 1000)
            verdict, reason = await self._try(webhook, this)
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
                last=reason,
            )

    async def _try(self, webhook: Webhook, this: Try) -> tuple[Verdict, str | None]:
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
        ways = self._ways(webhook.target, this.url)
        try:
            async with asyncio.timeout(webhook.target.timeout_ms / 1000):
                response, reason = await self._post(ways, body, headers)
            status = response.status_code if response is not None else None
        except TimeoutError:
            reason = "timeout"
        except httpx.TooManyRedirects:
            reason = "too many redirects"
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
        return verdict, reason or (None if status is None else f"answered {status}")

    def _ways(self, target: Target, url: str) -> list[str]:
        """The URLs to try, what has worked before first."""
        if not target.map_urls:
            return [url]
        ways = local_webhook_urls(url, target.program)
        return sorted(ways, key=lambda way: _origin(way) not in self._reached) if len(ways) > 1 else [url]

    async def _post(
        self, ways: list[str], body: bytes, headers: Mapping[str, str]
    ) -> tuple[httpx.Response | None, str | None]:
        """Post to the first of ``ways`` that can be connected to; what was tried, if that is none."""
        tried: list[tuple[str, str]] = []
        for way in ways:
            # What waits for more than a TLS client says first would keep the next way from being tried.
            limit_s = None if way == ways[-1] else _CONNECT_S
            try:
                timeout = httpx.Timeout(None, connect=limit_s)
                response = await self._client.post(way, content=body, headers=headers, timeout=timeout)
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
                tried.append((way, why(problem)))
                self._reached.discard(_origin(way))
                if _untrusted(problem):
                    break  # TLS is meant: nothing is said in the clear
                continue
            if len(ways) > 1:
                self._reached.add(_origin(way))
            return response, None
        if len(tried) == 1:
            return None, tried[0][1]
        return None, "tried " + ", ".join(f"{_origin(way)} ({reason})" for way, reason in tried)


def _origin(url: str) -> str:
    """Scheme, host and port: what may be told of a URL, whose path can hold a token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _causes(problem: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = problem
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _untrusted(problem: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(problem))


def why(problem: BaseException) -> str:
    """Why a URL could not be connected to, in words. Nothing of the problem's own text is repeated."""
    if _untrusted(problem):
        return "its certificate is not trusted: name its CA in SSL_CERT_FILE or in the setting ca_path"
    for cause in _causes(problem):
        if isinstance(cause, ssl.SSLError):
            return "no TLS is spoken there"
        if isinstance(cause, socket.gaierror):
            return "no such host"
    return "no answer in time" if isinstance(problem, httpx.TimeoutException) else "nothing listens there"


def trusting(ca_path: Path | None) -> ssl.SSLContext:
    """The certificates of public authorities, the system's, those of ``SSL_CERT_FILE``, and those in ``ca_path``.

    Raises:
        ConfigError: there are no certificates in ``ca_path``.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    if ca_path is not None:
        try:
            context.load_verify_locations(ca_path)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"expected certificates in PEM in {ca_path}, got: {type(error).__name__}.", fix="check ca_path"
            ) from None
    return context
