"""Commands to Telnyx, and questions.

Every command has a ``command_id``, which its retries keep, so that it takes effect once. How they are sent:
:mod:`~offhook.carriers.telnyx.requests`; what they look like: :mod:`~offhook.carriers.telnyx.fields`.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import TYPE_CHECKING, Any, Final, Literal

from offhook.carriers.commands import StreamRequest
from offhook.carriers.telnyx.fields import (
    dialed_call,
    leg_fields,
    live_legs,
    next_page,
    reject_fields,
    speak_fields,
    transfer_fields,
)
from offhook.carriers.telnyx.requests import TelnyxRequests
from offhook.carriers.telnyx.retry import RetryPolicy
from offhook.carriers.telnyx.streaming import fits_answer, stream_fields
from offhook.carriers.telnyx.wire import telnyx_wire
from offhook.clock import Clock, SystemClock
from offhook.errors import CallEnded, CallNotAnswered, CallNotFound, ConfigError, kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from offhook.carriers.commands import DialedCall, LiveLeg
    from offhook.carriers.telnyx.retry import CircuitBreaker

__all__ = ["DIAL_RETRIES", "TelnyxCarrier"]

log = logging.getLogger(__name__)

DIAL_RETRIES: Final = RetryPolicy(reply_timeouts_ms=(4000, 6000, 8000, 8000))
"""Dialling waits longer before it repeats: what the carrier replies to a repeated dial is not documented."""

_PAGE: Final = 250
"""As many calls as one page of the list of active ones may hold."""
_MOST_PAGES: Final = 200
_ANSWER_PATIENCE_MS: Final = 5000.0
_ANSWER_POLL_S: Final = 0.1


class TelnyxCarrier:
    """A Telnyx account (:class:`~offhook.carriers.commands.Carrier`).

    Args:
        api_key: the account's API key.
        public_key: what webhooks are verified with; without it they are all refused.
        base_url: the API's address with its ``/v2``; if not given, ``TELNYX_BASE_URL`` or Telnyx itself.
        connection_id: the Call Control application that dials; only :meth:`dial` needs it.
        http_client: a client of one's own, for proxies and tests. It stays open after :meth:`aclose`.
        clock: the time.
        sleep: how to wait, in seconds.
        retries: how often and how patiently commands other than :meth:`dial` are tried.
        breaker: when to stop sending; :meth:`hangup` is sent all the same, as a leg left up costs money.

    Raises:
        ConfigError: no API key, a public key that is none, or an address that is not HTTP.
    """

    def __init__(
        self,
        api_key: str,
        *,
        public_key: str | None = None,
        base_url: str | None = None,
        connection_id: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        retries: RetryPolicy | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        if not api_key:
            raise ConfigError("expected a Telnyx API key, got none.", fix="set TELNYX_API_KEY.")
        if base_url is not None and not base_url.startswith(("http://", "https://")):
            raise ConfigError(
                f"expected an address of the Telnyx API that begins with http:// or https://, got {kind_of(base_url)}.",
                fix="set TELNYX_BASE_URL, for example to https://api.telnyx.com/v2.",
            )
        self._connection_id = connection_id
        self.webhook_url: str | None = None
        """Where the webhooks of legs go that are dialled from here; ``None``: where their application says."""
        self.wire = telnyx_wire(public_key)
        """How Telnyx writes."""
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._retries = retries or RetryPolicy()
        self._dial_retries = retries or DIAL_RETRIES
        self._requests = TelnyxRequests(
            api_key,
            base_url=base_url,
            http_client=http_client,
            clock=self._clock,
            sleep=sleep,
            breaker=breaker,
            rehearsal=_rehearse,
        )

    async def warm_up(self) -> None:
        """Import the ``telnyx`` package and set up its client, in a thread: about two seconds.

        The first command does it otherwise, and waits for it.
        """
        await self._requests.warm_up()

    async def aclose(self) -> None:
        """Release connections. A client of one's own stays open."""
        await self._requests.aclose()

    # -- commands -------------------------------------------------------------------------------------------------

    async def dial(
        self,
        *,
        to: str,
        from_: str,
        stream: StreamRequest | None = None,
        client_state: str | None = None,
        timeout_s: int = 30,
        command_id: str | None = None,
    ) -> DialedCall:
        """Dial ``to`` (E.164 or SIP URI) and present ``from_``. The leg does not ring yet when this returns.

        Raises:
            ConfigError: without a ``connection_id``.
            CarrierError: see its tree.
        """
        connection_id = self._connection_id
        if not connection_id:
            raise ConfigError(
                "expected the id of the Call Control application that dials, got none.",
                fix="give TelnyxCarrier a connection_id (portal: Voice, Programmable Voice).",
            )
        fields: dict[str, Any] = {"timeout_secs": timeout_s, "command_id": command_id or _new_id()}
        if stream is not None:
            fields |= stream_fields(stream, with_rate=True)
        fields |= leg_fields(client_state=client_state, webhook_url=self.webhook_url)
        reply = await self._requests.send(
            "dial",
            None,
            lambda api, timeout: api.calls.dial(
                connection_id=connection_id, to=to, from_=from_, timeout=timeout, **fields
            ),
            policy=self._dial_retries,
        )
        return dialed_call(reply)

    async def answer(
        self,
        call_id: str,
        *,
        stream: StreamRequest | None = None,
        client_state: str | None = None,
        command_id: str | None = None,
    ) -> None:
        """Answer an inbound leg that rings.

        A stream at another wire rate than 8000 Hz (L16, OPUS and AMR-WB can) takes a second command: Telnyx has no
        field for the rate in ``answer``, so the stream is opened when the leg is up, and this returns only then.
        """
        fields = leg_fields(client_state=client_state)
        later = stream is not None and not fits_answer(stream)
        if stream is not None and not later:
            fields |= stream_fields(stream, with_rate=False)
        command_id = command_id or _new_id()
        await self._act("answer", call_id, command_id, fields)
        if stream is not None and later:
            await self._stream_once_answered(call_id, stream, command_id)

    async def reject(
        self, call_id: str, *, cause: Literal["rejected", "busy"] = "rejected", command_id: str | None = None
    ) -> None:
        """Refuse an inbound leg that rings. A leg that is over already is not an error."""
        try:
            await self._act("reject", call_id, command_id, reject_fields(cause))
        except CallEnded:
            log.debug("rejected a call that was over")

    async def hangup(self, call_id: str, *, command_id: str | None = None) -> bool:
        """End the leg; whether it was up. A leg that is over already is not an error."""
        try:
            await self._act("hangup", call_id, command_id, {}, always=True)
        except CallEnded:
            log.debug("hung up a call that was over")
            return False
        return True

    async def transfer(
        self,
        call_id: str,
        *,
        to: str,
        from_: str | None = None,
        timeout_s: int = 30,
        leg_state: str | None = None,
        command_id: str | None = None,
    ) -> None:
        """Dial ``to`` and connect the leg to it when it answers. Without ``from_`` it shows the number called."""
        fields = transfer_fields(to=to, from_=from_, timeout_s=timeout_s, leg_state=leg_state)
        fields |= leg_fields(webhook_url=self.webhook_url)
        await self._act("transfer", call_id, command_id, fields)

    async def send_dtmf(self, call_id: str, digits: str, *, command_id: str | None = None) -> None:
        """Press keys: ``0-9 A-D * #``, ``w`` waits 0.5 s, ``W`` 1 s."""
        await self._act("send_dtmf", call_id, command_id, {"digits": digits})

    async def speak(self, call_id: str, text: str, *, voice: str = "female", command_id: str | None = None) -> None:
        """Let the carrier's own voice say ``text`` (at most 3000 characters)."""
        await self._act("speak", call_id, command_id, speak_fields(text, voice))

    async def start_streaming(self, call_id: str, stream: StreamRequest, *, command_id: str | None = None) -> None:
        """Open a media stream on an answered leg."""
        await self._act("start_streaming", call_id, command_id, stream_fields(stream, with_rate=True))

    async def stop_streaming(self, call_id: str, *, command_id: str | None = None) -> None:
        """Close the leg's media stream."""
        await self._act("stop_streaming", call_id, command_id, {})

    # -- questions -------------------------------------------------------------------------------------------------

    async def is_alive(self, call_id: str) -> bool:
        """Whether the leg is up. Telnyx remembers a leg for ten minutes after its end."""
        try:
            reply = await self._requests.send(
                "status",
                call_id,
                lambda api, timeout: api.calls.retrieve_status(call_id, timeout=timeout),
                policy=self._retries,
            )
        except (CallEnded, CallNotFound):
            return False
        return bool(getattr(getattr(reply, "data", None), "is_alive", False))

    async def live_legs(self, connection_id: str | None = None) -> tuple[LiveLeg, ...]:
        """The legs that are up on a connection; without one on that which dials, and none if there is none."""
        connection_id = connection_id or self._connection_id
        legs: list[LiveLeg] = []
        after: str | None = None
        for _ in range(_MOST_PAGES if connection_id else 0):
            page = await self._live_legs_after(connection_id or "", after)
            legs += live_legs(page)
            following = next_page(page)
            if following is None or following == after:
                break
            after = following
        return tuple(legs)

    async def _live_legs_after(self, connection_id: str, after: str | None) -> Any:
        query: dict[str, object] = {"page[limit]": _PAGE} | ({"page[after]": after} if after else {})
        return await self._requests.send(
            "list",
            None,
            lambda api, timeout: api.connections.list_active_calls(connection_id, extra_query=query, timeout=timeout),
            policy=self._retries,
        )

    # -- how they are sent ------------------------------------------------------------------------------------------

    async def _stream_once_answered(self, call_id: str, stream: StreamRequest, command_id: str) -> None:
        deadline_ms = self._clock.now_ms() + _ANSWER_PATIENCE_MS
        refused = 0
        while True:
            # A new id after each refusal, since a carrier may remember ids of commands that it refused; derived
            # from the answer's, so that answering again with the same id repeats neither command.
            stream_command_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{command_id}/stream/{refused}"))
            try:
                return await self.start_streaming(call_id, stream, command_id=stream_command_id)
            except CallNotAnswered:
                if self._clock.now_ms() >= deadline_ms:
                    raise
            refused += 1
            await self._sleep(_ANSWER_POLL_S)

    async def _act(
        self, action: str, call_id: str, command_id: str | None, fields: dict[str, Any], *, always: bool = False
    ) -> None:
        if not call_id:
            raise CallNotFound("expected the id of a call, got an empty one.")
        fields = {"command_id": command_id or _new_id(), **fields}
        await self._requests.send(
            action,
            call_id,
            lambda api, timeout: getattr(api.calls.actions, action)(call_id, timeout=timeout, **fields),
            policy=self._retries,
            always=always,
        )


async def _rehearse() -> None:
    """Send commands nowhere, so that what is imported and built on first use is there before the first call is."""
    import anyio
    import httpx
    from telnyx import AsyncTelnyx

    await anyio.lowlevel.checkpoint()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": {"call_control_id": "-"}}))
    carrier = TelnyxCarrier("-", connection_id="-")
    async with httpx.AsyncClient(transport=transport) as nowhere:
        carrier._requests.api = AsyncTelnyx(
            api_key="-", base_url="http://nowhere.invalid", max_retries=0, http_client=nowhere
        )
        stream = StreamRequest(url="ws://nowhere.invalid")
        await carrier.dial(to="-", from_="-", stream=stream)
        await carrier.answer("-", stream=stream)
        await carrier.reject("-")
        await carrier.speak("-", "-")
        await carrier.start_streaming("-", stream)
        await carrier.stop_streaming("-")
        await carrier.send_dtmf("-", "1")
        await carrier.transfer("-", to="-")
        await carrier.hangup("-")
        await carrier.is_alive("-")


def _new_id() -> str:
    return str(uuid.uuid4())
