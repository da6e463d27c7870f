"""Commands that must take effect: given again and again, until they have, or there is no sense in it any more."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from offhook.errors import CarrierError, CarrierUnavailable
from offhook.waiting import WaitOver, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.waits import Wait

__all__ = ["insist"]

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 2.0
"""Pauses double up to this. The command itself is repeated by the carrier's client, quickly and a few times, first."""


async def insist(
    wait: Wait,
    command: Callable[[], Awaitable[None]],
    *,
    over: asyncio.Event,
    limit_s: float | None = None,
    call_id: str | None = None,
) -> CarrierError | None:
    """Give a command until the carrier agrees, refuses for good, the call is over, or the time is.

    Args:
        wait: how long at most.
        command: gives it; with the same ``command_id`` each time, so that it takes effect once.
        over: set when the call is over: nothing is left to command.
        limit_s: another limit than the wait's own.
        call_id: for the log.

    Returns:
        ``None`` if the carrier has agreed, or the call is over; else the carrier's last word.
    """
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + (wait.limit_s if limit_s is None else limit_s)
    pause_s = FIRST_PAUSE_S
    failure: CarrierError | None = None
    while not over.is_set():
        left_s = ends_s - loop.time()
        if left_s <= 0:
            return failure
        try:
            await within(wait, command(), limit_s=left_s, call_id=call_id)
        except WaitOver:
            return failure or CarrierUnavailable("expected the carrier to agree, got no answer in time.")
        except CarrierError as error:
            if not error.retryable:
                return error
            failure = error
        else:
            return None
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), min(pause_s, max(0.0, ends_s - loop.time())))
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return None
