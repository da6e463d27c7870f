"""Plugins of LiveKit's on the phone: ``serve``, the exchange, a recorded caller, and stand-ins for their vendors."""

from __future__ import annotations

import asyncio
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.testing.providers import StandIns

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 15}
SAID = "We open at nine every weekday."


@pytest.fixture(scope="module")
def standins(require: Any, speech_engines: None) -> Iterator[StandIns]:
    """The vendors, on an event loop of their own."""
    livekit = find_spec("livekit") is not None and find_spec("livekit.agents") is not None
    require(livekit and find_spec("livekit.plugins.cartesia") is not None, "the dependency group livekit")
    ready, over = threading.Event(), threading.Event()
    providers = StandIns()

    async def run() -> None:
        async with providers:
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield providers
    over.set()
    thread.join(10)


@pytest.fixture(scope="module")
def office(make_office: Any, standins: StandIns) -> Any:
    return make_office("plugged:agent", standins.env).ready()


def test_a_caller_is_heard_answered_and_spoken_to_by_plugins(office: Any, standins: StandIns) -> None:
    """Each of a vendor of its own; no room and no server of LiveKit's is anywhere."""
    standins.answers.add(SAID)
    call = office.place(WAIT, {"say": "hours"}, WAIT, {"hang_up": True})
    report = office.over(call)
    assert report["caller"]["missed_steps"] == []
    assert office.spoken(call) == [("greeting", "Hill Street Dental."), ("reply", SAID)]
    (heard,) = office.told(call, "turn.heard")
    assert {"open", "sunday"} & {*heard["text"].lower().replace("?", "").replace(",", "").split()}
    assert standins.journal.find("deepgram", way="in", stage="audio")
    assert standins.journal.find("cartesia", way="in", stage="text")
    assert "WARNING" not in office.agent.log
    assert "ERROR" not in office.agent.log


def test_where_a_plugin_fails_the_next_engine_goes_on(office: Any, standins: StandIns) -> None:
    """The caller is heard all the same, and hears one answer; no key and no word of it is in the log."""
    standins.answers.add(SAID)
    standins.fault("deepgram", "partial", "reset")
    standins.fault("cartesia", "speak", "reset")
    try:
        call = office.place(WAIT, {"say": "hours"}, WAIT, {"hang_up": True})
        report = office.over(call)
    finally:
        standins.faults.clear()
    assert report["caller"]["missed_steps"] == []
    assert [text for kind, text in office.spoken(call) if kind == "reply"] == [SAID]
    assert "EngineUnavailable" in office.agent.log
    assert "nine" not in office.agent.log
    assert standins.env["DEEPGRAM_API_KEY"] not in office.agent.log
