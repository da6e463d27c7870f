"""Requests to Telnyx, through the official ``telnyx`` package.

What that package lacks is added here: retries that keep the ``command_id`` (its own would repeat the command, so they
are off), a circuit breaker, and errors of our own tree. Its import takes more than a second, so it is done in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final

from offhook.carriers.telnyx.errors import from_api_error, retry_after_ms
from offhook.carriers.telnyx.retry import CircuitBreaker, Tries
from offhook.errors import CarrierUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    import httpx
    from telnyx import AsyncTelnyx

    from offhook.carriers.telnyx.retry import RetryPolicy
    from offhook.clock import Clock
    from offhook.errors import CarrierError

    Request = Callable[[AsyncTelnyx, httpx.Timeout], Awaitable[Any]]
    """One try, on the package's client."""

__all__ = ["TelnyxRequests"]

log = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0


class TelnyxRequests:
    """Sends requests until there is a reply.

    Args:
        api_key: the account's API key.
        base_url: the API's address with its ``/v2``; if not given, ``TELNYX_BASE_URL`` or Telnyx itself.
        http_client: a client of one's own. It stays open after :meth:`aclose`.
        clock: the time.
        sleep: how to wait, in seconds.
        breaker: when to stop sending.
        rehearsal: run in the thread once the package is there, so that what it builds on first use is there too.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str | None,
        http_client: httpx.AsyncClient | None,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        breaker: CircuitBreaker | None,
        rehearsal: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self.api: AsyncTelnyx | None = None
        """The package's client, once it is there."""
        self._api_key = api_key
        self._base_url = base_url
        self._http_client = http_client
        self._clock = clock
        self._sleep = sleep
        self._breaker = breaker or CircuitBreaker()
        self._rehearsal = rehearsal
        self._refusals: tuple[type[Exception], ...] = ()
        self._warming = asyncio.Lock()

    async def warm_up(self) -> None:
        """Import the package and set up its client, in a thread. The first request does it otherwise."""
        async with self._warming:
            self.api = self.api or await asyncio.to_thread(self._load)

    async def aclose(self) -> None:
        """Release connections."""
        api, self.api = self.api, None
        if api is not None and self._http_client is None:
            await api.close()

    async def send(
        self, command: str, call_id: str | None, request: Request, *, policy: RetryPolicy, always: bool = False
    ) -> Any:
        """Try ``request`` until there is a reply, a refusal, or no more time.

        Args:
            command: what it is, for the log.
            call_id: whose it is, for errors.
            request: one try.
            policy: how often and how patiently it is tried.
            always: also while the breaker is open.

        Raises:
            CarrierError: see its tree.
        """
        if not (self._breaker.allows(self._clock.now_ms()) or always):
            raise CarrierUnavailable(
                "expected Telnyx to reply, got no usable reply many times in a row; commands rest for some seconds.",
                fix="check the network and https://status.telnyx.com.",
                call_id=call_id,
            )
        await self.warm_up()
        api, refusals = self.api, self._refusals
        assert api is not None
        tries = Tries(policy, self._clock.now_ms())
        while True:
            try:
                reply = await _once(request, api, tries.reply_timeout_ms(self._clock.now_ms()) / 1000)
            except refusals as error:
                failure = from_api_error(error, call_id=call_id)
                pause_ms = self._judge(failure, error, tries)
            else:
                self._breaker.succeeded()
                return reply
            log.warning("telnyx: %s failed (%s)", command, failure.code)
            if pause_ms is None:
                # Outside of the except block: what the package raised holds the request, with numbers and words.
                raise failure
            await self._sleep(pause_ms / 1000)

    def _judge(self, failure: CarrierError, error: Exception, tries: Tries) -> float | None:
        """Tell the breaker of a try that failed; how long to pause before the next, ``None`` if there is none."""
        now_ms = self._clock.now_ms()
        response: httpx.Response | None = getattr(error, "response", None)
        if response is not None and response.status_code < 500:
            self._breaker.succeeded()  # the carrier is there: it refuses, or asks for patience
        else:
            self._breaker.failed(now_ms)
        if not failure.retryable:
            return None
        return tries.pause_ms(
            now_ms,
            timed_out=_is_timeout(error),
            retry_after_ms=None if response is None else retry_after_ms(response.headers),
        )

    def _load(self) -> AsyncTelnyx:
        from telnyx import AsyncTelnyx, TelnyxError

        self._refusals = (TelnyxError, TimeoutError, json.JSONDecodeError, UnicodeDecodeError)
        api = AsyncTelnyx(api_key=self._api_key, base_url=self._base_url, max_retries=0, http_client=self._http_client)
        with contextlib.suppress(TimeoutError):  # on a machine that is very busy; it is a rehearsal only
            asyncio.run(self._rehearsal())
        _ = api.calls.actions, api.connections
        return api


async def _once(request: Request, api: AsyncTelnyx, reply_timeout_s: float) -> Any:
    """One try.

    Raises:
        TelnyxError: what the package raises.
        TimeoutError: the reply came in drops.
        JSONDecodeError, UnicodeDecodeError: the reply is not JSON.
    """
    import httpx

    timeout = httpx.Timeout(reply_timeout_s, connect=_CONNECT_S, pool=_CONNECT_S)
    async with asyncio.timeout(_CONNECT_S + reply_timeout_s):  # httpx counts from byte to byte only
        reply = await request(api, timeout)
    if isinstance(reply, str):
        raise json.JSONDecodeError("expected JSON", "", 0)
    return reply


def _is_timeout(error: Exception) -> bool:
    from telnyx import APITimeoutError

    return isinstance(error, TimeoutError | APITimeoutError)
