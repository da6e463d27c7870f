"""A recogniser over the network, for any provider: its session, which is pure, on a connection."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from offhook.errors import ConfigError, EngineError, EngineUnavailable
from offhook.providers.connection import Connection, tls
from offhook.speech.streams import EndOfTurn, FinalWords, Onset, PartialWords, RecognitionStream, StreamBroke
from offhook.threads import in_thread
from offhook.waits import PROVIDER_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from offhook.errors import OffhookError
    from offhook.providers.connection import Link
    from offhook.providers.listening import ListeningSession
    from offhook.speech.streams import AudioFormat, RecognitionEvent

__all__ = ["NetworkRecogniser"]

logger = logging.getLogger(__name__)

_LOOK_S = 0.2
_SILENT_S = 1.0
"""One that tells something all along, and then nothing for so long, is gone."""


class NetworkRecogniser(ABC):
    """What all recognisers over the network have in common.

    It is a :class:`~offhook.speech.streams.StreamingSpeechToText`.
    """

    live = True
    _ends_turns = False

    @property
    @abstractmethod
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it takes, best first."""

    @property
    def ends_turns(self) -> bool:
        """Whether it tells the end of turns of its own accord."""
        return self._ends_turns

    async def warm_up(self) -> None:
        """Have ready what all connections need, so that the first call does not wait for it."""
        await in_thread(tls)

    def open(
        self, audio: AudioFormat, on_event: Callable[[RecognitionEvent], None], *, call_id: str | None = None
    ) -> RecognitionStream:
        """Begin a stream: see :class:`offhook.speech.streams.StreamingSpeechToText`.

        Raises:
            ConfigError: ``audio`` is not one of :attr:`formats`.
        """
        if audio not in self.formats:
            raise ConfigError(
                f"expected audio as one of {', '.join(map(str, self.formats))}, got {audio}.", fix="use one of these"
            )
        return _Stream(self._link(audio), self._session(audio), on_event, call_id)

    @abstractmethod
    def _link(self, audio: AudioFormat) -> Link:
        """Where to connect to for audio of this format."""

    @abstractmethod
    def _session(self, audio: AudioFormat) -> ListeningSession:
        """The protocol of one stream of it."""


class _Stream(RecognitionStream):
    """One caller's audio."""

    def __init__(
        self, link: Link, session: ListeningSession, on_event: Callable[[RecognitionEvent], None], call_id: str | None
    ) -> None:
        self._session = session
        self._on_event = on_event
        self._call_id = call_id
        self._provider = link.refusals.provider
        self._lost = 0
        self._over = False
        self._silent = 0
        self._connection = Connection(link, self, call_id=call_id)
        if session.tells_always:
            self._look_later()

    # -- for whoever has the audio ------------------------------------------------------------------------------------

    def push(self, audio: bytes) -> None:
        """Add audio."""
        for message in self._session.push(audio):
            self._connection.send(message, audio=True)

    def flush(self) -> None:
        """Ask for the words of all that was pushed."""
        if self._over:
            return
        number, messages = self._session.flush()
        for message in messages:
            self._connection.send(message, audio=isinstance(message, bytes))
        self._wait_for(number)

    def close(self) -> None:
        """Forget it."""
        self._over = True
        self._connection.close(*self._session.ending())

    # -- for the connection -------------------------------------------------------------------------------------------

    def connected(self) -> Iterable[str | bytes]:
        """It is there."""
        if self._lost:
            logger.warning(
                "call %s: %d bytes of audio have waited for %s in vain", self._call_id, self._lost, self._provider
            )
        return ()

    def received(self, message: str | bytes) -> None:
        """A message of the provider's."""
        self._silent = 0
        self._tell(self._noting_words(self._session.received(message)))

    def _noting_words(self, events: Iterable[RecognitionEvent]) -> Iterator[RecognitionEvent]:
        for event in events:
            if isinstance(event, Onset | PartialWords):
                self._session.flushes.told_more()
            elif isinstance(event, FinalWords | EndOfTurn):
                self._session.flushes.told_words()
            yield event

    def dropped(self, message: str | bytes) -> None:
        """Audio has waited for too long."""
        assert isinstance(message, bytes), "recognisers are sent audio as it is"
        self._lost += len(message)
        self._session.lost(message)

    def broke(self, error: OffhookError) -> None:
        """The connection is over."""
        if not self._over:
            self._tell((StreamBroke(error),))
            self._over = True

    # -- both ---------------------------------------------------------------------------------------------------------

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        """See whether a provider that tells something all along does so in the middle of a turn. Where this process was
        held up, that counts once."""
        if self._over:
            return
        self._silent = self._silent + 1 if self._session.partial.text else 0
        if self._silent * _LOOK_S > _SILENT_S:
            self._connection.close(*self._session.ending())
            self.broke(EngineUnavailable(f"expected {self._provider} to go on, got nothing for {_SILENT_S:g} s."))
        else:
            self._look_later()

    def _wait_for(self, number: int) -> None:
        asyncio.get_running_loop().call_later(PROVIDER_WORDS.limit_s, self._waited, number)

    def _waited(self, number: int) -> None:
        if self._over:
            return
        if not self._connection.connected:  # it was not asked yet
            self._wait_for(number)
            return
        try:
            events = [*self._session.waited(number)]
        except EngineError as error:
            self._connection.close(*self._session.ending())
            self.broke(error)
        else:
            self._tell(events)

    def _tell(self, events: Iterable[RecognitionEvent]) -> None:
        for event in events:
            if self._over:
                return
            try:
                self._on_event(event)
            except Exception as error:
                # The listener's fault is not the stream's.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a listener to a recogniser failed", "exception": error}
                )
