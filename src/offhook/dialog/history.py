"""The conversation as a language model is told it: what was *heard*, and the tools that were used, in order. Pure.

* What the agent said is cut to what reached the caller's ear, and then ends with :data:`CUT`; the caller's next words
  begin with :data:`INTERRUPTS`. What was cut before a word was heard was not said. Fillers are nobody's words.
* Words that were recognised with a confidence below :data:`UNCLEAR_BELOW` begin with :data:`UNCLEAR`.
* Tools stand where their results were known. While a turn is answered, what the model has said in it stands as it was
  written, since it is still being heard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from offhook.dialog.context import cut
from offhook.models.base import AssistantMessage, CallerMessage, ToolResult

if TYPE_CHECKING:
    from offhook.calls.transcript import Transcript, TranscriptEntry
    from offhook.dialog.base import Heard
    from offhook.models.base import Message, ToolCall

__all__ = ["CUT", "INTERRUPTS", "UNCLEAR", "UNCLEAR_BELOW", "Exchange", "Memory", "Turn"]

CUT: Final = " …"
INTERRUPTS: Final = "(interrupts) "
UNCLEAR: Final = "(hard to hear) "
UNCLEAR_BELOW: Final = 0.4

_EXCHANGES = 100
_LONGEST_RESULT = 5_000
"""In tokens: no more of a result is kept, however much is told."""
_NOT_SAID: Final = "filler"
_ANSWERS: Final = ("reply", _NOT_SAID)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Tools that a model has used at once, and what came of them."""

    at: int
    """After how many entries of the transcript, those that are no longer kept included."""
    text: str
    """What the model said before it asked for them."""
    uses: tuple[ToolCall, ...]
    results: tuple[ToolResult, ...]


@dataclass(slots=True)
class Memory:
    """What a transcript does not have of one call: the last 100 exchanges with tools."""

    exchanges: list[Exchange] = field(default_factory=list)

    def add(self, exchange: Exchange) -> None:
        """Tools were used. The middle of a result that is too long to be told is left out."""
        results = tuple(ToolResult(one.call_id, cut(one.text, _LONGEST_RESULT)) for one in exchange.results)
        self.exchanges.append(Exchange(exchange.at, exchange.text, exchange.uses, results))
        del self.exchanges[:-_EXCHANGES]


class Turn:
    """A turn that a model answers: what it is told before every round of the answer.

    Args:
        transcript: what both have heard; it goes on while the turn is answered.
        memory: the tools of the call.
        heard: what is to be answered. The transcript ends with it, or does not have it yet.
    """

    def __init__(self, transcript: Transcript, memory: Memory, heard: Heard) -> None:
        self._transcript = transcript
        self._memory = memory
        self._heard = heard
        self._since = transcript.dropped + len(transcript)
        before = list(transcript)
        left = " ".join(heard.text.split())
        while before and before[-1].speaker == "caller" and left:
            words = " ".join(before[-1].heard.split())
            if not left.endswith(words):
                break
            left = left[: len(left) - len(words)].rstrip()
            before.pop()
        self._drafted = len(before) == len(transcript)
        self._before = before
        self._before_at = self._since - len(transcript)

    @property
    def now(self) -> int:
        """How many entries the transcript has had until now."""
        return self._transcript.dropped + len(self._transcript)

    def messages(self) -> list[Message]:
        """The conversation, with the turn and what was said and done in it so far."""
        told: list[Message] = []
        exchanges = [one for one in self._memory.exchanges if one.at >= self._before_at]
        interrupted = False
        for at, entry in enumerate(self._before, self._before_at):
            while exchanges and exchanges[0].at <= at and exchanges[0].at < self._since:
                told += _tools(exchanges.pop(0), "")
            interrupted = _tell(told, entry, interrupted)
        while exchanges and exchanges[0].at < self._since:
            told += _tools(exchanges.pop(0), "")
        told.append(_caller(self._heard.text, self._heard.confidence, interrupted))
        return told + self._meanwhile(exchanges)

    def _meanwhile(self, exchanges: list[Exchange]) -> list[Message]:
        """What was said and done since the turn began: the model's own words as it wrote them."""
        told: list[Message] = []
        interrupted = False
        drafted = self._drafted
        entries = self._transcript[max(0, self._since - self._transcript.dropped) :]
        for at, entry in enumerate(entries, self.now - len(entries)):
            while exchanges and exchanges[0].at <= at:
                told += _tools(exchanges[0], exchanges.pop(0).text)
            if entry.speaker == "caller" and drafted:
                drafted = False  # the turn itself
            elif entry.kind not in _ANSWERS:
                interrupted = _tell(told, entry, interrupted)
        for exchange in exchanges:
            told += _tools(exchange, exchange.text)
        return told

    def spoken_to(self) -> bool:
        """Whether the caller has heard anything of the agent's since the turn began."""
        entries = self._transcript[max(0, self._since - self._transcript.dropped) :]
        return any(entry.speaker == "agent" and entry.heard and entry.kind != _NOT_SAID for entry in entries)


def _tell(told: list[Message], entry: TranscriptEntry, interrupted: bool) -> bool:
    """Add what was heard; whether it was cut off."""
    if entry.speaker == "caller":
        told.append(_caller(entry.heard, entry.confidence, interrupted))
        return False
    if entry.kind == _NOT_SAID or not entry.heard:
        return interrupted
    told.append(AssistantMessage(entry.heard + CUT if entry.cut else entry.heard))
    return entry.cut


def _caller(text: str, confidence: float, interrupted: bool) -> CallerMessage:
    marks = (INTERRUPTS if interrupted else "") + (UNCLEAR if confidence < UNCLEAR_BELOW else "")
    return CallerMessage(marks + text)


def _tools(exchange: Exchange, text: str) -> list[Message]:
    return [AssistantMessage(text, exchange.uses), *exchange.results]
