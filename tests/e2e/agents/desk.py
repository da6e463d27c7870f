"""The agent of most tests: something of everything, in few words."""

from offhook import Agent, Call, Texts

texts = Texts(clarify="What was that?", apology="Sorry, please try again.", handover_failed="Nobody is there.")
agent = Agent(name="Front desk", greeting="Front desk.", texts=texts)


@agent.intent("opening hours", examples=["when are you open", "what are your opening hours"])
async def hours(call: Call) -> str:
    """Answer."""
    return "We open at nine."


@agent.intent("prices", examples=["what does a check-up cost", "how much is a check-up"])
async def prices(call: Call) -> str:
    """Fail."""
    raise LookupError("there is no price list")


@agent.intent("booking", examples=["I would like to book an appointment", "can I make an appointment"])
async def book(call: Call) -> None:
    """Hand over to somebody whose phone is busy."""
    await call.hand_over("+15550101", reason="a booking")


@agent.intent("location", examples=["where are you located", "what is your address"])
async def location(call: Call) -> None:
    """Hand over to somebody who does not answer."""
    await call.hand_over("+15550102", reason="directions")


@agent.intent("goodbye", examples=["thank you goodbye", "goodbye", "that is all"])
async def goodbye(call: Call) -> None:
    """Hang up, after the last word."""
    await call.say("Thank you for calling, and goodbye.")
    await call.hangup()


@agent.digit
async def pressed(call: Call, digit: str) -> str:
    """Say which key it was."""
    return f"You pressed {digit}."


agent.handover(to="+15550100", after_misses=2, message="One moment, please.", ring_s=5)
