"""Telnyx's streaming transcription: one key for calls and words, several engines behind it.

Wire: https://developers.telnyx.com/docs/voice/stt/websocket-streaming and its pages on messages and parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from offhook.errors import EngineRefused, EngineUnavailable
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query, within_limits
from offhook.providers.connection import Link
from offhook.providers.listening import ListeningSession
from offhook.providers.reading import items, mean, number, object_of, text
from offhook.providers.recognition import NetworkRecogniser
from offhook.providers.refusals import Refusals
from offhook.speech.streams import PCM_8K, PCM_16K, PCMA, PCMU, FinalWords, PartialWords

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from offhook.speech.streams import AudioFormat, RecognitionEvent

__all__ = ["TelnyxSession", "TelnyxStt", "named"]

ADDRESS: Final = "wss://api.telnyx.com/v2"
KEY: Final = "TELNYX_API_KEY"
BASE_URLS: Final = ("TELNYX_SPEECH_BASE_URL", "TELNYX_BASE_URL")

_REFUSALS: Final = Refusals(provider="Telnyx", key=KEY, codes={1008: "request"})
_FORMATS: Final = {"pcm": "linear16", "pcmu": "mulaw", "pcma": "alaw"}
_MESSAGE_MS: Final = 60.0
_DEEPGRAM: Final = "Deepgram"
_ENGINES: Final = ("Deepgram", "Telnyx", "Google", "Azure", "xAI", "AssemblyAI", "Speechmatics", "Soniox", "Parakeet")


class TelnyxStt(NetworkRecogniser):
    """Telnyx as a recogniser: ``Agent(stt=TelnyxStt())``, or ``stt="telnyx"``.

    It does not end turns. With another engine than Deepgram, words of all that was said cannot be asked for: they are
    there when they are there.

    Args:
        engine: whose recogniser Telnyx uses: ``Deepgram``, ``Telnyx``, ``Google``, ``Azure``, ``Speechmatics``, …
        model: of that engine; ``None``: ``nova-3`` of Deepgram, the engine's own of others.
        language: ``en``, ``de-DE``, …; ``None``: the engine's own.
        keyterms: words and names that it should know (Deepgram alone).
        endpointing_ms: the silence after which words are told for good (Deepgram alone).
        options: more of the parameters of its address, as it calls them.
        api_key: ``None``: TELNYX_API_KEY.
        base_url: ``None``: TELNYX_SPEECH_BASE_URL, else TELNYX_BASE_URL, else its own address.

    Raises:
        ConfigError: there is no key, or an option is wrong.
    """

    def __init__(
        self,
        *,
        engine: str = _DEEPGRAM,
        model: str | None = None,
        language: str | None = None,
        keyterms: Sequence[str] = (),
        endpointing_ms: int | None = None,
        options: dict[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self.engine = engine
        self.model = model or ("nova-3" if engine == _DEEPGRAM else None)
        self._key = key_for("the recogniser telnyx", KEY, given=api_key)
        self._base = base_of("Telnyx", base_url, *BASE_URLS, default=ADDRESS)
        self._query: list[tuple[str, object]] = [
            ("transcription_engine", engine),
            ("model", self.model),
            ("language", language),
            ("interim_results", True),
            ("endpointing", within_limits("endpointing_ms", endpointing_ms, 0, 10_000)),
            *(("keyterm", term) for term in keyterms),
            *(options or {}).items(),
        ]

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Both laws of G.711 as they come from the line, or pcm."""
        return (PCMU, PCMA, PCM_16K, PCM_8K)

    def _link(self, audio: AudioFormat) -> Link:
        query = [("input_format", _FORMATS[audio.encoding]), ("sample_rate", audio.sample_rate), *self._query]
        return Link(
            refusals=_REFUSALS,
            url=with_query(f"{self._base}/speech-to-text/transcription", query),
            headers={"Authorization": f"Bearer {self._key}"},
            keep_alive='{"type":"KeepAlive"}' if self.engine == _DEEPGRAM else None,
            most_queued=round(audio.bytes_per_ms * 10_000),
        )

    def _session(self, audio: AudioFormat) -> TelnyxSession:
        return TelnyxSession(audio, finishes=self.engine == _DEEPGRAM)


class TelnyxSession(ListeningSession):
    """One session, without I/O.

    Args:
        audio: how the audio is written.
        finishes: whether the engine behind it takes a request to tell all words for good.
    """

    def __init__(self, audio: AudioFormat, *, finishes: bool) -> None:
        super().__init__(
            "Telnyx",
            audio,
            message_ms=_MESSAGE_MS,
            finish='{"type":"Finalize"}' if finishes else None,
            last='{"type":"CloseStream"}',
            always_answers=finishes,
        )

    def received(self, message: str | bytes) -> Iterable[RecognitionEvent]:
        """See :class:`~offhook.providers.listening.ListeningSession`."""
        values = object_of(message, "Telnyx")
        if errors := items(values, "errors"):
            raise _error(text(errors[0], "code"))
        if text(values, "type") == "error":
            raise EngineUnavailable("expected Telnyx to go on, got an error.")
        return self._on_transcript(values) if "transcript" in values else []

    def _on_transcript(self, values: dict[str, object]) -> Iterator[RecognitionEvent]:
        said = text(values, "transcript").strip()
        confidence = mean([number(values, "confidence", 1.0)])
        self.flushes.told()
        if values.get("is_final") is not True:
            if said:
                self.partial = PartialWords(said, confidence)
                yield self.partial
            return
        # It does not say how far it has heard: what comes for good after a request is taken for the answer.
        flushed = 0 if values.get("utterance_end") is True else self.flushes.all_answered()
        if said or flushed:
            self.partial = PartialWords("")
            yield FinalWords(said, confidence, flushed=flushed)


def _error(code: str) -> EngineRefused | EngineUnavailable:
    if code.startswith("4000"):  # 40001 to 40007 are about the parameters (its page on errors)
        return EngineRefused(
            f"expected Telnyx to take the request, got the code {code}.",
            fix="correct the engine, the model, the language and the options",
        )
    if code.startswith("1000"):
        return EngineRefused("expected Telnyx to take the key, got a refusal.", fix=f"correct {KEY}")
    return EngineUnavailable("expected Telnyx to go on, got an error.")


def named(which: str) -> TelnyxStt:
    """``telnyx``, ``telnyx:nova-2`` (a model of Deepgram's), ``telnyx:Speechmatics`` (an engine),
    ``telnyx:Deepgram/nova-3`` (both)."""
    engine, slash, model = which.partition("/")
    known = {name.lower(): name for name in _ENGINES}
    if engine.lower() in known:
        return TelnyxStt(engine=known[engine.lower()], model=model or None)
    return TelnyxStt(model=which or None) if not slash else TelnyxStt(engine=engine, model=model)
