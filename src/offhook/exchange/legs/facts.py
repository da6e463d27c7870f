"""Facts: what happened to a leg, and when.

The exchange says what happens once, as a fact; whoever has an interest observes facts and makes of them what it needs:
webhooks, the journal, a document that is being interpreted, a queue, a conference. A fact is in the words of the
telephone. What the carrier calls it on the wire is the business of :mod:`offhook.exchange.webhooks.payloads`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from offhook.exchange.legs.machine import Ending, Leg
    from offhook.exchange.words.fields import StreamOptions

__all__ = [
    "Answered",
    "Bridged",
    "Collected",
    "DigitPressed",
    "Fact",
    "Forgotten",
    "GatherEnded",
    "HungUp",
    "Initiated",
    "LineFailed",
    "Outcome",
    "PlaybackEnded",
    "PlaybackStarted",
    "SpeakEnded",
    "SpeakStarted",
    "StateReached",
    "StreamFailed",
    "StreamStarted",
    "StreamStopped",
]

Outcome = Literal["completed", "stopped", "hung_up", "failed"]
"""How an announcement ended: played to its end, cut off by a command, by the end of the call, or never had."""

Collected = Literal["valid", "invalid", "timeout", "stopped", "hung_up"]
"""How a gathering of digits ended."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something happened to a leg.

    ``leg`` is its record just after; ``at_ms`` is in milliseconds since the Unix epoch.
    """

    leg: Leg
    at_ms: float


@dataclass(frozen=True, slots=True)
class StateReached(Fact):
    """The leg is in a state that it was not in before, its first one included."""


@dataclass(frozen=True, slots=True)
class Initiated(Fact):
    """The leg begins: it rings at the application, or at a phone."""


@dataclass(frozen=True, slots=True)
class Answered(Fact):
    """Audio flows from now on."""


@dataclass(frozen=True, slots=True)
class Bridged(Fact):
    """The leg is connected to the leg ``peer``; each of the two has a fact of its own."""

    peer: str


@dataclass(frozen=True, slots=True)
class HungUp(Fact):
    """The leg is over, and what it played and streamed has ended before this."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class Forgotten(Fact):
    """The leg ended so long ago that nobody can ask for it any more. Its last fact."""


@dataclass(frozen=True, slots=True)
class SpeakStarted(Fact):
    """A text begins to be said. ``speak_id`` is that of its end, too."""

    speak_id: str


@dataclass(frozen=True, slots=True)
class SpeakEnded(Fact):
    """A text is no longer said; ``reason`` says why it failed."""

    speak_id: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlaybackStarted(Fact):
    """Audio begins to be played; ``url`` is ``None`` when it came with the command."""

    playback_id: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PlaybackEnded(Fact):
    """Audio is no longer played; ``reason`` says why it failed."""

    playback_id: str
    url: str | None
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DigitPressed(Fact):
    """The phone of the leg sent a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class GatherEnded(Fact):
    """A gathering of digits is over."""

    gather_id: str
    digits: str
    outcome: Collected


@dataclass(frozen=True, slots=True)
class StreamStarted(Fact):
    """A media socket is open."""

    stream_id: str
    stream: StreamOptions


@dataclass(frozen=True, slots=True)
class StreamStopped(Fact):
    """A media stream is over."""

    stream_id: str
    stream: StreamOptions


@dataclass(frozen=True, slots=True)
class StreamFailed(Fact):
    """A media socket could not be opened, or was lost and is not opened again."""

    stream_id: str
    stream: StreamOptions
    reason: str


@dataclass(frozen=True, slots=True)
class LineFailed(Fact):
    """The audio path of the leg broke, by a fault of the exchange or of a phone; ``error`` is a type."""

    error: str
