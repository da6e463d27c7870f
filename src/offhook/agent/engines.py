"""The speech engines of a worker: one of each kind, shared by all of its calls."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from offhook.agent.recognisers import Recognisers
from offhook.agent.voices import Fallback, Voices
from offhook.audio.formats import PCM_8K, AudioFormat, Rewriter, best_for
from offhook.errors import ConfigError
from offhook.logs import describe
from offhook.speech.batch_voice import as_streaming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.speech.base import SpeechToText, VoiceActivity
    from offhook.speech.batch_voice import AnyVoice
    from offhook.speech.metering import Metering
    from offhook.speech.streams import StreamingSpeechToText

    Hears = SpeechToText | StreamingSpeechToText | str

__all__ = ["Engines"]

logger = logging.getLogger(__name__)

_LINE_RATES = (8000, 16000, 24000)
_loading: set[asyncio.Task[None]] = set()
"""The event loop itself keeps no reference to a task."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What listens, recognises and speaks. Any object that keeps a protocol of :mod:`offhook.speech.base` or
    :mod:`offhook.speech.streams` will do.

    Raises:
        ConfigError: ``tts`` is no voice.
    """

    vad: VoiceActivity
    stt: SpeechToText | StreamingSpeechToText
    tts: AnyVoice
    fallback: Fallback = field(default_factory=Fallback, compare=False)
    """What speaks where ``tts`` does not work."""
    stt_fallback: tuple[SpeechToText | StreamingSpeechToText, ...] = field(default=(), compare=False)
    """What recognises where ``stt`` does not work, the first that works."""
    metering: Metering | None = field(default=None, compare=False)
    """Told what calls ask of the voices."""
    recognisers: Recognisers = field(init=False, compare=False)
    """``stt`` and its fallback, and how they do."""
    voices: Voices = field(init=False, compare=False)
    """``tts`` and its fallback, and how they do."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "recognisers", Recognisers(self.stt, *self.stt_fallback))
        object.__setattr__(self, "voices", Voices(as_streaming(self.tts), self.fallback, metering=self.metering))

    @classmethod
    def load(
        cls,
        *,
        tts: AnyVoice | str | Sequence[AnyVoice | str] | None = None,
        stt: Hears | Sequence[Hears] | None = None,
        vad: VoiceActivity | None = None,
    ) -> Engines:
        """The engines that are given, and for the rest those that run on this machine.

        Args:
            tts: a voice, or the name of one; ``None``: the best that is installed. Where it does not work, another
                one that is installed speaks. A list: these voices, the first that works, and no other.
            stt: a recogniser, or the name of one (:func:`offhook.speech.engines.load_stt`); ``None``: the one that is
                installed. A list: these, the first that works.
            vad: a voice activity detector.

        Raises:
            EngineMissing: one that is not given is not installed.
            ConfigError: there is no voice or recogniser of that name, or what is given is none.
        """
        from offhook.speech.engines import default_stt, fallbacks_of, load_tts, load_vad

        listed = isinstance(tts, (list, tuple))
        voices: list[Any] = [*tts] if isinstance(tts, (list, tuple)) else [tts]
        if not voices:
            raise ConfigError("expected a voice, got an empty list of voices.", fix="leave tts out for the default")
        first, *others = (load_tts(each) if each is None or isinstance(each, str) else each for each in voices)
        fallback = Fallback(*others) if listed else Fallback(*fallbacks_of(first), last_resort=True)
        hears = [default_stt()] if stt is None else _recognisers(stt)
        return cls(load_vad() if vad is None else vad, hears[0], first, fallback, tuple(hears[1:]))

    async def warm_up(self) -> None:
        """Load every model and run it once, so that the first call does not wait for it. What speaks or hears where the
        first does not work is loaded in the background, and is there when it is."""
        first, *others = self.recognisers.engines
        for engine in (self.vad, first):
            await _warm_up(engine)
        await self.voices.warm_up()
        for rate in _LINE_RATES:
            pcm = AudioFormat("pcm", rate)
            Rewriter(pcm, PCM_8K)
            Rewriter(pcm, best_for(pcm, first.formats))
            for given in self.voices.first.formats:
                Rewriter(given, pcm)
            await asyncio.sleep(0)
        loading = asyncio.create_task(self._load_others(others))
        _loading.add(loading)
        loading.add_done_callback(_loading.discard)

    async def _load_others(self, recognisers: Sequence[StreamingSpeechToText]) -> None:
        await self.fallback.load()
        for number, engine in enumerate(recognisers, 2):
            try:
                await _warm_up(engine)
            except Exception as error:
                logger.warning("recogniser %d could not be made ready: %s", number, describe(error))


def _recognisers(given: Hears | Sequence[Hears]) -> list[SpeechToText | StreamingSpeechToText]:
    """The recognisers that are given, or named."""
    from offhook.speech.batch import streaming
    from offhook.speech.engines import load_stt

    several: list[Any] = [*given] if isinstance(given, (list, tuple)) else [given]
    if not several:
        raise ConfigError("expected a recogniser, got an empty list of them.", fix="leave stt out for the default")
    engines = [load_stt(each) if isinstance(each, str) else each for each in several]
    for engine in engines:
        streaming(engine)
    return engines


async def _warm_up(engine: object) -> None:
    warm_up = getattr(engine, "warm_up", None)
    if warm_up is not None:
        await warm_up()
