"""An agent with little patience."""

from offhook import Agent, Limits

agent = Agent(name="Quiet", greeting="Hello.", limits=Limits(silence_s=0.6, reminders=2, max_duration_s=6.5))
agent.intent("opening hours", examples=["when are you open"], reply="We open at nine.")
