"""What the exchange tells of itself as plain JSON values: one call, and everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.exchange.api.calls import call_json

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.directory import Directory
    from offhook.exchange.legs.machine import Leg
    from offhook.exchange.legs.switchboard import Switchboard
    from offhook.exchange.webhooks.delivery import WebhookSender

__all__ = ["call_report", "exchange_report"]


def call_report(
    board: Switchboard, circuit: Circuit, *, webhooks: WebhookSender, recording: Path | None
) -> dict[str, Any]:
    """The leg, the other legs of its session, what the caller measured, webhooks."""
    leg, ending = circuit.leg, circuit.leg.ending
    others = [one for one in board.circuits.values() if one.leg.session_id == leg.session_id and one is not circuit]
    return {
        "call": {
            **call_json(leg, board.clock.wall_ms()),
            "state": str(leg.state),
            "direction": leg.direction,
            "from": leg.from_,
            "to": leg.to,
            "codec": leg.codec,
            "hangup_cause": ending.cause if ending else None,
            "hangup_source": ending.source if ending else None,
            "sip_hangup_cause": ending.sip_cause if ending else None,
        },
        "legs": [
            {
                "call_control_id": one.call_id,
                "direction": one.leg.direction,
                "to": one.leg.to,
                "state": str(one.leg.state),
                "phone": _phone_report(one),
            }
            for one in others
        ],
        "caller": _phone_report(circuit),
        "webhooks": webhooks.tally(circuit.call_id),
        "recording": str(recording) if recording is not None else None,
    }


def exchange_report(directory: Directory, board: Switchboard, webhooks: WebhookSender) -> dict[str, Any]:
    """Applications, numbers, phones, calls and webhooks."""
    return {
        "applications": [
            {"id": one.id, "name": one.name, "webhook_event_url": one.webhook_event_url, "active": one.active}
            for one in directory.applications.values()
        ],
        "numbers": [
            {"phone_number": one.phone_number, "connection_id": one.connection_id} for one in directory.numbers.values()
        ],
        "phones": [
            {"number": number, "answers": getattr(phone, "answers", "installed")}
            for number, phone in directory.phones.items()
        ],
        "calls": [_leg_report(one.leg) for one in board.circuits.values()],
        "webhooks": {**webhooks.tally(), "by_type": webhooks.by_type()},
    }


def _leg_report(leg: Leg) -> dict[str, Any]:
    return {
        "call_control_id": leg.call_id,
        "state": str(leg.state),
        "direction": leg.direction,
        "from": leg.from_,
        "to": leg.to,
    }


def _phone_report(circuit: Circuit) -> dict[str, object] | None:
    return circuit.line.phone.report() if circuit.line is not None else None
