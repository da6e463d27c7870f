"""Two agents: one that can answer nothing, one whose voice does not exist."""

from offhook import Agent

agent = Agent(name="Nobody", greeting="Hello.")

hoarse = Agent(name="Hoarse", greeting="Hello.", voice="flite:nobody")
hoarse.intent("hours", examples=["when are you open"], reply="At nine.")

number = 7
