"""A speech-to-speech model that speaks OpenAI's Realtime protocol: ``Agent(realtime="openai:gpt-realtime")``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from offhook.audio.formats import PCMA, PCMU, AudioFormat
from offhook.errors import ConfigError
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query, within_limits
from offhook.providers.connection import Link, tls
from offhook.providers.refusals import Refusals
from offhook.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.agent.conversant import Conversant, ConversantHost
    from offhook.health import Health
    from offhook.models.base import ToolSpec
    from offhook.providers.realtime.seam import RealtimeModel, SessionWatcher
    from offhook.providers.realtime.session import ModelSession

__all__ = ["FORMATS", "OpenAIRealtime", "named"]

ADDRESS: Final = "https://api.openai.com/v1"
KEY: Final = "OPENAI_API_KEY"
BASE_URL: Final = "OPENAI_BASE_URL"
MODEL: Final = "gpt-realtime"
_AZURE: Final = ".azure.com"

FORMATS: Final = (PCMU, PCMA, AudioFormat("pcm", 24_000))
"""What it hears and gives. G.711 passes untouched; every other line is brought to pcm at 24 kHz."""

_TYPES: Final = {PCMU: {"type": "audio/pcmu"}, PCMA: {"type": "audio/pcma"}}
_PCM: Final = {"type": "audio/pcm", "rate": 24_000}


class OpenAIRealtime:
    """A model that hears and speaks (:class:`~offhook.agent.speech_to_speech.SpeechToSpeech`).

    Args:
        model: ``gpt-realtime``, ``gpt-realtime-mini``, …; on Azure the name of the deployment.
        voice: ``marin``, ``cedar``, ….
        eagerness: how soon it takes a turn to be over, judged by the words: ``low``, ``medium``, ``high`` or ``auto``;
            ``None``: by silence.
        threshold: how loud speech has to be, in 0..1; by silence only.
        silence_ms: how much silence ends a turn, in 200..6000; by silence only.
        prefix_ms: how much from before a turn belongs to it, in 0..2000; by silence only.
        transcription: the model that writes down what the caller says.
        speed: of the voice, in 0.25..1.5.
        options: more fields of the session, as it calls them: ``{"max_output_tokens": 500}``.
        api_key: ``None``: OPENAI_API_KEY.
        base_url: ``None``: OPENAI_BASE_URL, else its own address, with ``/v1``; on Azure with ``/openai/v1``.

    Raises:
        ConfigError: there is no key, or a number that cannot work.
    """

    formats = FORMATS

    def __init__(
        self,
        model: str = MODEL,
        *,
        voice: str = "marin",
        eagerness: str | None = None,
        threshold: float | None = None,
        silence_ms: float | None = None,
        prefix_ms: float | None = None,
        transcription: str = "gpt-4o-mini-transcribe",
        speed: float | None = None,
        options: Mapping[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        if eagerness not in (None, "low", "medium", "high", "auto"):
            raise ConfigError(f"expected an eagerness of low, medium, high or auto, got {eagerness!r}.", fix='"auto"')
        self.name = model
        self._key = key_for(f"the model openai:{model}", KEY, given=api_key)
        self._base = base_of("OpenAI", base_url, BASE_URL, default=ADDRESS)
        self._voice = voice
        self._speed = within_limits("speed", speed, 0.25, 1.5)
        self._transcription = transcription
        self._options = dict(options or {})
        if eagerness is not None:
            self._detection: dict[str, object] = {"type": "semantic_vad", "eagerness": eagerness}
        else:
            given = {
                "threshold": within_limits("threshold", threshold, 0, 1),
                "silence_duration_ms": within_limits("silence_ms", silence_ms, 200, 6000),
                "prefix_padding_ms": within_limits("prefix_ms", prefix_ms, 0, 2000),
            }
            named = {name: value for name, value in given.items() if value is not None}
            self._detection = {"type": "server_vad", **named}
        self.refusals = Refusals(
            provider="OpenAI",
            key=KEY,
            codes={3000: "key", 4001: "key", 3003: "account", 4004: "request"},
        )

    def __repr__(self) -> str:
        return f"<OpenAIRealtime {self.name}>"

    async def warm_up(self) -> None:
        """Have ready what all calls need, so that the first one does not wait for it."""
        import offhook.providers.realtime.conversant  # noqa: F401

        await in_thread(tls)

    def converse(
        self, host: ConversantHost, models: Sequence[RealtimeModel], health: Health[RealtimeModel]
    ) -> Conversant:
        """What talks on one call; ``models``: itself, and those that talk where it does not work."""
        from offhook.providers.realtime.conversant import RealtimeConversant

        return RealtimeConversant(host, models, health)

    async def first_sounds(self, tools: Sequence[ToolSpec]) -> tuple[float, float, float]:
        """Let it speak twice: see :func:`offhook.providers.realtime.asking.first_sounds`."""
        from offhook.providers.realtime.asking import first_sounds

        return await first_sounds(self, tools)

    def open(
        self, audio: AudioFormat, first: Sequence[str], watcher: SessionWatcher, *, call_id: str | None = None
    ) -> ModelSession:
        """A session: see :class:`~offhook.providers.realtime.session.ModelSession`."""
        from offhook.providers.realtime.session import ModelSession

        return ModelSession(self, audio, first, watcher, call_id=call_id)

    def link(self) -> Link:
        """Where to connect to."""
        azure = (urlsplit(self._base).hostname or "").endswith(_AZURE)
        headers = {"api-key": self._key} if azure else {"Authorization": f"Bearer {self._key}"}
        return Link(
            refusals=self.refusals,
            url=with_query(f"{self._base}/realtime", [("model", self.name)]),
            headers=headers,
            most_queued=107_000,  # 10 s of G.711 in base64
        )

    def session(
        self,
        audio_in: AudioFormat,
        audio_out: AudioFormat,
        *,
        instructions: str,
        tools: Sequence[ToolSpec],
        language: str,
        answers: bool,
        interrupts: bool,
    ) -> dict[str, Any]:
        """The settings of a session: see :meth:`turns` for the last two."""
        output: dict[str, object] = {"format": _TYPES.get(audio_out, _PCM), "voice": self._voice}
        if self._speed is not None:
            output["speed"] = self._speed
        return {
            "instructions": instructions,
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": _TYPES.get(audio_in, _PCM),
                    "transcription": {"model": self._transcription, "language": language.partition("-")[0]},
                    "turn_detection": self.turns(answers=answers, interrupts=interrupts),
                },
                "output": output,
            },
            "tools": [
                {
                    "type": "function",
                    "name": spec.name,
                    "description": spec.description,
                    "parameters": dict(spec.parameters),
                }
                for spec in tools
            ],
            "tool_choice": "auto",
            **self._options,
        }

    def turns(self, *, answers: bool, interrupts: bool) -> dict[str, object]:
        """How turns are taken: whether the session ``answers`` the caller of its own accord, and gives a response up
        where the caller ``interrupts`` it."""
        return {**self._detection, "create_response": answers, "interrupt_response": interrupts}


def named(which: str) -> OpenAIRealtime:
    """``openai``, ``openai:gpt-realtime``."""
    return OpenAIRealtime(which) if which else OpenAIRealtime()
