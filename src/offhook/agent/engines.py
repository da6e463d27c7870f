"""The speech engines of a worker: one of each kind, shared by all of its calls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.speech.base import SpeechToText, TextToSpeech, VoiceActivity

__all__ = ["Engines"]

_LINE_RATES = (8000, 16000, 24000)
_VAD_RATE = 8000


@dataclass(frozen=True, slots=True)
class Engines:
    """What listens, recognises and speaks. Any object that keeps the protocol of :mod:`offhook.speech.base` will do."""

    vad: VoiceActivity
    stt: SpeechToText
    tts: TextToSpeech

    @classmethod
    def load(cls, *, voice: str | None = None) -> Engines:
        """The engines that run on this machine, with the voice of that name (``None``: the best that is installed).

        Raises:
            EngineMissing: one is not installed.
            ConfigError: there is no such voice.
        """
        from offhook.speech.engines import default_stt, load_tts, load_vad

        return cls(load_vad(), default_stt(), load_tts(voice))

    async def warm_up(self) -> None:
        """Load every model and run it once, so that the first call does not wait for it."""
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
