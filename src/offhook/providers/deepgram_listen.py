"""Deepgram's ``/v1/listen``, without I/O: segments, of which the last one may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from offhook.errors import EngineUnavailable
from offhook.providers.listening import ListeningSession
from offhook.providers.reading import items, mean, number, object_of, text
from offhook.speech.streams import FinalWords, Onset, PartialWords, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offhook.speech.streams import AudioFormat, RecognitionEvent

__all__ = ["ListenSession"]

_MESSAGE_MS: Final = 40.0
"""Any length is taken. What is held back goes before a request to finish, so its answer is not later for it."""


class ListenSession(ListeningSession):
    """One session.

    Results tell how much audio is heard, also in silence, and so answer flushes that the provider has no words for.
    """

    def __init__(self, audio: AudioFormat, provider: str) -> None:
        super().__init__(
            provider,
            audio,
            message_ms=_MESSAGE_MS,
            finish='{"type":"Finalize"}',
            last='{"type":"CloseStream"}',
            always_answers=True,
        )

    def received(self, message: str | bytes) -> Iterable[RecognitionEvent]:
        """See :class:`~offhook.providers.listening.ListeningSession`."""
        values = object_of(message, self.provider)
        match text(values, "type"):
            case "Results":
                return self._on_results(values)
            case "SpeechStarted":
                self.flushes.told()
                return [Onset(self.clock.stream_ms(1000 * number(values, "timestamp")))]
            case "Error":
                raise EngineUnavailable(f"expected {self.provider} to go on, got an error.")
            case _:
                return []

    def _on_results(self, values: dict[str, Any]) -> Iterator[RecognitionEvent]:
        channel = values.get("channel")
        alternatives = items(channel, "alternatives") if isinstance(channel, dict) else []
        best = alternatives[0] if alternatives else {}
        said = text(best, "transcript").strip()
        heard_ms = 1000 * (number(values, "start") + number(values, "duration"))
        final = values.get("is_final") is True
        self.flushes.told()
        if final or not said:
            flushed = self.flushes.heard(heard_ms) if final or not self.partial.text else 0
            if not flushed and values.get("from_finalize") is True:
                flushed = self.flushes.answered()
            if said or flushed:
                yield FinalWords(said, mean([number(best, "confidence", 1.0)]), self._words(best), flushed)
            if final:
                self.partial = PartialWords("")
            return
        self.partial = PartialWords(said, mean([number(best, "confidence", 1.0)]), self._words(best))
        yield self.partial

    def _words(self, best: dict[str, Any]) -> tuple[Word, ...]:
        return tuple(
            Word(
                text(word, "punctuated_word") or text(word, "word"),
                self.clock.stream_ms(1000 * number(word, "start")),
                self.clock.stream_ms(1000 * number(word, "end")),
                mean([number(word, "confidence", 1.0)]),
            )
            for word in items(best, "words")
            if text(word, "word")
        )
