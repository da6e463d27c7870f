"""Who hears a media stream, and who answers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from offhook.calls.stream import MediaStream
    from offhook.carriers.media import MediaStarted

__all__ = ["MediaListener", "StreamFailure", "StreamWatcher"]

StreamFailure = Literal[
    "codec_unsupported",
    "start_missing",
    "frame_too_large",
    "message_incomplete",
    "text_invalid",
    "flooded",
    "consumer_slow",
    "call_mismatch",
    "listener_failed",
]
"""Why a media stream was given up.

* ``codec_unsupported``: the carrier sends audio we cannot decode.
* ``start_missing``: audio came, but never its format.
* ``frame_too_large``: one message was above the limit.
* ``message_incomplete``: a frame, or a message in parts, broke the rules of the WebSocket.
* ``text_invalid``: a text message was not UTF-8.
* ``flooded``: more came at once than any call sends.
* ``consumer_slow``: the carrier does not read what we send.
* ``call_mismatch``: the stream says it belongs to another call than its token.
* ``listener_failed``: our own side raised while it heard the audio.
"""


class MediaListener(Protocol):
    """Who hears a call's audio: an agent's session. All methods are called on the event loop and must not block."""

    def media_started(self, started: MediaStarted) -> None:
        """The first call: audio is about to flow. Later ones of these methods come in the order of the wire."""
        ...

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """A piece of the other party's audio, usually 20 ms, at ``stream.input_rate``; gaps are concealed.

        ``timestamp_ms`` is where it begins on the stream's own clock.
        """
        ...

    def mark_returned(self, name: str) -> None:
        """All audio sent before the mark was played, or was dropped by a clear."""
        ...

    def digit(self, digit: str) -> None:
        """The other party pressed a key."""
        ...

    def media_stopped(self) -> None:
        """The audio is over, for whatever reason. The last call, exactly once."""
        ...


class StreamWatcher(Protocol):
    """Who answers for a stream: the host of the call."""

    def stream_started(self, stream: MediaStream, started: MediaStarted) -> None:
        """The format is known and can be decoded; called before any listener hears of it."""
        ...

    def stream_failed(self, stream: MediaStream, failure: StreamFailure, detail: str) -> None:
        """The stream cannot go on; it has been closed. ``detail`` names codecs and sizes, never personal data."""
        ...

    def stream_stopped(self, stream: MediaStream) -> None:
        """The stream is over; called after the listener has been told."""
        ...
