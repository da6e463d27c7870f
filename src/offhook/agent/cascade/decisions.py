"""What turn-taking can decide; see :mod:`offhook.agent.cascade.turns`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from offhook.agent.silence import EndCall, RemindSilence

__all__ = [
    "Decision",
    "DraftTranscript",
    "DropDraft",
    "EndCall",
    "Ignore",
    "IgnoreReason",
    "MayBeTurn",
    "NotTheTurn",
    "PauseAgent",
    "RemindSilence",
    "Resume",
    "SpeechBegan",
    "TurnEnded",
    "Yield",
]

IgnoreReason = Literal["answered", "backchannel", "noise", "protected", "unintelligible"]
"""Why something said is not a turn: a listener's word, too short to be speech, said over protected speech, no words;
or the end of a turn that was cut off when audio stopped, with no word in it that has not been answered."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Decided when the caller starts to speak: keep the audio from a little before ``at_ms`` on."""

    at_ms: float
    goes_on: bool = False
    """With a turn that was cut off: what was kept of it is the beginning of this."""


@dataclass(frozen=True, slots=True)
class DraftTranscript:
    """Decided when the words so far should be recognised; report them by :meth:`TurnTaking.transcript`."""

    draft: int


@dataclass(frozen=True, slots=True)
class DropDraft:
    """Decided when the caller speaks on: what was recognised, or is being recognised, is not the whole turn."""

    draft: int


@dataclass(frozen=True, slots=True)
class MayBeTurn:
    """Decided when ``text`` may be all of the caller's turn, and nothing else is known yet: an answer may be begun that
    nobody hears.

    What follows is another one, which takes its place; or :class:`NotTheTurn`; or :class:`TurnEnded` with the same
    words (letters and digits, whatever their case).
    """

    text: str
    confidence: float
    speech_began_ms: float
    speech_ended_ms: float


@dataclass(frozen=True, slots=True)
class NotTheTurn:
    """Decided when the words of :class:`MayBeTurn` are not the turn: the caller goes on, has said something else, or
    has said nothing to be answered."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """Decided when the caller has finished: it is the agent's turn to answer ``text``.

    The text is empty if the caller took the floor from the agent and was not understood.
    """

    text: str
    confidence: float
    speech_began_ms: float
    speech_ended_ms: float
    cut_off: bool = False
    """Audio has stopped, and what else was said may still come: keep what was heard of it."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Decided when what was said is no turn; the agent, if it is speaking, was not disturbed."""

    reason: IgnoreReason
    text: str
    speech_began_ms: float
    speech_ended_ms: float


@dataclass(frozen=True, slots=True)
class PauseAgent:
    """Decided when the caller seems to interrupt: silence the agent now, and remember where it stopped."""

    onset_ms: float
    """When the caller started to speak."""


@dataclass(frozen=True, slots=True)
class Yield:
    """Decided when the caller does interrupt: the rest of what the agent was saying is not said."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Decided when it was no interruption after all: go on from where the caller stopped hearing the agent."""

    reason: IgnoreReason
    text: str
    speech_began_ms: float
    speech_ended_ms: float


Decision = (
    SpeechBegan
    | DraftTranscript
    | DropDraft
    | MayBeTurn
    | NotTheTurn
    | TurnEnded
    | Ignore
    | PauseAgent
    | Yield
    | Resume
    | RemindSilence
    | EndCall
)
