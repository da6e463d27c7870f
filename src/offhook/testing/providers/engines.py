"""What is behind the protocols: the engines of this machine, or words and tones that take a stated time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from offhook.speech.base import Recognition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.speech.base import SpeechToText, TextToSpeech, VoiceActivity

__all__ = ["STT_RATE", "Embedded", "Engines", "Recogniser", "Scripted"]

STT_RATE = 16000


class Recogniser(Protocol):
    """Recognises the utterances of one connection."""

    @property
    def every_draft(self) -> bool:
        """Whether a draft is worth it when a newer one is due already."""
        ...

    async def recognise(self, pcm: bytes, nth: int, draft: int | None) -> Recognition:
        """The words in ``pcm`` at 16 kHz: of the ``nth`` utterance, from 0, its ``draft`` (from 0) or the whole."""
        ...


class Engines(Protocol):
    """What stand-ins hear and speak with."""

    def vad(self) -> VoiceActivity:
        """What tells speech from silence, for all connections.

        Raises:
            EngineMissing: it is not installed.
        """
        ...

    def recogniser(self) -> Recogniser:
        """What recognises, for one connection.

        Raises:
            EngineMissing: it is not installed.
        """
        ...

    def voice(self) -> TextToSpeech:
        """What speaks.

        Raises:
            EngineMissing: it is not installed.
        """
        ...


class Embedded:
    """The engines of this machine, loaded when the first client needs them."""

    def __init__(self) -> None:
        self._vad: VoiceActivity | None = None
        self._stt: SpeechToText | None = None
        self._tts: TextToSpeech | None = None

    def vad(self) -> VoiceActivity:
        """Silero."""
        if self._vad is None:
            from offhook.speech.engines import load_vad

            self._vad = load_vad()
        return self._vad

    def recogniser(self) -> Recogniser:
        """Moonshine."""
        if self._stt is None:
            from offhook.speech.engines import default_stt

            self._stt = default_stt()
        return _Real(self._stt)

    def voice(self) -> TextToSpeech:
        """The voice of this machine."""
        if self._tts is None:
            from offhook.speech.engines import default_tts

            self._tts = default_tts()
        return self._tts


class _Real:
    every_draft = False

    def __init__(self, stt: SpeechToText) -> None:
        self._stt = stt

    async def recognise(self, pcm: bytes, nth: int, draft: int | None) -> Recognition:
        return await self._stt.transcribe(pcm)


class Scripted:
    """Words and tones, whatever the audio is; everything loud is speech.

    Args:
        texts: what is heard on each connection, utterance by utterance; then the last again.
        delay_ms: how long each recognition takes, drafts included.
        confidence: of all words.
        voice_first_ms: how long the voice takes until its first sound; the rest follows at once.
        word_ms: the length of the tone for each word.
    """

    every_draft = True

    def __init__(
        self,
        texts: Iterable[str] = ("Hello.",),
        *,
        delay_ms: float = 0.0,
        confidence: float = 0.95,
        voice_first_ms: float = 0.0,
        word_ms: float = 200.0,
    ) -> None:
        from offhook.speech.testing import FakeTts, FakeVad

        self._texts = tuple(texts)
        self._delay_ms = delay_ms
        self._confidence = confidence
        self._vad = FakeVad()
        self._tts = FakeTts(word_ms=word_ms, first_ms=voice_first_ms)

    def vad(self) -> VoiceActivity:
        """By level alone."""
        return self._vad

    def recogniser(self) -> Recogniser:
        """The script, from its beginning."""
        return self

    def voice(self) -> TextToSpeech:
        """A tone."""
        return self._tts

    async def recognise(self, pcm: bytes, nth: int, draft: int | None) -> Recognition:
        """The text of this utterance; each draft has one word more, and lacks the last."""
        if self._delay_ms:
            await asyncio.sleep(self._delay_ms / 1000)
        text = self._texts[min(nth, len(self._texts) - 1)] if self._texts else ""
        if draft is not None:
            words = text.split()
            text = " ".join(words[: min(draft + 1, max(1, len(words) - 1))])
        return Recognition(text, self._confidence if text else 0.0)
