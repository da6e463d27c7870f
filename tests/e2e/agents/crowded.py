"""An agent whose voice takes as long as it speaks, and says one sentence at a time: there is room for one caller."""

from offhook import Agent
from offhook.speech.testing import FakeStt, FakeTts, FakeVad


class OneMouth(FakeTts):
    """It says that it does one thing at a time."""

    at_once = 1


agent = Agent(
    "One mouth",
    "Hello.",
    tts=OneMouth(word_ms=100, first_ms=900),
    stt=FakeStt(["when are you open"] * 9),
    vad=FakeVad(),
)
agent.intent("hours", examples=["when are you open"])(lambda call: "At nine.")
