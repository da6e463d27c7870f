"""Everything that ``call.observe`` tells: what happens to a call, and in its conversation.

``match`` on the classes; every event has ``type``, ``at_ms`` and ``to_dict()``.
"""

from __future__ import annotations

from offhook.agent.events import (
    AgentSpeechBegan,
    AgentSpeechEnded,
    BackchannelIgnored,
    BargeInPaused,
    BargeInResumed,
    BargeInYielded,
    CallerSpeechBegan,
    CallerSpeechEnded,
    CallerWords,
    DigitPressed,
    HandlerFailed,
    HandoverDone,
    HandoverFailed,
    HandoverStarted,
    SessionEnded,
    SessionEvent,
    SessionStarted,
    SilenceReminder,
    SpeechIgnored,
    ToolUsed,
    TurnAnswered,
    TurnDraft,
    TurnHeard,
    TurnReply,
)
from offhook.calls.events import (
    CallFact,
    CallOver,
    CallRinging,
    CallTurnedAway,
    MediaLost,
    TransferBridged,
    TransferFailed,
)
from offhook.dialog.events import IntentMatched

__all__ = [
    "AgentSpeechBegan",
    "AgentSpeechEnded",
    "BackchannelIgnored",
    "BargeInPaused",
    "BargeInResumed",
    "BargeInYielded",
    "CallFact",
    "CallOver",
    "CallRinging",
    "CallTurnedAway",
    "CallerSpeechBegan",
    "CallerSpeechEnded",
    "CallerWords",
    "DigitPressed",
    "HandlerFailed",
    "HandoverDone",
    "HandoverFailed",
    "HandoverStarted",
    "IntentMatched",
    "MediaLost",
    "SessionEnded",
    "SessionEvent",
    "SessionStarted",
    "SilenceReminder",
    "SpeechIgnored",
    "ToolUsed",
    "TransferBridged",
    "TransferFailed",
    "TurnAnswered",
    "TurnDraft",
    "TurnHeard",
    "TurnReply",
]
