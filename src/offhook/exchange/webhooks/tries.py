"""What to try next with a webhook, as a pure function.

Success is a 2xx. No answer, 408, 429 and 5xx are tried again; another 4xx is a refusal.
https://developers.telnyx.com/docs/voice/programmable-voice/receiving-webhooks
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from offhook.exchange.webhooks.targets import Target

__all__ = ["Try", "Verdict", "judge", "next_try"]

Verdict = Literal["delivered", "retry", "refused"]


@dataclass(frozen=True, slots=True)
class Try:
    """One request to make: ``attempt`` counts from 1 over both URLs, ``nth`` from 1 over one of them."""

    attempt: int
    url: str
    after_ms: int = 0
    nth: int = 1
    failover: bool = False


def judge(status: int | None) -> Verdict:
    """What an HTTP status means for a delivery; ``None`` is no answer in time."""
    if status is not None and 200 <= status < 300:
        return "delivered"
    if status is None or status in (408, 429) or status >= 500 or status < 200:
        return "retry"
    return "refused"


def next_try(target: Target, last: Try | None, verdict: Verdict) -> Try | None:
    """What to do after ``last`` came back with ``verdict``; ``None`` when it is over, well or not.

    Args:
        target: where the event goes.
        last: the try before; ``None`` for the first.
        verdict: what became of it.
    """
    if last is None:
        return Try(1, target.url)
    if verdict == "delivered":
        return None
    again = verdict == "retry"
    wait_ms = target.retries_ms[last.nth - 1] if last.nth <= len(target.retries_ms) else None
    if last.failover:
        if not again or last.nth >= target.failover_tries:
            return None
        return Try(last.attempt + 1, last.url, wait_ms or 0, last.nth + 1, failover=True)
    if again and wait_ms is not None:
        return Try(last.attempt + 1, last.url, wait_ms, last.nth + 1)
    if target.failover_url is None or not (again or target.failover_after_refusal):
        return None
    return Try(last.attempt + 1, target.failover_url, failover=True)
