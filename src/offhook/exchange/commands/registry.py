"""Every command that the exchange plays, and the names of those that it does not."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.command import Command, Opening
from offhook.exchange.words import errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

__all__ = ["CARRIERS", "Registry", "families"]

CARRIERS = frozenset(
    {
        *("ai_assistant_add_messages", "ai_assistant_join", "ai_assistant_start", "ai_assistant_stop"),
        *("answer", "bridge", "client_state_update", "conversation_relay_start", "conversation_relay_stop"),
        *("enqueue", "fork_start", "fork_stop", "gather", "gather_stop", "gather_using_ai", "gather_using_audio"),
        *("gather_using_speak", "hangup", "leave_queue", "pay", "playback_start", "playback_stop", "record_pause"),
        *("record_resume", "record_start", "record_stop", "refer", "reject", "send_dtmf", "send_sip_info"),
        *("siprec_start", "siprec_stop", "speak", "streaming_start", "streaming_stop", "suppression_start"),
        *("suppression_stop", "switch_supervisor_role", "transcription_start", "transcription_stop", "transfer"),
    }
)
"""The commands to a leg that the carrier has."""


class Registry:
    """Commands by name.

    Args:
        commands: what is played.
    """

    def __init__(self, commands: Iterable[Command[Any] | Opening[Any]] = ()) -> None:
        self._commands: dict[str, Command[Any]] = {}
        self._openings: dict[str, Opening[Any]] = {}
        for one in commands:
            self.add(one)

    def add(self, command: Command[Any] | Opening[Any]) -> None:
        """Play a command; one of the same name is replaced."""
        if isinstance(command, Opening):
            self._openings[command.name] = command
        else:
            self._commands[command.name] = command

    def command(self, name: str) -> Command[Any]:
        """The command to a leg. Raises ApiError: 501 when only the carrier has it, 404 when nobody has."""
        if name not in self._commands:
            raise errors.not_played(f"the command {name}") if name in CARRIERS else errors.not_found()
        return self._commands[name]

    def opening(self, name: str) -> Opening[Any]:
        """The command that begins a leg. Raises ApiError 404."""
        if name not in self._openings:
            raise errors.not_found()
        return self._openings[name]

    def names(self) -> frozenset[str]:
        """The commands to a leg that are played."""
        return frozenset(self._commands)


def families(package: ModuleType) -> list[Command[Any] | Opening[Any]]:
    """The ``COMMANDS`` of every module of a package: a new family is a new file, and nothing else."""
    modules = [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return [command for module in modules for command in getattr(module, "COMMANDS", ())]
