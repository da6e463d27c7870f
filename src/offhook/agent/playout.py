"""What the agent says, on its way to the caller's ear: what to send when, and what was heard.

:class:`Playout` is one speech: sentences, each with audio that arrives in pieces. It sends a short piece first, so that
the caller hears something at once, then longer ones, and never far ahead of what the caller hears. After every piece it
asks for a mark: the carrier returns it when that piece was *played*. Marks, and between them the clock, say what was
heard; where the voice tells when each word is said, to the word. When the carrier is told to clear its buffer all marks
that are out come back at once: those were not played.

It holds no socket and no clock: ``now_ms`` is any monotonic clock in milliseconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from offhook.agent.timing import heard_words, words_heard
from offhook.audio.frames import FRAME_MS
from offhook.speech.text import Spoken, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offhook.audio.formats import AudioFormat
    from offhook.speech.streams import Word

__all__ = ["Audio", "Mark", "Playout", "PlayoutOptions"]

_LETTER_MS = 65.0
"""What a letter takes to say, roughly: only used while a sentence's audio is not complete."""
_QUICK_LETTER_MS = 45.0
"""What it takes a quick voice."""
_QUICKER = 0.85
"""A sentence may be said that much quicker than those before."""

_ids = count(1)


@dataclass(frozen=True, slots=True)
class Audio:
    """Send this: whole 20 ms frames, in the format of the speech."""

    data: bytes


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

    spoken: Spoken
    start: int
    end: int | None = None
    words: list[Word] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A piece that was sent and whose mark is not back."""

    name: str
    end: int


class Playout:
    """One speech of the agent.

    Args:
        audio: how its audio is written, and sent.
        options: how audio is sent.
    """

    def __init__(self, audio: AudioFormat, options: PlayoutOptions | None = None) -> None:
        self.options = options or PlayoutOptions()
        self.audio = audio
        """How its audio is written."""
        self._bytes_per_ms = audio.bytes_per_ms
        self._frame = audio.frame_bytes
        self._id = next(_ids)
        self._marks = count(1)
        self._segments: list[_Segment] = []
        self._audio = bytearray()
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

    def begin(self, spoken: Spoken) -> None:
        """Audio that is fed from now on says this."""
        self._end_segment()
        self._segments.append(_Segment(spoken, self._total))

    def feed(self, audio: bytes) -> None:
        """Add audio, any number of samples; dropped once the speech was stopped."""
        if not self._stopped:
            self._audio += audio

    def time_words(self, words: Iterable[Word]) -> None:
        """When words of the last sentence are said, in milliseconds from where its audio begins."""
        self._segments[-1].words += words

    def amend(self, spoken: Spoken) -> None:
        """The last sentence says this: more of its words are known. Does nothing before the first, or once it was
        stopped."""
        if self._segments and not self._stopped:
            self._segments[-1].spoken = spoken

    def cut(self, letter_ms: float | None = None) -> Spoken | None:
        """The last sentence has no more audio than there is: what is not said of it was not to be said.

        Returns what is not said, ``None`` if that is nothing. Where the voice has told its words it is known to the
        word: if it was cut in the middle of one, and what there is of that was not sent, the word is not said. Else it
        is guessed from how long there is audio, so that rather a word is left out than said twice.

        Args:
            letter_ms: what a letter takes the voice, in the sentences that it has said; ``None``: not known.
        """
        if not self._segments or (last := self._segments[-1]).end is not None:
            return None
        words, timed = last.spoken.words, last.words
        if timed:
            self._drop_half_word(last)
        said_ms = self._ms(self._total - last.start)
        if timed:
            length_ms = self._ms(self._length(last))
        else:
            quick_ms = _QUICK_LETTER_MS if letter_ms is None else letter_ms * _QUICKER
            length_ms = max(said_ms, len(last.spoken.voice) * quick_ms)
        last.spoken, rest = last.spoken.split(words_heard(words, timed, said_ms, length_ms))
        self._end_segment()
        return rest if rest.text else None

    def _drop_half_word(self, segment: _Segment) -> None:
        """Drop audio behind the last word that is whole, if none of it was sent."""
        made_ms = self._ms(self._total - segment.start)
        whole_ms = max((word.ended_ms for word in segment.words if 0 <= word.ended_ms <= made_ms), default=0.0)
        whole = segment.start + int(whole_ms * self._bytes_per_ms)
        self._drop_from(whole - whole % self.audio.sample_bytes)

    def _drop_from(self, at: int) -> None:
        """Drop all audio behind ``at`` that was not sent."""
        del self._audio[max(at, self._sent) - self._dropped :]

    def unheard(self) -> bool:
        """Whether nothing of the last sentence was sent but silence, and the voice has told no words of it: then it can
        be said anew, and nothing is heard twice."""
        last = self._segments[-1]
        start = last.start - self._dropped
        if last.end is not None or last.words or start < 0:
            return False
        return not self.audio.sounds(bytes(self._audio[start : self._sent - self._dropped]))

    def void(self) -> None:
        """Nothing is said in the last sentence: its audio is silence, and dropped where it was not sent."""
        last = self._segments[-1]
        last.spoken = Spoken.plain("")
        last.words.clear()
        self._drop_from(last.start)

    def finish(self) -> None:
        """There is no more to come."""
        self._end_segment()
        missing = -self._total % self._frame
        self._audio += self.audio.silence[:missing]
        self._finished = True

    # -- what to send -------------------------------------------------------------------------------------------------

    def due(self, now_ms: float) -> Iterator[Audio | Mark]:
        """What to send by now, in this order."""
        while not self._paused and not self._stopped:
            size = self._next_size(now_ms)
            if not size:
                return
            start = self._sent - self._dropped
            piece = bytes(self._audio[start : start + size])
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
        size = min(ready, wanted * self._frame // FRAME_MS)
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
        del self._audio[: self._heard - self._dropped]
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
        self._audio.clear()
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
        return joined([segment.spoken.text for segment in self._segments])

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
        """The words that were heard: by the times of each word, or by their share of the sentence's."""
        heard = self._heard_bytes(now_ms)
        return joined([self._heard_of(segment, heard) for segment in self._segments])

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
        return self._dropped + len(self._audio)

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

    def _heard_of(self, segment: _Segment, heard: int) -> str:
        at_ms, length_ms = self._ms(heard - segment.start), self._ms(self._length(segment))
        return heard_words(segment.spoken, segment.words, at_ms, length_ms)

    def _length(self, segment: _Segment) -> int:
        if segment.end is not None:
            return segment.end - segment.start
        guess = int(len(segment.spoken.voice) * _LETTER_MS * self._bytes_per_ms)
        return max(self._total - segment.start, guess)
