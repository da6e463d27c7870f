"""A call as the carrier's API gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.exchange.words.times import iso_time

if TYPE_CHECKING:
    from offhook.exchange.legs.machine import Leg

__all__ = ["call_json"]


def call_json(leg: Leg, now_ms: float, *, brief: bool = False) -> dict[str, Any]:
    """A call as ``GET /v2/calls/{id}`` gives it, or, ``brief``, as the list of active calls does.

    ``now_ms`` is milliseconds since the Unix epoch.
    """
    until_ms = leg.ended_ms if leg.ended_ms is not None else now_ms
    call: dict[str, Any] = {
        "record_type": "call",
        "call_control_id": leg.call_id,
        "call_leg_id": leg.leg_id,
        "call_session_id": leg.session_id,
        "call_duration": int((until_ms - leg.answered_ms) // 1000) if leg.answered_ms is not None else 0,
    }
    if brief:
        return {**call, "client_state": leg.client_state or ""}
    call |= {"is_alive": leg.alive, "start_time": iso_time(leg.started_ms)}
    if leg.client_state is not None:
        call["client_state"] = leg.client_state
    if leg.ended_ms is not None:
        call["end_time"] = iso_time(leg.ended_ms)
    return call
