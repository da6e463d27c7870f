"""What the agent says, on its way to the caller's ear: what to send when, and what was heard.

:class:`Playout` is one speech: sentences, each with audio that arrives in pieces. It sends a short piece first, so that
the caller hears something at once, then longer ones, and never far ahead of what the caller hears. After every piece it
asks for a mark: the carrier returns it when that piece was *played*. Marks, and between them the clock, say what was
heard. When the carrier is told to clear its buffer all marks that are out come back at once: those were not played.

It holds no socket and no clock: ``now_ms`` is any monotonic clock in milliseconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Audio", "Mark", "Playout", "PlayoutOptions", "heard_words"]

_FRAME_MS = 20
_LETTER_MS = 65.0
"""What a letter takes to say, roughly: only used while a sentence's audio is not complete."""

_ids = count(1)


@dataclass(frozen=True, slots=True)
class Audio:
    """Send this: whole 20 ms frames."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Then ask for this mark."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayoutOptions:
    """How audio is sent. Every duration is in milliseconds and a multiple of 20."""

    first_ms: int = 20
    """The first piece, and the first after a pause: short, so that it is heard at once."""
    chunk_ms: int = 100
    """Every other piece."""
    lead_ms: int = 400
    """How far ahead of real time audio is sent: what a pause has to throw away, and what a slow moment can use up."""
    grace_ms: int = 2000
    """How long after its end by the clock a speech counts as heard even if the carrier returned no mark."""


@dataclass(slots=True)
class _Segment:
    """A sentence and where its audio lies, in bytes from the start of the speech."""

    text: str
    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class _Sent:
    """A piece that was sent and whose mark is not back."""

    name: str
    end: int


class Playout:
    """One speech of the agent.

    Args:
        rate: of the pcm (s16le, mono), in Hz; a multiple of 50.
        options: how audio is sent.
    """

    def __init__(self, rate: int, options: PlayoutOptions | None = None) -> None:
        self.options = options or PlayoutOptions()
        self._bytes_per_ms = rate * 2 / 1000
        self._frame = rate * 2 * _FRAME_MS // 1000
        self._id = next(_ids)
        self._marks = count(1)
        self._segments: list[_Segment] = []
        self._pcm = bytearray()
        self._dropped = 0  # bytes of the speech that were played and are no longer kept
        self._finished = False
        self._sent = 0
        self._heard = 0  # all up to here was played: the carrier says so
        self._heard_at_ms: float | None = None  # when it said so; None while nothing plays
        self._out: deque[_Sent] = deque()
        self._start_ms: float | None = None  # when the audio at byte 0 was, or would have been, sent
        self._ramped = False
        self._paused = False
        self._stopped = False

    # -- what is to be said -------------------------------------------------------------------------------------------

    def begin(self, text: str) -> None:
        """Audio that is fed from now on says ``text``."""
        self._end_segment()
        self._segments.append(_Segment(text, self._total))

    def feed(self, pcm: bytes) -> None:
        """Add audio, any amount; dropped once the speech was stopped."""
        if not self._stopped:
            self._pcm += pcm

    def cut(self) -> None:
        """The last sentence has no more audio than there is: what is not said of it was not to be said."""
        if self._segments and (last := self._segments[-1]).end is None:
            last.text = heard_words(last.text, (self._total - last.start) / self._length(last))
            self._end_segment()

    def finish(self) -> None:
        """There is no more to come."""
        self._end_segment()
        self._pcm += bytes(-self._total % self._frame)
        self._finished = True

    # -- what to send -------------------------------------------------------------------------------------------------

    def due(self, now_ms: float) -> Iterator[Audio | Mark]:
        """What to send by now, in this order."""
        while not self._paused and not self._stopped:
            size = self._next_size(now_ms)
            if not size:
                return
            start = self._sent - self._dropped
            piece = bytes(self._pcm[start : start + size])
            self._sent += size
            self._ramped = True
            if self._heard_at_ms is None:
                self._heard_at_ms = now_ms
            mark = _Sent(f"{self._id}.{next(self._marks)}", self._sent)
            self._out.append(mark)
            yield Audio(piece)
            yield Mark(mark.name)

    def _next_size(self, now_ms: float) -> int:
        ready = self._total - self._sent
        ready -= ready % self._frame
        if not ready:
            return 0
        sent_ms = self._ms(self._sent)
        if self._start_ms is None or now_ms - self._start_ms > sent_ms:
            self._start_ms = now_ms - sent_ms  # the first piece, or the audio came too late and the caller hears a gap
        lead_ms = sent_ms - (now_ms - self._start_ms)
        options = self.options
        wanted = options.chunk_ms if self._ramped else options.first_ms
        size = min(ready, wanted * self._frame // _FRAME_MS)
        if lead_ms + self._ms(size) > options.lead_ms:
            return 0
        # A smaller piece than wanted is worth its message only at the end, or when the caller is about to hear a gap.
        if self._ms(size) < wanted and not self._finished and lead_ms >= options.chunk_ms:
            return 0
        return size

    # -- what becomes of it -------------------------------------------------------------------------------------------

    def mark_returned(self, name: str, now_ms: float) -> None:
        """The carrier returned a mark. Marks of before a pause, and of other speeches, mean nothing."""
        if all(sent.name != name for sent in self._out):
            return
        while (sent := self._out.popleft()).name != name:
            pass  # its own mark was lost, but it was played before this one
        self._heard = sent.end
        self._heard_at_ms = now_ms if self._out else None
        del self._pcm[: self._heard - self._dropped]
        self._dropped = self._heard

    def pause(self, now_ms: float) -> None:
        """The carrier is told to clear its buffer: what is out is not played. Does nothing while paused."""
        if self._paused:
            return
        heard = self._heard_bytes(now_ms)
        self._heard = heard - heard % self._frame
        self._heard_at_ms = None
        self._out.clear()
        self._sent = self._heard
        self._start_ms = None
        self._ramped = False
        self._paused = True

    def resume(self) -> None:
        """Go on from where the caller stopped hearing."""
        self._paused = False

    def stop(self, now_ms: float) -> None:
        """As :meth:`pause`, for good."""
        self.pause(now_ms)
        self._stopped = True
        if self._segments and (last := self._segments[-1]).end is None:
            last.end = last.start + self._length(last)
        self._pcm.clear()
        self._dropped = self._heard

    # -- what was heard -----------------------------------------------------------------------------------------------

    @property
    def started(self) -> bool:
        """Whether any of it was ever sent."""
        return bool(self._sent or self._heard)

    @property
    def ready(self) -> bool:
        """Whether there is audio to send, were it not for its time."""
        return not self._paused and not self._stopped and self._total - self._sent >= self._frame

    @property
    def paused(self) -> bool:
        """Whether it is silent and can go on."""
        return self._paused and not self._stopped

    @property
    def text(self) -> str:
        """All that was to be said so far, without sentences of which the voice has made no sound."""
        return " ".join(segment.text for segment in self._segments if segment.text)

    @property
    def fed_ms(self) -> float:
        """All audio that was fed."""
        return self._ms(self._total)

    @property
    def waiting_ms(self) -> float:
        """Audio that is here and was not sent."""
        return self._ms(self._total - self._sent)

    def left_ms(self, now_ms: float) -> float:
        """Audio that is here and was not heard; more can follow until :meth:`finish`."""
        return self._ms(self._total - self._heard_bytes(now_ms))

    def heard_ms(self, now_ms: float) -> float:
        """How much was heard: by the last mark that came back, plus the time since, but never past the next mark."""
        return self._ms(self._heard_bytes(now_ms))

    def heard_text(self, now_ms: float) -> str:
        """The words that were heard: of each sentence, as many as its share of time allows."""
        heard = self._heard_bytes(now_ms)
        parts = (heard_words(segment.text, self._share(segment, heard)) for segment in self._segments)
        return " ".join(part for part in parts if part)

    def done(self, now_ms: float) -> bool:
        """Whether all of it was heard, or the carrier is long overdue to say so; or whether it was stopped."""
        if self._stopped:
            return True
        if not self._finished or self._paused or self._sent < self._total:
            return False
        if self._heard == self._total:
            return True
        assert self._start_ms is not None, "something was sent"
        return now_ms - self._start_ms >= self._ms(self._total) + self.options.grace_ms

    @property
    def _total(self) -> int:
        return self._dropped + len(self._pcm)

    def _ms(self, size: int) -> float:
        return size / self._bytes_per_ms

    def _heard_bytes(self, now_ms: float) -> int:
        if self._heard_at_ms is None:
            return self._heard
        since = int(max(0.0, now_ms - self._heard_at_ms) * self._bytes_per_ms)
        return min(self._heard + since, self._out[0].end)

    def _end_segment(self) -> None:
        if self._segments and self._segments[-1].end is None:
            if self._segments[-1].start == self._total:
                self._segments.pop()  # the voice has no sound for it: nobody will have heard it
            else:
                self._segments[-1].end = self._total

    def _share(self, segment: _Segment, heard: int) -> float:
        length = self._length(segment)
        return (heard - segment.start) / length if length else 1.0

    def _length(self, segment: _Segment) -> int:
        if segment.end is not None:
            return segment.end - segment.start
        guess = int(len(segment.text) * _LETTER_MS * self._bytes_per_ms)
        return max(self._total - segment.start, guess)


def heard_words(text: str, share: float) -> str:
    """The words of ``text`` of which at least half was said when ``share`` (0..1) of its time is over."""
    if share >= 1:
        return text
    words = text.split()
    reached = share * sum(len(word) + 1 for word in words)
    kept = []
    position = 0.0
    for word in words:
        if position + (len(word) + 1) / 2 > reached:
            break
        kept.append(word)
        position += len(word) + 1
    return " ".join(kept)
