"""A realtime model of LiveKit's plugins: ``realtime="livekit:google.realtime.RealtimeModel"``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.audio.formats import AudioFormat
from offhook.errors import ConfigError
from offhook.providers.livekit.plugin import checked
from offhook.providers.livekit.realtime_session import RATE, LiveKitSession
from offhook.providers.livekit.surroundings import begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.agent.conversant import Conversant, ConversantHost
    from offhook.health import Health
    from offhook.models.base import ToolSpec
    from offhook.providers.realtime.seam import RealtimeModel, SessionWatcher

__all__ = ["LiveKitRealtime", "named"]


class LiveKitRealtime:
    """A plugin that hears and speaks (:class:`~offhook.agent.speech_to_speech.SpeechToSpeech`).

    Audio is pcm at 24 kHz both ways. Whether the model answers of its own accord, and what ends a turn, is set at the
    plugin's object; it has to tell of turns itself.

    Args:
        plugin: a ``RealtimeModel`` of one of LiveKit's plugins, or its name: ``"google.realtime.RealtimeModel"``.

    Raises:
        ConfigError: it is no such plugin, cannot be made, or does not tell of turns.
        EngineMissing: LiveKit, or the plugin, is not installed.
    """

    formats: tuple[AudioFormat, ...] = (AudioFormat("pcm", RATE),)

    def __init__(self, plugin: Any) -> None:
        self.plugin = checked(plugin, "RealtimeModel")
        self.name = f"livekit:{self.plugin.model}"
        if not self.plugin.capabilities.turn_detection or not self.plugin.capabilities.audio_output:
            raise ConfigError(
                "expected a realtime model that speaks, and tells when the caller begins and ends, got another.",
                fix="leave its turn detection on, and its output audio",
            )

    def __repr__(self) -> str:
        return f"<LiveKitRealtime {self.name}>"

    async def warm_up(self) -> None:
        """Have ready what all calls need, so that the first one does not wait for it."""
        import offhook.providers.realtime.conversant  # noqa: F401

        await begin(self.plugin, lambda: None)

    def converse(
        self, host: ConversantHost, models: Sequence[RealtimeModel], health: Health[RealtimeModel]
    ) -> Conversant:
        """What talks on one call; ``models``: itself, and those that talk where it does not work."""
        from offhook.providers.realtime.conversant import RealtimeConversant

        return RealtimeConversant(host, models, health)

    async def first_sounds(self, tools: Sequence[ToolSpec]) -> tuple[float, float, float]:
        """Let it speak twice: see :func:`offhook.providers.realtime.asking.first_sounds`."""
        from offhook.providers.realtime.asking import first_sounds

        return await first_sounds(self, tools)

    def open(
        self, audio: AudioFormat, first: Sequence[str], watcher: SessionWatcher, *, call_id: str | None = None
    ) -> LiveKitSession:
        """A session: see :class:`~offhook.providers.livekit.realtime_session.LiveKitSession`."""
        return LiveKitSession(self, first, watcher)

    def session(
        self,
        audio_in: AudioFormat,
        audio_out: AudioFormat,
        *,
        instructions: str,
        tools: Sequence[ToolSpec],
        language: str,
        answers: bool,
        interrupts: bool,
    ) -> dict[str, Any]:
        """What of the settings of a session a plugin can be told."""
        return {
            "instructions": instructions,
            "tools": [
                {"name": spec.name, "description": spec.description, "parameters": dict(spec.parameters)}
                for spec in tools
            ],
        }

    def turns(self, *, answers: bool, interrupts: bool) -> dict[str, object]:
        """Nothing: they are taken as the plugin's object says."""
        return {}


def named(which: str) -> LiveKitRealtime:
    """``livekit:google.realtime.RealtimeModel``."""
    return LiveKitRealtime(which)
