"""A client's audio on its way to words: decoded, given to the detector, and recognised, piece after piece."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from offhook.audio.codecs import make_decoder
from offhook.audio.resample import Resampler
from offhook.testing.providers.engines import STT_RATE
from offhook.testing.providers.hearing import (
    Began,
    Draft,
    Ended,
    Heard,
    Hearing,
    Paused,
    Quiet,
    Resumed,
    spread,
)
from offhook.testing.providers.session import (
    AllHeard,
    Force,
    Hear,
    Retune,
    SoFarHeard,
    SpeechBegan,
    SpeechDraft,
    SpeechEnded,
    SpeechPaused,
    SpeechQuiet,
    SpeechResumed,
    StopHearing,
    Utterance,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.streams import AudioFormat
    from offhook.testing.providers.engines import Engines, Recogniser
    from offhook.testing.providers.hearing import Due, Span
    from offhook.testing.providers.session import EngineEvent, Listen

__all__ = ["Ears"]

_VAD_RATE = 8000
_WINDOW_MS = 32.0
_KEPT_MS = 32_000.0
"""How much audio is kept: no utterance is recognised from more."""
_ENCODINGS = {"pcm": "L16", "pcmu": "PCMU", "pcma": "PCMA"}


class Ears:
    """One connection's audio.

    Args:
        engines: what to hear with.
        listen: how the audio is written, and the silences.
        tell: is told what was heard, in order, on the loop.
        fail: is told that a recogniser raised. Nothing follows.

    Raises:
        EngineMissing: there is no engine.
    """

    def __init__(
        self,
        engines: Engines,
        listen: Listen,
        tell: Callable[[EngineEvent], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self._decoder = _decoder(listen.audio)
        self._to_vad = Resampler(listen.audio.sample_rate, _VAD_RATE)
        self._to_stt = Resampler(listen.audio.sample_rate, STT_RATE)
        self._recogniser: Recogniser = engines.recogniser()
        self._vad = engines.vad().open(self._on_probability)
        self._hearing = Hearing(listen)
        self._tell = tell
        self._fail = fail
        self._pcm = bytearray()
        self._dropped_ms = 0.0
        self._pushed_bytes = 0
        self._bytes_per_ms = listen.audio.bytes_per_ms
        self._vad_ms = 0.0
        self._force_due = 0
        self._over = False
        self._told_all = False
        self._nth = 0
        self._drafts = 0
        self._due: deque[Due | AllHeard] = deque()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def audio_ms(self) -> float:
        """How much audio has come."""
        return self._pushed_bytes / self._bytes_per_ms

    def do(self, act: Hear | Retune | Force | StopHearing) -> None:
        """What a session wants of it."""
        match act:
            case Hear(audio):
                self._hear(audio)
            case Retune(listen):
                self._hearing.retune(listen)
            case Force():
                self._force_due += 1
                self._when_seen()
            case StopHearing():
                self._over = True
                self._when_seen()

    def _hear(self, audio: bytes) -> None:
        self._pushed_bytes += len(audio)
        pcm = self._decoder(audio)
        self._pcm += self._to_stt.process(pcm)
        surplus = len(self._pcm) - int(_KEPT_MS * STT_RATE / 1000) * 2
        if surplus > STT_RATE * 2:
            del self._pcm[:surplus]
            self._dropped_ms += surplus / 2 * 1000 / STT_RATE
        self._vad.push(self._to_vad.process(pcm))

    def close(self) -> None:
        """Forget it."""
        self._vad.close()
        self._task.cancel()

    def _on_probability(self, probability: float, at_ms: float) -> None:
        self._vad_ms = at_ms
        self._put(*self._hearing.probability(probability, at_ms))
        self._when_seen()

    def _when_seen(self) -> None:
        if self._vad_ms + 2 * _WINDOW_MS <= self.audio_ms:
            return  # the detector is behind: it will call
        while self._force_due:
            self._force_due -= 1
            self._put(self._hearing.force())
        if self._over and not self._told_all:
            self._told_all = True
            if self._hearing.speaking:
                ended = self._hearing.force()
                self._put(Ended(ended.span, ended.silence_ms))
            self._put(AllHeard(self.audio_ms))

    def _put(self, *due: Due | AllHeard) -> None:
        if due:
            self._due.extend(due)
            self._wake.set()

    async def _run(self) -> None:
        try:
            while True:
                while self._due:
                    event = await self._event_of(self._due.popleft())
                    if event is not None:
                        self._tell(event)
                self._wake.clear()
                await self._wake.wait()
        except Exception as error:
            self._fail(error)

    async def _event_of(self, due: Due | AllHeard) -> EngineEvent | None:
        match due:
            case AllHeard():
                return due
            case Began(at_ms):
                self._drafts = 0
                return SpeechBegan(at_ms)
            case Draft(span):
                if self._due and not self._recogniser.every_draft:  # something newer waits
                    return None
                said = await self._recognise(span, self._drafts)
                self._drafts += 1
                return SpeechDraft(said) if said.text else None
            case Paused(span, silence_ms):
                return SpeechPaused(await self._recognise(span, None), silence_ms)
            case Resumed():
                return SpeechResumed()
            case Quiet(last_ms):
                return SpeechQuiet(last_ms)
            case Heard(at_ms):
                return SoFarHeard(at_ms)
            case Ended(None, silence_ms, forced):
                return SpeechEnded(Utterance("", 0.0, self._vad_ms, self._vad_ms), silence_ms, forced)
            case Ended(span, silence_ms, forced):
                assert span is not None
                said = await self._recognise(span, None)
                self._nth += 1
                return SpeechEnded(said, silence_ms, forced)

    async def _recognise(self, span: Span, draft: int | None) -> Utterance:
        heard = await self._recogniser.recognise(self._cut(span), self._nth, draft)
        words = spread(heard.text, span.began_ms, span.ended_ms, heard.confidence)
        return Utterance(heard.text, heard.confidence, span.began_ms, span.ended_ms, words)

    def _cut(self, span: Span) -> bytes:
        from_, to = (int((ms - self._dropped_ms) * STT_RATE / 1000) * 2 for ms in (span.from_ms, span.to_ms))
        return bytes(self._pcm[max(0, from_) : max(0, to)])


def _decoder(audio: AudioFormat) -> Callable[[bytes], bytes]:
    """Makes pcm of it. Half a sample at the end of linear audio is kept for the next piece."""
    if audio.encoding != "pcm":
        return make_decoder(_ENCODINGS[audio.encoding], audio.sample_rate).decode
    return lambda piece: piece
