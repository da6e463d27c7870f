"""The audio of a stream as it is sent to a provider: cut into messages, and what its times mean here. Pure.

A provider counts the audio that it is sent. That is not all that was pushed, where some was dropped before there was a
connection, and it is more, where the end of something was filled up with silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.speech.streams import AudioFormat

__all__ = ["AudioClock"]


class AudioClock:
    """Cuts audio, and keeps count of it.

    Args:
        audio: how it is written.
        message_ms: how much of it is sent at once.
        least_ms: less than that is not taken, and is filled up with silence; 0: any amount is.
    """

    def __init__(self, audio: AudioFormat, *, message_ms: float, least_ms: float = 0.0) -> None:
        self._per_ms = audio.bytes_per_ms
        self._bytes = round(message_ms * self._per_ms)
        self._least = round(least_ms * self._per_ms)
        self._silence = audio.silence[: audio.sample_bytes]
        self._held = bytearray()
        self._sent = 0
        self._lost_ms = 0.0
        self._fillings: list[tuple[float, float]] = []

    @property
    def sent_ms(self) -> float:
        """How much the provider has been sent, fillings included: the end of its own count."""
        return self._sent / self._per_ms

    def push(self, audio: bytes) -> list[bytes]:
        """Add audio: the messages that are full."""
        held = self._held
        held += audio
        messages: list[bytes] = []
        while len(held) >= self._bytes:
            messages.append(bytes(held[: self._bytes]))
            del held[: self._bytes]
        self._sent += len(messages) * self._bytes
        return messages

    def flush(self) -> list[bytes]:
        """What is held back, if anything, filled up where it is too short."""
        if not self._held:
            return []
        message = bytes(self._held)
        self._held.clear()
        lacking = (self._least - len(message)) // len(self._silence)
        if lacking > 0:
            at_ms = (self._sent + len(message)) / self._per_ms
            message += self._silence * lacking
            self._fillings.append((at_ms, lacking * len(self._silence) / self._per_ms))
        self._sent += len(message)
        return [message]

    def lost(self, message: bytes) -> None:
        """A message is not sent after all; nothing was sent before it."""
        self._sent -= len(message)
        length_ms = len(message) / self._per_ms
        self._lost_ms += length_ms
        self._fillings = [(at_ms - length_ms, filled_ms) for at_ms, filled_ms in self._fillings]

    def stream_ms(self, provider_ms: float) -> float:
        """A time of the provider's in milliseconds of the audio that was pushed."""
        filled_ms = sum(
            min(length_ms, provider_ms - at_ms) for at_ms, length_ms in self._fillings if at_ms < provider_ms
        )
        return max(0.0, provider_ms - filled_ms + self._lost_ms)
