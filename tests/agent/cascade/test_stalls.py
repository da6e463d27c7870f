"""A conversation whose audio is held up: by the line, by a new socket, by this process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent import Agent
from offhook.speech.testing import tone

if TYPE_CHECKING:
    from offhook.calls import Call

WORDS = tone(8000, 20, frequency=1000)
SILENCE = bytes(320)


@pytest.fixture
def agent() -> Agent:
    """Answers one question."""
    agent = Agent(name="Desk", greeting="")

    @agent.intent("opening hours", examples=["when are you open"])
    async def hours(call: Call) -> str:
        return "We open at nine."

    return agent


def burst(call: Any, ms: float, pcm: bytes) -> None:
    """Audio of a stall comes, all at once."""
    for _ in range(round(ms / 20)):
        call.session.media.audio(pcm, call.sent_ms)
        call.sent_ms += 20


async def test_a_process_that_was_held_up_hears_what_came_meanwhile_before_it_decides(agent: Agent, phone: Any) -> None:
    """Its own two seconds are no silence of the caller's, nor of the line."""
    call = await phone(agent, "when are you open", "when are you open")
    await call.line(600)
    await call.line(300, WORDS)
    call.clock.advance(2000)
    call.session.tick(call.clock.now_ms())
    for _ in range(30):
        await asyncio.sleep(0)  # whatever was begun has its words
    burst(call, 1000, WORDS)
    call.session.tick(call.clock.now_ms())
    burst(call, 1000, SILENCE)
    await call.line(600)
    (turn,) = call.of("turn.heard")
    assert turn.speech_ended_at_ms - turn.speech_began_at_ms == pytest.approx(1300, abs=64)


async def test_a_socket_that_takes_over_brings_a_clock_of_its_own(agent: Agent, phone: Any) -> None:
    """What comes on it is placed when it came, though its times begin anew."""
    call = await phone(agent, "when are you open")
    await call.line(1000)
    call.session.media.media_lost()
    call.clock.advance(3000)
    call.session.media.media_resumed()
    await call.line(600)
    began_ms = call.clock.wall_ms()
    await call.say(600)
    (turn,) = call.of("turn.heard")
    assert turn.speech_began_at_ms == pytest.approx(began_ms, abs=64)
