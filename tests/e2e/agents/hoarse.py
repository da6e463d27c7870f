"""An agent whose voice does not exist."""

from offhook import Agent

agent = Agent(name="Hoarse", greeting="Hello.", tts="nobody")
agent.intent("opening hours", examples=["when are you open"], reply="At nine.")
