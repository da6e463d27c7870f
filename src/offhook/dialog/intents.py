"""Answers by example: each intent has phrases a caller might use, and the nearest one wins.

No model, no network, a third of a millisecond. What the matcher knows is in the examples: two or three differing
phrases per intent, and an intent for each thing that callers ask often.
"""

from __future__ import annotations

import inspect
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offhook.clock import Clock, SystemClock
from offhook.dialog.acts import Understood, acts_of, answer_of
from offhook.dialog.events import IntentMatched
from offhook.dialog.phrases import PhraseIndex
from offhook.errors import ConfigError
from offhook.waiting import close

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from offhook.calls.call import Call
    from offhook.dialog.acts import Act
    from offhook.dialog.base import Dialog, Heard

    Handler = Callable[..., Any]
    """``(call)`` or ``(call, heard)``: answers as a dialog does (:data:`offhook.dialog.acts.Answer`)."""

__all__ = ["Intent", "IntentDialog", "IntentMatcher", "Match", "sure"]

_CLEAR_LEAD = 0.15
_TIED = 0.7
_SURE_HEARING = 0.6
_WHOLE = 0.8
_DEAF = 0.4


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that callers want.

    Raises:
        ConfigError: there is no name, or no example.
    """

    name: str
    """Identifies it in events and replies, and counts as one more example: ``"opening hours"``."""
    examples: Sequence[str]
    """Phrases a caller might use."""
    reply: str | Handler
    """What to say, or what finds out what to say."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("expected a name for the intent, got an empty one", fix='name="opening hours"')
        if isinstance(self.examples, str) or not self.examples:
            raise ConfigError(
                f"expected a list of example phrases for the intent {self.name!r}, got {type(self.examples).__name__}",
                fix='examples=["when are you open", "what are your hours"]',
            )


@dataclass(frozen=True, slots=True)
class Match:
    """The intent nearest to a text, and how sure that is, in 0..1; no intent: nothing in common."""

    intent: Intent | None
    confidence: float


class IntentMatcher:
    """Finds the intent whose examples are nearest to a text.

    The confidence is that of the nearest example (see :mod:`offhook.dialog.phrases`), times 0.7 when another intent is
    as near, rising to 1.0 when the next one is 0.15 behind. A close paraphrase gets 0.6 or more, also with the
    mistakes of speech recognition; another subject gets less than 0.4.

    Args:
        intents: their names differ.

    Raises:
        ConfigError: two intents have one name.
        EngineMissing: rapidfuzz is not installed.
    """

    def __init__(self, intents: Sequence[Intent]) -> None:
        names = [intent.name for intent in intents]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ConfigError(
                f"expected every intent to have its own name, got {', '.join(sorted(twice))} twice",
                fix="give all examples of an intent in one place",
            )
        self._intents = list(intents)
        self._index = PhraseIndex(
            [
                (number, phrase)
                for number, intent in enumerate(self._intents)
                for phrase in (*intent.examples, intent.name.replace("_", " ").replace("-", " "))
            ]
        )

    def match(self, text: str) -> Match:
        """The nearest intent. Takes about 5 µs per example: no text is long enough to trouble the event loop."""
        best = [0.0] * len(self._intents)
        for number, score in self._index.scores(text):
            best[number] = max(best[number], score)
        ranked = sorted(range(len(best)), key=lambda number: -best[number])
        if not ranked or best[ranked[0]] == 0.0:
            return Match(None, 0.0)
        lead = best[ranked[0]] - (best[ranked[1]] if len(ranked) > 1 else 0.0)
        clear = min(1.0, lead / _CLEAR_LEAD)
        return Match(self._intents[ranked[0]], best[ranked[0]] * (_TIED + (1 - _TIED) * clear))


def sure(match: float, hearing: float) -> float:
    """How sure a match of a recognised text is: ``match * min(1, 0.4 + hearing)``, both in 0..1.

    Recognition that is 0.6 sure or more costs nothing, as it is usually right. Below, the match counts for less, down
    to 0.4 of itself: a word-for-word match of a doubtful text may still pass, a vague one may not.
    """
    return match * min(1.0, _DEAF + hearing) if hearing < _SURE_HEARING else match


class IntentDialog:
    """A dialog that answers with the nearest intent, and says nothing when it is unsure.

    What is done about a caller who is not understood is decided above (:class:`offhook.agent.handover.Misses`).

    Args:
        intents: what callers may want.
        below_confidence: less sure than this, in 0..1, it has not understood.
        otherwise: the dialog that then answers, in place of nothing.
        clock: what events are stamped with.

    Raises:
        ConfigError: two intents have one name.
        EngineMissing: rapidfuzz is not installed.
    """

    def __init__(
        self,
        intents: Sequence[Intent],
        *,
        below_confidence: float = 0.5,
        otherwise: Dialog | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._matcher = IntentMatcher(intents)
        self._takes_heard = {intent.name: _takes_heard(intent.reply) for intent in intents}
        self._below_confidence = below_confidence
        self._otherwise = otherwise
        self._clock = clock or SystemClock()

    async def respond(self, call: Call, heard: Heard, /) -> AsyncIterator[Act]:
        """Answer: see :class:`offhook.dialog.base.Dialog`. What a handler raises is raised."""
        intent, confidence = self._understood(heard)
        if intent is None:
            if self._otherwise is None:
                yield Understood(None, confidence)
                return
            async with aclosing(acts_of(answer_of(self._otherwise.respond, call, heard))) as others:
                async for act in others:
                    yield act
            return
        call.notify(
            IntentMatched(at_ms=self._clock.wall_ms(), call_id=call.id, intent=intent.name, confidence=confidence)
        )
        yield Understood(intent.name, confidence)
        acts = acts_of(self._answer(intent, call, heard), source=f"the handler of intent {intent.name!r}")
        try:
            async for act in acts:
                if isinstance(act, Understood):
                    act = Understood(act.intent or intent.name, min(act.confidence, confidence))
                yield act
        finally:
            await close(acts)

    def is_complete(self, text: str) -> bool:
        """Whether ``text`` is nearly one of the examples: the caller need not be waited for any longer.

        A session that knows it answers sooner (``TurnOptions.complete_endpoint_ms``).
        """
        return self._matcher.match(text).confidence >= _WHOLE

    def speculative(self, heard: Heard) -> bool:
        """Whether the other dialog would answer, and may be asked before it is clear that the caller has finished. What
        the handler of an intent does may matter."""
        speculative = getattr(self._otherwise, "speculative", False)
        return self._understood(heard)[0] is None and bool(speculative(heard) if callable(speculative) else speculative)

    async def warm_up(self) -> None:
        """Have the other dialog ready."""
        warm_up = getattr(self._otherwise, "warm_up", None)
        if warm_up is not None:
            await warm_up()

    def _understood(self, heard: Heard) -> tuple[Intent | None, float]:
        """The intent, if it is sure enough, and how sure the nearest one is."""
        match = self._matcher.match(heard.text)
        confidence = sure(match.confidence, heard.confidence)
        return (match.intent if confidence >= self._below_confidence else None), confidence

    def _answer(self, intent: Intent, call: Call, heard: Heard) -> Any:
        reply = intent.reply
        if isinstance(reply, str):
            return reply
        return answer_of(reply, call, heard) if self._takes_heard[intent.name] else answer_of(reply, call)


def _takes_heard(reply: str | Handler) -> bool:
    """Whether a handler wants ``(call, heard)`` and not ``(call)``: it has a second argument and no default for it."""
    if isinstance(reply, str):
        return False
    parameters = inspect.signature(reply).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [p for p in parameters if p.kind in positional and p.default is inspect.Parameter.empty]
    return len(wanted) > 1 or any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
