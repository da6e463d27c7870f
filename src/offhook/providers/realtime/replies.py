"""What a model is asked to say, and the responses in which it does: the records of both."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from offhook.providers.realtime.protocol import ToolAsked
    from offhook.providers.realtime.utterance import Utterance

__all__ = ["EXACTLY", "GO_ON", "Ask", "Reply"]

EXACTLY: Final = "Say exactly the following words, as they are, and nothing before or after them: {text}"
GO_ON: Final = (
    "You were interrupted by a fault of the line while you said this, and the caller has heard it up to there: "
    "“{said}” Go on right after it, and repeat nothing of it."
)


@dataclass(slots=True, eq=False, kw_only=True)
class Ask:
    """Something that the model is asked to say."""

    tag: str
    kind: str
    """As :class:`~offhook.agent.events.AgentSpeechBegan` calls it."""
    text: str | None = None
    """The words; ``None``: its own."""
    instructions: str | None = None
    """What to say, where it is not in the conversation."""
    protected: bool = False
    beside: bool = False
    """It is no part of the conversation."""
    tools: bool = True
    optional: bool = False
    """Whether the model may say nothing."""
    dropped: bool = False
    """Nobody wants it any more."""
    done: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Whether all of it was heard, once it is over."""

    def end(self, *, heard_all: bool) -> None:
        """It is over."""
        if not self.done.done():
            self.done.set_result(heard_all)


@dataclass(slots=True, eq=False)
class Reply:
    """A response of the model."""

    id: str
    ask: Ask | None
    """What it answers; ``None``: the caller, of the model's own accord."""
    began_ms: float
    utterances: dict[str, Utterance] = field(default_factory=dict)
    tools: list[ToolAsked] = field(default_factory=list)
    over: bool = False
    """Whether no more of it will come."""
    cut: bool = False
    """Whether it was interrupted: what still comes of it is not said."""

    @property
    def kind(self) -> str:
        """As :class:`~offhook.agent.events.AgentSpeechBegan` calls it."""
        return self.ask.kind if self.ask is not None else "reply"

    @property
    def protected(self) -> bool:
        """Whether the caller cannot interrupt it."""
        return self.ask is not None and self.ask.protected

    @property
    def heard(self) -> bool:
        """Whether nothing of it is left to be heard."""
        return self.over and all(utterance.over for utterance in self.utterances.values())

    @property
    def spoke(self) -> bool:
        """Whether it has said anything."""
        return any(utterance.text for utterance in self.utterances.values())
