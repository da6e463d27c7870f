"""The speech engines of a worker: one of each kind, shared by all of its calls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from offhook.agent.voices import Fallback, Voices
from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.speech.base import SpeechToText, TextToSpeech, VoiceActivity

__all__ = ["Engines"]

_LINE_RATES = (8000, 16000, 24000)
_VAD_RATE = 8000
_loading: set[asyncio.Task[None]] = set()
"""The event loop itself keeps no reference to a task."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What listens, recognises and speaks. Any object that keeps the protocol of :mod:`offhook.speech.base` will do."""

    vad: VoiceActivity
    stt: SpeechToText
    tts: TextToSpeech
    fallback: Fallback = field(default_factory=Fallback, compare=False)
    """What speaks where ``tts`` does not work."""
    voices: Voices = field(init=False, compare=False)
    """``tts`` and its fallback, and how they do."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "voices", Voices(self.tts, self.fallback))

    @classmethod
    def load(
        cls,
        *,
        tts: str | TextToSpeech | Sequence[str | TextToSpeech] | None = None,
        stt: SpeechToText | None = None,
        vad: VoiceActivity | None = None,
    ) -> Engines:
        """The engines that are given, and for the rest those that run on this machine.

        Args:
            tts: a voice, or the name of one; ``None``: the best that is installed. Where it does not work, another
                one that is installed speaks. A list: these voices, the first that works, and no other.
            stt: a recogniser.
            vad: a voice activity detector.

        Raises:
            EngineMissing: one that is not given is not installed.
            ConfigError: there is no voice of that name.
        """
        from offhook.speech.engines import default_stt, fallbacks_of, load_tts, load_vad

        voices: list[Any] = [*tts] if isinstance(tts, (list, tuple)) else [tts]
        if not voices:
            raise ConfigError("expected a voice, got an empty list of voices.", fix="leave tts out for the default")
        first, *others = voices
        speaks: Any = load_tts(first) if first is None or isinstance(first, str) else first
        fallback = Fallback(*(others if isinstance(tts, (list, tuple)) else fallbacks_of(speaks)))
        return cls(load_vad() if vad is None else vad, default_stt() if stt is None else stt, speaks, fallback)

    async def warm_up(self) -> None:
        """Load every model and run it once, so that the first call does not wait for it. Fallback voices are loaded in
        the background, and are there when they are."""
        from offhook.audio.resample import Resampler

        for engine in (self.vad, self.stt, self.tts):
            warm_up = getattr(engine, "warm_up", None)
            if warm_up is not None:
                await warm_up()
        for rate in _LINE_RATES:
            for other in (_VAD_RATE, self.stt.sample_rate):
                Resampler(rate, other)
            Resampler(self.tts.sample_rate, rate)
            await asyncio.sleep(0)
        loading = asyncio.create_task(self.fallback.load())
        _loading.add(loading)
        loading.add_done_callback(_loading.discard)
