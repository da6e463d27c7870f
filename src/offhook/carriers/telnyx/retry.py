"""When to send a command again, and when to stop sending: pure decisions, no clock and no socket.

Every command carries a ``command_id``, and the carrier ignores one that it has seen in the last 60 s for the leg. So a
command whose reply was lost is sent again with the same id, and takes effect once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["CircuitBreaker", "RetryPolicy", "Tries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently one command is tried.

    The first reply timeout of 500 ms is Telnyx's own advice (no reply in 500 ms: repeat with the same ``command_id``).
    The later ones grow, so that a carrier that is slow, not gone, still gets its reply through.
    """

    reply_timeouts_ms: tuple[float, ...] = (500, 1500, 4000, 10_000)
    """One per try: how long to wait for the reply. Its length is the number of tries."""

    first_delay_ms: float = 250
    """Pause after the first failed try; doubles each time. None after a reply timeout: that was the pause."""

    jitter: float = 0.2
    """Pauses are longer by a random share of up to this, so that calls that failed together do not return together."""

    total_ms: float = 30_000
    """No try begins, and none lasts, beyond this."""


class Tries:
    """The tries of one command.

    Args:
        policy: how often and how patiently.
        started_ms: monotonic milliseconds at the start of the command.
    """

    def __init__(self, policy: RetryPolicy, started_ms: float) -> None:
        self._policy = policy
        self._deadline_ms = started_ms + policy.total_ms
        self.failed = 0
        """Tries that have failed."""

    def reply_timeout_ms(self, now_ms: float) -> float:
        """How long the try that begins now may wait for its reply."""
        return max(1.0, min(self._policy.reply_timeouts_ms[self.failed], self._deadline_ms - now_ms))

    def pause_ms(self, now_ms: float, *, timed_out: bool, retry_after_ms: float | None = None) -> float | None:
        """Note a failed try; say how long to pause before the next, or ``None`` to give up.

        A carrier that asks for more time than is left is not asked again.
        """
        self.failed += 1
        if self.failed >= len(self._policy.reply_timeouts_ms):
            return None
        pause_ms = 0.0 if timed_out else self._policy.first_delay_ms * 2 ** (self.failed - 1)
        pause_ms *= 1 + self._policy.jitter * random.random()  # noqa: S311 - spreads load, guards nothing
        if retry_after_ms is not None:
            pause_ms = max(pause_ms, retry_after_ms)
        return pause_ms if now_ms + pause_ms < self._deadline_ms else None


class CircuitBreaker:
    """Stops sending to a carrier that fails every time, so that callers learn it at once instead of after 30 s.

    After ``failures`` failed tries in a row it is open for ``open_ms``; then one command may go through, and its
    outcome closes the circuit or opens it anew.
    """

    def __init__(self, *, failures: int = 10, open_ms: float = 5000) -> None:
        self._limit = failures
        self._open_ms = open_ms
        self._failures = 0
        self._open_until_ms = 0.0

    def allows(self, now_ms: float) -> bool:
        """Whether a command may be sent now. Asking when the time has come takes the one trial."""
        if self._failures < self._limit:
            return True
        if now_ms < self._open_until_ms:
            return False
        self._open_until_ms = now_ms + self._open_ms  # the trial; if it is never heard of again, the next comes later
        return True

    def succeeded(self) -> None:
        """Note a reply, also one that refuses: the carrier is there."""
        self._failures = 0

    def failed(self, now_ms: float) -> None:
        """Note a try without a usable reply."""
        self._failures += 1
        if self._failures >= self._limit:
            self._open_until_ms = now_ms + self._open_ms
