"""An agent whose code and engines hang, one after the other, as its dialog goes along."""

import asyncio
from collections.abc import AsyncIterator

from offhook import Act, Agent, Call, HandOver, HangUp, Heard, Limits, Recognition, Say, Texts, TextToSpeech
from offhook.speech.testing import tone

hangs_next = asyncio.Event()
"""The next utterance is not recognised."""


class Whistle:
    """Says everything as a tone, 100 ms a word; hangs before a sentence with "hush", and in one with "mumble"."""

    sample_rate = 16_000

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """A piece per word."""
        for number, _ in enumerate(text.split()):
            if self.hangs and ("hush" in text or ("mumble" in text and number == 3)):
                await asyncio.Event().wait()
            yield tone(self.sample_rate, 100)


class Guess:
    """Hears the same in whatever is said, or hangs when it is told to."""

    sample_rate = 16_000

    async def transcribe(self, pcm: bytes) -> Recognition:
        """Guess."""
        if hangs_next.is_set():
            hangs_next.clear()
            await asyncio.Event().wait()
        return Recognition("go on", 0.9)


class Trouble:
    """Another one at each turn of a call."""

    async def respond(self, call: Call, heard: Heard) -> AsyncIterator[Act]:
        """What is in trouble is in the words."""
        turn = call.data["turn"] = call.data.get("turn", 0) + 1
        if turn == 1:
            await asyncio.Event().wait()
        elif turn == 2:
            yield Say("All is well.", whole=True)
        elif turn == 3:
            yield Say("I open ")
            await asyncio.Event().wait()
        elif turn == 4:
            yield Say("First this. Now hush. Then that.", whole=True)
        elif turn == 5:
            hangs_next.set()
            yield Say("First this. Now I mumble some longer words to you. Then that.", whole=True)
        elif turn == 6:
            yield HandOver("nobody answers there", to="+15550102")
        else:
            yield Say("Goodbye.", whole=True)
            yield HangUp()


limits = Limits(
    filler_s=0.5,
    filler_again_s=30,
    handler_s=1.5,
    next_piece_s=1.5,
    voice_first_s=0.7,
    voice_next_s=0.7,
    recognition_s=0.7,
    ringing_again_s=1.5,
)
texts = Texts(
    fillers=["One moment."],
    apology="Sorry about that.",
    clarify="What was that?",
    handover_waiting="It rings.",
    handover_failed="Nobody is there.",
)
voices: list[str | TextToSpeech] = [Whistle(hangs=True), Whistle(hangs=False)]
agent = Agent("Patience", "Hello.", tts=voices, stt=Guess(), dialog=Trouble(), texts=texts, limits=limits)
agent.handover(to="+15550102", message="To a person.", ring_s=5)
