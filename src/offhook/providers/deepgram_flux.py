"""Deepgram's ``/v2/listen`` (Flux), without I/O: turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from offhook.errors import EngineUnavailable
from offhook.providers.listening import ListeningSession
from offhook.providers.reading import items, mean, number, object_of, text
from offhook.speech.streams import EagerEnd, EndOfTurn, FinalWords, Onset, PartialWords, TurnResumed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offhook.speech.streams import AudioFormat, RecognitionEvent

__all__ = ["FluxSession"]

_MESSAGE_MS: Final = 80.0
"""What it is best sent at once, its page says."""


class FluxSession(ListeningSession):
    """One session.

    It tells every quarter of a second how much audio it has heard, whether there are words or not; a request to end the
    turn is ignored where there is none.
    """

    def __init__(self, audio: AudioFormat, provider: str) -> None:
        super().__init__(
            provider,
            audio,
            message_ms=_MESSAGE_MS,
            finish='{"type":"ForceEndTurn"}',
            last='{"type":"CloseStream"}',
            tells_always=True,
        )
        self._eager = False

    def received(self, message: str | bytes) -> Iterable[RecognitionEvent]:
        """See :class:`~offhook.providers.listening.ListeningSession`."""
        values = object_of(message, self.provider)
        match text(values, "type"):
            case "TurnInfo":
                return self._on_turn(values)
            case "Error":
                raise EngineUnavailable(f"expected {self.provider} to go on, got an error.")
            case _:
                return []

    def _on_turn(self, values: dict[str, Any]) -> Iterator[RecognitionEvent]:
        said = text(values, "transcript").strip()
        confidence = mean([number(word, "confidence", 1.0) for word in items(values, "words")])
        heard_ms = 1000 * number(values, "audio_window_end")
        self.flushes.told()
        match text(values, "event"):
            case "EndOfTurn":
                self.partial, self._eager = PartialWords(""), False
                flushed = self.flushes.heard(heard_ms)
                if not flushed and text(values, "trigger") == "manual":
                    flushed = self.flushes.answered()
                if said:
                    yield EndOfTurn(said, confidence, flushed=flushed)
                elif flushed:
                    yield FinalWords("", flushed=flushed)
                return
            case "EagerEndOfTurn" if said and not self._eager:
                self.partial, self._eager = PartialWords(said, confidence), True
                yield EagerEnd(said, confidence)
            case "StartOfTurn":
                yield Onset(self.clock.stream_ms(1000 * number(values, "audio_window_start")))
                yield from self._goes_on(said, confidence)
            case "TurnResumed" if self._eager:
                self._eager = False
                yield TurnResumed()
                yield from self._goes_on(said, confidence)
            case _:  # Update, and what may come to be
                yield from self._goes_on(said, confidence)
        # A turn that goes on is not at its end yet, though all of the audio is heard: these are its words all the same.
        if flushed := self.flushes.heard(heard_ms):
            yield self.known(flushed)

    def _goes_on(self, said: str, confidence: float) -> Iterator[RecognitionEvent]:
        if self._eager and said != self.partial.text:
            self._eager = False
            yield TurnResumed()
        if said and said != self.partial.text:
            self.partial = PartialWords(said, confidence)
            yield self.partial
