"""How requests are tried, over real sockets on loopback, through the official package."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from offhook.carriers.telnyx.requests import TelnyxRequests
from offhook.carriers.telnyx.retry import CircuitBreaker, RetryPolicy
from offhook.errors import (
    AuthenticationFailed,
    CallEnded,
    CallNotFound,
    CarrierError,
    CarrierUnavailable,
    CommandInvalid,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.carriers.commands import Carrier
    from offhook.carriers.telnyx.client import TelnyxCarrier

LEG = "v3:leg-one"


def refusal(code: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "title": "No", "detail": "+15125550100 said secret words"}]}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "10009", AuthenticationFailed),
        (422, "90015", CallNotFound),
        (422, "90018", CallEnded),
        (422, "10016", CommandInvalid),
    ],
)
async def test_a_refusal_is_an_error_of_our_tree_and_final(
    api: Any, replies: Any, carrier: Carrier, status: int, code: str, kind: type[CarrierError]
) -> None:
    """It is not tried again, and carries no trace of the package's own error, which holds the request."""
    api.replies = [replies(status, refusal(code))]
    with pytest.raises(kind) as caught:
        await carrier.speak(LEG, "secret words")
    assert len(api.requests) == 1
    assert caught.value.carrier_code == code
    assert caught.value.call_id == LEG
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "secret" not in str(caught.value)


async def test_a_reply_lost_after_the_effect_is_asked_for_again(
    api: Any, hangs: Any, carrier: Carrier, pauses: Any
) -> None:
    """The same command_id goes again, at once, and the command takes effect once."""
    api.replies = [hangs]
    await carrier.answer(LEG)
    assert len(api.requests) == 2
    assert api.requests[0].body == api.requests[1].body
    assert len(api.effects) == 1
    assert pauses.taken_ms == [0]


async def test_a_connection_lost_after_the_effect_is_made_again(
    api: Any, drops: Any, carrier: Carrier, pauses: Any
) -> None:
    """Also with the same command_id."""
    api.replies = [drops, drops]
    await carrier.transfer(LEG, to="+15125550111")
    assert len(api.requests) == 3
    assert len(api.effects) == 1
    assert pauses.taken_ms == [250, 500]


@pytest.mark.parametrize("status", [500, 502, 503, 408])
async def test_trouble_at_the_carrier_is_retried(
    api: Any, replies: Any, carrier: Carrier, pauses: Any, status: int
) -> None:
    """Four tries with growing pauses, one command_id."""
    api.replies = [replies(status, refusal("10007"))] * 4
    with pytest.raises(CarrierUnavailable, match=f"HTTP {status}"):
        await carrier.answer(LEG)
    assert len(api.requests) == 4
    assert len({request.body["command_id"] for request in api.requests}) == 1
    assert pauses.taken_ms == [250, 500, 1000]
    assert {request.headers["x-stainless-retry-count"] for request in api.requests} == {"0"}, "the package retried too"


async def test_the_carrier_may_ask_for_time(api: Any, replies: Any, carrier: Carrier, pauses: Any) -> None:
    """Retry-After is honoured."""
    api.replies = [replies(429, refusal("10011"), {"retry-after": "3"})]
    await carrier.answer(LEG)
    assert pauses.taken_ms == [3000]


async def test_more_time_than_30_seconds_is_not_granted(api: Any, replies: Any, carrier: Carrier) -> None:
    """The error comes at once."""
    api.replies = [replies(429, refusal("10011"), {"retry-after": "60"})]
    with pytest.raises(CarrierUnavailable):
        await carrier.answer(LEG)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"{", {}), (b'"\xff"', {}), (b"<html>", {"content-type": "text/html"})],
    ids=["cut", "bad UTF-8", "a web page"],
)
async def test_a_reply_that_is_not_json_is_no_reply(
    api: Any, replies: Any, carrier: Carrier, body: bytes, headers: dict[str, str]
) -> None:
    """A proxy said it, not the carrier."""
    api.replies = [replies(200, body, headers)]
    await carrier.answer(LEG)
    assert len(api.requests) == 2


async def test_a_reply_in_drops_ends_with_its_time(
    api: Any, replies: Any, make: Callable[..., TelnyxCarrier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timeout from byte to byte would never end."""
    monkeypatch.setattr("offhook.carriers.telnyx.requests._CONNECT_S", 0.1)
    api.replies = [replies(drip_s=0.05)]
    await make().answer(LEG)
    assert len(api.requests) == 2


async def test_no_one_there_is_unavailable(make: Callable[..., TelnyxCarrier]) -> None:
    """A refused connection is retried, then an error with a fix."""
    carrier = make(base_url="http://127.0.0.1:1/v2")
    with pytest.raises(CarrierUnavailable, match="TELNYX_BASE_URL"):
        await carrier.answer(LEG)


async def test_a_cancelled_command_is_cancelled(api: Any, hangs: Any, make: Callable[..., TelnyxCarrier]) -> None:
    """Cancellation is not taken for a failure."""
    api.replies = [hangs]
    carrier = make(retries=RetryPolicy(reply_timeouts_ms=(60_000,)))
    await carrier.warm_up()
    command = asyncio.create_task(carrier.answer(LEG))
    while not api.requests:
        await asyncio.sleep(0.005)
    command.cancel()
    with pytest.raises(asyncio.CancelledError):
        await command


# -- the circuit breaker ----------------------------------------------------------------------------------------------


async def test_a_carrier_that_is_gone_is_left_alone_for_a_while(
    api: Any, replies: Any, make: Callable[..., TelnyxCarrier], pauses: Any
) -> None:
    """Commands fail at once, but a hang-up is sent: a leg left up costs money."""
    carrier = make(breaker=CircuitBreaker(failures=4, open_ms=5000))
    api.replies = [replies(500)] * 4
    with pytest.raises(CarrierUnavailable):
        await carrier.answer(LEG)
    with pytest.raises(CarrierUnavailable, match="rest"):
        await carrier.answer(LEG)
    assert len(api.requests) == 4

    await carrier.hangup(LEG)
    assert len(api.requests) == 5
    await carrier.answer(LEG)  # the hang-up showed that the carrier is back
    assert len(api.requests) == 6


async def test_a_refusal_shows_that_the_carrier_is_there(
    api: Any, replies: Any, make: Callable[..., TelnyxCarrier]
) -> None:
    """Refusals and rate limits do not open the circuit."""
    carrier = make(breaker=CircuitBreaker(failures=1))
    api.replies = [replies(422, refusal("10016")), replies(429), replies()]
    with pytest.raises(CommandInvalid):
        await carrier.answer(LEG)
    await carrier.answer(LEG)
    await carrier.answer(LEG)


# -- the package ------------------------------------------------------------------------------------------------------


async def test_warming_up_twice_is_once(make: Callable[..., TelnyxCarrier]) -> None:
    """Also when two commands come first at the same time."""
    carrier = make()
    await asyncio.gather(carrier.warm_up(), carrier.warm_up())
    first = carrier._requests.api
    await carrier.warm_up()
    assert carrier._requests.api is first


async def test_the_package_is_loaded_off_the_loop(
    make: Callable[..., TelnyxCarrier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its import would stop the audio of every call for more than a second."""
    threads: list[threading.Thread] = []
    load = TelnyxRequests._load

    def noted(self: TelnyxRequests) -> Any:
        threads.append(threading.current_thread())
        return load(self)

    monkeypatch.setattr(TelnyxRequests, "_load", noted)
    await make().hangup(LEG)
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


async def test_a_client_of_ones_own_stays_open(api: Any, make: Callable[..., TelnyxCarrier]) -> None:
    """Who made it closes it."""
    async with httpx.AsyncClient() as own:
        carrier = make(http_client=own)
        await carrier.hangup(LEG)
        await carrier.aclose()
        assert not own.is_closed
    assert len(api.requests) == 1


async def test_closing_before_any_command_is_fine(make: Callable[..., TelnyxCarrier]) -> None:
    """There is nothing to close."""
    await make().aclose()


async def test_the_address_may_come_from_the_environment(
    api: Any, make: Callable[..., TelnyxCarrier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TELNYX_BASE_URL is the official package's own setting."""
    monkeypatch.setenv("TELNYX_BASE_URL", api.base_url)
    await make(base_url=None).hangup(LEG)
    assert len(api.requests) == 1


async def test_logs_hold_no_numbers_and_no_words(
    api: Any, replies: Any, hangs: Any, carrier: Carrier, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes wrong is told without what was said and to whom."""
    api.replies = [hangs, replies(500, refusal("10007")), replies(422, refusal("90018"))]
    with caplog.at_level(logging.DEBUG, logger="offhook"), pytest.raises(CallEnded):
        await carrier.speak(LEG, "secret words")
    own = [record.getMessage() for record in caplog.records if record.name.startswith("offhook")]
    assert len(own) == 3
    assert not [line for line in own if "secret" in line or "5125550100" in line]
