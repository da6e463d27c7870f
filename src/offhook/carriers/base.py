"""The vocabulary every carrier shares: call events, media events, commands.

A carrier's room (``carriers/telnyx``) turns its own wire format into these and back. Rooms above speak only this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AppMedia",
    "CallAnswered",
    "CallBridged",
    "CallEvent",
    "CallHangup",
    "CallInitiated",
    "Carrier",
    "DialedCall",
    "DigitPressed",
    "DigitReceived",
    "Direction",
    "FrameIgnored",
    "MarkReturned",
    "MediaConnected",
    "MediaEvent",
    "MediaFault",
    "MediaFormat",
    "MediaReceived",
    "MediaStarted",
    "MediaStopped",
    "OtherEvent",
    "StreamRequest",
    "StreamingFailed",
    "StreamingStarted",
    "StreamingStopped",
]

Direction = Literal["inbound", "outbound"]


# -- call events: what a verified webhook says ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """Something the carrier reports of one leg.

    ``event_id`` identifies the event over all deliveries of it: de-duplicate on it. ``call_id`` addresses the leg in
    commands (Telnyx: ``call_control_id``). ``occurred_at`` is RFC 3339 as the carrier wrote it.
    """

    event_id: str
    event_type: str
    occurred_at: str
    call_id: str
    leg_id: str = ""
    session_id: str = ""
    connection_id: str = ""
    client_state: str | None = None
    """The text we once attached to the leg, decoded; ``None`` if none was."""
    from_: str = ""
    to: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The carrier's whole payload, for fields that have no name here. Holds personal data: never log it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInitiated(CallEvent):
    """Fired when a leg begins: it rings here (inbound) or is being dialled for us (outbound)."""

    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallEvent):
    """Fired when a leg is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBridged(CallEvent):
    """Fired when a leg is connected to another leg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHangup(CallEvent):
    """Fired when a leg is over."""

    cause: str
    source: str
    sip_cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed(CallEvent):
    """Fired when the other party presses a key (webhook; the media stream reports the same as DigitReceived)."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingStarted(CallEvent):
    """Fired when the carrier has opened the media stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingStopped(CallEvent):
    """Fired when the media stream has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingFailed(CallEvent):
    """Fired when the carrier could not open or keep the media stream."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(CallEvent):
    """Fired for every event without a class of its own; see ``event_type`` and ``raw``."""


# -- media events: what the media socket says ------------------------------------------------------------------------
# msgspec structs, not dataclasses: one is made per 20 ms frame, and it costs a tenth of a frozen dataclass.


class MediaFormat(msgspec.Struct, frozen=True):
    """The audio of one direction: ``encoding`` is the carrier's name (PCMU, PCMA, G722, OPUS, AMR-WB, L16)."""

    encoding: str
    sample_rate: int
    channels: int = 1


class MediaConnected(msgspec.Struct, frozen=True):
    """Fired first on a media socket."""

    version: str = ""
    auth_token: str | None = None


class MediaStarted(msgspec.Struct, frozen=True):
    """Fired when audio is about to flow; only now are the stream's id and format known."""

    stream_id: str
    call_id: str
    format: MediaFormat
    from_: str = ""
    to: str = ""
    client_state: str | None = None
    custom_parameters: dict[str, str] = {}


Counter = Annotated[int, msgspec.Meta(ge=0, lt=10**18)]
"""A number that counts up; what is above is garbage."""


# The names and bounds are those of the wire, which carriers share, so that a message is decoded into this and nothing
# is made twice; gc=False: no reference cycle can pass here.
class MediaReceived(msgspec.Struct, frozen=True, gc=False, rename={"timestamp_ms": "timestamp"}):
    """Fired for each piece of audio. ``payload`` is codec bytes, already out of base64.

    ``chunk`` counts pieces per track from 1; ``timestamp_ms`` is the start of the piece on the stream's own clock.
    """

    track: Direction
    chunk: Counter
    timestamp_ms: Counter
    payload: bytes


class MarkReturned(msgspec.Struct, frozen=True):
    """Fired when all audio sent before the mark was played, or was dropped by a clear."""

    name: str


class DigitReceived(msgspec.Struct, frozen=True):
    """Fired when the other party presses a key."""

    digit: str


class MediaFault(msgspec.Struct, frozen=True):
    """Fired when the carrier complains of something we sent."""

    code: int
    title: str
    detail: str = ""


class MediaStopped(msgspec.Struct, frozen=True):
    """Fired when the stream is over; the socket closes next."""


class FrameIgnored(msgspec.Struct, frozen=True):
    """Fired for a message that is not understood: it is counted, and the call goes on."""

    reason: str


MediaEvent = (
    MediaReceived
    | MarkReturned
    | DigitReceived
    | MediaConnected
    | MediaStarted
    | MediaFault
    | MediaStopped
    | FrameIgnored
)


class AppMedia(Protocol):
    """The application's side of a media socket, without the socket."""

    def receive(self, message: bytes) -> MediaEvent:
        """Turn one text message (UTF-8 bytes) into one event. Never raises: what is not understood is FrameIgnored."""
        ...

    def receive_binary(self, message: bytes) -> MediaEvent:
        """Turn one binary message into one event."""
        ...

    def audio(self, payload: bytes) -> bytes:
        """The message that plays ``payload`` (codec bytes, whole frames) to the other party."""
        ...

    def mark(self, name: str) -> bytes:
        """The message that asks for ``name`` back once all audio sent so far was played."""
        ...

    def clear(self) -> bytes:
        """The message that stops playing at once and drops what is queued."""
        ...


# -- commands -----------------------------------------------------------------------------------------------------


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


class Carrier(Protocol):
    """Commands to a carrier. Every command carries an id, so that repeating it has no second effect.

    ``command_id`` is made anew when not given. All raise the :exc:`~offhook.errors.CarrierError` family.
    """

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

    async def hangup(self, call_id: str, *, command_id: str | None = None) -> None:
        """End the leg. A leg that is over already is not an error."""
        ...

    async def transfer(
        self, call_id: str, *, to: str, from_: str | None = None, timeout_s: int = 30, command_id: str | None = None
    ) -> None:
        """Dial ``to`` and connect the leg to it when it answers."""
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

    async def aclose(self) -> None:
        """Release connections."""
        ...
