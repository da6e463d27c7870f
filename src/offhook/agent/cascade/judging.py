"""Whether what a caller says is theirs to say, or a listener's; of :mod:`~.turns`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.agent.cascade.backchannels import is_backchannel, is_hello
from offhook.agent.cascade.utterance import words_of

if TYPE_CHECKING:
    from offhook.agent.cascade.decisions import IgnoreReason
    from offhook.agent.cascade.floor import Floor
    from offhook.agent.cascade.utterance import Utterance
    from offhook.agent.options import TurnOptions

__all__ = ["NoTurn", "is_complete", "judge", "silences"]

_HUM_SHARE = 0.75
"""Speech over the agent with less than this share of the word evidence that silences it was hummed."""


@dataclass(frozen=True, slots=True)
class NoTurn:
    """Why something is no turn, and what of its words is worth telling."""

    reason: IgnoreReason
    text: str
    clear: bool
    """Whether that is so already, and not only if nothing follows."""


def silences(utterance: Utterance, floor: Floor, options: TurnOptions) -> bool:
    """Whether the agent falls silent for it, whatever comes of it: it sounds like words, lasts, or some were told."""
    if utterance.words_ms >= options.words_ms or utterance.ended_ms - utterance.began_ms >= options.hum_ms:
        return True
    return bool(utterance.live) and not _is_listening(utterance.live, floor, options)


def judge(utterance: Utterance, text: str, floor: Floor, options: TurnOptions) -> NoTurn | None:
    """What ``text``, as far as it is known, says about an utterance; ``None``: it is a turn, or its beginning."""
    if utterance.yielded:
        return None
    if utterance.over_agent and not utterance.answer:
        if _is_listening(text, floor, options):
            return NoTurn("backchannel", text, clear=True)
        if floor.undisturbed and utterance.words_ms < options.words_ms * _HUM_SHARE:
            # A recogniser makes words of anything; these are not the caller's.
            return NoTurn("backchannel", "", clear=True)
    if not text:
        # A silenced agent has nothing to wait for; otherwise words may still follow.
        return NoTurn("unintelligible", "", clear=floor.paused)
    if utterance.answered is not None and words_of(text) == words_of(utterance.answered):
        return NoTurn("answered", text, clear=False)
    return None


def is_complete(utterance: Utterance, silence_ms: float, options: TurnOptions) -> bool:
    """Whether its words are certain, and complete in themselves, and followed by a silence of some length."""
    return (
        utterance.complete
        and utterance.confidence >= options.complete_confidence
        and silence_ms >= options.complete_endpoint_ms
    )


def _is_listening(text: str, floor: Floor, options: TurnOptions) -> bool:
    """Whether these are words of somebody who does not want the floor."""
    return is_backchannel(text, options.language) or (floor.hello and is_hello(text, options.language))
