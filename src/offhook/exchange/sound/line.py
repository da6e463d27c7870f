"""The audio path of one leg.

Every 20 ms::

    phone.mouth -> line codec -> stream inbound, bridged peer
    stream playout + announcements + bridged peer -> line codec -> stream outbound, phone.ear

so that everybody hears the telephone network, and recordings hold what was really heard.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.frames import frame_bytes
from offhook.audio.mix import mix
from offhook.audio.resample import Resampler
from offhook.errors import UnsupportedCodec
from offhook.exchange.sound.buffer import Announcements
from offhook.exchange.sound.media import StreamMedia, announced_rate
from offhook.exchange.sound.recorder import Recorder
from offhook.exchange.sound.stream import Stream

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.clock import Clock
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.sound.media import StreamSettings
    from offhook.exchange.sound.pacer import Pacer

__all__ = ["Line", "LineListener"]

_DIGIT_GAP_MS: Final = 50
_WAITS_MS: Final = {"w": 500, "W": 1000}
_G711: Final = ("PCMU", "PCMA")


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
    """The audio path of one leg: call :meth:`begin`, then :meth:`connect`, then :meth:`close`.

    Args:
        call_id: the leg's ``call_control_id``.
        codec: the leg's codec: what both ends of it hear each other through.
        phone: the party.
        listener: who is told what happens.
        pacer: the 20 ms clock.
        clock: for the phone's first moments and the stream's messages.
        recording: where to record both directions from ``connect`` on; ``None`` does not.

    Raises:
        UnsupportedCodec: if ``codec`` cannot be both encoded and decoded on this machine.
    """

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
        self.recording = recording
        self.inbound: bytes = b""
        """What the party said in this tick, as the network carries it: 20 ms at :attr:`rate`."""
        self._up = _Coding(codec, phone.rate)
        self._down = _Coding(codec, phone.rate)
        self.rate = self._up.rate
        """Hz of the line's pcm."""
        self._silence = bytes(frame_bytes(self.rate))
        self._listener = listener
        self._pacer = pacer
        self._clock = clock
        self._announcements = Announcements(self.rate)
        self._stream: Stream | None = None
        self._closing: list[Stream] = []
        self._peer: Line | None = None
        self._from_peer = Resampler(self.rate, self.rate)
        self._recorder: Recorder | None = None
        self._keys: deque[tuple[float, str]] = deque()
        self._from_stream: bytes | None = None
        self._connected = False
        self._closed = False

    # -- the life of a leg ---------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The leg rings: the phone is told every 20 ms (``Phone.waiting``) until ``connect`` or ``close``."""
        if not self._closed:
            self._pacer.add(self)

    def connect(self) -> None:
        """The leg is answered: audio flows both ways from the next tick on."""
        if self._connected or self._closed:
            return
        self._connected = True
        if self.recording is not None:
            self._recorder = Recorder(self.recording, self.rate)
        self.phone.connected(self._clock.now_ms())
        self._pacer.add(self)

    async def close(self, cause: str) -> None:
        """Stop the audio, close the stream, finish the recording and tell the phone. Closing twice is not an error.

        Raises:
            OSError: the recording cannot be finished; all else is done.
        """
        if self._closed:
            return
        self._closed = True
        self._pacer.remove(self)
        self.unbridge()
        self.close_stream()
        for playback_id in self._announcements.stop():
            self._listener.playback_ended(self, playback_id, "call_hangup")
        try:
            if self._recorder is not None:
                self._recorder.close()
        finally:  # a recording that cannot be kept is no reason to keep the phone off its hook
            self.phone.ended(cause, self._clock.now_ms())
            for stream in self._closing:
                await stream.wait_closed()

    # -- the media stream ----------------------------------------------------------------------------------------------

    def open_stream(self, settings: StreamSettings) -> None:
        """Open the media stream in the background; the listener hears how it went."""
        if self._closed:
            return
        self.close_stream()
        try:
            media = StreamMedia(settings, line_codec=self.codec, line_rate=self.rate, note=self._note)
        except UnsupportedCodec as error:
            self._note("stream.codec_impossible", detail=error.message)
            self._listener.stream_failed(self, settings.stream_id, "unsupported_codec")
            return
        self._stream = Stream(media, owner=self, clock=self._clock)
        self._stream.open()

    def close_stream(self) -> None:
        """Send stop and close; the listener hears ``stream_stopped``. Nothing happens if there is no stream."""
        if self._stream is not None:
            self._stream.close()

    def dtmf_to_app(self, digit: str) -> None:
        """Send the media stream's dtmf frame, and pass the key to a bridged peer."""
        if self._stream is not None:
            self._stream.send_dtmf(digit)
        if self._peer is not None:
            self._peer.phone.digit(digit, self._clock.now_ms())

    def stream_opened(self, stream: Stream) -> None:
        """The stream reports: open."""
        self._listener.stream_started(self, stream.stream_id)

    def stream_lost(self, stream: Stream, reason: str) -> None:
        """The stream reports: failed."""
        self._forget(stream)
        self._listener.stream_failed(self, stream.stream_id, reason)

    def stream_ended(self, stream: Stream) -> None:
        """The stream reports: over."""
        self._forget(stream)
        self._listener.stream_stopped(self, stream.stream_id)

    def _forget(self, stream: Stream) -> None:
        self._note("stream.totals", dropped_frames=stream.dropped_frames, **stream.media.counters())
        self._closing.append(stream)
        if self._stream is stream:
            self._stream = None

    # -- what the leg's party is to hear -------------------------------------------------------------------------------

    def play(self, playback_id: str, pcm: bytes) -> None:
        """Queue a speak or playback at :attr:`rate` for this leg's phone."""
        self._announcements.add(playback_id, pcm)

    def stop_playback(self, *, current_only: bool = False) -> None:
        """End what plays, and what is queued unless ``current_only``; each is reported as ``cancelled``."""
        for playback_id in self._announcements.stop(current_only=current_only):
            self._listener.playback_ended(self, playback_id, "cancelled")

    def press(self, digits: str, duration_ms: int = 250) -> None:
        """Let the phone hear ``digits``; ``w`` waits 0.5 s and ``W`` 1 s. Keys are heard when their tone is over."""
        at_ms = max(self._clock.now_ms(), self._keys[-1][0] + _DIGIT_GAP_MS if self._keys else 0.0)
        for digit in digits:
            if digit in _WAITS_MS:
                at_ms += _WAITS_MS[digit]
            else:
                self._keys.append((at_ms + duration_ms, digit))
                at_ms += duration_ms + _DIGIT_GAP_MS

    def bridge(self, other: Line) -> None:
        """Connect the two parties' audio; whoever either was connected to before is parted from it."""
        now_ms = self._clock.now_ms()
        for line, peer in ((self, other), (other, self)):
            if line._peer is not peer:
                line.unbridge()
        if self._peer is other:
            return
        self._peer, other._peer = other, self
        self._from_peer = Resampler(other.rate, self.rate)
        other._from_peer = Resampler(self.rate, other.rate)
        self.phone.bridged(now_ms)
        other.phone.bridged(now_ms)

    def unbridge(self) -> None:
        """Part the two again."""
        peer, self._peer = self._peer, None
        if peer is not None:
            peer._peer = None

    # -- the ticks -----------------------------------------------------------------------------------------------------

    def talk(self, now_ms: int) -> None:
        """First half of a tick: take what the phone says, and pull what the application wants played."""
        if not self._connected:
            self.phone.waiting(now_ms)
            return
        payload, self.inbound = self._up.through(self._up.to_line(self.phone.mouth(now_ms)))
        stream = self._stream
        if stream is not None:
            stream.send_inbound(self.inbound, payload)
            self._from_stream = stream.pull(now_ms)
        else:
            self._from_stream = None

    def listen(self, now_ms: int) -> None:
        """Second half of a tick: give the phone what it hears."""
        if not self._connected:
            return
        while self._keys and self._keys[0][0] <= now_ms:
            self.phone.digit(self._keys.popleft()[1], now_ms)
        announced, over = self._announcements.pull()
        for playback_id in over:
            self._listener.playback_ended(self, playback_id, "completed")
        voices = [voice for voice in (announced, *self._voices()) if voice]
        payload, heard = self._down.through(mix(*voices) if voices else self._silence)
        if self._stream is not None:
            self._stream.send_outbound(heard, payload)
        if self._recorder is not None:
            self._recorder.write(now_ms, self.inbound, heard)
        self.phone.ear(self._down.to_phone(heard), now_ms)

    def _voices(self) -> tuple[bytes | None, bytes | None]:
        """Own stream and peer, each if this party is to hear it."""
        mine = self._from_stream if self._targets("self") else None
        peer = self._peer
        if peer is None or not peer.inbound:
            return mine, None
        theirs = peer._from_stream if peer._targets("opposite") else None
        return mine, self._from_peer.process(mix(peer.inbound, theirs) if theirs else peer.inbound)

    def _targets(self, whom: str) -> bool:
        """Whether this leg's stream plays to ``whom``; alone, ``opposite`` falls back to the leg itself (inferred)."""
        if self._stream is None:
            return False
        target = self._stream.media.settings.bidirectional_target_legs
        return target in (whom, "both") or (self._peer is None and whom == "self")

    def _note(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        self._listener.line_event(self, type, **fields)


class _Coding:
    """One direction through the leg's codec, and the phone's rate on the phone's side of it."""

    def __init__(self, codec: str, phone_rate: int) -> None:
        announced = announced_rate(codec)
        self._encoder = make_encoder(codec, announced)
        self._decoder = make_decoder(codec, announced)
        self.rate = self._encoder.rate
        self.to_line = Resampler(phone_rate, self.rate).process
        self.to_phone = Resampler(self.rate, phone_rate).process
        # Most frames of a call are silence on one side; where the codec has no state they need no work.
        self._silence = bytes(frame_bytes(self.rate)) if codec in _G711 else None
        self._silent = self._code(self._silence) if self._silence else None

    def through(self, pcm: bytes) -> tuple[bytes, bytes]:
        """The payload of 20 ms, and what the far end makes of it."""
        if self._silent is not None and pcm == self._silence:
            return self._silent
        return self._code(pcm)

    def _code(self, pcm: bytes) -> tuple[bytes, bytes]:
        payload = self._encoder.encode(pcm)
        return payload, self._decoder.decode(payload)
