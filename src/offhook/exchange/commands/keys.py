"""``send_dtmf``: keys are pressed for the phone to hear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.command import Command, keep_state
from offhook.exchange.words import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "SendDtmf", "parse_send_dtmf"]


@dataclass(frozen=True, slots=True)
class SendDtmf:
    """``actions/send_dtmf``."""

    digits: str
    duration_ms: int = 250
    client_state: str | None = None


def parse_send_dtmf(body: Mapping[str, Any]) -> SendDtmf:
    """Check the body of ``send_dtmf``."""
    digits = fields.check_digits("digits", fields.required_text(body, "digits"))
    duration = fields.whole(
        body, "duration_millis", 250, 100, 500, code="90021", title="Invalid value for duration_millis"
    )
    return SendDtmf(digits, duration, fields.client_state(body))


def _send_dtmf(_: Switchboard, circuit: Circuit, command: SendDtmf) -> None:
    keep_state(circuit, command.client_state)
    assert circuit.line is not None
    circuit.line.press(command.digits, command.duration_ms)


COMMANDS = (Command(name="send_dtmf", parse=parse_send_dtmf, do=_send_dtmf),)
