"""What a streaming speech engine is: a recogniser that hears while the caller speaks, a voice that holds a connection.

Engines that take a whole utterance, or say one sentence, are adapted to this in one place:
:mod:`offhook.speech.batch`.
Everything here runs on one event loop; nothing that is called for every piece of audio may block or create a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = [
    "PCMA",
    "PCMU",
    "PCM_8K",
    "PCM_16K",
    "AudioFormat",
    "EagerEnd",
    "EndOfTurn",
    "FinalWords",
    "Onset",
    "PartialWords",
    "RecognitionEvent",
    "RecognitionStream",
    "Sound",
    "StreamBroke",
    "StreamingSpeechToText",
    "StreamingTextToSpeech",
    "TurnResumed",
    "VoiceStream",
    "Word",
]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How audio is written, mono: ``pcm`` is signed 16-bit little-endian, ``pcmu`` and ``pcma`` are G.711 (8 kHz).

    ``sample_rate`` is in Hz.
    """

    encoding: Literal["pcm", "pcmu", "pcma"]
    sample_rate: int

    @property
    def bytes_per_ms(self) -> float:
        """How many bytes hold one millisecond."""
        return self.sample_rate * (2 if self.encoding == "pcm" else 1) / 1000


PCMU = AudioFormat("pcmu", 8000)
PCMA = AudioFormat("pcma", 8000)
PCM_8K = AudioFormat("pcm", 8000)
PCM_16K = AudioFormat("pcm", 16000)


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it was said: milliseconds of the audio of its stream. ``confidence`` is in 0..1."""

    text: str
    began_ms: float
    ended_ms: float
    confidence: float = 1.0


# -- recognition ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Onset:
    """The caller has started to speak. ``at_ms`` is in milliseconds of audio pushed; ``None``: not known."""

    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class PartialWords:
    """What the words since the last :class:`FinalWords` or :class:`EndOfTurn` seem to be; the next replaces it."""

    text: str
    confidence: float = 1.0
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class FinalWords:
    """Words that will not change; what follows is added. ``flushed``: all that was pushed before a
    :meth:`RecognitionStream.flush` is in it, or in the ones before (the text may be empty then)."""

    text: str
    confidence: float = 1.0
    words: tuple[Word, ...] = ()
    flushed: bool = False


@dataclass(frozen=True, slots=True)
class EagerEnd:
    """The turn is probably over: begin to answer ``text``, all of the turn, and throw that away on
    :class:`TurnResumed`."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TurnResumed:
    """It was not: the caller goes on."""


@dataclass(frozen=True, slots=True)
class EndOfTurn:
    """The turn is over, and ``text`` is all of it, with what :class:`FinalWords` has told already.

    ``flushed`` as in :class:`FinalWords`. An engine that tells the same turn twice (plain, then formatted) sends the
    first only.
    """

    text: str
    confidence: float = 1.0
    words: tuple[Word, ...] = ()
    flushed: bool = False


@dataclass(frozen=True, slots=True)
class StreamBroke:
    """The stream is over, and not because it was closed: nothing follows. What was pushed since the last final words
    is lost."""

    error: Exception


RecognitionEvent: TypeAlias = Onset | PartialWords | FinalWords | EagerEnd | TurnResumed | EndOfTurn | StreamBroke


class RecognitionStream(Protocol):
    """One caller's audio on its way to words."""

    def push(self, audio: bytes) -> None:
        """Add audio in the format of the stream: usually 20 ms, silence too, in real time or in bursts.

        Never blocks: while the connection is not there yet, audio waits (10 s at most, then the oldest is dropped and
        counted).
        """
        ...

    def flush(self) -> None:
        """The caller seems to have stopped: tell the words of all that was pushed, soon. An event with ``flushed`` is
        the answer; the caller may still go on."""
        ...

    def close(self) -> None:
        """Forget it: no event comes after this. Returns at once; the connection closes beside the call."""
        ...


class StreamingSpeechToText(Protocol):
    """Recognises while the caller speaks. One for all calls of a worker."""

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it takes, best first. G.711 of a line goes through untouched where ``PCMU`` or ``PCMA`` is in it."""
        ...

    @property
    def ends_turns(self) -> bool:
        """Whether it sends :class:`EndOfTurn` of its own accord."""
        ...

    def open(
        self, audio: AudioFormat, on_event: Callable[[RecognitionEvent], None], *, call_id: str | None = None
    ) -> RecognitionStream:
        """Begin a stream of ``audio``, one of :attr:`formats`. Returns at once; ``on_event`` is called on the loop.

        What goes wrong, at any time, is told as :class:`StreamBroke`. ``call_id`` is for the log.
        """
        ...


# -- voices -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of a sentence's audio, any size, in the format of its stream; ``words`` that have become known with it,
    in milliseconds from the beginning of the sentence's audio."""

    audio: bytes
    words: tuple[Word, ...] = ()


class VoiceStream(Protocol):
    """The voice on one call, with its connection. Used by one task at a time, but for :meth:`cancel`."""

    def speak(self, text: str, *, goes_on: bool = False) -> AsyncIterator[Sound]:
        """The audio of a sentence. May be called again before the sentence before is over: it is said after it.

        ``goes_on``: more of the same speech follows, so that the voice need not fall at the end. Closing the iterator
        drops the sentence.

        Raises (while iterating):
            EngineError: the provider has refused, broken off, or sent what is no audio.
        """
        ...

    def cancel(self) -> None:
        """Stop: nothing of what was asked for is said any more, and the provider is told within 50 ms. Audio of it that
        still comes is dropped, never given to the next sentence. Returns at once."""
        ...

    def close(self) -> None:
        """Let go of the connection. Returns at once."""
        ...


class StreamingTextToSpeech(Protocol):
    """Speaks over a connection. One for all calls of a worker."""

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it gives, best first; ``PCMU`` or ``PCMA`` where it can, which a line plays untouched."""
        ...

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> VoiceStream:
        """Begin to speak on a call: connects in the background. Returns at once."""
        ...
