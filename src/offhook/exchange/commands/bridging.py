"""``bridge``: two legs that are there become one conversation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.command import Command, answered, keep_state
from offhook.exchange.commands.parties import IDLE_RECORDING, park
from offhook.exchange.legs import machine as legs
from offhook.exchange.words import errors, fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "Bridge", "join", "parse_bridge"]


@dataclass(frozen=True, slots=True)
class Bridge:
    """``actions/bridge``."""

    call_control_id: str
    park_after_unbridge: bool = False
    client_state: str | None = None


def parse_bridge(body: Mapping[str, Any]) -> Bridge:
    """Check the body of ``bridge``. Only bridging to another call is played, not to a queue or a video room."""
    for other in ("queue", "video_room_id"):
        if body.get(other):
            raise errors.not_played(f"bridge to a {other}")
    return Bridge(fields.required_text(body, "call_control_id"), park(body), fields.client_state(body))


def _bridge(board: Switchboard, circuit: Circuit, command: Bridge) -> None:
    other = board.circuits.get(command.call_control_id)
    if other is None or other is circuit:
        raise errors.invalid_call_control_id()
    answered(other.leg)
    keep_state(circuit, command.client_state)
    if command.park_after_unbridge:
        circuit.leg = replace(circuit.leg, park_after_unbridge=True)
    board.bridge(circuit, other)


def join(board: Switchboard, one: Circuit, other: Circuit) -> None:
    """``other`` was answered for ``one``: connect them, if ``one`` is still there."""
    if not one.leg.alive:
        board.happen(other, legs.HungUpByApp())
        return
    board.happen(one, legs.AnsweredByApp())  # a transfer before the answer answers the caller now
    board.bridge(one, other)


COMMANDS = (
    Command(
        name="bridge",
        parse=parse_bridge,
        do=_bridge,
        idle={
            **IDLE_RECORDING,
            "hold_after_unbridge": False,
            "mute_dtmf": "none",
            "play_ringtone": False,
            "prevent_double_bridge": False,
            "ringtone": "us",
            "video_room_context": None,
        },
    ),
)
