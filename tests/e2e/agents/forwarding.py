"""An agent that connects its callers by key: to whose number among the phones ends with it."""

from offhook import Agent, Call, Texts
from offhook.speech.testing import FakeStt, FakeTts, FakeVad

agent = Agent(
    name="Forwarding desk",
    greeting="Forwarding desk.",
    texts=Texts(handover_failed="Nobody is there."),
    tts=FakeTts(word_ms=100),
    stt=FakeStt(),
    vad=FakeVad(),
)


@agent.digit
async def pressed(call: Call, digit: str) -> None:
    """Connect them to the phone whose number ends with the key."""
    await call.hand_over(f"+1555010{digit}", reason="by key")


agent.intent("hours", examples=["when are you open"])(lambda call: "At nine.")
