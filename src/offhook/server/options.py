"""What a host can be told, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from offhook import waits
from offhook.server.capacity import CapacityOptions
from offhook.server.media import MediaLimits

__all__ = ["HostOptions", "HostTexts", "HostTimes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTimes:
    """How long a host waits for what."""

    document_s: float = 10.0
    """For what decides on a call to say what is in the reply that its carrier waits for; carriers wait for 15 s."""
    media_s: float = 10.0
    """From the answer to the first audio, before the stream counts as failed."""
    restart_s: float = waits.MEDIA_RESTART.limit_s
    """From asking for a new stream in mid-call to its audio, before the call is given up."""
    lost_s: float = 0.5
    """From the loss of the audio to the report that the call is over, before a new stream is asked for."""
    hangup_s: float = 1.5
    """For the report that a call is over that was hung up, or whose transfer failed, where it is waited for."""
    report_s: float = waits.HANGUP_REPORT.limit_s
    """From the end of a call, as far as we know, to the report of it, before the carrier is asked."""
    apology_s: float = 12.0
    """For the carrier to speak the apology, before the call is hung up."""
    session_end_s: float = 8.0
    """For a session to return once its call is over, before it is cancelled; and to let go of everything then."""
    goodbye_s: float = 8.0
    """For a session to say goodbye when the process stops, before the call is hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTexts:
    """What a caller hears from the host itself."""

    apology: str = "I am sorry, something is wrong on our side. Please call again in a few minutes. Goodbye."
    """Spoken by the carrier's voice when there is no audio to be had, or the session failed."""
    cut_off: str = "I am sorry, we were cut off for a moment. Please go on."
    """Said in place of a greeting by the session of a call whose process has died."""
    goodbye: str = "I am sorry, I have to end this call now. Please call again. Goodbye."
    """Spoken by the session when the process stops and the call has had its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """How a host receives its calls."""

    codec: str = "PCMU"
    """The codec to ask the carrier for, in both directions."""
    sample_rate: int = 8000
    """Its rate in Hz."""
    l16_byte_order: Literal["little", "big"] = "little"
    max_calls: int = 400
    """Calls at once, at most; the webhook of a further one is answered 503, and the carrier tries its failover
    address."""
    measures_capacity: bool = True
    """Whether fewer calls than ``max_calls`` are taken where more would suffer, by what engines and processors are seen
    to carry (:mod:`offhook.server.capacity`). Such a call is told busy at once, or goes to ``overflow_to``."""
    overflow_to: str | None = None
    """Where calls go for which there is no room: E.164 or a SIP URI; ``None``: they are told busy."""
    capacity: CapacityOptions = field(default_factory=CapacityOptions)
    """When there is room."""
    adopts: bool = True
    """Whether legs that nobody serves are taken over: of a process that has died, or that events tell of and nobody
    knows. Off for a program beside others that only dials."""
    max_queued_events: int = 2000
    """Events that wait, or whose commands are under way, before webhooks are answered 503."""
    token_key: bytes | None = field(default=None, repr=False)
    """What the tokens of media sockets are signed with: 32 bytes or more, the same for all processes behind one
    address, so that each can judge the tokens of the others. ``None``: a key of this process alone."""
    times: HostTimes = field(default_factory=HostTimes)
    texts: HostTexts = field(default_factory=HostTexts)
    media: MediaLimits = field(default_factory=MediaLimits)
