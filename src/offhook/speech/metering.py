"""What engines take for what calls ask of them: one wrapper for each kind, told to one listener.

Nothing is done per frame: an utterance costs two readings of the clock, a sentence three.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from offhook.speech.streams import Sound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.audio.formats import AudioFormat
    from offhook.speech.base import Recognition, SpeechToText
    from offhook.speech.streams import Sounds, StreamingTextToSpeech, VoiceStream

__all__ = [
    "EngineCost",
    "EngineListener",
    "EngineName",
    "EngineUse",
    "MeteredStt",
    "Metering",
    "cost_of_recognition",
    "cost_of_voice",
    "metered_voice",
]

EngineName = Literal["recognition", "voice"]

_SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCost:
    """What an engine takes when nothing else is asked of it."""

    engine: EngineName
    audio_ms: float
    """Of the audio that was recognised, or made."""
    answered_ms: float
    """Until the words were known, or the first sound was there."""
    busy_ms: float
    """Until the engine was done."""
    processor_ms: float
    """Processor time that this process has used for it. Next to none is used by an engine that is somewhere else."""
    at_once: int | None
    """How many it does at a time; ``None`` if as many as there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineUse:
    """Fired when an engine has done what a call has asked of it."""

    engine: EngineName
    audio_ms: float
    answered_ms: float


class EngineListener(Protocol):
    """Who is told what engines are asked for. Called on the event loop; must not block."""

    def asked(self, engine: EngineName, audio_ms: float) -> None:
        """A call asks something of the engine: to recognise so much audio, or to say a sentence (0.0)."""
        ...

    def answered(self, use: EngineUse) -> None:
        """The words, or the first sound, are there. For a voice ``audio_ms`` is 0.0."""
        ...

    def done(self, engine: EngineName, audio_ms: float, *, dropped: bool) -> None:
        """The engine has done it, or it is not wanted any more. ``audio_ms`` is what was recognised, or made."""
        ...


class Metering:
    """Where the wrappers tell what they see; silent until somebody listens."""

    def __init__(self) -> None:
        self.costs: tuple[EngineCost, ...] = ()
        """What the engines take alone, once it is known."""
        self.listener: EngineListener | None = None
        self._engines: list[object] = []

    def beside(self, engine: object) -> None:
        """``engine`` may do things on the side, and tells in ``side_ms`` what they have taken."""
        self._engines.append(engine)

    @property
    def side_ms(self) -> float:
        """Processor time used so far for what no call would miss: there is as much of it as is left over."""
        return sum(getattr(engine, "side_ms", 0.0) for engine in self._engines)


class MeteredStt:
    """A recogniser whose times are told.

    Args:
        stt: the recogniser.
        metering: whom to tell.
    """

    def __init__(self, stt: SpeechToText, metering: Metering) -> None:
        self._stt = stt
        self._metering = metering
        metering.beside(stt)
        self.at_once: int | None = getattr(stt, "at_once", None)
        """That of the recogniser."""
        self.partial: Callable[[bytes], Awaitable[Recognition | None]] | None = getattr(stt, "partial", None)
        """That of the recogniser: it is done on the side, and keeps nobody waiting."""

    @property
    def sample_rate(self) -> int:
        """That of the recogniser."""
        return self._stt.sample_rate

    async def transcribe(self, pcm: bytes) -> Recognition:
        """The words in ``pcm``, as the recogniser hears them."""
        listener = self._metering.listener
        if listener is None:
            return await self._stt.transcribe(pcm)
        audio_ms = len(pcm) / _SAMPLE_BYTES * 1000 / self._stt.sample_rate
        listener.asked("recognition", audio_ms)
        began_ns, known = time.perf_counter_ns(), False
        try:
            words = await self._stt.transcribe(pcm)
            known = True
            return words
        finally:
            if known:
                took_ms = (time.perf_counter_ns() - began_ns) / 1e6
                listener.answered(EngineUse(engine="recognition", audio_ms=audio_ms, answered_ms=took_ms))
            listener.done("recognition", audio_ms, dropped=not known)


def metered_voice(stream: VoiceStream, audio: AudioFormat, metering: Metering) -> VoiceStream:
    """A voice on one call whose times are told.

    A sentence counts from when it is waited for: one that was asked for ahead keeps nobody waiting until then.

    Args:
        stream: the voice on the call.
        audio: its format.
        metering: whom to tell.
    """
    return _MeteredStream(stream, audio, metering)


class _MeteredStream:
    def __init__(self, stream: VoiceStream, audio: AudioFormat, metering: Metering) -> None:
        self._stream = stream
        self._bytes_per_ms = audio.bytes_per_ms
        self._metering = metering
        self.cancel = stream.cancel
        self.close = stream.close

    def speak(self, text: str, *, goes_on: bool = False) -> Sounds:
        sounds = self._stream.speak(text, goes_on=goes_on)
        listener = self._metering.listener
        return sounds if listener is None else _MeteredSounds(sounds, listener, self._bytes_per_ms)


class _MeteredSounds:
    def __init__(self, sounds: Sounds, listener: EngineListener, bytes_per_ms: float) -> None:
        self._sounds = sounds
        self._listener = listener
        self._bytes_per_ms = bytes_per_ms
        self._began_ns: int | None = None
        self._made = 0
        self._over = False

    def __aiter__(self) -> _MeteredSounds:
        return self

    async def __anext__(self) -> Sound:
        if self._began_ns is None:
            self._began_ns = time.perf_counter_ns()
            self._listener.asked("voice", 0.0)
        try:
            sound = await anext(self._sounds)
        except StopAsyncIteration:
            self._done(dropped=False)
            raise
        size = len(sound.audio) if isinstance(sound, Sound) else 0  # what is none is for whoever wanted it to say
        if size and not self._made and not self._over:
            took_ms = (time.perf_counter_ns() - self._began_ns) / 1e6
            self._listener.answered(EngineUse(engine="voice", audio_ms=0.0, answered_ms=took_ms))
        self._made += size
        return sound

    async def aclose(self) -> None:
        self._done(dropped=True)
        await self._sounds.aclose()

    def _done(self, *, dropped: bool) -> None:
        if self._began_ns is not None and not self._over:
            self._over = True
            self._listener.done("voice", self._made / self._bytes_per_ms, dropped=dropped)


async def cost_of_recognition(stt: SpeechToText, pcm: bytes) -> EngineCost:
    """Recognise ``pcm`` and see what it takes.

    Raises:
        Exception: what the recogniser raises.
    """
    began_ns, used_ns = time.perf_counter_ns(), time.process_time_ns()
    await stt.transcribe(pcm)
    took_ms = (time.perf_counter_ns() - began_ns) / 1e6
    return EngineCost(
        engine="recognition",
        audio_ms=len(pcm) / _SAMPLE_BYTES * 1000 / stt.sample_rate,
        answered_ms=took_ms,
        busy_ms=took_ms,
        processor_ms=(time.process_time_ns() - used_ns) / 1e6,
        at_once=getattr(stt, "at_once", None),
    )


async def cost_of_voice(voice: StreamingTextToSpeech, text: str, audio: AudioFormat) -> tuple[EngineCost, bytes]:
    """Say ``text`` and see what it takes; the audio, too, in ``audio``, one of the voice's formats.

    Raises:
        Exception: what the voice raises.
    """
    began_ns, used_ns = time.perf_counter_ns(), time.process_time_ns()
    first_ms, pieces = None, []
    stream = voice.open(audio)
    try:
        async for sound in stream.speak(text):
            if sound.audio and first_ms is None:
                first_ms = (time.perf_counter_ns() - began_ns) / 1e6
            pieces.append(sound.audio)
    finally:
        stream.close()
    said = b"".join(pieces)
    took_ms = (time.perf_counter_ns() - began_ns) / 1e6
    cost = EngineCost(
        engine="voice",
        audio_ms=len(said) / audio.bytes_per_ms,
        answered_ms=took_ms if first_ms is None else first_ms,
        busy_ms=took_ms,
        processor_ms=(time.process_time_ns() - used_ns) / 1e6,
        at_once=getattr(voice, "at_once", None),
    )
    return cost, said
