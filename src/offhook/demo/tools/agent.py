"""A receptionist with tools: typed functions, one that asks before it acts, one that is slow, one that fails."""

from __future__ import annotations

import asyncio
from typing import Literal

from offhook import Agent

PRICES = {"check-up": 60, "cleaning": 90}
SLOW_S = 3.0

agent = Agent(
    "Hill Street Dental",
    "Hill Street Dental, how can I help?",
    instructions="You answer the phone of a dental practice. Be kind and short. Use your tools, never guess.",
    llm="openai:gpt-5-mini",
)


@agent.tool
async def price(treatment: Literal["check-up", "cleaning"]) -> str:
    """What a treatment costs."""
    await asyncio.sleep(0.3)
    return f"{PRICES[treatment]} dollars"


@agent.tool(confirm="Shall I book {day} at {hour} o'clock?", must_finish=True)
async def book(day: str, hour: int) -> str:
    """Book a check-up."""
    await asyncio.sleep(SLOW_S)
    return f"booked for {day} at {hour}"


@agent.tool
def repair(what: str) -> str:
    """Send somebody who repairs things."""
    raise ConnectionError("the workshop does not answer")
