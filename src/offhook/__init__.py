"""AI agents that talk on the phone, and the telephone exchange to try them on your own machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.agent import Agent, Engines, Handover, Limits, Texts, TurnOptions, uninterrupted
    from offhook.agent.conversant import Conversant, ConversantHost
    from offhook.agent.session import Session
    from offhook.agent.sessions import AgentSessions
    from offhook.audio.formats import AudioFormat
    from offhook.calls.call import Call
    from offhook.calls.transcript import Transcript, TranscriptEntry
    from offhook.carriers.telnyx.client import TelnyxCarrier
    from offhook.dialog.acts import Act, Answer, HandOver, HangUp, Say, Understood, UseTool, UseTools
    from offhook.dialog.base import Dialog, Heard, Reply
    from offhook.dialog.context import Budget
    from offhook.dialog.model import ModelDialog
    from offhook.errors import ConfigError, OffhookError
    from offhook.exchange.exchange import Exchange
    from offhook.models.base import LanguageModel
    from offhook.models.openai import OpenAIModel
    from offhook.server.host import Host
    from offhook.server.run import serve
    from offhook.speech.base import Recognition, SpeechToText, TextToSpeech, VoiceActivity, VoiceActivityStream
    from offhook.speech.batch import BatchSpeechToText
    from offhook.speech.streams import Sound, StreamingSpeechToText, StreamingTextToSpeech, VoiceStream, Word
    from offhook.tools.base import ToolError
    from offhook.tools.knowledge import Knowledge
    from offhook.tools.mcp import MCPServer

__all__ = [
    "Act",
    "Agent",
    "AgentSessions",
    "Answer",
    "AudioFormat",
    "BatchSpeechToText",
    "Budget",
    "Call",
    "ConfigError",
    "Conversant",
    "ConversantHost",
    "Dialog",
    "Engines",
    "Exchange",
    "HandOver",
    "Handover",
    "HangUp",
    "Heard",
    "Host",
    "Knowledge",
    "LanguageModel",
    "Limits",
    "MCPServer",
    "ModelDialog",
    "OffhookError",
    "OpenAIModel",
    "Recognition",
    "Reply",
    "Say",
    "Session",
    "Sound",
    "SpeechToText",
    "StreamingSpeechToText",
    "StreamingTextToSpeech",
    "TelnyxCarrier",
    "TextToSpeech",
    "Texts",
    "ToolError",
    "Transcript",
    "TranscriptEntry",
    "TurnOptions",
    "Understood",
    "UseTool",
    "UseTools",
    "VoiceActivity",
    "VoiceActivityStream",
    "VoiceStream",
    "Word",
    "__version__",
    "serve",
    "uninterrupted",
]

__version__ = "0.1.0"

_HOMES = {
    "Act": "offhook.dialog.acts",
    "Agent": "offhook.agent",
    "AgentSessions": "offhook.agent.sessions",
    "Answer": "offhook.dialog.acts",
    "AudioFormat": "offhook.audio.formats",
    "Budget": "offhook.dialog.context",
    "BatchSpeechToText": "offhook.speech.batch",
    "Call": "offhook.calls.call",
    "ConfigError": "offhook.errors",
    "Conversant": "offhook.agent.conversant",
    "ConversantHost": "offhook.agent.conversant",
    "Dialog": "offhook.dialog.base",
    "Engines": "offhook.agent",
    "Exchange": "offhook.exchange.exchange",
    "HandOver": "offhook.dialog.acts",
    "Handover": "offhook.agent",
    "HangUp": "offhook.dialog.acts",
    "Heard": "offhook.dialog.base",
    "Host": "offhook.server.host",
    "LanguageModel": "offhook.models.base",
    "Limits": "offhook.agent",
    "ModelDialog": "offhook.dialog.model",
    "OffhookError": "offhook.errors",
    "OpenAIModel": "offhook.models.openai",
    "Recognition": "offhook.speech.base",
    "Reply": "offhook.dialog.base",
    "Say": "offhook.dialog.acts",
    "Session": "offhook.agent.session",
    "Sound": "offhook.speech.streams",
    "SpeechToText": "offhook.speech.base",
    "StreamingSpeechToText": "offhook.speech.streams",
    "StreamingTextToSpeech": "offhook.speech.streams",
    "TelnyxCarrier": "offhook.carriers.telnyx.client",
    "TextToSpeech": "offhook.speech.base",
    "Texts": "offhook.agent",
    "Transcript": "offhook.calls.transcript",
    "TranscriptEntry": "offhook.calls.transcript",
    "TurnOptions": "offhook.agent",
    "Understood": "offhook.dialog.acts",
    "UseTool": "offhook.dialog.acts",
    "ToolError": "offhook.tools.base",
    "Knowledge": "offhook.tools.knowledge",
    "MCPServer": "offhook.tools.mcp",
    "UseTools": "offhook.dialog.acts",
    "VoiceActivity": "offhook.speech.base",
    "VoiceActivityStream": "offhook.speech.base",
    "VoiceStream": "offhook.speech.streams",
    "Word": "offhook.speech.streams",
    "serve": "offhook.server.run",
    "uninterrupted": "offhook.agent",
}


if not TYPE_CHECKING:  # a type checker sees the imports above, and can tell a name that does not exist

    def __getattr__(name: str) -> object:
        # Imported when first asked for: a command line should not wait for what it does not use.
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
