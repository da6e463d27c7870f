"""A receptionist whose services break, one after the other: behind each stands another."""

from __future__ import annotations

from offhook import Agent, TurnOptions

agent = Agent(
    "Hill Street Dental",
    "Hill Street Dental, how can I help?",
    instructions="You answer the phone of a dental practice. Be kind and short. Use your tools, never guess.",
    llm=["openai:gpt-5-mini", "openai:gpt-5-nano"],
    stt=["assemblyai", "deepgram"],
    tts=["cartesia:stand-in", "flite", "espeak"],
    turn_taking=TurnOptions(speculate=False),  # so that each fault meets the answer that it is meant for
)


@agent.tool
async def price(treatment: str) -> str:
    """What a treatment costs."""
    return "sixty dollars"
