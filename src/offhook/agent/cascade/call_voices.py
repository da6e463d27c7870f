"""The worker's voices on one call: each with a connection of its own, opened when it is likely to be wanted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.audio.formats import best_for
from offhook.speech.metering import metered_voice
from offhook.waiting import as_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.voices import Voices
    from offhook.audio.formats import AudioFormat
    from offhook.speech.streams import Sounds, StreamingTextToSpeech, VoiceStream

__all__ = ["Asked", "CallVoices"]

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Asked:
    """A sentence that a voice was asked for."""

    voice: StreamingTextToSpeech
    sounds: Sounds
    written: AudioFormat
    """How its audio is written."""
    owner: object
    """For what it was asked."""
    dropped: bool = False
    """Whether the voice was told that it is not wanted any more."""


@dataclass(eq=False, slots=True)
class _Connection:
    """A voice on the call, and what it was asked for that is not over: all of it for one owner."""

    voice: StreamingTextToSpeech
    stream: VoiceStream
    wanted: AudioFormat
    written: AudioFormat
    asked: set[Asked]


class CallVoices:
    """The voices of one call.

    A connection says one thing at a time. So what is made ready while something else is said has one of its own, and
    either can be dropped at once without the other.

    Args:
        voices: those of the worker.
        call_id: for the log.
    """

    def __init__(self, voices: Voices, *, call_id: str | None = None) -> None:
        self.shared = voices
        """How they do, for all calls."""
        self._call_id = call_id
        self._connections: list[_Connection] = []

    def expect(self, wanted: AudioFormat) -> None:
        """Something is to be said soon, on a line of ``wanted``: connect the voice that will probably say it."""
        self.connect(self.shared.likely, wanted)

    def connect(self, voice: StreamingTextToSpeech, wanted: AudioFormat) -> None:
        """A voice may be wanted soon. That it cannot be had is said when it is wanted."""
        if any(each.voice is voice and each.wanted == wanted for each in self._connections):
            return
        try:
            self._free(voice, wanted, None)
        except BaseException as error:
            logger.debug("call %s: opening a voice raised %s", self._call_id, type(error).__name__)

    def ask(
        self, voice: StreamingTextToSpeech, text: str, *, wanted: AudioFormat, goes_on: bool, owner: object
    ) -> Asked:
        """Ask a voice for a sentence. Whoever does so closes its audio, and tells when it is :meth:`over`.

        Args:
            voice: one of the worker's.
            text: what to say.
            wanted: what the line takes.
            goes_on: as in :meth:`offhook.speech.streams.VoiceStream.speak`.
            owner: for what it is asked: all of that can be dropped at once.

        Raises:
            Exception: what the voice raises.
        """
        try:
            connection = self._free(voice, wanted, owner)
            sounds = connection.stream.speak(text, goes_on=goes_on)
        except BaseException as error:  # nothing in it waits, so none is our own end
            raise as_failure(error) from error
        asked = Asked(voice, sounds, connection.written, owner)
        connection.asked.add(asked)
        return asked

    def over(self, asked: Asked) -> None:
        """A sentence is said, or was given up."""
        for connection in self._connections:
            connection.asked.discard(asked)

    def drop(self, owner: object) -> None:
        """Nothing of what was asked for ``owner`` is wanted any more: the voices are told at once."""
        for connection in self._connections:
            if any(asked.owner is owner for asked in connection.asked):
                _forget(connection)
                self._quietly(connection.stream.cancel)

    def give_up(self, voice: StreamingTextToSpeech, owner: object) -> None:
        """A voice has failed at what it was asked for ``owner``: if it is tried again, then on a new connection."""
        for connection in list(self._connections):
            if connection.voice is voice and all(asked.owner is owner for asked in connection.asked):
                self._close(connection)

    def close(self) -> None:
        """The call is over."""
        for connection in list(self._connections):
            self._close(connection)

    def _free(self, voice: StreamingTextToSpeech, wanted: AudioFormat, owner: object) -> _Connection:
        """A connection that says nothing, or says what else was asked for ``owner``; a new one if there is none."""
        for connection in [each for each in self._connections if each.voice is voice]:
            if all(asked.owner is owner for asked in connection.asked):
                if connection.wanted == wanted:
                    return connection
                self._close(connection)  # it was opened before the line was known
        written = best_for(wanted, voice.formats)
        stream = voice.open(written, call_id=self._call_id)
        if self.shared.metering is not None:
            stream = metered_voice(stream, written, self.shared.metering)
        connection = _Connection(voice, stream, wanted, written, set())
        self._connections.append(connection)
        return connection

    def _close(self, connection: _Connection) -> None:
        self._connections.remove(connection)
        _forget(connection)
        self._quietly(connection.stream.close)

    def _quietly(self, act: Callable[[], None]) -> None:
        """What a voice raises while it is let go of is nobody's concern."""
        try:
            act()
        except BaseException as error:
            logger.debug("call %s: letting go of a voice raised %s", self._call_id, type(error).__name__)


def _forget(connection: _Connection) -> None:
    for asked in connection.asked:
        asked.dropped = True
    connection.asked.clear()
