"""What a dialog is: something that answers what a caller said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.calls.call import Call
    from offhook.dialog.acts import Answer

__all__ = ["Dialog", "Heard", "Reply"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller said, as it was recognised. ``confidence`` is that of the recognition, in 0..1."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What to do about it, in one piece."""

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
    """Decides what to say and do. One dialog serves all calls: what concerns one call goes into ``call.data``."""

    def respond(self, call: Call, heard: Heard, /) -> Answer:
        """Answer what the caller said: an async iterator of acts (:mod:`offhook.dialog.acts`), as they are thought of.

        The simple forms are answers, too: a text, a :class:`Reply` or ``None``, of a plain or an ``async`` function, or
        pieces of text from an async generator.

        ``call.transcript`` holds the conversation so far as both have *heard* it: what the agent said is cut to what
        reached the caller. The last entry is the turn to be answered.

        The iterator is closed when the caller speaks on. What it raises ends the turn: the session apologises to the
        caller, and goes on listening.

        A dialog may have more, where it wants to:

        * ``is_complete(text) -> bool``: nothing is likely to follow these words, so it is answered sooner.
        * ``speculative``, true or ``speculative(heard) -> bool``: it may be asked before it is clear that the caller
          has finished. ``call.transcript`` does not have the turn then. Its acts are taken up to the first that is not
          :class:`~offhook.dialog.acts.Say`, and none is done until the turn is over with the same words; otherwise the
          iterator is closed. So what it does beside its acts must not matter.
        * ``async warm_up()``: awaited before the first call.
        """
        ...
