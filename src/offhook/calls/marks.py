"""What offhook hangs on a leg, in front of the program's own text: who took it, and which dial it came from.

A carrier echoes a leg's ``client_state`` in every webhook of the leg and in its list of active calls. So a leg tells
whose it is, to a process that was not there when it began, or that never learnt its id.

On the wire: ``offhook:HOUSE:ID`` and, where the program has a text of its own, ``:TEXT`` after that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PERSON", "Mark", "marked", "read_mark"]

PERSON = "person"
"""On the leg of somebody whom a caller is connected to: nobody serves it."""

_MARK = re.compile(r"offhook:([0-9a-zA-Z-]{0,40}):([0-9a-zA-Z-]{0,40})(?::(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose a leg is."""

    house: str = ""
    """The journal whose workers took it; ``""`` for a host without one, whose legs are anybody's who finds them."""
    id: str = ""
    """Of the dial that the leg came from; ``""`` for one that was answered; :data:`PERSON` for that of a transfer."""


def marked(mark: Mark, text: str | None) -> str:
    """What to hang on a leg: ``mark``, and the program's own text."""
    return f"offhook:{mark.house}:{mark.id}" if text is None else f"offhook:{mark.house}:{mark.id}:{text}"


def read_mark(client_state: str | None) -> tuple[Mark | None, str | None]:
    """The mark on a leg, ``None`` if there is none, and the program's own text, ``None`` if there is none."""
    found = _MARK.fullmatch(client_state) if client_state is not None else None
    if found is None:
        return None, client_state
    house, id_, text = found.groups()
    return Mark(house, id_), text
