"""An agent whose voice cannot be made ready."""

from collections.abc import AsyncIterator

from offhook import Agent


class Mute:
    """Raises before the first call."""

    sample_rate = 16_000

    async def warm_up(self) -> None:
        """Fail."""
        raise RuntimeError("no licence for +15557773311")

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """Say nothing."""
        yield b""


agent = Agent(name="Mute", greeting="Hello.", tts=Mute())
agent.intent("hours", examples=["when are you open"], reply="At nine.")
