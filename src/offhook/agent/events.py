"""What happens in a conversation, told to the observers of its call.

``at_ms`` and every field that ends in ``_at_ms`` are wall clock, milliseconds since the epoch; every other field that
ends in ``_ms`` is a duration. ``text``, ``heard`` and ``digit`` hold what people said and pressed: personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from offhook.calls.events import CallFact

__all__ = [
    "AgentSpeechBegan",
    "AgentSpeechEnded",
    "BackchannelIgnored",
    "BargeInPaused",
    "BargeInResumed",
    "BargeInYielded",
    "CallerSpeechBegan",
    "CallerSpeechEnded",
    "CallerWords",
    "DigitPressed",
    "HandlerFailed",
    "HandoverDone",
    "HandoverFailed",
    "HandoverStarted",
    "HeardWord",
    "SessionEnded",
    "SessionEvent",
    "SessionStarted",
    "SilenceReminder",
    "SpeechIgnored",
    "ToolUsed",
    "TurnAnswered",
    "TurnDraft",
    "TurnHeard",
    "TurnReply",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(CallFact):
    """Something that happened in a conversation."""

    type: ClassVar[str] = "session.event"
    source: ClassVar[str] = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(SessionEvent):
    """Fired when the call's audio flows and the agent takes it."""

    type: ClassVar[str] = "session.started"

    agent: str
    codec: str
    sample_rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(SessionEvent):
    """Fired last. ``reason`` is ``hangup``, ``handover``, ``silence``, ``max_duration``, ``media_stopped``,
    ``engine_failed`` or ``closed``."""

    type: ClassVar[str] = "session.ended"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSpeechBegan(SessionEvent):
    """Fired when the caller has begun to speak; ``at_ms`` is when they did, a little earlier."""

    type: ClassVar[str] = "caller.speech_began"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSpeechEnded(SessionEvent):
    """Fired once it is clear that the caller has stopped; ``at_ms`` is when they did."""

    type: ClassVar[str] = "caller.speech_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerWords(SessionEvent):
    """Fired several times while the caller speaks, where the recogniser tells words so early: what they seem to have
    said until now. The next one replaces it."""

    type: ClassVar[str] = "caller.words"

    text: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardWord:
    """A word of a turn: when it was said, and how sure the recogniser is of it, in 0..1."""

    text: str
    began_at_ms: float
    ended_at_ms: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDraft(SessionEvent):
    """Fired when words were recognised before it was clear that the turn is over."""

    type: ClassVar[str] = "turn.draft"

    text: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnHeard(SessionEvent):
    """Fired when the caller's turn is over and its words are known. ``words`` is empty where the recogniser does not
    tell when each was said."""

    type: ClassVar[str] = "turn.heard"

    text: str
    confidence: float
    speech_began_at_ms: float
    speech_ended_at_ms: float
    words: tuple[HeardWord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnReply(SessionEvent):
    """Fired when it is decided what to answer. ``text`` is empty if the words come one by one."""

    type: ClassVar[str] = "turn.reply"

    intent: str | None
    confidence: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAnswered(SessionEvent):
    """Fired when the first audio of an answer is sent: where the time went since the caller stopped speaking.

    Each field counts from the end of the caller's speech, so the last is the whole of it, and each step took the
    difference to the one before.
    """

    type: ClassVar[str] = "turn.answered"

    words_ms: float
    """The words were known."""
    endpoint_ms: float
    """The turn was taken to be over."""
    reply_ms: float
    """It was decided what to answer."""
    audio_ms: float
    """The first audio was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUsed(SessionEvent):
    """A tool was used, or was to be: ``failed`` where it was not done, or it is not known. ``took_ms`` includes asking
    the caller."""

    type: ClassVar[str] = "tool.used"

    name: str
    failed: bool
    took_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpeechBegan(SessionEvent):
    """Fired when the first audio of something the agent says is sent. ``kind`` says what for: ``greeting``, ``reply``,
    ``question``, ``say``, ``filler``, ``reminder``, ``apology``, ``handover`` or ``goodbye``. ``text`` is what is known
    of it by now: the first sentence, where the words come one by one."""

    type: ClassVar[str] = "agent.speech_began"

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpeechEnded(SessionEvent):
    """Fired when the caller has heard it all, or has interrupted it: ``heard`` is what of ``text`` reached the ear."""

    type: ClassVar[str] = "agent.speech_ended"

    kind: str
    text: str
    heard: str
    interrupted: bool
    began_at_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeInPaused(SessionEvent):
    """Fired when the agent falls silent because the caller speaks. ``onset_at_ms`` is when the caller began."""

    type: ClassVar[str] = "barge_in.paused"

    onset_at_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeInYielded(SessionEvent):
    """Fired when the agent gives the floor to the caller."""

    type: ClassVar[str] = "barge_in.yielded"


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeInResumed(SessionEvent):
    """Fired when the agent goes on where it fell silent: it was no interruption. ``reason`` as in
    :class:`SpeechIgnored`."""

    type: ClassVar[str] = "barge_in.resumed"

    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackchannelIgnored(SessionEvent):
    """Fired when the caller only showed that they listen, and the agent was not disturbed. ``text`` is empty for a
    hum."""

    type: ClassVar[str] = "backchannel.ignored"

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechIgnored(SessionEvent):
    """Fired when a sound was no turn. ``reason`` is ``noise``, ``unintelligible``, ``protected``, ``answered``,
    ``handover``, ``goodbye``, or ``hello``: what is said to the phone before the agent, who has called, begins."""

    type: ClassVar[str] = "speech.ignored"

    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed(SessionEvent):
    """Fired when the caller presses a key."""

    type: ClassVar[str] = "digit.pressed"

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverStarted(SessionEvent):
    """Fired when the agent begins to hand the caller over."""

    type: ClassVar[str] = "handover.started"

    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverDone(SessionEvent):
    """Fired when the caller talks to the person."""

    type: ClassVar[str] = "handover.done"

    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverFailed(SessionEvent):
    """Fired when nobody could be reached; the agent goes on. ``cause`` is the carrier's word, or an error's code."""

    type: ClassVar[str] = "handover.failed"

    to: str
    reason: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceReminder(SessionEvent):
    """Fired when the caller is asked whether they are still there; ``count`` is 1 for the first time."""

    type: ClassVar[str] = "silence.reminder"

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerFailed(SessionEvent):
    """Fired when the program's own code raised; ``error`` is the name of the exception's type, ``WaitOver`` where the
    code took too long."""

    type: ClassVar[str] = "handler.failed"

    error: str
