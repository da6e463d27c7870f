"""Agents whose recognisers hear along: one that says when a turn is over, and one that breaks and falls silent."""

from collections.abc import Callable

from offhook import Agent, Call, Heard
from offhook.speech.streams import (
    PCMU,
    AudioFormat,
    EagerEnd,
    EndOfTurn,
    PartialWords,
    RecognitionEvent,
    RecognitionStream,
)
from offhook.speech.testing import FakeStreamingStt, FakeStt

WORDS = ["when", "are", "you", "open", "on", "Sunday", "in", "the", "afternoon", "please"]


class Loudness(RecognitionStream):
    """Hears another word with every 200 ms of sound, and the end of a turn in 700 ms of silence."""

    def __init__(self, on_event: Callable[[RecognitionEvent], None]) -> None:
        self.on_event = on_event
        self.flushes = 0
        self.later: list[RecognitionEvent] = []
        self.sound_ms = self.silence_ms = 0

    def push(self, audio: bytes) -> None:
        """One of our pieces is 20 ms of mu-law, in which a small code is a loud sound."""
        import asyncio

        for at in range(0, len(audio), 160):
            if min(code & 0x7F for code in audio[at : at + 160]) < 0x40:
                self.sound_ms, self.silence_ms = self.sound_ms + 20, 0
                if self.sound_ms % 200 == 0:
                    self.later.append(PartialWords(self.text, 0.9))
            elif self.sound_ms:
                self.silence_ms += 20
                if self.silence_ms == 300:
                    self.later.append(EagerEnd(self.text, 0.6))
                if self.silence_ms == 700:
                    self.later.append(EndOfTurn(self.text, 0.9))
                    self.sound_ms = 0
        if self.later:
            asyncio.get_running_loop().call_soon(self.tell)

    @property
    def text(self) -> str:
        """What it has heard."""
        return " ".join(WORDS[: max(1, self.sound_ms // 200)])

    def tell(self) -> None:
        """Not from within what it was asked for."""
        told, self.later = self.later, []
        for event in told:
            self.on_event(event)

    def flush(self) -> None:
        """Nobody asks while it does its work."""
        raise AssertionError("asked for words that were told")

    def close(self) -> None:
        """Nothing to let go of."""


class LoudnessStt:
    """See :class:`Loudness`."""

    formats = (PCMU,)
    ends_turns = True
    live = True

    def open(
        self, audio: AudioFormat, on_event: Callable[[RecognitionEvent], None], *, call_id: str | None = None
    ) -> Loudness:
        """Begin a stream."""
        return Loudness(on_event)


class Parrot:
    """Says what it has heard."""

    async def respond(self, call: Call, heard: Heard) -> str:
        """Answer."""
        return f"I heard {heard.text}."


agent = Agent(name="Loudness", greeting="Hello and welcome.", stt=LoudnessStt(), dialog=Parrot())

broken = Agent(
    name="Broken",
    greeting="Hello and welcome.",
    # It answers once; breaks when it is asked; falls silent. Then it is left alone.
    stt=[FakeStreamingStt(["one", OSError("canary"), None]), FakeStt(["two", "three", "four"])],
    dialog=Parrot(),
)
