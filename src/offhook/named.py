"""Engines by name: ``moonshine``, ``flite:rms``, ``deepgram:flux``. Which function makes one is written here as text.

So a room can offer what lies in a room above it, and nothing is imported before somebody asks for it. A name is a kind,
or a kind and which one of it, with a colon between them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from offhook.errors import ConfigError

__all__ = ["MODELS", "RECOGNISERS", "SPEECH_TO_SPEECH", "VOICES", "make"]

RECOGNISERS: Final[dict[str, str]] = {
    "assemblyai": "offhook.providers.assemblyai:named",
    "deepgram": "offhook.providers.deepgram:named",
    "livekit": "offhook.providers.livekit.stt:named",
    "moonshine": "offhook.speech.engines:moonshine",
    "telnyx": "offhook.providers.telnyx:named",
}
"""What hears: kind to ``module:function``. The function is given what follows the colon, ``""`` if nothing does, and
returns an engine, batch or streaming; it raises ConfigError or EngineMissing."""

VOICES: Final[dict[str, str]] = {
    "cartesia": "offhook.providers.cartesia:named",
    "deepgram": "offhook.providers.deepgram:voice_named",
    "elevenlabs": "offhook.providers.elevenlabs:named",
    "espeak": "offhook.speech.engines:espeak",
    "flite": "offhook.speech.engines:flite",
    "livekit": "offhook.providers.livekit.tts:named",
    "openai": "offhook.providers.openai_speech:named",
    "rime": "offhook.providers.rime:named",
    "telnyx": "offhook.providers.telnyx_voice:named",
}
"""What speaks, likewise."""

MODELS: Final[dict[str, str]] = {
    "livekit": "offhook.providers.livekit.llm:named",
}
"""Language models that do not speak OpenAI's chat protocol, likewise: an :class:`offhook.models.base.LanguageModel`."""

SPEECH_TO_SPEECH: Final[dict[str, str]] = {
    "livekit": "offhook.providers.livekit.realtime:named",
    "openai": "offhook.providers.realtime.model:named",
}
"""What hears and speaks in one, likewise: an :class:`offhook.agent.speech_to_speech.SpeechToSpeech`."""


def make(what: str, kinds: dict[str, str], name: str) -> Any:
    """The engine of this name.

    Args:
        what: what it is, for the error: ``"a speech to text engine"``.
        kinds: those there are, kind to ``module:function``.
        name: ``kind`` or ``kind:which``.

    Raises:
        ConfigError: there is none of this name, or a setting that it needs is missing.
        EngineMissing: it is not installed.
    """
    kind, _, which = name.partition(":")
    if kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise ConfigError(f"expected {what} ({known}), got {name!r}", fix="use one of these")
    module, _, function = kinds[kind].partition(":")
    return getattr(import_module(module), function)(which)
