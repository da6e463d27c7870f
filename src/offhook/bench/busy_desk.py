"""The agent of ``offhook bench calls``: it says nothing twice in the same words."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from offhook import Agent

if TYPE_CHECKING:
    from offhook import Call

__all__ = ["agent"]

_numbers = count(1)

agent = Agent(name="Busy desk", greeting="Hill Street Dental, how can I help?")


@agent.intent("opening hours", examples=["when are you open", "what are your opening hours", "are you open on sunday"])
async def hours(call: Call) -> str:
    """Say when the practice is open."""
    return f"You are caller number {next(_numbers)}. We open at nine every weekday, and at ten on Saturday."


@agent.intent("prices", examples=["what does a check-up cost", "how much is a check-up", "what are your prices"])
async def prices(call: Call) -> str:
    """Give a price."""
    return f"A check-up costs sixty dollars, and that includes {next(_numbers)} x-ray pictures."


@agent.intent("location", examples=["where are you located", "what is your address", "how do I find you"])
async def location(call: Call) -> str:
    """Give the address."""
    return f"We are at {next(_numbers)} Hill Street. The bus stops in front of the door."
