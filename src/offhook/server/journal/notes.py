"""What a journal is told of calls: whenever something is different from what it was told last."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from offhook.server.journal.entries import CallEntry

if TYPE_CHECKING:
    from offhook.calls.call import Call
    from offhook.server.journal.journal import Journal

__all__ = ["CallNotes"]


class CallNotes:
    """Follows calls, and keeps the journal's entry of each as it is.

    Args:
        journal: who is told.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._noted: dict[Call, CallEntry] = {}

    def follow(self, call: Call) -> None:
        """Keep the entry of ``call`` from now on. Its id is known."""
        call.observe(partial(self._note, call))
        self._note(call)

    def _note(self, call: Call, event: object = None) -> None:
        name, last = call.carrier.wire.name, self._noted.get(call)
        if call.ended:
            if self._noted.pop(call, None) is not None:
                self._journal.over(name, call.id)
            return
        entry = CallEntry(
            record=call.record,
            since_ms=call.started_at_ms,
            own_id=call.own_id,
            served=call.conversation is not None or (last is not None and last.served),
        )
        if entry != last:
            self._noted[call] = entry
            self._journal.note(name, entry)
