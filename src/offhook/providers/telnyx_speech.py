"""The protocol of Telnyx's voices without I/O: a connection, which says one sentence. Pure.

Wire: https://developers.telnyx.com/docs/voice/tts/websocket-streaming and its pages on messages and errors. They say
that a connection can be asked again and again; in fact it is told that a text is over only when it is told that no
other comes, and it ends with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from offhook.errors import EngineRefused, EngineUnavailable
from offhook.providers.reading import audio_in, object_of, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STOP", "TelnyxSpeech"]

STOP: Final = '{"force":true}'
"""What is being said is not wanted any more. It ends the work there at once, which the end of a connection may not."""
_PROVIDER: Final = "Telnyx"
_NO_MORE: Final = '{"text":""}'


class TelnyxSpeech:
    """One connection.

    Args:
        settings: of the voice.
    """

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = dict(settings)
        self._streamed = self._sounded = False
        self.final = False
        """Whether it has said that it is done, with audio or without any."""

    @property
    def over(self) -> bool:
        """Whether the sentence is said. One of which there is no audio is not, before the connection is over, too."""
        return self.final and self._sounded

    def opening(self) -> list[str]:
        """What comes before a text: without it that is refused."""
        settings = {"voice_settings": self._settings} if self._settings else {}
        return [msgspec.json.encode({"text": " ", **settings}).decode()]

    def ask(self, sentence: str) -> list[str]:
        """Ask for a sentence: now, whatever it ends with, and for no other."""
        return [msgspec.json.encode({"text": sentence, "flush": True}).decode(), _NO_MORE]

    def received(self, message: str | bytes) -> bytes:
        """The audio in a message: a piece of MP3.

        Raises:
            EngineError: it is an error, or no message of this protocol.
        """
        told = object_of(message, _PROVIDER)
        if error := told.get("error"):
            raise _error(str(error))
        if told.get("isFinal") is True:
            self.final = True
        if not told.get("audio"):
            return b""
        if not text(told, "text"):
            self._streamed = True
        elif self._streamed:  # all that was streamed of this text once more, in one
            self._streamed = False
            return b""
        self._sounded = True
        return audio_in(told["audio"], _PROVIDER)


def _error(said: str) -> EngineRefused | EngineUnavailable:
    if said.lower().startswith("invalid"):
        return EngineRefused(f"expected {_PROVIDER} to take the voice, got a refusal.", fix="correct the voice")
    return EngineUnavailable(f"expected {_PROVIDER} to go on, got an error.")
