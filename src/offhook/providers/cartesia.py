"""Cartesia's voices: ``Agent(tts="cartesia:VOICE")``.

Each sentence is a context of its own, which ends with ``done`` and can be cancelled.
Wire: https://docs.cartesia.ai/api-reference/tts/websocket, as its official package reads and writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from offhook.errors import ConfigError, EngineUnavailable
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query
from offhook.providers.connection import Link
from offhook.providers.reading import audio_in, number, number_in, object_of, text, timed
from offhook.providers.refusals import Refusals, by_status
from offhook.providers.speaking import SentenceAudio, SentenceWords, SpeakingSession
from offhook.providers.voice import NetworkVoice
from offhook.speech.streams import PCM_8K, PCM_16K, PCMA, PCMU

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offhook.providers.speaking import Said
    from offhook.speech.streams import AudioFormat

__all__ = ["BASE_URL", "KEY", "Cartesia", "CartesiaSession", "named"]

ADDRESS: Final = "wss://api.cartesia.ai"
KEY: Final = "CARTESIA_API_KEY"
BASE_URL: Final = "CARTESIA_BASE_URL"
REFUSALS: Final = Refusals(provider="Cartesia", key=KEY, codes={1008: "request"})
VERSION: Final = "2025-04-16"
ENCODINGS: Final = {"pcm": "pcm_s16le", "pcmu": "pcm_mulaw", "pcma": "pcm_alaw"}


class Cartesia(NetworkVoice):
    """Cartesia as a voice.

    Args:
        voice: the id of one.
        model: ``sonic-3``, ``sonic-2``, ….
        language: ``en``, ``de``, ….
        options: more fields of every request, as it calls them: ``{"generation_config": {"speed": 1.1}}``.
        api_key: ``None``: CARTESIA_API_KEY.
        base_url: ``None``: CARTESIA_BASE_URL, else its own address.

    Raises:
        ConfigError: there is no key, or no voice.
    """

    def __init__(
        self,
        voice: str,
        *,
        model: str = "sonic-3",
        language: str = "en",
        options: Mapping[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        if not voice:
            raise ConfigError("expected the id of a voice of Cartesia, got none.", fix='tts="cartesia:VOICE"')
        self._key = key_for("the voice cartesia", KEY, given=api_key)
        self._base = base_of("Cartesia", base_url, BASE_URL, default=ADDRESS)
        self._request = {
            "model_id": model,
            "voice": {"mode": "id", "id": voice},
            "language": language,
            "add_timestamps": True,
            "max_buffer_delay_ms": 0,  # whole sentences come
            **(options or {}),
        }

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Both laws of G.711 as a line plays them, or pcm."""
        return (PCMU, PCMA, PCM_16K, PCM_8K)

    def link(self, audio: AudioFormat) -> Link:
        """One address for all formats."""
        return Link(
            refusals=REFUSALS,
            url=with_query(f"{self._base}/tts/websocket", [("cartesia_version", VERSION)]),
            headers={"X-API-Key": self._key},
        )

    def session(self, audio: AudioFormat) -> CartesiaSession:
        """Which format is said with every sentence."""
        return CartesiaSession(audio, self._request)


class CartesiaSession(SpeakingSession):
    """One connection. Pure.

    Args:
        audio: how the audio is to be written.
        request: the fields of every request.
    """

    def __init__(self, audio: AudioFormat, request: Mapping[str, object]) -> None:
        super().__init__(REFUSALS.provider, audio)
        written = {"container": "raw", "encoding": ENCODINGS[audio.encoding], "sample_rate": audio.sample_rate}
        self._request = {**request, "output_format": written}

    def received(self, message: str | bytes) -> Iterable[Said]:
        """An object with a ``type``, of a context."""
        told = object_of(message, self.provider)
        sentence = number_in(text(told, "context_id"))
        kind = told.get("type")
        if kind == "error":
            status = int(number(told, "status_code", 500))
            if sentence is None or sentence in self.owed:
                raise (
                    by_status(REFUSALS, status)
                    if 400 <= status < 500
                    else EngineUnavailable(f"expected {self.provider} to go on, got an error.")
                )
            return
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
        asked = {**self._request, "context_id": str(sentence), "transcript": text, "continue": False}
        return [msgspec.json.encode(asked).decode()]

    def _stop(self, owed: list[int]) -> list[str]:
        return [f'{{"context_id":"{sentence}","cancel":true}}' for sentence in owed]


def named(which: str) -> Cartesia:
    """``cartesia:VOICE``."""
    return Cartesia(which)
