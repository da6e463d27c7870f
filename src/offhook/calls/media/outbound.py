"""What we send on a stream: pcm into the codec that was asked for, in messages as long as the carrier takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.audio.codecs.g711 import codes_of
from offhook.audio.frames import FRAME_MS, SAMPLE_BYTES, frame_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.audio.codecs import Encoder
    from offhook.calls.media.counters import StreamCounters
    from offhook.carriers._audio import AudioWriter
    from offhook.carriers.media import AppMedia

__all__ = ["Outbound"]


class Outbound:
    """The way out of a stream.

    Args:
        protocol: the carrier's wire format.
        encoder: of the codec that was asked for.
        send: sends one text message (UTF-8 bytes).
        counters: of the stream.
    """

    __slots__ = (
        "_counters",
        "_encoder",
        "_flowing",
        "_frame",
        "_most",
        "_protocol",
        "_send",
        "_writer",
        "audio",
        "rate",
    )

    audio: Callable[[bytes], None]
    """``audio(pcm)``: play ``pcm`` to the other party, after what was sent before.

    ``pcm`` is whole 20 ms frames at :attr:`rate`; the carrier paces them. As few messages as the carrier takes; with
    OPUS one per frame, since a message holds exactly one packet. Raises :exc:`ValueError` if it is not whole frames, or
    none.
    """
    # Not a method: where there is a quick way, it is that.

    def __init__(
        self, protocol: AppMedia, encoder: Encoder, send: Callable[[bytes], None], counters: StreamCounters
    ) -> None:
        self.rate = encoder.rate
        """Of the pcm, in Hz."""
        self._protocol = protocol
        self._send = send
        self._counters = counters
        self._frame = frame_bytes(encoder.rate)
        self._encoder = encoder
        self._most = self._frame * (1 if encoder.frame_per_payload else protocol.max_audio_ms // FRAME_MS)
        self._flowing = False
        messages, codes = protocol.audio_messages, codes_of(encoder)
        self._writer: AudioWriter | None = None
        self.audio = self._audio
        if messages is not None and codes is not None:
            self._writer = messages.writer(
                codes, frame_bytes=self._frame, most_bytes=self._most, send=send, otherwise=self._audio
            )
            self.audio = self._writer.audio

    def flow(self, flowing: bool) -> None:
        """Let anything go out, or nothing, as at first. Sent before the start message it may be lost, and its format is
        not agreed."""
        self._flowing = flowing
        if self._writer is not None:
            self._writer.open = flowing

    def _audio(self, pcm: bytes) -> None:
        size = len(pcm)
        if not size or size % self._frame:
            raise ValueError(f"expected whole frames of {self._frame} bytes, got {size} bytes")
        if self._flowing and size > self._most:
            for start in range(0, size, self._most):
                self.audio(pcm[start : start + self._most])
        elif self._flowing:
            self._send(self._protocol.audio(self._encoder.encode(pcm)))
        else:
            self._counters.unsent += 1

    def encoded(self, audio: bytes) -> None:
        """As :meth:`audio`, of what is written in the codec already: for G.711 alone, a byte a sample.

        Raises:
            ValueError: if ``audio`` is not whole frames, or none.
        """
        size, frame, most = len(audio), self._frame // SAMPLE_BYTES, self._most // SAMPLE_BYTES
        if not size or size % frame:
            raise ValueError(f"expected whole frames of {frame} bytes, got {size} bytes")
        if not self._flowing:
            self._counters.unsent += 1
            return
        for start in range(0, size, most):
            self._send(self._protocol.audio(audio[start : start + most]))

    def mark(self, name: str) -> None:
        """Ask for ``name`` back once all audio sent so far was played."""
        self._command(self._protocol.mark(name))

    def clear(self) -> None:
        """Stop playing at once and drop what is queued; every mark that is out comes back."""
        self._command(self._protocol.clear())

    def _command(self, message: bytes) -> None:
        if self._flowing:
            self._send(message)
        else:
            self._counters.unsent += 1
