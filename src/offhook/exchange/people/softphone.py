"""A phone whose mouth and ear are somewhere else: in a browser, at the far end of a WebSocket.

The softphone is an ordinary phone of the exchange: what is said into it goes through the call's own codec, so the
agent hears a telephone, not a studio.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from offhook.audio._audioop import audioop
from offhook.audio.frames import FRAME_MS, frame_bytes
from offhook.clock import Clock, SystemClock
from offhook.exchange.people.hearing import Hearing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook.exchange.people.phones import Handset
    from offhook.exchange.people.voices import Clip

__all__ = ["SOFTPHONE_RATE", "Softphone"]

SOFTPHONE_RATE: Final = 16_000
"""The rate of the audio on the way to and from the browser, in Hz."""

START_FRAMES: Final = 2
"""Frames to hold before the first is sent on: 40 ms against an uneven browser."""

MOST_FRAMES: Final = 6
"""Frames held at most; a browser that was suspended must not leave the caller late for the rest of the call."""

WINDOW_FRAMES: Final = 100
"""Frames over which it is measured how many were held in vain: two seconds."""

QUIET: Final = 330
"""The largest sample of a frame that nobody misses: -40 dBFS."""


@dataclass(slots=True)
class _Typed:
    """A clip that is said in place of the microphone."""

    clip: Clip
    offset: int = 0
    ends_ms: float = 0.0


class Softphone:
    """A calling phone with its microphone and its loudspeaker outside.

    Args:
        number: the number it calls from.
        hear: takes what the phone hears, 20 ms of pcm at :data:`SOFTPHONE_RATE`.
        tell: takes a state (``ringing``, ``connected``, ``bridged``, ``digit``, ``ended``) and its details.
        clock: read once, to write times of the ear as times of day.
    """

    rate = SOFTPHONE_RATE

    def __init__(
        self,
        number: str,
        *,
        hear: Callable[[bytes], None],
        tell: Callable[[str, Mapping[str, object]], None],
        clock: Clock | None = None,
    ) -> None:
        self.number = number
        self.handset: Handset | None = None
        """What to hang up and press keys with; ``None`` when there is no call."""
        self.dropped_frames = 0
        self.missing_frames = 0
        self._hear = hear
        self._tell = tell
        clock = clock or SystemClock()
        self._wall_ms = clock.wall_ms() - clock.now_ms()
        self._hearing = Hearing(SOFTPHONE_RATE)
        self._hears_speech = False
        self._silence = bytes(frame_bytes(SOFTPHONE_RATE))
        self._frames: deque[bytes] = deque()
        self._flowing = False
        self._least_held = MOST_FRAMES
        self._window_left = WINDOW_FRAMES
        self._typed: deque[_Typed] = deque()

    def speak(self, pcm: bytes) -> None:
        """Take one frame from the microphone: 20 ms at :data:`SOFTPHONE_RATE`.

        A frame of another length is dropped and counted: a page of another make must not upset the line. So is one that
        comes while six wait already.
        """
        if len(pcm) != len(self._silence) or len(self._frames) >= MOST_FRAMES:
            self.dropped_frames += 1
            return
        self._frames.append(pcm)

    def say(self, clip: Clip) -> None:
        """Say a clip at :data:`SOFTPHONE_RATE`, after what is being said; the microphone is not heard meanwhile."""
        self._typed.append(_Typed(clip))

    # -- Phone -----------------------------------------------------------------------------------------------------

    def ring(self, handset: Handset, now_ms: float) -> None:
        """A softphone calls; somebody who calls it finds it busy."""
        handset.reject("busy")

    def placed(self, handset: Handset, now_ms: float) -> None:
        """The call is placed and rings at the other end."""
        self.handset = handset
        self._tell("ringing", {})

    def waiting(self, now_ms: float) -> None:
        """It rings still."""

    def connected(self, now_ms: float) -> None:
        """The other end has answered: what was said while it rang is forgotten."""
        self._frames.clear()
        self._tell("connected", {})

    def bridged(self, now_ms: float) -> None:
        """Another party was put on the line."""
        self._tell("bridged", {})

    def mouth(self, now_ms: float) -> bytes:
        """The next 20 ms for the line: typed words, or the microphone, or silence where the browser sent nothing."""
        if self._typed:
            return self._say_next(self._typed[0], now_ms)
        if not self._flowing and len(self._frames) < START_FRAMES:
            return self._silence
        if not self._frames:
            self._flowing = False
            self.missing_frames += 1
            return self._silence
        if not self._flowing:
            self._flowing = True
            self._measure_anew()
        return self._take()

    def ear(self, pcm: bytes, now_ms: float) -> None:
        """Pass on what the phone hears, and note when speech begins and ends in it: what times are counted to."""
        self._hear(pcm)
        self._hearing.hear(pcm, now_ms)
        hears_speech = self._hearing.speaking(now_ms + FRAME_MS)
        if hears_speech == self._hears_speech:
            return
        self._hears_speech = hears_speech
        if hears_speech:
            began_ms = self._hearing.stretch_began_ms()
            assert began_ms is not None, "there is speech"
            self._note("caller.hears_speech", began_ms)
        else:
            self._note("caller.hears_silence", self._hearing.sounds[-1].ended_ms)

    def digit(self, digit: str, now_ms: float) -> None:
        """Pass on a key that the other end pressed."""
        self._tell("digit", {"digit": digit})

    def ended(self, cause: str, now_ms: float) -> None:
        """The call is over."""
        self.handset = None
        self._typed.clear()
        self._tell("ended", {"cause": cause})

    def report(self) -> dict[str, object]:
        """How even the microphone was: frames of 20 ms that were dropped or missing."""
        return {"frame_ms": FRAME_MS, "dropped_frames": self.dropped_frames, "missing_frames": self.missing_frames}

    # -- the microphone --------------------------------------------------------------------------------------------

    def _take(self) -> bytes:
        """The next frame; a quiet one is left out where so many waited for a whole window that one less would do."""
        frame = self._frames.popleft()
        self._least_held = min(self._least_held, len(self._frames))
        self._window_left -= 1
        if self._window_left > 0:
            return frame
        if self._least_held < START_FRAMES:
            self._measure_anew()
        elif audioop.max(frame, 2) < QUIET:
            frame = self._frames.popleft()
            self._least_held -= 1
            self.dropped_frames += 1
        return frame

    def _measure_anew(self) -> None:
        self._least_held, self._window_left = MOST_FRAMES, WINDOW_FRAMES

    # -- typed words -----------------------------------------------------------------------------------------------

    def _say_next(self, typed: _Typed, now_ms: float) -> bytes:
        clip = typed.clip
        if typed.offset == 0 and clip.speech is not None:
            starts_ms = now_ms - FRAME_MS  # the frame handed out now was spoken in the 20 ms before
            typed.ends_ms = starts_ms + clip.speech.ended_ms
            self._note("caller.speech_started", starts_ms + clip.speech.began_ms, said=clip.said, kind="turn")
        frame = clip.pcm[typed.offset : typed.offset + len(self._silence)]
        typed.offset += len(frame)
        if typed.offset >= len(clip.pcm):
            self._typed.popleft()
            self._frames.clear()
            self._flowing = False
            if clip.speech is not None:
                self._note("caller.speech_ended", typed.ends_ms, said=clip.said, kind="turn")
        return frame.ljust(len(self._silence), b"\0")

    def _note(self, type: str, at_ms: float, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        if self.handset is not None:
            self.handset.note(type, at_ms=round(at_ms + self._wall_ms, 3), **fields)
