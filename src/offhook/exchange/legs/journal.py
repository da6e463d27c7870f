"""The exchange's own account of what happened: one line per event, kept, written and streamed."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from offhook.exchange.legs.timeline import entry
from offhook.sinks import AppendedFile
from offhook.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from offhook.clock import Clock
    from offhook.exchange.legs.facts import Fact

__all__ = ["Event", "Journal", "Subscription"]

Event = dict[str, Any]

LAST_LINES_S: Final = 1.0
"""How long the end of a journal waits for its file."""


class Subscription:
    """A live view of a journal: an asynchronous iterator of events, first the past ones, then as they come.

    It ends when the journal is closed or :meth:`close` is called. A reader that falls ``limit`` events behind loses
    the oldest of them; ``missed`` counts those.
    """

    def __init__(self, journal: Journal, call: str | None, past: list[Event], limit: int) -> None:
        self._journal = journal
        self._call = call
        self._limit = limit
        self._waiting: deque[Event] = deque(past)
        self._wake = asyncio.Event()
        self._closed = False
        self.missed = 0

    def offer(self, event: Event) -> None:
        """Take an event, if it is of the call that is watched."""
        if self._closed or (self._call is not None and event.get("call") != self._call):
            return
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the iteration once what is waiting has been read."""
        self._closed = True
        self._wake.set()
        self._journal.unsubscribe(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()


class Journal:
    """Every event of the exchange, oldest first.

    An event is ``{"at_ms", "source": "exchange", "type", "call"?, …}``; ``at_ms`` is milliseconds since the Unix
    epoch. The journal names calls by id and holds no phone numbers; the only words in it are those of scripted callers
    and those typed at the browser phone.

    Args:
        clock: stamps events.
        path: a file that gets each event as a line of JSON; appended to.
        keep: how many events are remembered.
    """

    def __init__(self, clock: Clock, *, path: Path | None = None, keep: int = 100_000) -> None:
        self._clock = clock
        self._events: deque[Event] = deque(maxlen=keep)
        self._subscriptions: list[Subscription] = []
        self._closed = False
        self._file: Spool | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = Spool(AppendedFile(path), "journal")

    def append(self, type: str, call: str | None = None, **fields: object) -> Event:  # noqa: A002 (the wire's name)
        """Add an event that happens now, or happened at ``at_ms`` if that is among the fields."""
        event: Event = {"at_ms": self._clock.wall_ms(), "source": "exchange", "type": type}
        if call is not None:
            event["call"] = call
        event.update(fields)
        self._events.append(event)
        if self._file is not None:
            self._file.put(json.dumps(event) + "\n")
        for subscription in self._subscriptions:
            subscription.offer(event)
        return event

    def observe(self, fact: Fact) -> None:
        """Keep a fact of a leg, if it is one for the journal."""
        if (kept := entry(fact)) is not None:
            self.append(kept[0], fact.leg.call_id, **kept[1])

    def history(self, call: str | None = None) -> list[Event]:
        """What is remembered, of one call or of all."""
        return [event for event in self._events if call is None or event.get("call") == call]

    def subscribe(self, call: str | None = None, *, history: bool = True, limit: int = 100_000) -> Subscription:
        """Watch from now on, beginning with what is remembered unless ``history`` is false."""
        subscription = Subscription(self, call, self.history(call) if history else [], limit)
        if self._closed:
            subscription.close()
        else:
            self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop offering events to ``subscription``."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def close(self) -> None:
        """End every subscription and close the file. Events after this are still remembered."""
        self._closed = True
        for subscription in tuple(self._subscriptions):
            subscription.close()
        if self._file is not None:
            self._file.close()
            self._file.flush(LAST_LINES_S)
            self._file = None
