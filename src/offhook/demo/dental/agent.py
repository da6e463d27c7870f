"""A receptionist: a language model with instructions and documents, intents for what needs none, and a person."""

from __future__ import annotations

from pathlib import Path

from offhook import Agent

agent = Agent(
    "Hill Street Dental",
    "Hill Street Dental, how can I help?",
    instructions=(
        "You answer the phone of a dental practice. Be kind and short: one or two sentences. "
        "Look up prices and treatments, never guess them. "
        "What is no business of a dental practice goes to the front desk."
    ),
    llm="openai:gpt-5-mini",
    stt="assemblyai",
    knowledge=Path(__file__).parent / "documents",
)
agent.intent(
    "opening hours",
    ["when are you open", "what are your opening hours", "are you open on sunday"],
    reply="We open at nine every weekday, and at ten on Saturday.",
)
agent.handover("+15550100")
