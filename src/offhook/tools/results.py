"""What a tool has returned, as the text that a model reads: pure."""

from __future__ import annotations

from typing import Any

from offhook.calls.deeds import HandOver, HangUp
from offhook.tools.base import ToolOutcome

__all__ = ["LONGEST", "outcome_of"]

LONGEST = 8_000
"""Letters of a result that a model is told. The rest is left out, and the model is told that, too."""

_DONE = {
    HandOver: "The caller is connected to a person once you have spoken.",
    HangUp: "The call ends once you have spoken: say goodbye.",
}


def outcome_of(value: Any) -> ToolOutcome:
    """A result as a model is told it: a text as it is, ``None`` as "Done.", everything else as JSON.

    A :class:`~offhook.calls.deeds.HandOver` or :class:`~offhook.calls.deeds.HangUp` is done once the model has spoken.
    What cannot be written as JSON is a failure of the program: the model is told that there is no result.
    """
    if isinstance(value, (HandOver, HangUp)):
        return ToolOutcome(_DONE[type(value)], deed=value)
    if value is None:
        return ToolOutcome("Done.")
    if isinstance(value, str):
        return ToolOutcome(_bounded(value) if value else "Done, with an empty result.")
    from pydantic_core import PydanticSerializationError, to_json

    try:
        return ToolOutcome(_bounded(to_json(value, inf_nan_mode="strings").decode()))
    except (PydanticSerializationError, ValueError, RecursionError):
        return ToolOutcome("It was done, but its result cannot be read.", failed=True)


def _bounded(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n[{len(text) - LONGEST} more characters are left out]"
