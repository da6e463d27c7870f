"""What tests of calls share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.carriers.events import CallAnswered, CallBridged, CallHangup, CallInitiated, OtherEvent, StreamingFailed
from offhook.carriers.wire import Reading, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.carriers.events import CallEvent

CLASSES: dict[str, type[CallEvent]] = {
    "call.initiated": CallInitiated,
    "call.answered": CallAnswered,
    "call.bridged": CallBridged,
    "call.hangup": CallHangup,
    "streaming.failed": StreamingFailed,
}
EXTRA: dict[str, dict[str, Any]] = {
    "call.initiated": {"direction": "inbound"},
    "call.hangup": {"cause": "normal_clearing", "source": "caller", "sip_cause": "200"},
    "streaming.failed": {"reason": "connection_failed"},
}


@pytest.fixture
def event() -> Callable[..., CallEvent]:
    """``event(event_type, at, event_id=…, **fields)``: a call event; ``at`` is the second it occurred at."""

    def make(event_type: str, at: int = 0, event_id: str = "", **fields: Any) -> CallEvent:
        values: dict[str, Any] = {
            "event_id": event_id or f"{event_type}@{at}",
            "event_type": event_type,
            "occurred_at": f"2026-01-01T00:00:{at:02d}.000000Z",
            "call_id": "c1",
            "leg_id": "leg",
            "session_id": "session",
            **EXTRA.get(event_type, {}),
            **fields,
        }
        return CLASSES.get(event_type, OtherEvent)(**values)

    return make


class FakeCarrier:
    """Keeps the commands it was given; raises what it is told to."""

    def __init__(self, name: str = "fake") -> None:
        self.wire = Wire(name=name, read_webhook=lambda *_: Reading(events=()), new_media=lambda: None)  # type: ignore[arg-type,return-value]
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.fails: dict[str, Exception] = {}

    def __getattr__(self, name: str) -> Any:
        async def command(*arguments: Any, **options: Any) -> None:
            self.commands.append((name, {"arguments": arguments, **options}))
            if name in self.fails:
                raise self.fails[name]

        return command


@pytest.fixture
def carrier() -> FakeCarrier:
    return FakeCarrier()
