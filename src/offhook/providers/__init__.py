"""Recognisers and voices of other people's services, each a thin client of the vendor's own protocol."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.providers.assemblyai import AssemblyAI
    from offhook.providers.cartesia import Cartesia
    from offhook.providers.deepgram import Aura, Deepgram, Flux
    from offhook.providers.elevenlabs import ElevenLabs
    from offhook.providers.livekit import LiveKitModel, LiveKitRealtime, LiveKitStt, LiveKitTts
    from offhook.providers.openai_speech import OpenAISpeech
    from offhook.providers.realtime.model import OpenAIRealtime
    from offhook.providers.rime import Rime
    from offhook.providers.telnyx import TelnyxStt
    from offhook.providers.telnyx_voice import TelnyxTts

__all__ = [
    "AssemblyAI",
    "Aura",
    "Cartesia",
    "Deepgram",
    "ElevenLabs",
    "Flux",
    "LiveKitModel",
    "LiveKitRealtime",
    "LiveKitStt",
    "LiveKitTts",
    "OpenAIRealtime",
    "OpenAISpeech",
    "Rime",
    "TelnyxStt",
    "TelnyxTts",
]

_HOMES = {
    "AssemblyAI": "assemblyai",
    "Aura": "deepgram",
    "Cartesia": "cartesia",
    "Deepgram": "deepgram",
    "ElevenLabs": "elevenlabs",
    "Flux": "deepgram",
    "LiveKitModel": "livekit",
    "LiveKitRealtime": "livekit",
    "LiveKitStt": "livekit",
    "LiveKitTts": "livekit",
    "OpenAIRealtime": "realtime.model",
    "OpenAISpeech": "openai_speech",
    "Rime": "rime",
    "TelnyxStt": "telnyx",
    "TelnyxTts": "telnyx_voice",
}


def __getattr__(name: str) -> object:
    """What is asked for is imported then: a program uses one of them."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
