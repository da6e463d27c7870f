"""AssemblyAI's streaming recogniser, which knows when a turn is over.

Wire: https://www.assemblyai.com/docs/api-reference/streaming, as its official package (1.8.2) reads and writes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from offhook.errors import ConfigError, EngineUnavailable
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query, within_limits
from offhook.providers.connection import Link
from offhook.providers.listening import ListeningSession
from offhook.providers.reading import items, mean, number, object_of, text
from offhook.providers.recognition import NetworkRecogniser
from offhook.providers.refusals import Refusals, by_code
from offhook.speech.streams import (
    PCM_8K,
    PCM_16K,
    PCMU,
    EagerEnd,
    EndOfTurn,
    FinalWords,
    Onset,
    PartialWords,
    TurnResumed,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from offhook.speech.streams import AudioFormat, RecognitionEvent

__all__ = ["AssemblyAI", "AssemblyAISession", "named"]

ADDRESS: Final = "wss://streaming.assemblyai.com"
KEY: Final = "ASSEMBLYAI_API_KEY"
BASE_URL: Final = "ASSEMBLYAI_BASE_URL"

_REFUSALS: Final = Refusals(
    provider="AssemblyAI",
    key=KEY,
    codes={1008: "key", 4001: "key", 4002: "account", 3006: "request", 4101: "request", 4102: "request"},
)
_LATE = 1.3
"""So much longer than ever before it says nothing: it is gone.

How often it speaks is not documented."""
_ENGLISH: Final = "universal-streaming-english"
_MANY: Final = "universal-streaming-multilingual"
_ENCODINGS: Final = {"pcm": "pcm_s16le", "pcmu": "pcm_mulaw"}
_MESSAGE_MS: Final = 60.0
_LEAST_MS: Final = 50.0
"""It takes messages of 50 to 1000 ms of audio (close code 3007)."""


class AssemblyAI(NetworkRecogniser):
    """AssemblyAI as a recogniser: ``Agent(stt=AssemblyAI())``, or ``stt="assemblyai"``.

    Args:
        model: ``universal-streaming-english``, ``universal-streaming-multilingual``, ``u3-rt-pro``, …; ``None``: one of
            the first two, as ``language`` says.
        language: ``en``, or another; for the multilingual models, which find out by themselves where it is ``None``.
        keyterms: words and names that it should know.
        end_of_turn_confidence: how sure it must be that a turn is over, 0 to 1 (of the ``universal-streaming`` models
            alone; its own is 0.4).
        min_turn_silence_ms: the shortest silence that ends a turn.
        max_turn_silence_ms: the silence that ends one in any case.
        options: more of the parameters of its address, as it calls them.
        api_key: ``None``: ASSEMBLYAI_API_KEY.
        base_url: ``None``: ASSEMBLYAI_BASE_URL, else its own; ``wss://streaming.eu.assemblyai.com`` is in Europe.

    Raises:
        ConfigError: there is no key, or an option is wrong.
    """

    _ends_turns = True

    def __init__(
        self,
        *,
        model: str | None = None,
        language: str | None = None,
        keyterms: Sequence[str] = (),
        end_of_turn_confidence: float | None = None,
        min_turn_silence_ms: int | None = None,
        max_turn_silence_ms: int | None = None,
        options: dict[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self.model = model or (_ENGLISH if (language or "en").partition("-")[0] == "en" else _MANY)
        if end_of_turn_confidence is not None and not self.model.startswith("universal-streaming"):
            raise ConfigError(
                f"expected end_of_turn_confidence with a universal-streaming model, got it with {self.model}.",
                fix="set min_turn_silence_ms and max_turn_silence_ms, or choose universal-streaming-english",
            )
        self._key = key_for("the recogniser assemblyai", KEY, given=api_key)
        self._base = base_of("AssemblyAI", base_url, BASE_URL, default=ADDRESS)
        lists: dict[str, list[str]] = {}
        if keyterms:
            lists["keyterms_prompt"] = [*keyterms]
        if language and self.model != _ENGLISH:
            lists["language_codes"] = [language.partition("-")[0]]
        self._query: list[tuple[str, object]] = [
            ("speech_model", self.model),
            (
                "end_of_turn_confidence_threshold",
                within_limits("end_of_turn_confidence", end_of_turn_confidence, 0.0, 1.0),
            ),
            ("min_turn_silence", within_limits("min_turn_silence_ms", min_turn_silence_ms, 0, 10_000)),
            ("max_turn_silence", within_limits("max_turn_silence_ms", max_turn_silence_ms, 0, 60_000)),
            *((name, json.dumps(values)) for name, values in lists.items()),
            ("session_heartbeat", True),
            *(options or {}).items(),
        ]

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """μ-law as it comes from the line, or pcm."""
        return (PCMU, PCM_16K, PCM_8K)

    def _link(self, audio: AudioFormat) -> Link:
        query = [("sample_rate", audio.sample_rate), ("encoding", _ENCODINGS[audio.encoding]), *self._query]
        return Link(
            refusals=_REFUSALS,
            url=with_query(f"{self._base}/v3/ws", query),
            headers={"Authorization": self._key},
            greets=True,
            most_queued=round(audio.bytes_per_ms * 10_000),
        )

    def _session(self, audio: AudioFormat) -> AssemblyAISession:
        return AssemblyAISession(audio)


class AssemblyAISession(ListeningSession):
    """One session of version 3, without I/O. Where nothing was said, a request to end the turn is not answered."""

    def __init__(self, audio: AudioFormat) -> None:
        super().__init__(
            "AssemblyAI",
            audio,
            message_ms=_MESSAGE_MS,
            least_ms=_LEAST_MS,
            finish='{"type":"ForceEndpoint"}',
            last='{"type":"Terminate"}',
        )
        self._ended = -1
        """The last turn that is over: it is told again, formatted."""
        self._turn = -1
        self._eager = ""
        self._beat_ms: float | None = None  # the last time that it said that it is there, by the audio that was sent
        self._beats_every_ms = 0.0  # at most, so far

    def waited(self, number: int) -> Iterator[RecognitionEvent]:
        """See :class:`~offhook.providers.listening.ListeningSession`. It says that it is there every so often: where it
        does not any more, it is not."""
        since_ms = self.clock.sent_ms - (self._beat_ms or 0.0)
        if self._beats_every_ms and since_ms > _LATE * self._beats_every_ms and not self.flushes.alive:
            raise EngineUnavailable("expected AssemblyAI to tell that it is there, got nothing.")
        return super().waited(number)

    def received(self, message: str | bytes) -> Iterable[RecognitionEvent]:
        """See :class:`~offhook.providers.listening.ListeningSession`."""
        values = object_of(message, "AssemblyAI")
        match text(values, "type"):
            case "Turn":
                return self._on_turn(values)
            case "SpeechStarted":
                self.flushes.told()
                return [Onset(self.clock.stream_ms(number(values, "timestamp")))]
            case "Heartbeat":
                self.flushes.told()  # it is there; that it has received audio does not mean that it has heard it
                if self._beat_ms is not None:
                    self._beats_every_ms = max(self._beats_every_ms, self.clock.sent_ms - self._beat_ms)
                self._beat_ms = self.clock.sent_ms
                return []
            case "Silence":
                return self._heard(number(values, "end_ms"))
            case "Error":
                raise by_code(_REFUSALS, round(number(values, "error_code")))
            case _ if "error" in values:
                raise by_code(_REFUSALS, round(number(values, "error_code")))
            case _:
                return []

    def _on_turn(self, values: dict[str, Any]) -> Iterator[RecognitionEvent]:
        turn = round(number(values, "turn_order"))
        if turn <= self._ended:
            return
        self.flushes.told()
        words = self._words(values)
        confidence = mean([word.confidence for word in words])
        if values.get("end_of_turn") is True:
            self._ended = turn
            self.partial, self._eager = PartialWords(""), ""
            whole = text(values, "transcript") or _joined(words)
            flushed = self.flushes.all_answered()
            if whole:
                yield EndOfTurn(whole, confidence, words, flushed)
            elif flushed:
                yield FinalWords("", flushed=flushed)
            return
        # The transcript lacks the word that may still change.
        said = _joined(words) or text(values, "transcript")
        if not said:
            return
        if turn != self._turn:
            self._turn = turn
            yield Onset(words[0].began_ms if words else None)
        if self._eager and said != self._eager:
            self._eager = ""
            yield TurnResumed()
        self.partial = PartialWords(said, confidence, words)
        yield self.partial
        if text(values, "utterance") and not self._eager:
            self._eager = said
            yield EagerEnd(said, confidence)

    def _heard(self, provider_ms: float) -> Iterator[RecognitionEvent]:
        """It has found no words up to there that are not told; but a turn that goes on is not told to its end."""
        if self.partial.text:
            self.flushes.told()
        elif answered := self.flushes.heard(provider_ms):
            yield self.known(answered)

    def _words(self, values: dict[str, Any]) -> tuple[Word, ...]:
        return tuple(
            Word(
                text(word, "text"),
                self.clock.stream_ms(number(word, "start")),
                self.clock.stream_ms(number(word, "end")),
                mean([number(word, "confidence", 1.0)]),
            )
            for word in items(values, "words")
            if text(word, "text")
        )


def _joined(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)


def named(which: str) -> AssemblyAI:
    """``assemblyai``, or ``assemblyai:universal-streaming-english``."""
    return AssemblyAI(model=which or None)
