"""What clients have sent and were sent, with the time of it: for tests that ask when a cancellation arrived."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.clock import Clock

__all__ = ["Entry", "Journal"]

KEPT = 20_000
WAIT_S = 10.0
"""How long a test waits for something to happen, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened on a connection.

    ``way`` is ``in`` for what the client sent, ``out`` for what it was sent, ``fault`` for what went wrong on request.
    ``stage`` names the message; besides there are ``connect``, ``request`` (the body of an HTTP request), ``accepted``,
    ``refused``, ``closed`` (by us) and ``gone`` (the client). ``message`` is the text as it was; of audio there is
    ``bytes`` alone. Pieces of audio in a row are one entry, with their ``count``, and the time of the first and the
    last.
    """

    at_ms: float
    """Of the clock of the stand-ins."""
    door: str
    connection: str
    way: Literal["in", "out", "fault"]
    stage: str
    message: str | None = None
    bytes: int = 0
    count: int = 1
    last_ms: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"type": "providers.message", **asdict(self)}


class Journal:
    """All entries, oldest first; the last 20,000 of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._watchers: list[Callable[[Entry], None]] = []
        self._followers: list[asyncio.Queue[Entry | None]] = []
        self._open = True

    def note(
        self,
        door: str,
        connection: str,
        way: Literal["in", "out", "fault"],
        stage: str,
        message: str | bytes | None = None,
        *,
        audio: bool = False,
    ) -> None:
        """Write something down."""
        now_ms = self._clock.now_ms()
        size = len(message) if message is not None else 0
        text = message if isinstance(message, str) and not audio else None
        last = self._entries[-1] if self._entries else None
        if (
            text is None
            and last is not None
            and (last.door, last.connection, last.way, last.stage, last.message) == (door, connection, way, stage, None)
        ):
            self._entries[-1] = Entry(
                last.at_ms, door, connection, way, stage, None, last.bytes + size, last.count + 1, now_ms
            )
            return
        entry = Entry(now_ms, door, connection, way, stage, text, size, 1, now_ms)
        self._entries.append(entry)
        for watch in tuple(self._watchers):
            watch(entry)

    def find(
        self,
        door: str | None = None,
        *,
        way: str | None = None,
        stage: str | None = None,
        connection: str | None = None,
    ) -> list[Entry]:
        """The entries that are all of this."""
        return [one for one in self._entries if _is(one, door, way, stage, connection)]

    async def wait_for(
        self,
        door: str | None = None,
        *,
        way: str | None = None,
        stage: str | None = None,
        connection: str | None = None,
        limit_s: float = WAIT_S,
    ) -> Entry:
        """The first entry that is all of this, past or to come.

        Raises:
            TimeoutError: there was none in time.
        """
        if found := self.find(door, way=way, stage=stage, connection=connection):
            return found[0]
        coming: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()

        def watch(entry: Entry) -> None:
            if not coming.done() and _is(entry, door, way, stage, connection):
                coming.set_result(entry)

        self._watchers.append(watch)
        try:
            async with asyncio.timeout(limit_s):
                return await coming
        finally:
            self._watchers.remove(watch)

    async def follow(self) -> AsyncIterator[Entry]:
        """Every entry from now on, until the journal is closed; of a row of audio, its first."""
        if not self._open:
            return
        queue: asyncio.Queue[Entry | None] = asyncio.Queue()
        self._watchers.append(queue.put_nowait)
        self._followers.append(queue)
        try:
            while (entry := await queue.get()) is not None:
                yield entry
        finally:
            self._watchers.remove(queue.put_nowait)
            self._followers.remove(queue)

    def close(self) -> None:
        """Whoever follows has come to the end."""
        self._open = False
        for queue in self._followers:
            queue.put_nowait(None)


def _is(entry: Entry, door: str | None, way: str | None, stage: str | None, connection: str | None) -> bool:
    return (
        (door is None or entry.door == door)
        and (way is None or entry.way == way)
        and (stage is None or entry.stage == stage)
        and (connection is None or entry.connection == connection)
    )
