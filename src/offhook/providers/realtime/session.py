"""One session with a speech-to-speech model: a connection, its settings, and the caller's audio on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.errors import EngineRefused, EngineUnavailable
from offhook.providers.audio_clock import AudioClock
from offhook.providers.connection import Connection
from offhook.providers.realtime.protocol import Ready, Trouble, append, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from offhook.audio.formats import AudioFormat
    from offhook.errors import OffhookError
    from offhook.providers.realtime.model import OpenAIRealtime
    from offhook.providers.realtime.seam import SessionWatcher

__all__ = ["ModelSession"]

_MESSAGE_MS = 40.0
"""How much of the caller's audio is sent at once: half as many messages as there are frames, for 10 ms on average."""
_REFUSED = {
    "invalid_api_key": "key",
    "insufficient_quota": "account",
    "billing_hard_limit_reached": "account",
    "model_not_found": "request",
}
_OVER = {"session_expired", "server_error", "rate_limit_exceeded"}
"""Errors after which a session is of no use, as others' are."""


class ModelSession:
    """One session. It is not made anew: whoever has it makes another.

    Args:
        model: with which.
        audio: how the caller's audio is written.
        first: what is sent before anything else: its settings, and what was said before.
        watcher: is told.
        call_id: for the log.
    """

    def __init__(
        self,
        model: OpenAIRealtime,
        audio: AudioFormat,
        first: Sequence[str],
        watcher: SessionWatcher,
        *,
        call_id: str | None = None,
    ) -> None:
        self.model = model
        self.ready = False
        """Whether it has said that it is there."""
        self.expires_at_s: float | None = None
        """When it ends, in seconds since the epoch, where it has said so."""
        self._first = first
        self._watcher = watcher
        self._clock = AudioClock(audio, message_ms=_MESSAGE_MS)
        self._connection = Connection(model.link(), self, call_id=call_id)

    @property
    def sent_ms(self) -> float:
        """How much audio it was sent: the end of its own count."""
        return self._clock.sent_ms

    def audio(self, audio: bytes) -> None:
        """A piece of the caller's audio."""
        for message in self._clock.push(audio):
            self._connection.send(append(message), audio=True)

    def send(self, messages: Iterable[str]) -> None:
        """Say something else, after what was sent before."""
        for message in messages:
            self._connection.send(message)

    def close(self) -> None:
        """It is not needed any more."""
        self._connection.close()

    # -- the connection (Owner) ---------------------------------------------------------------------------------------

    def connected(self) -> Iterable[str]:
        """It is there."""
        return self._first

    def received(self, message: str | bytes) -> None:
        """A message of the model."""
        event = read(message, self.model.refusals.provider)
        match event:
            case None:
                return
            case Trouble(code) if code in _REFUSED:
                what = _REFUSED[code]
                provider = self.model.refusals.provider
                raise EngineRefused(f"expected {provider} to take the {what}, got {code}.", fix="see the account")
            case Trouble(code) if code in _OVER:
                raise EngineUnavailable(f"expected the session to go on, got {code}.")
            case Ready(expires_at_s):
                self.ready = True
                self.expires_at_s = expires_at_s or self.expires_at_s
            case _:
                pass
        self._watcher.told(self, event)

    def broke(self, error: OffhookError) -> None:
        """The connection is over."""
        self.ready = False
        self._watcher.lost(self, error)

    def dropped(self, message: str | bytes) -> None:
        """Audio that has waited for the connection for too long: nobody waits for an answer to that any more."""
