"""The audio path of one leg.

Every 20 ms::

    phone.mouth -> line codec -> inbound taps, and whoever hears this party at the junction
    stream playout, announcements and other parties, by their edges -> line codec -> outbound taps, phone.ear

so that everybody hears the telephone network, and taps (media streams, recordings) get what was really said and heard.

Three parties of a line stand at the junction: its telephone, the application at the far end of its media stream, and
the carrier's announcements. Whom the application is heard by follows from the lines that hear the telephone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from offhook.audio.frames import FRAME_MS, frame_bytes
from offhook.errors import UnsupportedCodec
from offhook.exchange.sound.buffer import Announcements
from offhook.exchange.sound.coding import LineCoding
from offhook.exchange.sound.junction import Party
from offhook.exchange.sound.media import StreamMedia
from offhook.exchange.sound.recorder import Recorder
from offhook.exchange.sound.stream import Stream
from offhook.exchange.sound.taps import Tap, Taps, Track

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.clock import Clock
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.sound.media import StreamSettings
    from offhook.exchange.sound.pacer import Pacer
    from offhook.spool import Loss

__all__ = ["Line", "LineListener"]

_logger = logging.getLogger(__name__)

_RECORDING_GRACE_S: Final = 5.0
"""How long a line that is over waits for its recording, at a disk that is slow."""

_DIGIT_GAP_MS: Final = 50
_WAITS_MS: Final = {"w": 500, "W": 1000}
_TRACKS: Final[dict[str, Track]] = {"inbound_track": "inbound", "outbound_track": "outbound", "both_tracks": "both"}


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

    def line_failed(self, line: Line, error: str) -> None:
        """A tick of the line raised ``error`` (the name of its type): the line carries no more audio; end the leg."""
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
        self._up = LineCoding(codec, phone.rate)
        self._down = LineCoding(codec, phone.rate)
        self.rate = self._up.rate
        """Hz of the line's pcm."""
        self.party = Party(self.rate)
        """Its telephone at the junction."""
        self._announced = Party(self.rate)
        self.party.listen_to(self._announced)
        self._hears: dict[Line, None] = {}
        self._heard_by: dict[Line, float] = {}  # with the gain in dB
        self._supervisors: dict[Line, float] = {}  # those of them that hear all that plays on this line
        self._partner: Line | None = None  # of a bridge
        self._silence = bytes(frame_bytes(self.rate))
        self._mouthful = frame_bytes(phone.rate)
        self._listener = listener
        self._pacer = pacer
        self._clock = clock
        self._announcements = Announcements(self.rate)
        self._stream: Stream | None = None
        self._closing: list[Stream] = []
        self._recorder: Recorder | None = None
        self._taps = Taps(self._tap_failed)
        self._keys: deque[tuple[float, str]] = deque()
        self._silent_ticks = 0  # without audio of the phone, up to now
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
            self._record(self.recording)
        self.phone.connected(self._clock.now_ms())
        self._pacer.add(self)
        if self._stream is not None:
            self._stream.begin()

    async def close(self, cause: str) -> None:
        """Stop the audio, close the stream, finish the recording and tell the phone. Closing twice is not an error."""
        if self._closed:
            return
        self._closed = True
        self._pacer.remove(self)
        self.part()
        self.close_stream()
        for playback_id in self._announcements.stop():
            self._listener.playback_ended(self, playback_id, "call_hangup")
        if self._recorder is not None:
            self._recorder.close()
        self.phone.ended(cause, self._clock.now_ms())
        for stream in self._closing:
            await stream.wait_closed()
        if self._recorder is not None and not await self._recorder.closed(_RECORDING_GRACE_S):
            self._note("recording.not_finished")

    # -- the media stream ----------------------------------------------------------------------------------------------

    def open_stream(self, settings: StreamSettings) -> None:
        """Open the media stream in the background; the listener hears how it went.

        Before :meth:`connect` only its socket is opened: the start frame comes with the answer.
        """
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
        self._route()
        self._taps.add(self._stream, _TRACKS[settings.track])
        self._stream.open(hold=not self._connected)

    def close_stream(self) -> None:
        """Send stop and close; the listener hears ``stream_stopped``. Nothing happens if there is no stream."""
        if self._stream is not None:
            self._stream.close()

    def dtmf_to_app(self, digit: str) -> None:
        """Send the media stream's dtmf frame, and pass the key to whoever hears this party."""
        if self._stream is not None:
            self._stream.send_dtmf(digit)
        for line in tuple(self._heard_by):
            line.phone.digit(digit, self._clock.now_ms())

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
        self._taps.remove(stream)
        stream.party.leave()
        self._stream = None

    # -- who listens in ------------------------------------------------------------------------------------------------

    def add_tap(self, tap: Tap, track: Track = "both") -> None:
        """Hand ``tap`` what this line's party says, hears, or both, from the next tick on."""
        self._taps.add(tap, track)

    def remove_tap(self, tap: Tap) -> None:
        """Take it off; removing twice is not an error."""
        self._taps.remove(tap)

    def _tap_failed(self, tap: Tap, error: Exception) -> None:
        _logger.error("a tap of a line failed and was taken off: %s (%s)", type(tap).__name__, type(error).__name__)
        self._note("tap.failed", tap=type(tap).__name__, error=type(error).__name__)

    def _record(self, path: Path) -> None:
        loop = asyncio.get_running_loop()

        def lost(loss: Loss) -> None:
            loop.call_soon_threadsafe(self._recording_lost, loss)

        self._recorder = Recorder(path, self.rate, on_loss=lost)
        self._taps.add(self._recorder)

    def _recording_lost(self, loss: Loss) -> None:
        self._note("recording.lost" if loss.over else "recording.failed", reason=loss.reason, lost=loss.lost)

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

    # -- who hears whom ------------------------------------------------------------------------------------------------

    def listen_to(self, other: Line, gain_db: float = 0.0, *, supervise: bool = False) -> None:
        """Hear the other line's party: one edge of the junction. Asked again, gain and ``supervise`` are changed.

        What the other's application plays to the far side is heard too.

        Args:
            other: who is heard.
            gain_db: how much louder.
            supervise: hear also what the application and the carrier play to the other line's own party.

        Raises:
            CodecError: the gain is out of range.
        """
        self.party.listen_to(other.party, gain_db)
        self._hears[other] = None
        other._heard_by[self] = gain_db
        other._supervisors.pop(self, None)
        if supervise:
            other._supervisors[self] = gain_db
        other._route()
        self._route()

    def stop_listening_to(self, other: Line) -> None:
        """Hear the other line no more; nothing happens if it was not heard."""
        if other not in self._hears:
            return
        self.party.stop_listening_to(other.party)
        del self._hears[other]
        del other._heard_by[self]
        other._supervisors.pop(self, None)
        other._route()
        self._route()

    def part(self) -> None:
        """Hear no other line and be heard by none."""
        self.unbridge()
        for line in tuple(self._hears):
            self.stop_listening_to(line)
        for line in tuple(self._heard_by):
            line.stop_listening_to(self)

    def bridge(self, other: Line) -> None:
        """Connect the two parties' audio; the bridge that either was in before is taken down."""
        if self._partner is other:
            return
        self.unbridge()
        other.unbridge()
        self._partner, other._partner = other, self
        self.listen_to(other)
        other.listen_to(self)
        now_ms = self._clock.now_ms()
        self.phone.bridged(now_ms)
        other.phone.bridged(now_ms)

    def unbridge(self) -> None:
        """Take the bridge down again; nothing happens if there is none."""
        other, self._partner = self._partner, None
        if other is not None:
            other._partner = None
            self.stop_listening_to(other)
            other.stop_listening_to(self)

    def _route(self) -> None:
        """Decide anew who hears the application and the carrier's announcements."""
        gains_db = {line.party: gain_db for line, gain_db in self._supervisors.items()}
        self._announced.be_heard_by({**gains_db, self.party: 0.0})
        if self._stream is None:
            return
        target = self._stream.media.settings.bidirectional_target_legs
        if target != "self":
            gains_db |= {line.party: gain_db for line, gain_db in self._heard_by.items()}
        if target != "opposite" or not self._hears:  # alone, `opposite` falls back to the leg itself (inferred)
            gains_db[self.party] = 0.0
        self._stream.party.be_heard_by(gains_db)

    # -- the ticks -----------------------------------------------------------------------------------------------------

    def talk(self, now_ms: int) -> None:
        """First half of a tick: take what the phone says, and what the application and the carrier want played."""
        if not self._connected:
            self.phone.waiting(now_ms)
            return
        said = self.phone.mouth(now_ms)
        if len(said) == self._mouthful and not self._silent_ticks:
            self._say(said, now_ms)
        else:
            self._say_unevenly(said, now_ms)
        if self._stream is not None:
            self._stream.pull(now_ms)
        announced, over = self._announcements.pull()
        self._announced.say(announced, now_ms)
        for playback_id in over:
            self._listener.playback_ended(self, playback_id, "completed")

    def _say(self, mouthful: bytes, now_ms: int) -> None:
        payload, pcm = self._up.through(self._up.to_line(mouthful))
        self._taps.said(now_ms, pcm, payload)
        self.party.say(pcm, now_ms)

    def _say_unevenly(self, said: bytes, now_ms: int) -> None:
        """Its audio has stopped, or comes in a burst, or comes again and what would have been in between is lost."""
        frames = [said[start : start + self._mouthful] for start in range(0, len(said), self._mouthful)]
        self._silent_ticks += 1
        if not frames:
            return
        lost = self._silent_ticks - len(frames)
        self._silent_ticks = 0
        if lost > 0:
            self._taps.missed(lost * FRAME_MS)
        for frame in frames:
            self._say(frame, now_ms)

    def listen(self, now_ms: int) -> None:
        """Second half of a tick: give the phone what it hears."""
        if not self._connected:
            return
        while self._keys and self._keys[0][0] <= now_ms:
            self.phone.digit(self._keys.popleft()[1], now_ms)
        payload, heard = self._down.through(self.party.hear(now_ms) or self._silence)
        self._taps.heard(now_ms, heard, payload)
        self.phone.ear(self._down.to_phone(heard), now_ms)

    def failed(self, error: Exception) -> None:
        """The pacer reports: a half of a tick raised, and no more come."""
        self._listener.line_failed(self, type(error).__name__)

    def _note(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        self._listener.line_event(self, type, **fields)
