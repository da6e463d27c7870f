"""The audio path of one leg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.clock import Clock
    from offhook.exchange.pacer import Pacer
    from offhook.exchange.phones import Phone
    from offhook.exchange.stream import StreamSettings

__all__ = ["Line", "LineListener"]


class LineListener(Protocol):
    """What a line reports. Called on the event loop."""

    def playback_ended(self, line: Line, playback_id: str, status: str) -> None:
        """A speak or playback is over; ``status`` is ``completed``, ``cancelled`` or ``call_hangup``."""
        ...

    def stream_started(self, line: Line, stream_id: str) -> None:
        """The media socket is open and its start frame sent."""
        ...

    def stream_failed(self, line: Line, stream_id: str, reason: str) -> None:
        """The media socket could not be opened (``connection_failed``), or was lost and counts as failed."""
        ...

    def stream_stopped(self, line: Line, stream_id: str) -> None:
        """The media stream has ended."""
        ...

    def line_event(self, line: Line, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        """Something for the journal."""
        ...


class Line:
    """The audio path of one leg. Call :meth:`begin`, then :meth:`connect`, then :meth:`close`."""

    def __init__(
        self,
        *,
        call_id: str,
        codec: str,
        phone: Phone,
        listener: LineListener,
        pacer: Pacer,
        clock: Clock,
        recording: Path | None = None,
    ) -> None:
        self.call_id = call_id
        self.codec = codec
        self.phone = phone
        self.rate = 8000
        self.recording = recording

    def begin(self) -> None:
        """The leg rings: the phone is told every 20 ms (``Phone.waiting``) until ``connect`` or ``close``."""
        raise NotImplementedError

    def connect(self) -> None:
        """The leg is answered: audio flows both ways from the next tick on."""
        raise NotImplementedError

    def open_stream(self, settings: StreamSettings) -> None:
        """Open the media stream in the background; the listener hears how it went."""
        raise NotImplementedError

    def close_stream(self) -> None:
        """Send stop and close; the listener hears ``stream_stopped``."""
        raise NotImplementedError

    def dtmf_to_app(self, digit: str) -> None:
        """Send the media stream's dtmf frame, and pass the key to a bridged peer."""
        raise NotImplementedError

    def play(self, playback_id: str, pcm: bytes) -> None:
        """Queue a speak or playback at :attr:`rate` for this leg's phone."""
        raise NotImplementedError

    def stop_playback(self, *, current_only: bool = False) -> None:
        """End what plays, and what is queued unless ``current_only``; each is reported as ``cancelled``."""
        raise NotImplementedError

    def press(self, digits: str, duration_ms: int = 250) -> None:
        """Let the phone hear ``digits``; ``w`` waits 0.5 s and ``W`` 1 s."""
        raise NotImplementedError

    def bridge(self, other: Line) -> None:
        """Connect the two parties' audio."""
        raise NotImplementedError

    def unbridge(self) -> None:
        """Part the two again."""
        raise NotImplementedError

    async def close(self, cause: str) -> None:
        """Stop the audio, close the stream, finish the recording and tell the phone."""
        raise NotImplementedError
