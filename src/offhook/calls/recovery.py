"""What becomes of a leg that this process did not begin, or has not heard of: pure.

After a restart these are the calls of the journal; at any time it is a leg that an event tells of and nobody knows.
There is one rule for both. A leg is left alone only where somebody else has it: another worker, another machine, the
person that the caller was connected to. Everything else that lives is served again, or told goodbye and hung up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from offhook.calls.marks import PERSON
from offhook.calls.state import CallState

if TYPE_CHECKING:
    from offhook.calls.marks import Mark
    from offhook.calls.state import CallRecord

__all__ = ["Found", "Recovery", "recover"]


class Recovery(Enum):
    """What to do with a leg that was found."""

    FORGET = "forget"
    """It is over."""
    LEAVE = "leave"
    """It is somebody else's."""
    WATCH = "watch"
    """The caller talks to a person, or is being connected: it needs nothing from us until that is over."""
    ANSWER = "answer"
    """It rings here."""
    AWAIT = "await"
    """We dialled it and it rings there: once it is answered it is served."""
    SERVE = "serve"
    """Somebody is on the line and hears nothing: ask for a new stream, apologise and go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A leg, and all that is known of it."""

    record: CallRecord
    """The facts of the journal, and of events; at least the id."""
    mark: Mark | None = None
    """What hangs on it."""
    alive: bool | None = None
    """What the carrier says; ``None`` if it does not."""
    ours: bool = False
    """Whether the journal has it: this worker's, or that of one that is gone."""
    others_live: bool = False
    """Whether another leg of its session is up: the person."""
    elsewhere: bool = False
    """Whether another worker of this machine has it."""


def recover(found: Found, house: str) -> Recovery:
    """What to do with a leg.

    Args:
        found: the leg.
        house: the journal of this worker; ``""`` if it has none.
    """
    record, mark = found.record, found.mark
    if found.alive is False or record.state is CallState.ENDED:
        return Recovery.FORGET
    if found.elsewhere or (mark is not None and (mark.id == PERSON or mark.house not in ("", house))):
        return Recovery.LEAVE
    if (record.transferring or record.state is CallState.BRIDGED) and found.others_live:
        return Recovery.WATCH
    answered = record.state in (CallState.ANSWERED, CallState.BRIDGED)
    if record.direction == "outbound":
        if mark is None and not found.ours:
            return Recovery.LEAVE  # what we dial bears our mark: another program has dialled this
        return Recovery.SERVE if answered else Recovery.AWAIT
    if record.state is CallState.RINGING:
        return Recovery.ANSWER
    return Recovery.SERVE
