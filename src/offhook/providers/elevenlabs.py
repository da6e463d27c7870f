"""ElevenLabs' voices: ``Agent(tts="elevenlabs:VOICE")``.

Each sentence is a context of its own (``multi-stream-input``), which ends with ``isFinal`` and can be closed early.
Wire: https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-multi-stream-input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from offhook.errors import ConfigError, EngineUnavailable
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query
from offhook.providers.connection import Link
from offhook.providers.reading import audio_in, number_in, object_of, text
from offhook.providers.refusals import Refusals
from offhook.providers.speaking import SentenceAudio, SentenceWords, SpeakingSession
from offhook.providers.voice import NetworkVoice
from offhook.speech.streams import PCM_8K, PCM_16K, PCMA, PCMU, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offhook.providers.speaking import Said
    from offhook.speech.streams import AudioFormat

__all__ = ["BASE_URL", "KEY", "ElevenLabs", "ElevenLabsSession", "named"]

ADDRESS: Final = "wss://api.elevenlabs.io"
KEY: Final = "ELEVENLABS_API_KEY"
BASE_URL: Final = "ELEVENLABS_BASE_URL"
REFUSALS: Final = Refusals(provider="ElevenLabs", key=KEY, codes={1008: "request"})
_MOST_CONTEXTS: Final = 4
"""It takes five at once; a closed one may still be there for a moment."""
_IDLE_S: Final = 180
"""After so long without a text it closes the connection: the most that it takes."""


class ElevenLabs(NetworkVoice):
    """ElevenLabs as a voice.

    Args:
        voice: the id of one.
        model: ``eleven_flash_v2_5``, ``eleven_turbo_v2_5``, ``eleven_multilingual_v2``, ….
        language: ``en``, ``de``, …, where the model takes one; ``None``: it finds out.
        settings: its voice settings, as it calls them: ``{"stability": 0.5, "speed": 1.1}``.
        api_key: ``None``: ELEVENLABS_API_KEY.
        base_url: ``None``: ELEVENLABS_BASE_URL, else its own address.

    Raises:
        ConfigError: there is no key, or no voice.
    """

    def __init__(
        self,
        voice: str,
        *,
        model: str = "eleven_flash_v2_5",
        language: str | None = None,
        settings: Mapping[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        if not voice:
            raise ConfigError("expected the id of a voice of ElevenLabs, got none.", fix='tts="elevenlabs:VOICE"')
        self._key = key_for("the voice elevenlabs", KEY, given=api_key)
        self._path = f"/v1/text-to-speech/{quote(voice, safe='')}/multi-stream-input"
        self._base = base_of("ElevenLabs", base_url, BASE_URL, default=ADDRESS)
        self._settings = dict(settings or {})
        self._query: list[tuple[str, object]] = [
            ("model_id", model),
            ("language_code", language),
            ("auto_mode", True),  # whole sentences come
            ("sync_alignment", True),
            ("inactivity_timeout", _IDLE_S),
        ]

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Both laws of G.711 as a line plays them, or pcm."""
        return (PCMU, PCMA, PCM_16K, PCM_8K)

    def link(self, audio: AudioFormat) -> Link:
        """The format is in the address."""
        law = {"pcmu": "ulaw", "pcma": "alaw", "pcm": "pcm"}[audio.encoding]
        query = [*self._query, ("output_format", f"{law}_{audio.sample_rate}")]
        return Link(
            refusals=REFUSALS, url=with_query(self._base + self._path, query), headers={"xi-api-key": self._key}
        )

    def session(self, audio: AudioFormat) -> ElevenLabsSession:
        """The same for all formats."""
        return ElevenLabsSession(audio, self._settings)


class ElevenLabsSession(SpeakingSession):
    """One connection. Pure.

    Args:
        audio: how the audio is written.
        settings: of the voice.
    """

    def __init__(self, audio: AudioFormat, settings: Mapping[str, object]) -> None:
        super().__init__(REFUSALS.provider, audio, at_once=_MOST_CONTEXTS)
        self._settings = settings
        self._letters: dict[int, _Letters] = {}

    def received(self, message: str | bytes) -> Iterable[Said]:
        """An object, of a context."""
        told = object_of(message, self.provider)
        sentence = number_in(text(told, "contextId") or text(told, "context_id"))
        if told.get("error") and (sentence is None or sentence in self.owed):
            raise EngineUnavailable(f"expected {self.provider} to go on, got an error.")
        if sentence is None or sentence not in self.owed:
            return
        if told.get("audio"):
            yield SentenceAudio(sentence, audio_in(told["audio"], self.provider))
        letters = self._letters.setdefault(sentence, _Letters())
        if words := letters.add(told.get("alignment") or told.get("normalizedAlignment")):
            yield SentenceWords(sentence, words)
        if told.get("isFinal") or told.get("is_final"):
            del self._letters[sentence]
            if words := letters.rest():
                yield SentenceWords(sentence, words)
            yield from self.said(sentence)

    def ending(self) -> tuple[str, ...]:
        """It is told."""
        return ('{"close_socket":true}',)

    def _ask(self, sentence: int, text: str) -> list[str]:
        context = {"context_id": str(sentence)}
        begin = {"text": " ", **context, **({"voice_settings": self._settings} if self._settings else {})}
        messages: list[dict[str, Any]] = [begin, {"text": f"{text} ", "flush": True, **context}, _close(sentence)]
        return [msgspec.json.encode(message).decode() for message in messages]

    def _stop(self, owed: list[int]) -> list[str]:
        self._letters.clear()
        return [msgspec.json.encode(_close(sentence)).decode() for sentence in owed]


def _close(sentence: int) -> dict[str, Any]:
    return {"context_id": str(sentence), "close_context": True}


class _Letters:
    """The letters of a sentence with their times, on their way to words. A word is over with the space after it.

    Times count from the end of the letters that were told before; some say that they go on counting. A message in
    which they begin anew says which.
    """

    def __init__(self) -> None:
        self._word = ""
        self._began_ms = self._ended_ms = 0.0
        self._told_ms = 0.0
        """Up to where letters are told."""
        self._anew = False

    def add(self, alignment: object) -> tuple[Word, ...]:
        """More letters; the words that are over."""
        if not isinstance(alignment, dict):
            return ()
        letters, starts, lengths = (
            next((alignment[name] for name in names if alignment.get(name) is not None), None)
            for names in (
                ("chars", "characters"),
                ("charStartTimesMs", "charsStartTimesMs", "char_start_times_ms"),
                ("charDurationsMs", "charsDurationsMs", "char_durations_ms"),
            )
        )
        if not (isinstance(letters, list) and isinstance(starts, list) and isinstance(lengths, list)):
            return ()
        first = next((start for start in starts if isinstance(start, int | float)), 0.0)
        self._anew = self._anew or first < self._told_ms / 2
        since_ms = self._told_ms if self._anew else 0.0
        words: list[Word] = []
        for letter, start_ms, length_ms in zip(letters, starts, lengths, strict=False):
            if not isinstance(letter, str) or not isinstance(start_ms, int | float):
                continue
            at_ms = since_ms + float(start_ms)
            self._told_ms = at_ms + (float(length_ms) if isinstance(length_ms, int | float) else 0.0)
            if not letter.strip():
                words += self.rest()
                continue
            if not self._word:
                self._began_ms = at_ms
            self._word += letter
            self._ended_ms = self._told_ms
        return tuple(words)

    def rest(self) -> tuple[Word, ...]:
        """The word that has begun, if one has."""
        word, self._word = self._word, ""
        return (Word(word, self._began_ms, self._ended_ms),) if word else ()


def named(which: str) -> ElevenLabs:
    """``elevenlabs:VOICE``."""
    return ElevenLabs(which)
