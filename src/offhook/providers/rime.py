"""Rime's voices: ``Agent(tts="rime:cove")``.

It keeps one context at a time: a sentence is asked for when the one before it is done.
Wire: https://docs.rime.ai/api-reference/endpoint/websockets-json (``ws3``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from offhook.errors import EngineUnavailable
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query
from offhook.providers.connection import Link
from offhook.providers.reading import audio_in, number_in, object_of, text, timed
from offhook.providers.refusals import Refusals
from offhook.providers.speaking import SentenceAudio, SentenceWords, SpeakingSession
from offhook.providers.voice import NetworkVoice
from offhook.speech.streams import PCM_8K, PCM_16K, PCMU

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offhook.providers.speaking import Said
    from offhook.speech.streams import AudioFormat

__all__ = ["BASE_URL", "KEY", "Rime", "RimeSession", "named"]

ADDRESS: Final = "wss://users-ws.rime.ai"
KEY: Final = "RIME_API_KEY"
BASE_URL: Final = "RIME_BASE_URL"
REFUSALS: Final = Refusals(provider="Rime", key=KEY, codes={1008: "request"})


class Rime(NetworkVoice):
    """Rime as a voice.

    Args:
        voice: ``cove``, ``luna``, ….
        model: ``mistv2``, ``mistv3``, ``arcana``, ….
        language: ``eng``, ``spa``, ….
        options: more of the parameters of its address, as it calls them: ``{"speedAlpha": 0.9}``.
        api_key: ``None``: RIME_API_KEY.
        base_url: ``None``: RIME_BASE_URL, else its own address.

    Raises:
        ConfigError: there is no key.
    """

    def __init__(
        self,
        voice: str = "cove",
        *,
        model: str = "mistv2",
        language: str = "eng",
        options: Mapping[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self._key = key_for("the voice rime", KEY, given=api_key)
        self._base = base_of("Rime", base_url, BASE_URL, default=ADDRESS)
        self._query: list[tuple[str, object]] = [
            ("speaker", voice),
            ("modelId", model),
            ("lang", language),
            ("segment", "never"),  # a sentence is said when it is flushed
            *(options or {}).items(),
        ]

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """The μ-law of a line, or pcm."""
        return (PCMU, PCM_16K, PCM_8K)

    def link(self, audio: AudioFormat) -> Link:
        """The format is in the address."""
        written = "mulaw" if audio == PCMU else "pcm"
        query = [*self._query, ("audioFormat", written), ("samplingRate", audio.sample_rate)]
        return Link(
            refusals=REFUSALS,
            url=with_query(f"{self._base}/ws3", query),
            headers={"Authorization": f"Bearer {self._key}"},
        )

    def session(self, audio: AudioFormat) -> RimeSession:
        """The same for all formats."""
        return RimeSession(audio)


class RimeSession(SpeakingSession):
    """One connection. Pure."""

    def __init__(self, audio: AudioFormat) -> None:
        super().__init__(REFUSALS.provider, audio, at_once=1)

    def received(self, message: str | bytes) -> Iterable[Said]:
        """An object with a ``type``, of a context."""
        told = object_of(message, self.provider)
        kind, sentence = told.get("type"), number_in(text(told, "contextId"))
        if kind == "error" and (sentence is None or sentence in self.owed):
            raise EngineUnavailable(f"expected {self.provider} to go on, got an error.")
        if sentence is None or sentence not in self.owed:
            return
        match kind:
            case "chunk":
                yield SentenceAudio(sentence, audio_in(told.get("data"), self.provider))
            case "timestamps":
                if words := timed(told.get("word_timestamps")):
                    yield SentenceWords(sentence, words)
            case "done":
                yield from self.said(sentence)

    def _ask(self, sentence: int, text: str) -> list[str]:
        asked = {"text": text, "contextId": str(sentence)}
        return [msgspec.json.encode(asked).decode(), f'{{"operation":"flush","contextId":"{sentence}"}}']

    def _stop(self, owed: list[int]) -> list[str]:
        return ['{"operation":"clear"}']


def named(which: str) -> Rime:
    """``rime``, ``rime:cove``."""
    return Rime(which) if which else Rime()
