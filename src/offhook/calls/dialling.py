"""One dial, from the command to a leg that is known, whatever comes first: pure.

The reply to a dial may be slow, or lost after the carrier has taken the command; the leg's webhooks and its media may
come before it; and whoever dials may think better of it at any moment. Our own id hangs on the leg from the start (see
:mod:`~offhook.calls.marks`), so that the leg is known by whatever shows it first.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bind", "Dialling", "Fail", "HangUp"]


@dataclass(frozen=True, slots=True)
class Bind:
    """Fired when the leg is known and wanted: the call has its id."""

    call_id: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Fired when the leg is known and nobody wants it any more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Fired when there is no leg, or none that has shown itself in time. Whoever dialled is told."""


Effect = Bind | HangUp | Fail


@dataclass(slots=True)
class Dialling:
    """What is known of a dial. Every method returns what to do; each thing is to be done once."""

    call_id: str | None = None
    """The leg, once something has shown it."""
    cancelled: bool = False
    """Whether nobody wants the leg any more."""
    failed: bool = False
    """Whether there is no leg, or whoever dialled was told so: it has not shown itself."""
    refused: bool = False
    """Whether the carrier has said that there is no leg, and none will be."""

    @property
    def over(self) -> bool:
        """Whether no leg can show itself any more that would have to be dealt with."""
        return self.call_id is not None or self.refused

    def shown(self, call_id: str) -> tuple[Effect, ...]:
        """The leg is known: by the reply, a webhook or its media stream."""
        if self.call_id is not None:
            return ()
        self.call_id = call_id
        return (HangUp(call_id),) if self.cancelled or self.failed else (Bind(call_id),)

    def denied(self) -> tuple[Effect, ...]:
        """The carrier refuses: there is no leg."""
        self.refused = True
        return self._fails()

    def lost(self) -> tuple[Effect, ...]:
        """No reply came, or none that says anything, and no leg has shown itself: it may still."""
        return self._fails()

    def cancel(self) -> tuple[Effect, ...]:
        """Whoever dialled does not want the leg any more."""
        if self.cancelled or self.failed:
            return ()
        self.cancelled = True
        return (HangUp(self.call_id),) if self.call_id is not None else ()

    def _fails(self) -> tuple[Effect, ...]:
        if self.call_id is not None or self.cancelled or self.failed:
            return ()
        self.failed = True
        return (Fail(),)
