"""A voice of LiveKit's plugins: ``tts="livekit:cartesia.TTS"``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from offhook.audio.formats import AudioFormat
from offhook.errors import EngineError
from offhook.providers.livekit.connecting import connecting
from offhook.providers.livekit.failures import failure
from offhook.providers.livekit.plugin import checked
from offhook.providers.livekit.surroundings import begin
from offhook.providers.livekit.words import words_of
from offhook.speech.streams import Sound

if TYPE_CHECKING:
    from offhook.speech.streams import Sounds, VoiceStream

__all__ = ["LiveKitTts", "named", "sound_of"]


class LiveKitTts:
    """A plugin that speaks (:class:`~offhook.speech.streams.StreamingTextToSpeech`).

    It is asked for each sentence on a stream of its own; plugins keep the connection from one to the next.

    Args:
        plugin: a ``TTS`` of one of LiveKit's plugins, or its name: ``"azure.TTS"``, ``"cartesia.TTS(voice=…)"``.

    Raises:
        ConfigError: it is no such plugin, or cannot be made.
        EngineMissing: LiveKit, or the plugin, is not installed.
    """

    def __init__(self, plugin: Any) -> None:
        self.plugin = checked(plugin, "TTS")

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Pcm at the rate of the plugin, which is brought to the line's."""
        return (AudioFormat("pcm", self.plugin.sample_rate),)

    async def warm_up(self) -> None:
        """Let the plugin connect, where it can do so ahead."""
        await begin(self.plugin, self.plugin.prewarm)

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> VoiceStream:
        """Begin to speak on a call: see :class:`offhook.speech.streams.StreamingTextToSpeech`."""
        return _Stream(self.plugin)


class _Stream:
    """The voice on one call."""

    def __init__(self, plugin: Any) -> None:
        self._plugin = plugin
        self._asked: set[_Sentence] = set()
        self._closed = False

    def speak(self, text: str, *, goes_on: bool = False) -> Sounds:
        """Ask for a sentence."""
        sentence = _Sentence(self._plugin, text, self._asked)
        if self._closed:
            sentence.drop()
        return sentence

    def cancel(self) -> None:
        """Say nothing of it any more."""
        for sentence in list(self._asked):
            sentence.drop()

    def close(self) -> None:
        """Let go of it."""
        self._closed = True
        self.cancel()


class _Sentence:
    """The audio of a sentence, piece by piece: asked for at once, and kept for whoever iterates."""

    def __init__(self, plugin: Any, text: str, asked: set[_Sentence]) -> None:
        self._plugin = plugin
        self._sounds: asyncio.Queue[Sound | EngineError | None] = asyncio.Queue()
        self._dropped = False
        self._asked = asked
        asked.add(self)
        self._task = asyncio.create_task(self._run(text))

    def drop(self) -> None:
        """None is wanted any more."""
        self._dropped = True
        self._asked.discard(self)
        self._task.cancel()
        self._sounds.put_nowait(None)

    def __aiter__(self) -> _Sentence:
        return self

    async def __anext__(self) -> Sound:
        sound = None if self._dropped else await self._sounds.get()
        if sound is None or self._dropped:
            self._sounds.put_nowait(None)
            raise StopAsyncIteration
        if isinstance(sound, EngineError):
            raise sound
        return sound

    async def aclose(self) -> None:
        """Drop it."""
        self.drop()

    async def _run(self, text: str) -> None:
        stream = None
        plugin = self._plugin
        options = connecting()
        try:
            if plugin.capabilities.streaming:
                stream = await begin(plugin, lambda: plugin.stream(conn_options=options))
                stream.push_text(text)
                stream.end_input()
            else:
                stream = await begin(plugin, lambda: plugin.synthesize(text, conn_options=options))
            async for synthesized in stream:
                self._sounds.put_nowait(sound_of(synthesized.frame, plugin.sample_rate))
        except Exception as error:
            self._sounds.put_nowait(failure(plugin, error))
        finally:
            self._asked.discard(self)
            self._sounds.put_nowait(None)
            if stream is not None:
                await stream.aclose()


def sound_of(frame: Any, sample_rate: int) -> Sound:
    """A frame of LiveKit's (``AudioFrame``), with the words that are told with it.

    Raises:
        EngineError: it is not mono, or of another rate.
    """
    if frame.num_channels != 1 or frame.sample_rate != sample_rate:
        raise EngineError(
            f"expected mono at {sample_rate} Hz of LiveKit's plugin, "
            f"got {frame.num_channels} channels at {frame.sample_rate} Hz.",
            fix="another voice, or another plugin",
        )
    return Sound(bytes(frame.data), words_of(frame.userdata.get("lk.timed_transcripts", ())))


def named(which: str) -> LiveKitTts:
    """``livekit:cartesia.TTS``."""
    return LiveKitTts(which)
