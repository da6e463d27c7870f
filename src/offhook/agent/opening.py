"""How a call that the agent has made begins: whoever picks up says hello, and the agent greets then.

Pure: it is told what is heard, with the time, and says when to greet. Who answers a phone speaks first, nearly always;
an agent that begins at the same moment is cut short by that "hello?", and takes it for a turn.
"""

from __future__ import annotations

__all__ = ["Opening"]

HELLO_WAIT_MS = 1200.0
"""Silence after the answer for so long: the agent begins."""
AFTER_HELLO_MS = 250.0
"""What passes after a hello before the agent begins, beside the time that it takes to know that it is over."""
LONGEST_MS = 6000.0
"""Who talks on for so long is no longer waited for: it may be a machine, and the agent begins when there is a pause."""


class Opening:
    """The first moments of one call.

    Args:
        now_ms: when the call's audio began.
    """

    def __init__(self, now_ms: float) -> None:
        self._began_ms = now_ms
        self._greet_at_ms = now_ms + HELLO_WAIT_MS
        self._talking = False
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the agent has been told to greet."""
        return self._over

    def speech_began(self) -> None:
        """They say something."""
        self._talking = True

    def speech_over(self, now_ms: float) -> None:
        """They have said it, and it is no turn whatever it was: the greeting is the answer."""
        self._talking = False
        self._greet_at_ms = now_ms + AFTER_HELLO_MS if now_ms - self._began_ms < LONGEST_MS else now_ms

    def tick(self, now_ms: float) -> bool:
        """Whether the agent is to greet now; true once."""
        if self._over or self._talking or now_ms < self._greet_at_ms:
            return False
        self._over = True
        return True
