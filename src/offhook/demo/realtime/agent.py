"""A receptionist that is one speech-to-speech model: instructions, a tool, and a person."""

from __future__ import annotations

from typing import Literal

from offhook import Agent

PRICES = {"check-up": 60, "cleaning": 90}

agent = Agent(
    "Hill Street Dental",
    "Hill Street Dental, how can I help?",
    instructions=(
        "You answer the phone of a dental practice. Be kind and short. Use your tools, never guess. "
        "What is no business of a dental practice goes to the front desk."
    ),
    realtime="openai:gpt-realtime",
)
agent.handover("+15550100")


@agent.tool
async def price(treatment: Literal["check-up", "cleaning"]) -> str:
    """What a treatment costs."""
    return f"{PRICES[treatment]} dollars"
