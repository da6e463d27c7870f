"""The agent of the demonstration: the front desk of a dental practice that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook import Agent

if TYPE_CHECKING:
    from offhook import Call

FRONT_DESK = "+15550100"

agent = Agent(name="Hill Street Dental", greeting="Hill Street Dental, how can I help?")


@agent.intent("opening hours", examples=["when are you open", "what are your opening hours", "are you open on sunday"])
async def hours(call: Call) -> str:
    """Say when the practice is open."""
    return "We open at nine every weekday, and at ten on Saturday."


@agent.intent(
    "booking", examples=["I would like to book an appointment", "can I make an appointment", "book a check-up"]
)
async def book(call: Call) -> str:
    """Book an appointment: ask for the day, then confirm it."""
    day = await call.ask("Of course. Which day and time would suit you?")
    return f"I have noted {day or 'that'}. We will confirm it by text message."


@agent.intent("prices", examples=["what does a check-up cost", "how much is a check-up", "what are your prices"])
async def prices(call: Call) -> str:
    """Give the prices; long, so that a caller has time to interrupt."""
    return (
        "A check-up costs sixty dollars, and that includes two x-ray pictures. A cleaning costs ninety dollars. "
        "Fillings start at one hundred and twenty dollars, depending on the size and on the material that you choose."
    )


@agent.intent("location", examples=["where are you located", "what is your address", "how do I find you"])
async def location(call: Call) -> str:
    """Give the address; long, so that a caller has time to say mm-hm."""
    return (
        "We are at twelve Hill Street, right across from the public library. "
        "The bus stops in front of the door, and there is free parking behind the building."
    )


agent.handover(to=FRONT_DESK, below_confidence=0.5, after_misses=2)
