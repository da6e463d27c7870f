"""Commands: what a carrier is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from offhook.carriers.wire import Wire

__all__ = [
    "Carrier",
    "DialedCall",
    "LiveLeg",
    "StreamRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRequest:
    """A two-way media stream to ask the carrier for.

    ``codec`` and ``sample_rate`` hold for both directions; the carrier may still send another encoding than asked
    for: decode by what :class:`MediaStarted` says.
    """

    url: str
    codec: str = "PCMU"
    sample_rate: int = 8000
    track: Literal["inbound", "outbound", "both"] = "inbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialedCall:
    """A leg that the carrier has agreed to dial. It does not ring yet."""

    call_id: str
    leg_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLeg:
    """A leg that is up, as the carrier lists it. It does not say in which direction, nor whether it was answered."""

    call_id: str
    leg_id: str = ""
    session_id: str = ""
    client_state: str | None = None
    """The text that hangs on it, decoded; ``None`` if none does."""


class Carrier(Protocol):
    """Who owns the phone network: how it writes, and what it can be told.

    Every command carries an id, so that repeating it has no second effect. ``command_id`` is made anew when not given.
    All raise the :exc:`~offhook.errors.CarrierError` family. A carrier that is told in the reply to its webhook what to
    do with a call (see :attr:`Reading.document <offhook.carriers.wire.Reading.document>`) has the same commands: they
    write that document.
    """

    @property
    def wire(self) -> Wire:
        """Its name and its formats."""
        ...

    async def dial(
        self,
        *,
        to: str,
        from_: str,
        stream: StreamRequest | None = None,
        client_state: str | None = None,
        timeout_s: int = 30,
        command_id: str | None = None,
    ) -> DialedCall:
        """Dial ``to`` (E.164 or SIP URI) and present ``from_``."""
        ...

    async def answer(
        self,
        call_id: str,
        *,
        stream: StreamRequest | None = None,
        client_state: str | None = None,
        command_id: str | None = None,
    ) -> None:
        """Answer an inbound leg that rings."""
        ...

    async def reject(
        self, call_id: str, *, cause: Literal["rejected", "busy"] = "rejected", command_id: str | None = None
    ) -> None:
        """Refuse an inbound leg that rings."""
        ...

    async def hangup(self, call_id: str, *, command_id: str | None = None) -> bool:
        """End the leg; whether it was up. A leg that is over already is not an error, and may not be reported again."""
        ...

    async def transfer(
        self,
        call_id: str,
        *,
        to: str,
        from_: str | None = None,
        timeout_s: int = 30,
        leg_state: str | None = None,
        command_id: str | None = None,
    ) -> None:
        """Dial ``to`` and connect the leg to it when it answers; ``leg_state`` is hung on the new leg."""
        ...

    async def send_dtmf(self, call_id: str, digits: str, *, command_id: str | None = None) -> None:
        """Press keys: ``0-9 A-D * #``, ``w`` waits 0.5 s, ``W`` 1 s."""
        ...

    async def speak(self, call_id: str, text: str, *, voice: str = "female", command_id: str | None = None) -> None:
        """Let the carrier's own voice say ``text``: the way out when our media path is not to be had."""
        ...

    async def start_streaming(self, call_id: str, stream: StreamRequest, *, command_id: str | None = None) -> None:
        """Open a media stream on an answered leg."""
        ...

    async def stop_streaming(self, call_id: str, *, command_id: str | None = None) -> None:
        """Close the leg's media stream."""
        ...

    async def is_alive(self, call_id: str) -> bool:
        """Whether the leg is up. One that the carrier does not know is not."""
        ...

    async def live_legs(self, connection_id: str | None = None) -> tuple[LiveLeg, ...]:
        """The legs that are up on ``connection_id``; ``None``: where calls are dialled from. None, if that is unset."""
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
