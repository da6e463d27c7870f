"""What a phone holds in its hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from offhook.exchange.legs import machine as legs

if TYPE_CHECKING:
    from offhook.exchange.legs.circuit import Circuit

__all__ = ["Exchanging", "LineHandset"]


class Exchanging(Protocol):
    """What a handset needs of the exchange."""

    def happen(self, circuit: Circuit, happening: legs.Happening) -> None:
        """Something happens to a leg."""
        ...

    def pressed(self, circuit: Circuit, digit: str) -> None:
        """The phone of a leg sends a key."""
        ...

    def note(self, type: str, call: str, **fields: object) -> None:  # noqa: A002 (the word of the timeline)
        """Write an event into the journal."""
        ...


class LineHandset:
    """What a phone holds in its hand: it acts on one leg."""

    def __init__(self, board: Exchanging, circuit: Circuit) -> None:
        self._board = board
        self._circuit = circuit
        self.call_id = circuit.call_id

    def answer(self) -> None:
        """Pick up."""
        if self._circuit.leg.direction == "outbound":
            self._board.happen(self._circuit, legs.AnsweredByPhone())

    def reject(self, cause: Literal["busy", "rejected"]) -> None:
        """Refuse the call."""
        if self._circuit.leg.direction == "outbound":
            self._board.happen(self._circuit, legs.RefusedByPhone(cause))

    def hang_up(self) -> None:
        """Put the receiver down."""
        self._board.happen(self._circuit, legs.HungUpByPhone())

    def press(self, digit: str) -> None:
        """Press a key; before the call is answered nobody hears it."""
        self._board.pressed(self._circuit, digit)

    def note(self, type: str, **fields: object) -> None:  # noqa: A002 (the word of the timeline)
        """Write an event of this phone into the journal."""
        self._board.note(type, self.call_id, **fields)
