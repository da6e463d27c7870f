"""What can be set about a conversation."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from offhook.errors import ConfigError, kind_of
from offhook.waits import (
    END_OF_TURN,
    FLUSH,
    HANDLER,
    MODEL_FIRST,
    MODEL_NEXT,
    RECOGNITION,
    REPLY_NEXT,
    TOOLS,
    TRANSFER,
    VOICE_FIRST,
    VOICE_NEXT,
    VOICE_OF_SEVERAL,
)

__all__ = ["Limits", "TurnDetection", "TurnOptions"]

TurnDetection = Literal["vad", "stt", "both"]
"""Who decides that a caller's turn is over: voice activity, by a silence; the recogniser; whichever does first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOptions:
    """How turns are taken. The defaults suit a telephone; every duration is in milliseconds.

    Raises:
        ConfigError: a turn detection that there is not.
    """

    turn_detection: TurnDetection | None = None
    """Who decides that a turn is over. ``None``: the recogniser where it can (``ends_turns``), else voice activity.
    Where it decides alone, and does not within ``Limits.end_of_turn_s`` of silence, voice activity does after all."""
    speech_above: float = 0.5
    """Speech begins at a voice activity above this; where :attr:`words_ms` sound like words, :attr:`silence_below` is
    enough: two weak witnesses are as good as a strong one, and sooner."""
    silence_below: float = 0.35
    """Speech has stopped once voice activity is below this."""
    min_speech_ms: float = 60
    """Anything shorter is a noise."""
    draft_ms: float = 160
    """Silence after which the words are recognised on a guess."""
    endpoint_ms: float = 400
    """Silence that ends a turn."""
    complete_endpoint_ms: float = 280
    """Silence that ends a turn whose words are known, certain and complete in themselves."""
    complete_confidence: float = 0.8
    """How certain the words of such a turn have to be, in 0..1."""
    max_utterance_ms: float = 30_000
    """A turn longer than this is cut."""
    barge_in: bool = True
    """Whether the caller can interrupt the agent at all."""
    protect_greeting: bool = False
    """Whether the greeting is said to its end whatever the caller says."""
    words_ms: float = 60
    """Speech over the agent has to sound like words for this long to silence it."""
    hum_ms: float = 700
    """Speech over the agent that lasts this long silences it whatever it sounds like."""
    preroll_ms: float = 200
    """Voice activity needs a moment to be sure; what sounded like words in the time before counts too."""
    yield_ms: float = 1000
    """A caller who still talks this long after the agent fell silent has the floor, whatever the words. Until then an
    "okay", an "all right" or an "of course" is given the time that it takes."""
    answer_ms: float = 600
    """A listener's word so shortly before the end of a question is the answer to it."""
    false_interruption_ms: float = 2000
    """An agent that fell silent goes on if after this time the caller is silent and no words are known."""
    speculate: bool = True
    """Whether a dialog that lets itself be asked begins to answer before it is clear that the caller has finished.
    What is begun in vain is thrown away; at a model's host it costs tokens."""
    language: str = "en"
    """Of the conversation, as a BCP 47 tag (``en``, ``en-GB``): whose listener's words are ignored over the agent (see
    :mod:`offhook.agent.cascade.backchannels`), and in which numbers, times and prices are put into words for the voice
    (see :mod:`offhook.speech.text`)."""

    def __post_init__(self) -> None:
        if self.turn_detection is not None and self.turn_detection not in get_args(TurnDetection):
            raise ConfigError(
                f"expected a turn detection of vad, stt or both, got {kind_of(self.turn_detection)}",
                fix="leave it out for what suits the recogniser",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop waiting. Every duration is in seconds.

    Raises:
        ConfigError: a duration that is not above 0, or negative reminders.
    """

    silence_s: float = 8.0
    """How long nobody may speak before the caller is asked whether they are still there."""
    reminders: int = 2
    """How many times that is asked in a row; the silence after the last one ends the call."""
    max_duration_s: float = 1800.0
    """The longest conversation."""
    filler_s: float = HANDLER.long_s or 3.0
    """A caller who waits for an answer in silence for so long hears the first of ``Texts.fillers``."""
    tool_filler_s: float = TOOLS.long_s or 1.5
    """The same, while a tool is used."""
    filler_again_s: float = 8.0
    """How long after one filler the next is heard, while the answer still does not come."""
    handler_s: float = HANDLER.limit_s
    """The longest that the program may take to begin an answer; what it asks the caller meanwhile does not count."""
    next_piece_s: float = REPLY_NEXT.limit_s
    """The longest that it may take from one piece of an answer to the next."""
    model_first_s: float = MODEL_FIRST.limit_s
    """The longest that a language model may take to begin, where another one can answer in its place."""
    model_next_s: float = MODEL_NEXT.limit_s
    """And to go on with its answer."""
    ringing_again_s: float = TRANSFER.long_s or 6.0
    """How often a caller who is being connected to a person hears that it still rings there."""
    recognition_s: float = RECOGNITION.limit_s
    """The longest that a recogniser of whole utterances may take."""
    flush_s: float = FLUSH.limit_s
    """The longest that one that hears along may take to tell the words of what it has heard."""
    end_of_turn_s: float = END_OF_TURN.limit_s
    """The longest silence in which a recogniser that ends turns may leave one open."""
    voice_first_s: float = VOICE_FIRST.limit_s
    """The longest that a voice may take to the first sound of a sentence."""
    voice_next_s: float = VOICE_NEXT.limit_s
    """The longest that it may take from one sound to the next."""
    voice_of_several_s: float = VOICE_OF_SEVERAL.limit_s
    """The longest for either where the program has given a list of voices, and there is another one to try."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 or (field.name == "reminders" and value == 0)):
                raise ConfigError(
                    f"expected {field.name} above 0, got {value!r}", fix=f"leave it out for {field.default!r}"
                )
