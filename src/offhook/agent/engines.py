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
    def load(
        cls,
        *,
        voice: str | TextToSpeech | None = None,
        stt: SpeechToText | None = None,
        vad: VoiceActivity | None = None,
    ) -> Engines:
        """The engines that are given, and for the rest those that run on this machine.

        Args:
            voice: a voice, or the name of one; ``None``: the best that is installed.
            stt: a recogniser.
            vad: a voice activity detector.

        Raises:
            EngineMissing: one that is not given is not installed.
            ConfigError: there is no voice of that name.
        """
        from offhook.speech.engines import default_stt, load_tts, load_vad

        tts = load_tts(voice) if voice is None or isinstance(voice, str) else voice
        return cls(load_vad() if vad is None else vad, default_stt() if stt is None else stt, tts)

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
