"""What a speech engine is: three small protocols.

Audio between rooms is ``pcm``: bytes, signed 16-bit little-endian, mono. An outside engine implements one of these
classes in a few dozen lines and is passed to :class:`offhook.agent.Agent`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Recognition", "SpeechToText", "TextToSpeech", "VoiceActivity", "VoiceActivityStream"]


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an engine heard. ``confidence`` is in 0..1; an empty ``text`` means no words."""

    text: str
    confidence: float


class SpeechToText(Protocol):
    """Turns one utterance into words.

    ``sample_rate`` (Hz) is what ``transcribe`` wants. ``transcribe`` may be called for an utterance that is not over
    (to have words early) and again for the whole of it; it must not block the event loop, and is cancelled by
    cancelling the task that awaits it. Where it raises, or takes longer than ``Limits`` say, the caller is asked again;
    the second time in a row a person takes over, or the call ends with an apology.
    """

    @property
    def sample_rate(self) -> int:
        """The rate of the pcm that ``transcribe`` takes, in Hz."""
        ...

    async def transcribe(self, pcm: bytes) -> Recognition:
        """The words in ``pcm``: 0.1 s to 30 s at ``sample_rate``."""
        ...


class TextToSpeech(Protocol):
    """Turns words into audio, piece by piece.

    ``speak`` yields pcm at ``sample_rate`` as soon as there is some; closing the iterator stops the engine at once.
    Where it raises, or is silent for longer than ``Limits`` say, the next voice goes on; one that failed twice in a row
    is left alone for a minute. Without any that works a person takes over, or the call ends with an apology.
    """

    @property
    def sample_rate(self) -> int:
        """The rate of the pcm that ``speak`` yields, in Hz."""
        ...

    def speak(self, text: str) -> AsyncIterator[bytes]:
        """The audio of ``text``, in pieces of any size."""
        ...


class VoiceActivityStream(Protocol):
    """One caller's audio into a shared voice activity detector."""

    def push(self, pcm: bytes) -> None:
        """Add audio at 8 kHz, any amount. Cheap and synchronous: called once per 20 ms frame."""
        ...

    def close(self) -> None:
        """Forget this stream; no probability is reported after this."""
        ...


class VoiceActivity(Protocol):
    """Tells speech from everything else, for all calls of a worker at once."""

    def open(self, on_probability: Callable[[float, float], None]) -> VoiceActivityStream:
        """Start a stream.

        ``on_probability(probability, audio_ms)`` is called on the event loop, in order, once per 32 ms window:
        ``probability`` of speech in 0..1, and ``audio_ms``, the end of the window in milliseconds of audio pushed.
        """
        ...
