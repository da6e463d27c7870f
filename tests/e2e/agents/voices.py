"""An agent whose first voice holds a connection, and fails in another way at each answer."""

from collections.abc import AsyncIterator
from typing import get_args

from offhook import Act, Agent, Call, HangUp, Heard, Recognition, Say
from offhook.speech.testing import FakeDeed, FakeStreamingTts

first = FakeStreamingTts(word_ms=100, piece_ms=450)
second = FakeStreamingTts(word_ms=100)
DEEDS = [deed for deed in get_args(FakeDeed) if deed != "say"]


class Guess:
    """Hears the same in whatever is said."""

    sample_rate = 16_000

    async def transcribe(self, pcm: bytes) -> Recognition:
        """Guess."""
        return Recognition("go on", 0.9)


class Turns:
    """The voice works, then it does not, then it works again, and so on: it is never left alone."""

    async def respond(self, call: Call, heard: Heard) -> AsyncIterator[Act]:
        """What happens is in the words."""
        turn = call.data["turn"] = call.data.get("turn", -1) + 1
        if turn < 2 * len(DEEDS) and turn % 2:
            deed = DEEDS[turn // 2]
            first.deeds += [deed]
            yield Say(f"Now I {deed} one or two of these many words. Then all is well.", whole=True)
        elif turn < 2 * len(DEEDS):
            yield Say("All is well.", whole=True)
        else:
            yield Say("Goodbye.", whole=True)
            yield HangUp()


agent = Agent("Voices", "Hello and welcome.", tts=[first, second], stt=Guess(), dialog=Turns())
