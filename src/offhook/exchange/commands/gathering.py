"""``gather`` and ``gather_stop``: keys that the phone presses are collected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.command import Command, keep_state
from offhook.exchange.legs.gather import DigitsWanted, Gather
from offhook.exchange.words import errors, fields
from offhook.exchange.words.ids import new_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "GatherDigits", "parse_gather"]


@dataclass(frozen=True, slots=True)
class GatherDigits:
    """``actions/gather``."""

    wanted: DigitsWanted
    client_state: str | None = None


def parse_gather(body: Mapping[str, Any]) -> GatherDigits:
    """Check the body of ``gather``. One that is not named has no id yet."""

    def within(name: str, default: int, low: int, high: int, code: str) -> int:
        return fields.whole(body, name, default, low, high, code=code, title=f"Invalid value for {name}")

    terminating = fields.text(body, "terminating_digit")
    if terminating and (len(terminating) != 1 or terminating not in "0123456789ABCD#*"):
        raise errors.invalid_value(
            "terminating_digit", "90007", "Invalid value for terminating_digit", "The value must be one digit."
        )
    valid = fields.text(body, "valid_digits")
    if valid and not set(valid) <= set("0123456789ABCD#*"):
        raise errors.invalid_value(
            "valid_digits", "90008", "Invalid value for valid_digits", "The value must be made of 0-9, A-D, # and *."
        )
    minimum = within("minimum_digits", 1, 1, 128, "90004")
    wanted = DigitsWanted(
        id=fields.text(body, "gather_id", max_length=40) or "",
        minimum=minimum,
        maximum=within("maximum_digits", 128, minimum, 128, "90005"),
        timeout_ms=within("timeout_millis", 60_000, 1, 120_000, "90025"),
        inter_digit_timeout_ms=within("inter_digit_timeout_millis", 5_000, 1, 120_000, "90003"),
        initial_timeout_ms=within("initial_timeout_millis", 5_000, 1, 120_000, "90056"),
        terminating_digit="#" if terminating is None else terminating,
        valid_digits=valid or "0123456789#*",
    )
    return GatherDigits(wanted, fields.client_state(body))


def _gather(board: Switchboard, circuit: Circuit, command: GatherDigits) -> None:
    keep_state(circuit, command.client_state)
    wanted = replace(command.wanted, id=command.wanted.id or new_uuid())
    board.gathering.start(circuit, Gather(wanted, board.clock.now_ms()))


def _gather_stop(board: Switchboard, circuit: Circuit, client_state: str | None) -> None:
    keep_state(circuit, client_state)
    board.gathering.stop(circuit, "stopped")


COMMANDS = (
    Command(name="gather", parse=parse_gather, do=_gather),
    Command(name="gather_stop", parse=fields.client_state, do=_gather_stop),
)
