"""What LiveKit has a plugin for, on the phone: ``stt="livekit:azure.STT"``, and as objects.

One adapter for each kind of plugin. They need no LiveKit server and no room: a plugin is a client of its provider.
"""

from offhook.providers.livekit.llm import LiveKitModel
from offhook.providers.livekit.realtime import LiveKitRealtime
from offhook.providers.livekit.stt import LiveKitStt
from offhook.providers.livekit.tts import LiveKitTts

__all__ = ["LiveKitModel", "LiveKitRealtime", "LiveKitStt", "LiveKitTts"]
