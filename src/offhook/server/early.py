"""Events of calls that are not known yet."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.carriers.commands import Carrier
    from offhook.carriers.events import CallEvent

__all__ = ["EarlyEvents"]


class EarlyEvents:
    """Keeps what came too early: a dial whose reply is slower than its webhooks, a hang-up that overtook its call.

    Args:
        calls: for how many calls; the oldest are forgotten first.
        events: how many of each call; further ones are dropped.
    """

    def __init__(self, *, calls: int = 256, events: int = 32) -> None:
        self._calls = calls
        self._events = events
        self._kept: OrderedDict[tuple[str, str], list[CallEvent]] = OrderedDict()

    def __len__(self) -> int:
        """How many calls have events here."""
        return len(self._kept)

    def keep(self, carrier: Carrier, event: CallEvent) -> None:
        """Keep ``event`` of ``carrier`` until its call is known. Events of no call are not kept."""
        if not event.call_id:
            return
        kept = self._kept.setdefault((carrier.wire.name, event.call_id), [])
        if len(kept) < self._events:
            kept.append(event)
        while len(self._kept) > self._calls:
            self._kept.popitem(last=False)

    def take(self, carrier: Carrier, call_id: str) -> list[CallEvent]:
        """The events of a call that has become known, in the order they came."""
        return self._kept.pop((carrier.wire.name, call_id), [])
