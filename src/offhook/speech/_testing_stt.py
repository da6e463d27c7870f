"""The streaming recogniser of :mod:`offhook.speech.testing`."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from offhook.audio.formats import PCM_16K, PCMU
from offhook.speech.streams import EndOfTurn, FinalWords, PartialWords, StreamBroke

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from offhook.audio.formats import AudioFormat
    from offhook.speech.streams import RecognitionEvent

__all__ = ["FakeRecognitionStream", "FakeStreamingStt"]


class FakeStreamingStt:
    """Hears what it is told to while the caller speaks, whatever the audio is; and tells what a test has it tell
    (:meth:`FakeRecognitionStream.tell`).

    Args:
        answers: what its flushes are answered with, one after the other, of whatever stream: a text is
            :class:`~offhook.speech.streams.FinalWords` with confidence 0.95; an event gets the number of the flush; an
            exception breaks the stream; ``None`` is no answer at all. When they are used up it hears nothing.
        script: for each stream that is opened, in order, what it tells of its own accord, and when, in milliseconds of
            the audio pushed to it: no clock, and no waiting, makes a difference.
        delay_ms: how long it takes to answer a flush.
        formats: what it takes, best first.
        ends_turns: whether it says that it ends turns.
        live: whether it says that it hears along.
    """

    def __init__(
        self,
        answers: Iterable[str | RecognitionEvent | Exception | None] = (),
        *,
        script: Iterable[Sequence[tuple[float, RecognitionEvent]]] = (),
        delay_ms: float = 0.0,
        formats: tuple[AudioFormat, ...] = (PCMU, PCM_16K),
        ends_turns: bool = False,
        live: bool = True,
    ) -> None:
        self.answers = deque(answers)
        self.script = deque(script)
        self.delay_ms = delay_ms
        self.streams: list[FakeRecognitionStream] = []
        """Every stream that was opened, in order."""
        self._formats = formats
        self._ends_turns = ends_turns
        self._live = live

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it takes, best first."""
        return self._formats

    @property
    def ends_turns(self) -> bool:
        """Whether it ends turns of its own accord."""
        return self._ends_turns

    @property
    def live(self) -> bool:
        """Whether it hears along."""
        return self._live

    @property
    def open_streams(self) -> int:
        """Streams that are not closed yet, and did not break."""
        return sum(not stream.closed for stream in self.streams)

    def open(
        self, audio: AudioFormat, on_event: Callable[[RecognitionEvent], None], *, call_id: str | None = None
    ) -> FakeRecognitionStream:
        """Begin a stream: see :class:`offhook.speech.streams.StreamingSpeechToText`."""
        stream = FakeRecognitionStream(self, audio, on_event, self.script.popleft() if self.script else ())
        self.streams.append(stream)
        return stream


class FakeRecognitionStream:
    """What :meth:`FakeStreamingStt.open` gives."""

    def __init__(
        self,
        stt: FakeStreamingStt,
        audio: AudioFormat,
        on_event: Callable[[RecognitionEvent], None],
        script: Sequence[tuple[float, RecognitionEvent]],
    ) -> None:
        self._stt = stt
        self._on_event = on_event
        self._script = deque(sorted(script, key=lambda step: step[0]))
        self.audio = audio
        """Its format."""
        self.pushed = bytearray()
        """All of its audio."""
        self.flushes = 0
        """How many times it was flushed."""
        self.hints: list[str] = []
        """What it was told of utterances: ``began``, ``goes on``, ``resumed``, ``over``."""
        self.closed = False
        """Whether it was closed, or has broken."""

    @property
    def pushed_ms(self) -> float:
        """How much audio it has."""
        return len(self.pushed) / self.audio.bytes_per_ms

    def push(self, audio: bytes) -> None:
        """Keep it, and tell what is due by now."""
        self.pushed += audio
        while self._script and self._script[0][0] <= self.pushed_ms:
            self.tell(self._script.popleft()[1])

    def flush(self) -> None:
        """Answer with what is next."""
        self.flushes += 1
        answer = self._stt.answers.popleft() if self._stt.answers else ""
        number = self.flushes
        match answer:
            case None:
                return
            case str():
                event: RecognitionEvent = FinalWords(answer, 0.95, flushed=number)
            case Exception():
                event = StreamBroke(answer)
            case PartialWords() | FinalWords() | EndOfTurn():
                event = replace(answer, flushed=number)
            case _:
                event = answer
        asyncio.get_running_loop().call_later(self._stt.delay_ms / 1000, self.tell, event)

    def tell(self, event: RecognitionEvent) -> None:
        """Tell something, as soon as the event loop comes to it; nothing after the stream is closed."""
        asyncio.get_running_loop().call_soon(self._tell, event)

    def close(self) -> None:
        """Tell nothing any more."""
        self.closed = True

    def speech_began(self, at_ms: float, *, goes_on: bool = False) -> None:
        """Note it."""
        self.hints.append("goes on" if goes_on else "began")

    def speech_resumed(self) -> None:
        """Note it."""
        self.hints.append("resumed")

    def speech_over(self) -> None:
        """Note it."""
        self.hints.append("over")

    def _tell(self, event: RecognitionEvent) -> None:
        if not self.closed:
            self.closed = isinstance(event, StreamBroke)
            self._on_event(event)
