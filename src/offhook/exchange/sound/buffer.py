"""What the carrier plays to a leg, on a real clock and without I/O: the queue of a stream, and that of announcements.

The carrier buffers what an application sends (20 ms to 30 s a message) and plays it in real time. A mark comes back
when the audio before it *was played*, at once if nothing is queued; ``clear`` empties the queue and gives all marks
back.
https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from offhook.audio.frames import FRAME_MS, SAMPLE_BYTES, frame_bytes

__all__ = ["Announcements", "Cleared", "PlayoutBuffer", "PlayoutCounters", "Pulled"]

UNDERRUN_MS: Final = 200
"""Audio that comes later than this after the queue ran dry is a new utterance, not the rest of a starved one."""


class Pulled(NamedTuple):
    """One tick of a playout: the frame to play now, if any, and the marks whose audio has been played."""

    pcm: bytes | None
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clear dropped: the marks, in order, and how much audio was not played."""

    marks: tuple[str, ...]
    dropped_ms: float


@dataclass(slots=True)
class PlayoutCounters:
    """What happened to one stream's audio so far."""

    played_ms: int = 0
    dropped_ms: float = 0.0
    underruns: int = 0
    """How often the queue ran dry and more audio came within 200 ms, with no clear between: an audible hole."""
    padded: int = 0
    """How often a piece shorter than a frame was played with silence behind it, since nothing followed."""
    clears: int = 0


class PlayoutBuffer:
    """The real-time playout buffer of one stream.

    Pull it once per tick. What is pulled at ``now_ms`` is heard until ``now_ms + 20``. A late tick plays only audio
    that had arrived by the time it stands for. A remainder shorter than a frame waits one tick for more, then is
    padded.

    Args:
        rate: Hz of the pcm that is added and pulled.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.counters = PlayoutCounters()
        self._size = frame_bytes(rate)
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._offset = 0  # bytes of the first piece that are played already
        self._queued = 0
        self._position = 0  # bytes added so far
        self._marks: deque[tuple[int, str]] = deque()
        self._held = False  # a remainder was left waiting by the last pull
        self._playing = False  # the last pull gave a frame
        self._busy_until_ms = float("-inf")  # the end of the frame pulled last
        self._dry_since_ms: float | None = None

    @property
    def queued_ms(self) -> float:
        """Audio that waits, without the frame that is being played."""
        return self._ms(self._queued)

    @property
    def pending_marks(self) -> int:
        """Marks that have not come back yet."""
        return len(self._marks)

    def add(self, pcm: bytes, now_ms: float) -> None:
        """Queue ``pcm`` (whole samples, any length) that arrived at ``now_ms``."""
        if not pcm:
            return
        if self._dry_since_ms is not None:
            if now_ms - self._dry_since_ms <= UNDERRUN_MS:
                self.counters.underruns += 1
            self._dry_since_ms = None
        self._pieces.append((now_ms, pcm))
        self._queued += len(pcm)
        self._position += len(pcm)

    def mark(self, name: str, now_ms: float) -> bool:
        """Place a mark behind all audio added so far; ``True`` if it is due back at once."""
        if not self._queued and not self._marks and now_ms >= self._busy_until_ms:
            return True
        self._marks.append((self._position, name))
        return False

    def clear(self) -> Cleared:
        """Drop what is queued. The frame that is being played cannot be taken back."""
        cleared = Cleared(tuple(name for _, name in self._marks), self._ms(self._queued))
        self.counters.clears += 1
        self.counters.dropped_ms += cleared.dropped_ms
        self._pieces.clear()
        self._marks.clear()
        self._queued = self._offset = 0
        self._held = self._playing = False
        self._dry_since_ms = None
        return cleared

    def pull(self, now_ms: float) -> Pulled:
        """The frame of the tick at ``now_ms``, and the marks that the frames before it have fulfilled."""
        marks = self._fulfilled()
        arrived = self._arrived(now_ms)
        if arrived >= self._size or (arrived and self._held):
            self._held = False
            self._playing = True
            pcm = self._take(min(arrived, self._size))
            if len(pcm) < self._size:
                self.counters.padded += 1
                pcm = pcm.ljust(self._size, b"\0")
            self.counters.played_ms += FRAME_MS
            self._busy_until_ms = now_ms + FRAME_MS
            return Pulled(pcm, marks)
        if self._playing and not arrived:
            if self._queued:  # it has come, but too late for this tick
                self.counters.underruns += 1
            else:
                self._dry_since_ms = now_ms
        self._playing = False
        self._held = bool(arrived)
        return Pulled(None, marks)

    def _fulfilled(self) -> tuple[str, ...]:
        if not self._marks:
            return ()
        played = self._position - self._queued
        marks = []
        while self._marks and self._marks[0][0] <= played:
            marks.append(self._marks.popleft()[1])
        return tuple(marks)

    def _arrived(self, now_ms: float) -> int:
        """Bytes that can be played at ``now_ms``, counted up to a frame."""
        total = -self._offset
        for arrived_ms, pcm in self._pieces:
            if arrived_ms > now_ms:
                return max(total, 0)
            total += len(pcm)
            if total >= self._size:
                break
        return max(total, 0)

    def _take(self, size: int) -> bytes:
        parts = []
        wanted = size
        while wanted:
            _, pcm = self._pieces[0]
            part = pcm[self._offset : self._offset + wanted]
            parts.append(part)
            wanted -= len(part)
            self._offset += len(part)
            if self._offset == len(pcm):
                self._pieces.popleft()
                self._offset = 0
        self._queued -= size
        return b"".join(parts)

    def _ms(self, size: int) -> float:
        return size / SAMPLE_BYTES * 1000 / self.rate


class Announcements:
    """The speaks and playbacks of one leg: played one after the other, each reported when it is over.

    Args:
        rate: Hz of the pcm.
    """

    def __init__(self, rate: int) -> None:
        self._size = frame_bytes(rate)
        self._queue: deque[tuple[str, bytes]] = deque()
        self._offset = 0
        self._over: str | None = None  # its last frame is being played

    @property
    def busy(self) -> bool:
        """Whether something plays or waits."""
        return bool(self._queue) or self._over is not None

    def add(self, playback_id: str, pcm: bytes) -> None:
        """Queue ``pcm``, whole samples; an empty one is over on the next pull."""
        self._queue.append((playback_id, pcm))

    def pull(self) -> tuple[bytes | None, tuple[str, ...]]:
        """The frame to play now, if any, and the playbacks that have been played to their end."""
        over = [] if self._over is None else [self._over]
        self._over = None
        while self._queue:
            playback_id, pcm = self._queue[0]
            if not pcm:
                self._queue.popleft()
                over.append(playback_id)
                continue
            frame = pcm[self._offset : self._offset + self._size].ljust(self._size, b"\0")
            self._offset += self._size
            if self._offset >= len(pcm):
                self._queue.popleft()
                self._offset = 0
                self._over = playback_id
            return frame, tuple(over)
        return None, tuple(over)

    def stop(self, *, current_only: bool = False) -> tuple[str, ...]:
        """Drop what plays, and what waits unless ``current_only``; return which, in order."""
        dropped = [] if self._over is None else [self._over]
        # The one whose last frame is out is the current one: the next has not begun.
        reach = len(self._queue) if not current_only else int(not dropped and bool(self._queue))
        self._over = None
        dropped.extend(self._queue.popleft()[0] for _ in range(reach))
        if reach:
            self._offset = 0
        return tuple(dropped)
