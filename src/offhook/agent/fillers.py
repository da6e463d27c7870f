"""When a caller who waits for an answer hears that it is being worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fillers"]


class Fillers:
    """The fillers of one call. It holds no clock: ``now_ms`` is any monotonic one.

    Args:
        texts: what is said, one after the other; none: nothing.
        first_s: how long the caller waits in silence for the first.
        tool_s: the same, while a tool is used.
        again_s: and for every other, counted from the end of the one before.
    """

    def __init__(self, texts: Sequence[str], *, first_s: float, tool_s: float, again_s: float) -> None:
        self._texts = texts
        self._first_ms = first_s * 1000
        self._tool_ms = tool_s * 1000
        self._again_ms = again_s * 1000
        self._said = 0
        self._quiet_ms: float | None = None

    def tick(self, now_ms: float, *, working: bool, quiet: bool, using: bool = False) -> str | None:
        """Time has passed; returns what to say now.

        Args:
            now_ms: what time it is.
            working: the agent works on an answer.
            quiet: nobody speaks.
            using: it uses a tool.
        """
        if not working:
            self._said = 0
        if not working or not quiet or not self._texts:
            self._quiet_ms = None
            return None
        if self._quiet_ms is None:
            self._quiet_ms = now_ms
        first_ms = self._tool_ms if using else self._first_ms
        if now_ms - self._quiet_ms < (self._again_ms if self._said else first_ms):
            return None
        self._quiet_ms = None
        self._said += 1
        return self._texts[(self._said - 1) % len(self._texts)]
