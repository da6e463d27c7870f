"""A recogniser of LiveKit's plugins: ``stt="livekit:azure.STT"``."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from offhook.errors import ConfigError, EngineError, EngineUnavailable
from offhook.providers.livekit.connecting import connecting
from offhook.providers.livekit.failures import failure
from offhook.providers.livekit.hearing import Hearing
from offhook.providers.livekit.plugin import checked
from offhook.providers.livekit.surroundings import begin
from offhook.providers.livekit.words import words_of
from offhook.speech.streams import PCM_16K, RecognitionStream, StreamBroke

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from offhook.speech.streams import AudioFormat, RecognitionEvent

__all__ = ["LiveKitStt", "named"]

_MOST_WAITING: Final = 500
"""Pieces of audio that wait for the stream to begin: 10 s."""
_END_TURNS: Final = {("livekit.plugins.deepgram", "STTv2"), ("livekit.plugins.assemblyai", "STT")}


class LiveKitStt:
    """A plugin that hears while the caller speaks (:class:`~offhook.speech.streams.StreamingSpeechToText`).

    Args:
        plugin: an ``STT`` of one of LiveKit's plugins, or its name: ``"azure.STT"``, ``"deepgram.STT(model=nova-3)"``.
        ends_turns: whether the end of speech that it tells is the end of a turn, and not just a pause. False: voice
            activity decides. ``None``: of those that are known to judge that by the words, Flux (``deepgram.STTv2``)
            and AssemblyAI.

    Raises:
        ConfigError: it is no such plugin, cannot be made, or does not hear while the caller speaks.
        EngineMissing: LiveKit, or the plugin, is not installed.
    """

    live = True
    formats: tuple[AudioFormat, ...] = (PCM_16K,)
    """What most plugins want; those that want another rate change it themselves."""

    def __init__(self, plugin: Any, *, ends_turns: bool | None = None) -> None:
        self.plugin = checked(plugin, "STT")
        kind = type(self.plugin)
        known = (kind.__module__.rpartition(".")[0], kind.__name__) in _END_TURNS
        self.ends_turns = known if ends_turns is None else ends_turns
        if not self.plugin.capabilities.streaming:
            raise ConfigError(
                "expected a recogniser that hears while the caller speaks, got one of whole utterances.",
                fix="another plugin, or another model of this one: see LiveKit's list of plugins",
            )

    async def warm_up(self) -> None:
        """Load what streams need, so that the first call does not wait for it."""
        await begin(self.plugin, _rtc)

    def open(
        self, audio: AudioFormat, on_event: Callable[[RecognitionEvent], None], *, call_id: str | None = None
    ) -> RecognitionStream:
        """Begin a stream: see :class:`offhook.speech.streams.StreamingSpeechToText`."""
        return _Stream(self.plugin, on_event, ends_turns=self.ends_turns)


class _Stream(RecognitionStream):
    """One caller's audio."""

    def __init__(self, plugin: Any, on_event: Callable[[RecognitionEvent], None], *, ends_turns: bool) -> None:
        self._plugin = plugin
        self._on_event = on_event
        self._ends_turns = ends_turns
        self._hearing = Hearing("LiveKit's plugin", ends_turns=ends_turns)
        self._waiting: deque[bytes | None] = deque(maxlen=_MOST_WAITING)  # None: a flush
        self._stream: Any = None
        self._over = False
        self._task = asyncio.create_task(self._run())

    # -- for whoever has the audio ------------------------------------------------------------------------------------

    def push(self, audio: bytes) -> None:
        """Add audio."""
        self._put(audio)

    def flush(self) -> None:
        """Ask for the words of all that was pushed."""
        if self._over:
            return
        if not self._ends_turns:  # which says so by itself, and may be confused by the rest of a message
            self._put(None)
        number, limit_s = self._hearing.flush()
        asyncio.get_running_loop().call_later(limit_s, self._waited, number)

    def speech_began(self, at_ms: float, *, goes_on: bool = False) -> None:
        """An utterance begins."""
        if not goes_on:
            self._hearing.speech_began()

    def close(self) -> None:
        """Forget it."""
        self._over = True
        self._task.cancel()

    # -- for the plugin -----------------------------------------------------------------------------------------------

    def _put(self, audio: bytes | None) -> None:
        if self._over:
            return
        if self._stream is None:
            self._waiting.append(audio)
            return
        try:
            if audio is None:
                self._stream.flush()
            else:
                rate = PCM_16K.sample_rate
                self._stream.push_frame(_rtc().AudioFrame(audio, rate, 1, len(audio) // PCM_16K.sample_bytes))
        except RuntimeError:
            return  # it has ended, and says why where it is iterated over

    async def _run(self) -> None:
        stream = None
        try:
            options = connecting()
            stream = await begin(self._plugin, lambda: self._plugin.stream(conn_options=options))
            self._stream = stream
            while self._waiting:
                self._put(self._waiting.popleft())
            async for event in stream:
                self._tell(self._read(event))
            raise EngineUnavailable("expected LiveKit's plugin to hear all along, got the end of its stream.")
        except Exception as error:
            self._broke(failure(self._plugin, error))
        finally:
            if stream is not None:
                await stream.aclose()

    def _read(self, event: Any) -> Iterable[RecognitionEvent]:
        first = event.alternatives[0] if event.alternatives else None
        if first is None:
            return self._hearing.received(event.type.value, "", 0.0, ())
        words = words_of(first.words or ())
        return self._hearing.received(event.type.value, first.text.strip(), first.confidence, words)

    def _waited(self, number: int) -> None:
        if self._over:
            return
        try:
            events = [*self._hearing.waited(number)]
        except EngineError as error:
            self._broke(error)
            self._task.cancel()
        else:
            self._tell(events)

    def _broke(self, error: EngineError) -> None:
        self._tell((StreamBroke(error),))
        self._over = True

    def _tell(self, events: Iterable[RecognitionEvent]) -> None:
        for event in events:
            if self._over:
                return
            try:
                self._on_event(event)
            except Exception as error:
                # The listener's fault is not the stream's.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a listener to a recogniser failed", "exception": error}
                )


def _rtc() -> Any:
    from livekit import rtc

    return rtc


def named(which: str) -> LiveKitStt:
    """``livekit:azure.STT``."""
    return LiveKitStt(which)
