"""Wire samples of Telnyx and the official package as a judge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from offhook.carriers.telnyx.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_S = 1_790_000_000


@pytest.fixture
def now_s() -> int:
    """A moment in Unix seconds."""
    return NOW_S


@pytest.fixture(scope="session")
def signer() -> Signer:
    """A key pair, always the same."""
    return Signer("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")  # RFC 8032, section 7.1, test 1


@pytest.fixture
def body(event_body: Callable[..., bytes]) -> bytes:
    """A webhook body."""
    return event_body("call.answered")


@pytest.fixture
def event_body() -> Callable[..., bytes]:
    """``event_body(event_type, **payload_fields)``: the bytes of a delivery as live captures show them."""

    def make(event_type: str, /, **fields: Any) -> bytes:
        payload = {
            "call_control_id": "v3:leg-one",
            "call_leg_id": "428c31b6-7af4-4bcb-b7f5-5013ef9657c1",
            "call_session_id": "428c31b6-abf3-3bc1-b7f4-5013ef9657c1",
            "connection_id": "2963572552552678752",
            "client_state": None,
            "calling_party_type": "pstn",
            "from": "+15125550100",
            "to": "+15125550199",
            "start_time": "2026-05-19T23:30:15.038431Z",
        }
        payload.update({name.rstrip("_"): value for name, value in fields.items()})
        return json.dumps(
            {
                "data": {
                    "record_type": "event",
                    "event_type": event_type,
                    "id": "3d0b9a57-0c1f-4e1e-9c62-6c8a1c7f2f10",
                    "occurred_at": "2026-05-19T23:30:16.238431Z",
                    "payload": payload,
                },
                "meta": {"attempt": 1, "delivered_to": "https://example.test/telnyx"},
            }
        ).encode()

    return make
