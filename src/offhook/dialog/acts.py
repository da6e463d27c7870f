"""What a dialog wants done: a stream of acts, each decided as it is thought of.

A program may answer in simpler ways, too: return a text, a :class:`~offhook.dialog.base.Reply` or ``None``, or yield
pieces of text. :func:`acts_of` makes a stream of acts of any of them, and is the only place that knows them.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from offhook.calls.deeds import HandOver, HangUp
from offhook.dialog.base import Reply
from offhook.errors import AnswerInvalid
from offhook.threads import answer_of
from offhook.waiting import close

if TYPE_CHECKING:
    from offhook.tools.base import ToolOutcome

__all__ = [
    "Act",
    "Answer",
    "HandOver",
    "HangUp",
    "Said",
    "Say",
    "Understood",
    "UseTool",
    "UseTools",
    "acts_of",
    "answer_of",
]


@dataclass(frozen=True, slots=True)
class Say:
    """Speak. What follows without another act in between belongs to the same speech.

    ``text`` is a text or a piece of one, with the spaces that belong into it. ``whole`` says that nothing follows:
    all of it is known before the first sound.
    """

    text: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """What the caller wants. The last one before the first deed counts, and decides whether a person should take over.

    ``intent`` is the name of what they want, if it has one; ``confidence`` is how sure the dialog is, in 0..1.
    """

    intent: str | None = None
    confidence: float = 1.0


@dataclass(slots=True)
class UseTool:
    """Use a tool of the agent's. ``outcome`` is there when the dialog is asked for its next act.

    ``arguments`` by name, or JSON as a model wrote it.
    """

    name: str
    arguments: Mapping[str, object] | str = field(default_factory=dict)
    outcome: ToolOutcome | None = field(default=None, compare=False)
    begun: bool = field(default=False, compare=False)
    """Whether it was begun: where there is no outcome then, nobody knows what was done."""


@dataclass(frozen=True, slots=True)
class UseTools:
    """Use several tools side by side."""

    uses: tuple[UseTool, ...]


Act: TypeAlias = Say | Understood | HandOver | HangUp | UseTool | UseTools

Said: TypeAlias = "str | Reply | Act | AsyncIterator[str | Act | None] | AsyncIterator[str] | AsyncIterator[Act] | None"
"""An answer that does not have to be waited for."""

Answer: TypeAlias = "Said | Awaitable[str | Reply | Act | AsyncIterator[str] | AsyncIterator[Act] | None]"
"""What a dialog or a handler may answer with."""


async def acts_of(answer: object, *, source: str = "the dialog") -> AsyncGenerator[Act]:
    """The acts of an :data:`Answer`, in their order. ``source`` names who gave it, for the error.

    Closing it closes what ``answer`` iterates over.

    Raises:
        AnswerInvalid: it is no answer.
        Exception: what the program's own code raises.
    """
    said = await answer if inspect.isawaitable(answer) else answer
    if isinstance(said, Reply):
        yield Understood(said.intent, said.confidence)
        last = HandOver(said.handover) if said.handover is not None else HangUp() if said.hangup else None
        said = said.text
    else:
        last = None
    if isinstance(said, str):
        if said:
            yield Say(said, whole=True)
    elif isinstance(said, AsyncIterator):
        try:
            async for piece in said:
                if piece is not None:  # streams of language models begin and end with it
                    yield _act_of(piece)
        finally:
            await close(said)
    elif isinstance(said, Act):
        yield said
    elif said is not None:
        raise AnswerInvalid(
            f"expected {source} to return str, Reply, an act, None or an async iterator, got {type(said).__name__}.",
            fix='return a text to say, such as "At nine.", or yield pieces of it.',
        )
    if last is not None:
        yield last


def _act_of(piece: object) -> Act:
    if isinstance(piece, str):
        return Say(piece)
    if isinstance(piece, Act):
        return piece
    raise AnswerInvalid(
        f"expected pieces of text to say, or acts, got {type(piece).__name__}.",
        fix="yield str, or an act such as HangUp().",
    )
