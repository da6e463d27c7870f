"""An agent with a voice and a recogniser of its own."""

from collections.abc import AsyncIterator

from offhook import Agent
from offhook.speech.base import Recognition
from offhook.speech.testing import tone


class Whistle:
    """Says everything as a tone: 100 ms a word."""

    sample_rate = 24_000

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """A piece per word."""
        for _ in text.split():
            yield tone(self.sample_rate, 100)


class Guess:
    """Hears a question about the hours in whatever is said."""

    sample_rate = 16_000

    async def transcribe(self, pcm: bytes) -> Recognition:
        """Guess."""
        return Recognition("when are you open", 0.9)


agent = Agent(name="Guess", greeting="Hello and welcome.", tts=Whistle(), stt=Guess())
agent.intent("opening hours", examples=["when are you open"], reply="We open at nine every morning.")
