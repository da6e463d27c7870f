"""A recogniser's session without I/O: what all providers have in common. Pure.

Audio is cut into messages, a flush is a request to finish, and what was told of the words that may still change is the
answer where the provider gives none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from offhook.providers.audio_clock import AudioClock
from offhook.providers.flushes import Flushes
from offhook.speech.streams import FinalWords, PartialWords

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offhook.speech.streams import AudioFormat, RecognitionEvent

__all__ = ["ListeningSession"]


class ListeningSession(ABC):
    """One session.

    Args:
        provider: whose, for errors.
        audio: how the audio is written.
        message_ms: how much of it is sent at once.
        least_ms: less than that is not taken; 0: any amount is.
        finish: the request to tell the words of all audio; ``None``: there is none.
        last: what to say before the socket is closed.
        always_answers: whether a request to finish is answered also where nothing was said.
        tells_always: whether it tells something all along, several times a second, while somebody speaks.
    """

    def __init__(
        self,
        provider: str,
        audio: AudioFormat,
        *,
        message_ms: float,
        least_ms: float = 0.0,
        finish: str | None,
        last: str,
        always_answers: bool = False,
        tells_always: bool = False,
    ) -> None:
        self.provider = provider
        self.clock = AudioClock(audio, message_ms=message_ms, least_ms=least_ms)
        self.flushes = Flushes(provider, always=always_answers)
        self.partial = PartialWords("")
        """The words that may still change."""
        self.tells_always = tells_always
        self._finish = finish
        self._last = last

    def push(self, audio: bytes) -> list[bytes]:
        """More audio: the messages to send."""
        return self.clock.push(audio)

    def lost(self, message: bytes) -> None:
        """One of them is not sent after all; nothing was sent before it."""
        before_ms = self.clock.sent_ms
        self.clock.lost(message)
        self.flushes.lost(before_ms - self.clock.sent_ms)

    def flush(self) -> tuple[int, list[str | bytes]]:
        """The number of the flush, and the messages to send."""
        messages: list[str | bytes] = [*self.clock.flush()]
        if self._finish is not None:
            messages.append(self._finish)
        return self.flushes.ask(self.clock.sent_ms), messages

    def waited(self, number: int) -> Iterator[RecognitionEvent]:
        """An answer to this flush was waited for long enough.

        Raises:
            EngineError: the provider is of no use.
        """
        if flushed := self.flushes.waited(number):
            yield self.known(flushed)

    def known(self, flushed: int) -> RecognitionEvent:
        """What was told already, as the answer to a flush."""
        partial = self.partial
        if not partial.text:
            return FinalWords("", flushed=flushed)
        return PartialWords(partial.text, partial.confidence, partial.words, flushed)

    def ending(self) -> tuple[str, ...]:
        """What to send last."""
        return (self._last,)

    @abstractmethod
    def received(self, message: str | bytes) -> Iterable[RecognitionEvent]:
        """What a message means.

        Raises:
            EngineError: it is an error, or no message of this protocol.
        """
