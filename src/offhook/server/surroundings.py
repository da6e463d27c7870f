"""What a live call needs of its host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from offhook.calls.call import Call
    from offhook.calls.media.stream import MediaStream
    from offhook.calls.session import SessionFactory
    from offhook.carriers.commands import StreamRequest
    from offhook.clock import Clock
    from offhook.server.live import LiveCall
    from offhook.server.options import HostOptions
    from offhook.server.stall import StallProbe
    from offhook.server.ticker import Ticker

__all__ = ["Surroundings"]


class Surroundings(Protocol):
    """What a live call needs of its host."""

    sessions: SessionFactory
    options: HostOptions
    clock: Clock
    ticker: Ticker
    stall: StallProbe

    stopping: bool
    """Whether the process ends now: nobody is called, told or hung up any more."""

    @property
    def house(self) -> str:
        """What is hung on the legs that are taken here."""
        ...

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run ``work`` in a task that the host keeps and counts."""
        ...

    def stream_request(self, call: Call, *, ringing_s: float = 0.0) -> StreamRequest:
        """A stream to ask the carrier for, with a fresh token."""
        ...

    def shown_by_media(self, live: LiveCall, call_id: str) -> bool:
        """A media stream of a dialled call names its leg; whether it is wanted."""
        ...

    def report_over(self, call: Call, cause: str) -> None:
        """A call has turned out to be over, though the carrier has not reported it."""
        ...

    def ring_s(self) -> float:
        """How long the phone of a call that there is room for rings, before it is answered."""
        ...

    def refuses(self, live: LiveCall) -> str | None:
        """Whether there is no room for a call that rings: ``None``, or what there is too little of."""
        ...

    def stream_over(self, stream: MediaStream) -> None:
        """A media stream is over, and has counted what there was to count."""
        ...

    def settled(self, live: LiveCall, *, forget: bool) -> None:
        """Our part in the call is done; ``forget`` if the call is over as well."""
        ...
