"""A voice over the network, for any provider: its session, which is pure, on a connection.

One connection for each call. It is made when the stream is opened, and made anew when it is next needed after the
provider has ended it. A sentence of which nothing has come when a connection ends that had worked before is asked for
once more, on another: providers end idle connections, and may do so just when they are asked for something.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from offhook.errors import ConfigError, EngineRefused
from offhook.providers.connection import Connection, tls
from offhook.providers.speaking import SentenceAudio, SentenceWords, Spoken
from offhook.speech.streams import Sound
from offhook.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.errors import OffhookError
    from offhook.providers.connection import Link
    from offhook.providers.speaking import SpeakingSession
    from offhook.speech.streams import AudioFormat, Sounds, VoiceStream

__all__ = ["NetworkVoice"]


class NetworkVoice(ABC):
    """What all voices over the network have in common.

    It is a :class:`~offhook.speech.streams.StreamingTextToSpeech`.
    """

    @property
    @abstractmethod
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it gives, best first."""

    async def warm_up(self) -> None:
        """Have ready what all connections need, so that the first call does not wait for it."""
        await in_thread(tls)

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> VoiceStream:
        """Begin to speak on a call: see :class:`offhook.speech.streams.StreamingTextToSpeech`.

        Raises:
            ConfigError: ``audio`` is not one of :attr:`formats`.
        """
        if audio not in self.formats:
            raise ConfigError(
                f"expected audio as one of {', '.join(map(str, self.formats))}, got {audio}.", fix="use one of these"
            )
        return _Stream(self, audio, call_id)

    @abstractmethod
    def link(self, audio: AudioFormat) -> Link:
        """Where to connect to for audio of this format."""

    @abstractmethod
    def session(self, audio: AudioFormat) -> SpeakingSession:
        """The protocol of one connection."""


class _Stream:
    """The voice on one call."""

    def __init__(self, voice: NetworkVoice, audio: AudioFormat, call_id: str | None) -> None:
        self._voice = voice
        self._audio = audio
        self._call_id = call_id
        self._sentences: dict[int, _Sentence] = {}
        """Those that are owed."""
        self._there: set[_Sentence] = set()
        """Those that are here to their end, and were not given to it."""
        self._count = 0
        self._closed = False
        self._refused: OffhookError | None = None
        self._worked = False
        """Whether the connection has said a sentence, or was there without being asked for anything."""
        self._connection: Connection | None = None
        self._session = voice.session(audio)
        self._connect()

    # -- for whoever has something to say -----------------------------------------------------------------------------

    def speak(self, text: str, *, goes_on: bool = False) -> Sounds:
        """Ask for a sentence."""
        self._count += 1
        sentence = _Sentence(self, self._count)
        if self._closed:
            sentence.end()
            return sentence
        self._sentences[self._count] = sentence
        if self._refused is not None:
            self._fail(self._refused)
            return sentence
        if self._connection is None:
            self._connect()
        self._send(self._session.say(self._count, text))
        return sentence

    def cancel(self) -> None:
        """Say nothing of it any more."""
        for sentence in [*self._sentences.values(), *self._there]:
            sentence.drop()
        self._sentences.clear()
        self._there.clear()
        self._send(self._session.cancel())

    def close(self) -> None:
        """Let go of the connection."""
        if self._closed:
            return
        self.cancel()
        self._closed = True
        if self._connection is not None:
            self._connection.close(*self._session.ending())

    def unwanted(self, number: int) -> None:
        """A sentence is not wanted any more; if no other is, the provider is told."""
        if self._sentences.pop(number, None) is not None and not self._sentences:
            self._send(self._session.cancel())

    def given(self, sentence: _Sentence) -> None:
        """There is no more of it to give."""
        self._there.discard(sentence)

    # -- for the connection -------------------------------------------------------------------------------------------

    def connected(self) -> Iterable[str | bytes]:
        """It is there."""
        self._worked = not self._sentences
        return self._session.opening()

    def received(self, message: str | bytes) -> None:
        """A message of the provider's."""
        for event in self._session.received(message):
            sentence = self._sentences.get(event.sentence)
            match event:
                case SentenceAudio(_, audio) if sentence is not None:
                    sentence.give(Sound(audio))
                case SentenceWords(_, words) if sentence is not None:
                    sentence.give(Sound(b"", words))
                case Spoken(number):
                    self._worked = True
                    if sentence is not None:
                        del self._sentences[number]
                        self._there.add(sentence)
                        sentence.end()
        self._send(self._session.next())

    def dropped(self, message: str | bytes) -> None:
        """Never: no audio is sent."""

    def broke(self, error: OffhookError) -> None:
        """The connection is over: it matters where something is owed."""
        owed, worked = self._session.all_owed(), self._worked
        self._connection, self._worked = None, False
        self._session = self._voice.session(self._audio)
        if isinstance(error, EngineRefused):
            self._refused = error
        if not self._sentences:
            return
        if not worked or self._refused is not None or any(each.begun for each in self._sentences.values()):
            self._fail(error)
            return
        self._connect()
        for number, text in owed:
            if number in self._sentences:
                self._send(self._session.say(number, text))

    # -- both ---------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._connection = Connection(self._voice.link(self._audio), self, call_id=self._call_id)

    def _send(self, messages: Iterable[str]) -> None:
        if self._connection is not None:
            for message in messages:
                self._connection.send(message)

    def _fail(self, error: OffhookError) -> None:
        sentences, self._sentences = self._sentences, {}
        self._session.cancel()
        for sentence in sentences.values():
            sentence.fail(error)


class _Sentence:
    """The audio of a sentence, piece by piece."""

    def __init__(self, stream: _Stream, number: int) -> None:
        self._stream = stream
        self._number = number
        self._sounds: deque[Sound] = deque()
        self._more = asyncio.Event()
        self._over = False
        self._error: OffhookError | None = None
        self.begun = False
        """Whether some of it has come."""

    def give(self, sound: Sound) -> None:
        """A piece."""
        self.begun = True
        self._sounds.append(sound)
        self._more.set()

    def end(self) -> None:
        """There is no other."""
        self._over = True
        self._more.set()

    def fail(self, error: OffhookError) -> None:
        """There is no other, though there should be."""
        self._error = error
        self.end()

    def drop(self) -> None:
        """None is wanted any more."""
        self._sounds.clear()
        self.end()

    def __aiter__(self) -> _Sentence:
        return self

    async def __anext__(self) -> Sound:
        while not self._sounds:
            if self._over:
                self._stream.given(self)
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._more.clear()
            await self._more.wait()
        return self._sounds.popleft()

    async def aclose(self) -> None:
        """Drop it."""
        self.drop()
        self._error = None
        self._stream.given(self)
        self._stream.unwanted(self._number)
