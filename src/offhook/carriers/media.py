"""Media events: what a media socket says, and what may be said on it, whoever the carrier is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec

from offhook.carriers.events import Direction  # noqa: TC001 - msgspec reads it when a message is decoded

if TYPE_CHECKING:
    from offhook.carriers.audio_messages import AudioMessages

__all__ = [
    "AppMedia",
    "DigitReceived",
    "FrameIgnored",
    "MarkReturned",
    "MediaConnected",
    "MediaEvent",
    "MediaFault",
    "MediaFormat",
    "MediaReceived",
    "MediaStarted",
    "MediaStopped",
]

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

    @property
    def max_audio_ms(self) -> int:
        """The longest audio that :meth:`audio` may be given at once, in whole 20 ms frames."""
        ...

    @property
    def audio_messages(self) -> AudioMessages | None:
        """How audio is read and written in one step; ``None`` where it takes :meth:`receive` and :meth:`audio`."""
        ...

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
