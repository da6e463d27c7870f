"""What a tool is to whoever runs it on a call: the cascade and speech-to-speech models use the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from offhook.errors import OffhookError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.calls.call import Call
    from offhook.calls.deeds import Deed
    from offhook.models.base import ToolCall, ToolSpec

__all__ = ["ToolError", "ToolOutcome", "Tools"]


class ToolError(OffhookError):
    """Raise this in a tool to tell the model what to do about it: ``raise ToolError("Friday is full; offer Monday.")``.

    The model reads the message; the log does not have it.
    """

    code = "tool_error"


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What came of a tool, as the model is told it.

    ``text`` is the result, or what went wrong in words that a model can act on; bounded in length, and without the text
    of an exception. ``deed``: what is to become of the call, once what the model says of it was heard. ``took_ms``: how
    long it took, asking the caller included.
    """

    text: str
    failed: bool = False
    deed: Deed | None = None
    took_ms: float = 0.0


class Tools(Protocol):
    """The tools of an agent."""

    @property
    def specs(self) -> Sequence[ToolSpec]:
        """All of them, as a model sees them."""
        ...

    async def run(self, call: Call, uses: Sequence[ToolCall]) -> tuple[ToolOutcome, ...]:
        """Use tools, side by side; what came of each, in the order of ``uses``.

        Never raises for what a model or a tool does wrong: an unknown name, broken arguments, an exception, a time that
        is over are outcomes. Runs in the task of the turn, so that ``call.say`` and ``call.ask`` work in a tool; being
        cancelled cancels what need not finish.
        """
        ...
