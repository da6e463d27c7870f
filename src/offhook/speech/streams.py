"""What a streaming speech engine is: a recogniser that hears while the caller speaks, a voice that holds a connection.

Recognisers that take a whole utterance are adapted to this in :mod:`offhook.speech.batch`, voices that hold no
connection in :mod:`offhook.speech.batch_voice`: each in this one place.
Everything here runs on one event loop; nothing that is called for every piece of audio may block or create a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from offhook.audio.formats import PCM_8K, PCM_16K, PCMA, PCMU, AudioFormat

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "Sounds",
    "StreamBroke",
    "StreamingSpeechToText",
    "StreamingTextToSpeech",
    "TurnResumed",
    "VoiceStream",
    "Word",
]


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
    """What the words since the last :class:`FinalWords` or :class:`EndOfTurn` seem to be; the next replaces it.

    ``flushed`` as in :class:`FinalWords`: an engine that hears all of an utterance anew each time answers so.
    """

    text: str
    confidence: float = 1.0
    words: tuple[Word, ...] = ()
    flushed: int = 0


@dataclass(frozen=True, slots=True)
class FinalWords:
    """Words that will not change; what follows is added.

    ``flushed``: how many calls of :meth:`RecognitionStream.flush` this answers, counted from the stream's first: all
    that was pushed before that many is in it, or in what was told before (the text may be empty then). 0: none.
    """

    text: str
    confidence: float = 1.0
    words: tuple[Word, ...] = ()
    flushed: int = 0


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
    """The turn is over, and ``text`` is all of it since the one before, with what :class:`FinalWords` has told already.

    ``flushed`` as in :class:`FinalWords`. An engine that tells the same turn twice (plain, then formatted) sends the
    first only.
    """

    text: str
    confidence: float = 1.0
    words: tuple[Word, ...] = ()
    flushed: int = 0


@dataclass(frozen=True, slots=True)
class StreamBroke:
    """The stream is over, and not because it was closed: nothing follows.

    Whoever pushed the audio still has what was not told as words for good, and gives it to another stream. An
    :exc:`~offhook.errors.EngineRefused` says that another of the same engine will not do either.
    """

    error: Exception


RecognitionEvent: TypeAlias = Onset | PartialWords | FinalWords | EagerEnd | TurnResumed | EndOfTurn | StreamBroke


class RecognitionStream(Protocol):
    """One caller's audio on its way to words.

    :meth:`push`, :meth:`flush` and :meth:`close` are to be written; the other methods are hints, which a class that
    inherits from this one may leave as they are: most engines that hear everything need none.
    """

    def push(self, audio: bytes) -> None:
        """Add audio in the format of the stream: usually 20 ms, silence too, in real time or in bursts.

        Never blocks: while the connection is not there yet, audio waits (10 s at most, then the oldest is dropped and
        counted).
        """
        ...

    def flush(self) -> None:
        """The caller seems to have stopped: tell the words of all that was pushed, soon.

        The answer to the n-th of them is an event whose ``flushed`` is n or more, also where there are no words. One
        that comes soon after another may be answered together with it. The caller may still go on.
        """
        ...

    def close(self) -> None:
        """Forget it: no event comes after this. Returns at once; the connection closes beside the call."""
        ...

    def speech_began(self, at_ms: float, *, goes_on: bool = False) -> None:
        """The caller has begun to say something ``at_ms`` into the audio pushed, a moment before it included.

        ``goes_on``: with what was said before, so that both are one.
        """
        return

    def speech_resumed(self) -> None:
        """The caller goes on after a pause: flushes that are not answered yet need no answer."""
        return

    def speech_over(self) -> None:
        """What was said is over, and decided upon: nobody asks for its words any more."""
        return


class StreamingSpeechToText(Protocol):
    """Recognises while the caller speaks. One for all calls of a worker.

    As with every engine, a ``warm_up()``, where there is one, is awaited before the first call.
    """

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it takes, best first. G.711 of a line goes through untouched where ``PCMU`` or ``PCMA`` is in it."""
        ...

    @property
    def ends_turns(self) -> bool:
        """Whether it sends :class:`EndOfTurn` of its own accord, on what it hears, and not only when it is flushed."""
        ...

    @property
    def live(self) -> bool:
        """Whether it hears all along, so that words follow the speech by a second or less: then a flush is answered in
        that time, or the stream is given up. True unless a class says otherwise."""
        return True

    def open(
        self, audio: AudioFormat, on_event: Callable[[RecognitionEvent], None], *, call_id: str | None = None
    ) -> RecognitionStream:
        """Begin a stream of ``audio``, one of :attr:`formats`. Returns at once; ``on_event`` is called on the loop, and
        never from within a method of this or of the stream.

        What goes wrong, at any time, is told as :class:`StreamBroke`. ``call_id`` is for the log.
        """
        ...


# -- voices -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of a sentence's audio, any size, in the format of its stream; ``words`` that have become known with it,
    in milliseconds from the beginning of the sentence's audio.

    The audio has no header and is in no container. ``words`` are spelt as the voice spells them, which need not be as
    in the text ("25" may come back as "twenty" and "five"); they come in their order, each once, soon after their audio
    or before it.
    """

    audio: bytes
    words: tuple[Word, ...] = ()


class Sounds(Protocol):
    """The audio of a sentence, piece by piece."""

    def __aiter__(self) -> Sounds:
        """Itself."""
        ...

    async def __anext__(self) -> Sound:
        """The next piece.

        Raises:
            StopAsyncIteration: the sentence is said, whether or not more follows; or it was dropped.
            EngineError: the provider has refused, broken off, or sent what is no audio. The stream is of no use after
                that, and neither are its other sentences: whoever has it closes it, and opens another.
        """
        ...

    async def aclose(self) -> None:
        """Drop the sentence, also one that nobody has begun to iterate over."""
        ...


class VoiceStream(Protocol):
    """The voice on one call, with its connection. Used by one task at a time, but for :meth:`cancel`.

    A connection that the provider ends while it owes no audio is no error: the stream makes another when it is next
    asked for something.
    """

    def speak(self, text: str, *, goes_on: bool = False) -> Sounds:
        """The audio of a sentence. The voice is asked for it at once, before anybody iterates.

        May be called again before the sentence before is over: it is said after it, and its audio waits for whoever
        iterates.

        Args:
            text: a sentence, or what there is of one.
            goes_on: it is known that more of the same speech follows, so the voice need not fall at the end. False:
                nothing does, or it is not known yet; another sentence may follow all the same.
        """
        ...

    def cancel(self) -> None:
        """Stop: nothing of what was asked for is said any more, and the provider is told within 50 ms. Audio of it that
        still comes is dropped, never given to the next sentence; its iterators end. Returns at once."""
        ...

    def close(self) -> None:
        """Let go of the connection; what is still being said ends. Returns at once."""
        ...


class StreamingTextToSpeech(Protocol):
    """Speaks over a connection. One for all calls of a worker.

    As with every engine, a ``warm_up()``, where there is one, is awaited before the first call.
    """

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it gives, best first; ``PCMU`` or ``PCMA`` where it can, which a line plays untouched."""
        ...

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> VoiceStream:
        """Begin to speak on a call in ``audio``, one of :attr:`formats`: connects in the background. Returns at once.

        ``call_id`` is for the log.
        """
        ...
