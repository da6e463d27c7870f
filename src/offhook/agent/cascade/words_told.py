"""What a recogniser tells, on its way to turn-taking and to the observers of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from offhook.agent import events
from offhook.agent.cascade.words import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.cascade.answering import Answering
    from offhook.agent.cascade.decisions import Decision
    from offhook.agent.cascade.turns import TurnTaking
    from offhook.agent.conversant import ConversantHost
    from offhook.speech.streams import StreamingSpeechToText

    class _TellTurns(Protocol):
        def __call__(
            self, at_ms: float, text: str, confidence: float, *, answer: bool = False
        ) -> tuple[Decision, ...]: ...


__all__ = ["WordsTold"]


class WordsTold:
    """Tells turn-taking the words of the caller (:class:`~offhook.agent.cascade.recognising.WordsListener`).

    Args:
        host: the session.
        turns: what decides on them.
        answering: what knows whether the agent has asked something.
        do: carries out what is decided.
    """

    def __init__(
        self,
        host: ConversantHost,
        turns: TurnTaking,
        answering: Answering,
        *,
        do: Callable[[tuple[Decision, ...]], None],
    ) -> None:
        self._host = host
        self._turns = turns
        self._answering = answering
        self._do = do
        self.known_at_ms = 0.0
        """When the last words became known, on the session's clock."""
        self.misheard = False
        """Whether no recogniser knew the words of what the caller said last."""

    def words_known(self, draft: int, words: Told, *, ended: bool) -> None:
        """The words of a draft are known."""
        self.misheard = False
        self._known(draft, words, ended=ended)

    def not_recognised(self, draft: int) -> None:
        """No recogniser knows the words."""
        self.misheard = True
        self._known(draft, Told(), ended=False)

    def recogniser_failed(self, error: Exception) -> None:
        """An agent that is deaf is no agent."""
        self._host.engine_failed(error)

    def words_so_far(self, words: Told, *, live: bool) -> None:
        """What the caller seems to have said until now. One that hears whole utterances makes words of a hum, too: what
        it tells is for observers."""
        host, text, confidence = self._host, words.text, words.confidence
        host.notify(events.CallerWords(at_ms=host.wall_ms(), call_id=host.call.id, text=text, confidence=confidence))
        if live:
            self._tell(self._turns.words_so_far, words)

    def turn_may_be_over(self, words: Told) -> None:
        """The recogniser believes that the turn is over."""
        self._tell(self._turns.turn_may_be_over, words)

    def turn_goes_on(self) -> None:
        """It was not."""
        self._do(self._turns.turn_goes_on(self._host.clock.now_ms()))

    def turn_over(self, words: Told) -> None:
        """The recogniser says that it is."""
        if words.text:
            self.misheard = False
        self._tell(self._turns.turn_over, words)

    def hears(self, engine: StreamingSpeechToText) -> None:
        """Another recogniser hears from now on."""
        self._turns.recogniser_hears(ends_turns=engine.ends_turns)

    def _known(self, draft: int, words: Told, *, ended: bool) -> None:
        host, text, confidence = self._host, words.text, words.confidence
        self.known_at_ms = now_ms = host.clock.now_ms()
        host.notify(events.TurnDraft(at_ms=host.wall_ms(), call_id=host.call.id, text=text, confidence=confidence))
        complete, answer = self._is_complete(text), self._answering.has_asked(now_ms)
        self._do(self._turns.transcript(now_ms, draft, text, confidence, complete=complete, answer=answer, ended=ended))

    def _tell(self, turns: _TellTurns, words: Told) -> None:
        """Tell turn-taking words that were not asked for."""
        now_ms = self._host.clock.now_ms()
        if words.text:
            self.known_at_ms = now_ms
        self._do(turns(now_ms, words.text, words.confidence, answer=self._answering.has_asked(now_ms)))

    def _is_complete(self, text: str) -> bool:
        """Whether the dialog would answer ``text`` as it is; it may have a method to say so."""
        is_complete = getattr(self._host.agent.dialog, "is_complete", None)
        return is_complete is not None and not self._answering.asking and bool(is_complete(text))
