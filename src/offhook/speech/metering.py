"""What engines take for what calls ask of them: one wrapper for each kind, told to one listener.

Nothing is done per frame: an utterance costs two readings of the clock, a sentence three.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from offhook.speech.base import Recognition, SpeechToText, TextToSpeech

__all__ = [
    "EngineCost",
    "EngineListener",
    "EngineName",
    "EngineUse",
    "MeteredStt",
    "MeteredTts",
    "Metering",
    "cost_of_recognition",
    "cost_of_voice",
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


class MeteredTts:
    """A voice whose times are told.

    Args:
        tts: the voice.
        metering: whom to tell.
    """

    def __init__(self, tts: TextToSpeech, metering: Metering) -> None:
        self._tts = tts
        self._metering = metering

    @property
    def sample_rate(self) -> int:
        """That of the voice."""
        return self._tts.sample_rate

    def speak(self, text: str) -> AsyncIterator[bytes]:
        """The audio of ``text``, as the voice says it."""
        listener = self._metering.listener
        return self._tts.speak(text) if listener is None else self._speak(text, listener)

    async def _speak(self, text: str, listener: EngineListener) -> AsyncGenerator[bytes, None]:
        listener.asked("voice", 0.0)
        began_ns, made, whole = time.perf_counter_ns(), 0, False
        pieces = self._tts.speak(text)
        try:
            async for pcm in pieces:
                if pcm and not made:
                    took_ms = (time.perf_counter_ns() - began_ns) / 1e6
                    listener.answered(EngineUse(engine="voice", audio_ms=0.0, answered_ms=took_ms))
                made += len(pcm)
                yield pcm
            whole = True
        finally:
            aclose = getattr(pieces, "aclose", None)
            if aclose is not None:
                await aclose()
            audio_ms = made / _SAMPLE_BYTES * 1000 / self._tts.sample_rate
            listener.done("voice", audio_ms, dropped=not whole)


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


async def cost_of_voice(tts: TextToSpeech, text: str) -> tuple[EngineCost, bytes]:
    """Say ``text`` and see what it takes; the audio, too.

    Raises:
        Exception: what the voice raises.
    """
    began_ns, used_ns = time.perf_counter_ns(), time.process_time_ns()
    first_ms, pieces = None, []
    async for pcm in tts.speak(text):
        if pcm and first_ms is None:
            first_ms = (time.perf_counter_ns() - began_ns) / 1e6
        pieces.append(pcm)
    said = b"".join(pieces)
    took_ms = (time.perf_counter_ns() - began_ns) / 1e6
    cost = EngineCost(
        engine="voice",
        audio_ms=len(said) / _SAMPLE_BYTES * 1000 / tts.sample_rate,
        answered_ms=took_ms if first_ms is None else first_ms,
        busy_ms=took_ms,
        processor_ms=(time.process_time_ns() - used_ns) / 1e6,
        at_once=getattr(tts, "at_once", None),
    )
    return cost, said
