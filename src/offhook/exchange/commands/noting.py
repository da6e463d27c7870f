"""``client_state_update``: what the application wants to be reminded of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.command import Command, alive, keep_state
from offhook.exchange.words import errors, fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "parse_client_state"]


def parse_client_state(body: Mapping[str, Any]) -> str | None:
    """Check the body of ``client_state_update``, which must say one. The empty text clears it."""
    if body.get("client_state") is None:
        raise errors.missing_parameter("client_state")
    return fields.client_state(body)


def _note(_: Switchboard, circuit: Circuit, client_state: str | None) -> None:
    keep_state(circuit, client_state)


COMMANDS = (Command(name="client_state_update", parse=parse_client_state, do=_note, permit=alive, method="PUT"),)
