"""Command ids: the same command given again within a while has no second effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.exchange.commands.command import Reply

__all__ = ["Window"]


class Window:
    """Replies to commands that had an id, each kept for a while. Times are monotonic milliseconds."""

    def __init__(self) -> None:
        self._replies: dict[tuple[str, str], tuple[float, Reply]] = {}

    def __len__(self) -> int:
        return len(self._replies)

    def reply(self, call_id: str, command_id: str, now_ms: float) -> Reply | None:
        """How the command with this id was answered, if that still counts."""
        until_ms, reply = self._replies.get((call_id, command_id), (now_ms, None))
        return reply if until_ms > now_ms else None

    def keep(self, call_id: str, command_id: str, reply: Reply, *, now_ms: float, for_ms: float) -> None:
        """Answer the same command like this for a while; what no longer counts is dropped."""
        while self._replies:  # the oldest come first
            oldest = next(iter(self._replies))
            if self._replies[oldest][0] > now_ms:
                break
            del self._replies[oldest]
        self._replies[call_id, command_id] = (now_ms + for_ms, reply)
