"""What an agent reports, on its way to the pages that watch."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Feed"]


@dataclass(slots=True)
class Feed:
    """Events of an agent, passed on to whoever watches, and how the agent is, for who comes later."""

    status: Mapping[str, Any] | None = None
    """The last event that was published as a status."""
    _watchers: list[Callable[[Mapping[str, Any]], None]] = field(default_factory=list)

    def publish(self, event: Mapping[str, Any]) -> None:
        """Pass ``event`` on."""
        for watcher in tuple(self._watchers):
            watcher(event)

    def publish_status(self, event: Mapping[str, Any]) -> None:
        """Pass ``event`` on, and tell it to everybody who begins to watch, until there is another status."""
        self.status = event
        self.publish(event)

    @contextlib.contextmanager
    def watch(self, watcher: Callable[[Mapping[str, Any]], None]) -> Iterator[None]:
        """Pass events to ``watcher`` while the context is open, the status first."""
        if self.status is not None:
            watcher(self.status)
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)
