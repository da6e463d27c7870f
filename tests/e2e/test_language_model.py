"""A language model on the phone: ``serve``, the exchange, a recorded caller, and a stand-in for the model's host."""

from __future__ import annotations

import asyncio
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.testing.providers import Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 15}
SAID = "We open at nine every weekday, and at ten on Saturday. Would you like to come?"


@pytest.fixture(scope="module")
def standins(require: Any) -> Iterator[StandIns]:
    """The host of the models, on an event loop of its own."""
    require(find_spec("openai") is not None, "the extra openai")
    ready, over = threading.Event(), threading.Event()
    providers = StandIns(Scripted())

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
def receptionist(make_office: Any, standins: StandIns) -> Any:
    """The agent, with the host's address and key in its environment."""
    return make_office("receptionist:agent", standins.env).ready()


def test_a_caller_is_answered_by_a_model(receptionist: Any, standins: StandIns) -> None:
    """It is told what was heard, and the caller hears what it says."""
    standins.answers.add(SAID, "You are welcome. Goodbye.")
    call = receptionist.place(WAIT, {"say": "hours"}, WAIT, {"say": "thanks"}, WAIT, {"hang_up": True})
    receptionist.over(call)
    assert receptionist.spoken(call) == [
        ("greeting", "Hill Street Dental."),
        ("reply", SAID),
        ("reply", "You are welcome. Goodbye."),
    ]
    turns = receptionist.told(call, "turn.answered")
    assert len(turns) == 2
    assert all(turn["reply_ms"] >= turn["endpoint_ms"] for turn in turns)


def test_a_model_that_breaks_off_is_gone_on_with_on_the_phone(receptionist: Any, standins: StandIns) -> None:
    """The caller hears one answer, and nothing of it twice."""
    standins.answers.clear()
    standins.answers.add(SAID, SAID, SAID)
    standins.fault("chat", "text", "reset", after=9)
    try:
        call = receptionist.place(WAIT, {"say": "hours"}, WAIT, {"hang_up": True})
        receptionist.over(call)
    finally:
        standins.faults.clear()
    replies = [text for kind, text in receptionist.spoken(call) if kind == "reply"]
    assert replies == [SAID]
    assert "EngineUnavailable" in receptionist.agent.log
