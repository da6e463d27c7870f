"""Where commands come in, from the API or from whatever else acts on legs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.exchange import commands
from offhook.exchange.commands.command import OK
from offhook.exchange.commands.registry import Registry, families
from offhook.exchange.commands.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook.exchange.commands.command import Reply
    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["Intake"]

_NO_LEG = ""


class Intake:
    """Carries out commands, each ``command_id`` once within the carrier's window.

    Args:
        board: the legs.
        registry: the commands; ``None`` is all that the exchange plays.
    """

    def __init__(self, board: Switchboard, registry: Registry | None = None) -> None:
        self.registry = Registry(families(commands)) if registry is None else registry
        self._board = board
        self._window = Window()

    def perform(self, circuit: Circuit, name: str, body: Mapping[str, Any]) -> Reply:
        """Carry out a command on a leg, or answer as before if its ``command_id`` is known. Raises ApiError."""
        command = self.registry.command(name)

        def act() -> Reply:
            command.permit(circuit.leg)
            return command.do(self._board, circuit, command.parse(body)) or OK

        return self._once(circuit.call_id, body, act)

    def begin(self, name: str, body: Mapping[str, Any]) -> Reply:
        """The same for a command that begins a leg."""
        opening = self.registry.opening(name)
        return self._once(_NO_LEG, body, lambda: opening.do(self._board, opening.parse(body)))

    def _once(self, call_id: str, body: Mapping[str, Any], act: Callable[[], Reply]) -> Reply:
        command_id, now_ms = body.get("command_id"), self._board.clock.now_ms()
        if not isinstance(command_id, str) or not command_id:
            return act()
        known = self._window.reply(call_id, command_id, now_ms)
        if known is not None:
            return known
        reply = act()
        for_ms = self._board.settings.signalling.command_id_window_s * 1000
        self._window.keep(call_id, command_id, reply, now_ms=now_ms, for_ms=for_ms)
        return reply
