"""Deepgram: its recognisers, :class:`Deepgram` for segments and :class:`Flux` for turns, and its voices, :class:`Aura`.

Wire: https://developers.deepgram.com/reference/speech-to-text/listen-streaming, …/listen-flux and
…/text-to-speech/speak-streaming, as its official package (7.17) reads and writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from offhook.errors import ConfigError
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query, within_limits
from offhook.providers.connection import Link
from offhook.providers.deepgram_aura import AuraSession
from offhook.providers.deepgram_flux import FluxSession
from offhook.providers.deepgram_listen import ListenSession
from offhook.providers.recognition import NetworkRecogniser
from offhook.providers.refusals import Refusals
from offhook.providers.voice import NetworkVoice
from offhook.speech.streams import PCM_8K, PCM_16K, PCMA, PCMU

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.speech.streams import AudioFormat

__all__ = ["ADDRESS", "BASE_URL", "ENCODINGS", "KEY", "REFUSALS", "Aura", "Deepgram", "Flux", "named", "voice_named"]

ADDRESS: Final = "wss://api.deepgram.com"
KEY: Final = "DEEPGRAM_API_KEY"
BASE_URL: Final = "DEEPGRAM_BASE_URL"
REFUSALS: Final = Refusals(provider="Deepgram", key=KEY, codes={1008: "request"})
ENCODINGS: Final = {"pcm": "linear16", "pcmu": "mulaw", "pcma": "alaw"}

_FLUX: Final = "flux-general-en"


class _Recogniser(NetworkRecogniser):
    """What both have in common."""

    def __init__(self, api_key: str | None, base_url: str | None) -> None:
        self._key = key_for("the recogniser deepgram", KEY, given=api_key)
        self._base = base_of("Deepgram", base_url, BASE_URL, default=ADDRESS)
        self._query: list[tuple[str, object]] = []

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Both laws of G.711 as they come from the line, or pcm."""
        return (PCMU, PCMA, PCM_16K, PCM_8K)

    def _link_to(self, path: str, audio: AudioFormat, *, greets: bool = False, keep_alive: str | None = None) -> Link:
        query = [*self._query, ("encoding", ENCODINGS[audio.encoding]), ("sample_rate", audio.sample_rate)]
        return Link(
            refusals=REFUSALS,
            url=with_query(self._base + path, query),
            headers={"Authorization": f"Token {self._key}"},
            greets=greets,
            keep_alive=keep_alive,
            most_queued=round(audio.bytes_per_ms * 10_000),
        )


class Deepgram(_Recogniser):
    """Deepgram as a recogniser: ``Agent(stt=Deepgram())``, or ``stt="deepgram"``.

    It tells words as they are said, and does not end turns: the agent does. For turns of its own see :class:`Flux`.

    Args:
        model: ``nova-3``, ``nova-3-medical``, ``nova-2-phonecall``, …
        language: ``en``, ``de``, …, or ``multi``; ``None``: the model's own.
        keyterms: words and names that it should know (``nova-3`` and later).
        smart_format: write numbers, dates and amounts as people write them.
        endpointing_ms: the silence after which words are told for good; ``None``: its own, 10 ms.
        options: more of the parameters of its address, as it calls them.
        api_key: ``None``: DEEPGRAM_API_KEY.
        base_url: ``None``: DEEPGRAM_BASE_URL, else its own address; ``wss://api.eu.deepgram.com`` is in Europe.

    Raises:
        ConfigError: there is no key, or an option is wrong.
    """

    def __init__(
        self,
        *,
        model: str = "nova-3",
        language: str | None = None,
        keyterms: Sequence[str] = (),
        smart_format: bool = True,
        endpointing_ms: int | None = None,
        options: dict[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        super().__init__(api_key, base_url)
        if model.startswith("flux"):
            raise ConfigError(f"expected a model that tells segments, got {model}.", fix="use Flux, or deepgram:flux")
        self.model = model
        self._query = [
            ("model", model),
            ("language", language),
            ("channels", 1),
            ("interim_results", True),
            ("smart_format", smart_format),
            ("punctuate", True),
            ("vad_events", True),
            ("endpointing", within_limits("endpointing_ms", endpointing_ms, 0, 10_000)),
            *(("keyterm", term) for term in keyterms),
            *(options or {}).items(),
        ]

    def _link(self, audio: AudioFormat) -> Link:
        # A socket on which nothing comes for 10 s is closed (NET-0001).
        return self._link_to("/v1/listen", audio, keep_alive='{"type":"KeepAlive"}')

    def _session(self, audio: AudioFormat) -> ListenSession:
        return ListenSession(audio, REFUSALS.provider)


class Flux(_Recogniser):
    """Deepgram Flux as a recogniser: ``Agent(stt=Flux())``, or ``stt="deepgram:flux"``.

    It knows when a turn is over, by what is said too, and tells before that it may be.

    Args:
        model: ``flux-general-en``, or ``flux-general-multi``.
        eot_threshold: how sure it must be that a turn is over, 0.5 to 1; ``None``: its own, 0.7.
        eager_eot_threshold: how sure, to tell that it may be, 0.3 to 0.9; ``None``: it does not tell.
        eot_timeout_ms: the silence that ends a turn in any case; ``None``: its own, 5000 ms.
        keyterms: words and names that it should know.
        languages: which ones are spoken (``flux-general-multi``).
        options: more of the parameters of its address, as it calls them.
        api_key: ``None``: DEEPGRAM_API_KEY.
        base_url: ``None``: DEEPGRAM_BASE_URL, else its own address.

    Raises:
        ConfigError: there is no key, or an option is wrong.
    """

    _ends_turns = True

    def __init__(
        self,
        *,
        model: str = _FLUX,
        eot_threshold: float | None = None,
        eager_eot_threshold: float | None = None,
        eot_timeout_ms: int | None = None,
        keyterms: Sequence[str] = (),
        languages: Sequence[str] = (),
        options: dict[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        super().__init__(api_key, base_url)
        self.model = model
        self._query = [
            ("model", model),
            ("eot_threshold", within_limits("eot_threshold", eot_threshold, 0.5, 1.0)),
            (
                "eager_eot_threshold",
                within_limits("eager_eot_threshold", eager_eot_threshold, 0.3, min(0.9, eot_threshold or 0.7)),
            ),
            ("eot_timeout_ms", within_limits("eot_timeout_ms", eot_timeout_ms, 500, 60_000)),
            *(("keyterm", term) for term in keyterms),
            *(("language_hint", language) for language in languages),
            *(options or {}).items(),
        ]

    def _link(self, audio: AudioFormat) -> Link:
        return self._link_to("/v2/listen", audio, greets=True)

    def _session(self, audio: AudioFormat) -> FluxSession:
        return FluxSession(audio, REFUSALS.provider)


def named(which: str) -> Deepgram | Flux:
    """``deepgram``, ``deepgram:nova-3``, ``deepgram:flux``, ``deepgram:flux-general-multi``."""
    if which == "flux":
        return Flux()
    return Flux(model=which) if which.startswith("flux-") else Deepgram(model=which or "nova-3")


class Aura(NetworkVoice):
    """Deepgram Aura as a voice: ``Agent(tts=Aura("aura-2-thalia-en"))``, or ``tts="deepgram:aura-2-thalia-en"``.

    It does not tell when words are said.

    Args:
        voice: which one, with its generation and language: ``aura-2-thalia-en``.
        options: more of the parameters of its address, as it calls them: ``{"speed": 1.1}``.
        api_key: ``None``: DEEPGRAM_API_KEY.
        base_url: ``None``: DEEPGRAM_BASE_URL, else its own address.

    Raises:
        ConfigError: there is no key.
    """

    def __init__(
        self,
        voice: str = "aura-2-thalia-en",
        *,
        options: dict[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self._key = key_for("the voice deepgram", KEY, given=api_key)
        self._base = base_of("Deepgram", base_url, BASE_URL, default=ADDRESS)
        self._query: list[tuple[str, object]] = [("model", voice), *(options or {}).items()]

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Both laws of G.711 as a line plays them, or pcm."""
        return (PCMU, PCMA, PCM_16K, PCM_8K)

    def link(self, audio: AudioFormat) -> Link:
        """The format is in the address."""
        query = [*self._query, ("encoding", ENCODINGS[audio.encoding]), ("sample_rate", audio.sample_rate)]
        return Link(
            refusals=REFUSALS,
            url=with_query(self._base + "/v1/speak", query),
            headers={"Authorization": f"Token {self._key}"},
        )

    def session(self, audio: AudioFormat) -> AuraSession:
        """The same for all formats."""
        return AuraSession(REFUSALS.provider, audio)


def voice_named(which: str) -> Aura:
    """``deepgram``, ``deepgram:aura-2-thalia-en``."""
    return Aura(which) if which else Aura()
