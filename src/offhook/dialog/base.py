"""What a dialog is: something that answers what a caller said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.calls.call import Call

__all__ = ["Dialog", "Heard", "Reply"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller said, as it was recognised. ``confidence`` is that of the recognition, in 0..1."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What to do about it."""

    text: str | AsyncIterator[str] | None = None
    """What to say: whole, or in pieces as they are thought of; None or empty: nothing."""

    intent: str | None = None
    """The name of what the caller wanted, if it was understood."""

    confidence: float = 1.0
    """How sure the dialog is that it understood, in 0..1."""

    handover: str | None = None
    """Why a person should take over, when ``text`` has been said; None: the agent stays."""

    hangup: bool = False
    """Whether to hang up when ``text`` has been said."""


class Dialog(Protocol):
    """Decides what to say. One dialog serves all calls: what concerns one call goes into ``call.data``."""

    async def respond(self, call: Call, heard: Heard) -> Reply:
        """Answer what the caller said.

        What it raises ends the turn: the session apologises to the caller, and goes on listening.
        """
        ...
