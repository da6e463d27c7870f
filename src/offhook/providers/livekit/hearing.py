"""What a plugin of LiveKit's tells of a caller's words, as a recogniser of ours tells it: pure.

Plugins are alike in what they tell, and not in what they do with a request to finish: some pass it on, some ignore it,
and none says that it is answered. So the next words for good answer it; and where no words are pending they are not
waited for as long as where some are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.providers.flushes import Flushes
from offhook.speech.streams import EagerEnd, EndOfTurn, FinalWords, Onset, PartialWords, TurnResumed
from offhook.waits import PROVIDER_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.speech.streams import RecognitionEvent, Word

__all__ = ["NOTHING_PENDING_S", "Hearing"]

NOTHING_PENDING_S = 0.35
"""How long words are waited for where those that were told are for good already: a provider's delay."""


class Hearing:
    """One stream.

    Args:
        provider: whose, for errors.
        ends_turns: whether the end of speech that it tells is the end of a turn.
    """

    def __init__(self, provider: str, *, ends_turns: bool) -> None:
        self._ends_turns = ends_turns
        self._flushes = Flushes(provider)
        self._partial = PartialWords("")
        self._said: list[str] = []  # for good, in this turn
        self._words: list[Word] = []
        self._confidences: list[float] = []
        self._eager = ""
        self._told = False  # whether words of this utterance were

    def speech_began(self) -> None:
        """An utterance begins."""
        self._told = False

    def flush(self) -> tuple[int, float]:
        """The words are asked for: the number of the flush, and after how many seconds without an answer to call
        :meth:`waited`."""
        pending = bool(self._partial.text) or not self._told
        return self._flushes.ask(0.0), PROVIDER_WORDS.limit_s if pending else NOTHING_PENDING_S

    def waited(self, number: int) -> Iterator[RecognitionEvent]:
        """An answer to this flush was waited for long enough.

        Raises:
            EngineUnavailable: the provider tells nothing, time after time.
        """
        if self._told:
            self._flushes.told()
        if flushed := self._flushes.waited(number):
            partial = self._partial
            if partial.text:
                yield PartialWords(partial.text, partial.confidence, partial.words, flushed)
            else:
                yield FinalWords("", flushed=flushed)

    def received(self, kind: str, text: str, confidence: float, words: tuple[Word, ...]) -> Iterator[RecognitionEvent]:
        """An event of the plugin's: its kind as LiveKit names it, and of its first alternative the text, how sure it is
        (0: it does not say) and the words with their times."""
        self._flushes.told()
        match kind:
            case "start_of_speech":
                yield Onset()
            case "interim_transcript":
                yield from self._changing(text, confidence or 1.0, words)
            case "preflight_transcript":
                yield from self._changing(text, confidence or 1.0, words)
                if self._ends_turns and text:
                    self._eager = " ".join((*self._said, text))
                    yield EagerEnd(self._eager, confidence or 1.0)
            case "final_transcript":
                yield from self._for_good(text, confidence or 1.0, words)
            case "end_of_speech" if self._ends_turns:
                yield from self._turn_over()

    def _changing(self, text: str, confidence: float, words: tuple[Word, ...]) -> Iterator[RecognitionEvent]:
        if not text:
            return
        self._told = True
        if self._eager and self._eager != " ".join((*self._said, text)):
            self._eager = ""
            yield TurnResumed()
        self._partial = PartialWords(text, confidence, words)
        yield self._partial

    def _for_good(self, text: str, confidence: float, words: tuple[Word, ...]) -> Iterator[RecognitionEvent]:
        self._partial = PartialWords("")
        if text:
            self._told = True
            self._said.append(text)
            self._words += words
            self._confidences.append(confidence)
        flushed = self._flushes.all_answered()
        if text or flushed:
            yield FinalWords(text, confidence, words, flushed)

    def _turn_over(self) -> Iterator[RecognitionEvent]:
        said = [*self._said, *filter(None, (self._partial.text,))]
        confidences = self._confidences or [1.0]
        words = (*self._words, *self._partial.words)
        flushed = self._flushes.all_answered()
        self._partial, self._eager = PartialWords(""), ""
        self._said, self._words, self._confidences = [], [], []
        if said:
            yield EndOfTurn(" ".join(said), sum(confidences) / len(confidences), words, flushed)
        elif flushed:
            yield FinalWords("", flushed=flushed)
