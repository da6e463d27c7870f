"""What a person hears: when there is sound, when it stops, and the times that follow from it.

Pure: 20 ms frames and the times they are heard at go in. Sound is told from silence by level alone, in blocks of 5 ms,
then to the sample:

* a block at -40 dBFS or above is *loud*: some voice, not a line. Digital silence and comfort noise up to there are
  silent at once; steady noise up to -33 dBFS is silent when it has lasted for a second;
* a *sound* is 10 ms or more of loud blocks, with the softer blocks (-48 dBFS or above) that lead in and out of them and
  no hole of more than 30 ms. Words and the syllables between stops come out as sounds;
* sounds with less than 350 ms between them are one *stretch* of speech: the pauses inside a sentence.

Codecs and resamplers smear an edge by a millisecond or two; nothing else is added to the times.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from offhook.audio._audioop import audioop
from offhook.audio.frames import SAMPLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "HOLE_MS",
    "Answer",
    "BackchannelOutcome",
    "Hearing",
    "Sound",
    "answer",
    "backchannel",
    "speech_span",
    "stop_ms",
]

HOLE_MS: Final = 350.0
"""A silence as long as this is heard as a stop; shorter ones are pauses inside a sentence."""

BACKCHANNEL_WINDOW_MS: Final = 1000.0

_BLOCK_MS: Final = 5
_LOUD: Final = 328  # -40 dBFS
_SOFT: Final = 130  # -48 dBFS
_NOISE_LIMIT: Final = 734  # -33 dBFS: what is steady and louder is music or a tone, not a line
_LOUD_OVER_NOISE: Final = 2.8  # 9 dB
_SOFT_OVER_NOISE: Final = 1.8  # 5 dB
_NOISE_WINDOW_FRAMES: Final = 50
_INNER_GAP_MS: Final = 30.0
_LEAD_IN_MS: Final = 100.0
_LEAD_OUT_MS: Final = 200.0
_NEAR_MS: Final = 150.0


class Sound(NamedTuple):
    """One stretch of audio above the line's noise."""

    began_ms: float
    ended_ms: float


@dataclass(slots=True)
class _Candidate:
    """A run of soft or loud blocks that may become a sound."""

    began_ms: float
    ended_ms: float
    loud_blocks: int = 0
    first_loud_ms: float | None = None
    last_loud_ms: float = 0.0
    index: int | None = None  # its place among the sounds, once it is one


class Hearing:
    """What one person hears.

    Args:
        rate: Hz of the audio.
    """

    def __init__(self, rate: int) -> None:
        self.sounds: list[Sound] = []
        """All sounds so far, in order; the last one may still go on."""
        self.heard_until_ms: float | None = None
        """The end of the last frame."""
        self._rate = rate
        self._block_bytes = rate * _BLOCK_MS // 1000 * SAMPLE_BYTES
        self._levels: deque[int] = deque([0] * _NOISE_WINDOW_FRAMES, maxlen=_NOISE_WINDOW_FRAMES)
        self._candidate: _Candidate | None = None

    def hear(self, pcm: bytes, at_ms: float) -> None:
        """Take in a frame whose first sample is heard at ``at_ms``."""
        end_ms = at_ms + len(pcm) / SAMPLE_BYTES * 1000 / self._rate
        self.heard_until_ms = end_ms
        if audioop.max(pcm, SAMPLE_BYTES) < _SOFT:  # most frames of a call; no block of it can be soft
            self._levels.append(0)
            return
        self._levels.append(audioop.rms(pcm, SAMPLE_BYTES))
        noise = min(self._levels)
        if noise > _NOISE_LIMIT:
            noise = 0
        soft = max(_SOFT, noise * _SOFT_OVER_NOISE)
        loud = max(_LOUD, noise * _LOUD_OVER_NOISE)
        for start in range(0, len(pcm), self._block_bytes):
            block = pcm[start : start + self._block_bytes]
            level = audioop.rms(block, SAMPLE_BYTES)
            if level >= soft:
                self._block(block, at_ms + start / SAMPLE_BYTES * 1000 / self._rate, soft, is_loud=level >= loud)

    def speaking(self, now_ms: float, *, hole_ms: float = HOLE_MS) -> bool:
        """Whether there is sound now, or was less than ``hole_ms`` ago."""
        return bool(self.sounds) and now_ms - self.sounds[-1].ended_ms < hole_ms

    def quiet_ms(self, now_ms: float) -> float:
        """How long there has been no sound; infinite if there never was any."""
        return now_ms - self.sounds[-1].ended_ms if self.sounds else float("inf")

    def first_after(self, ms: float) -> Sound | None:
        """The first sound that goes on after ``ms``."""
        found = None
        for sound in reversed(self.sounds):
            if sound.ended_ms <= ms:
                break
            found = sound
        return found

    def stretch_began_ms(self, *, hole_ms: float = HOLE_MS) -> float | None:
        """When the newest stretch of speech began, over pauses shorter than ``hole_ms``."""
        began: float | None = None
        for sound in reversed(self.sounds):
            if began is not None and began - sound.ended_ms >= hole_ms:
                break
            began = sound.began_ms
        return began

    def _block(self, block: bytes, at_ms: float, soft: float, *, is_loud: bool) -> None:
        samples = np.abs(np.frombuffer(block, dtype="<i2").astype(np.int32))
        above = np.flatnonzero(samples >= min(soft, float(samples.max())))
        first_ms = at_ms + int(above[0]) * 1000 / self._rate
        last_ms = at_ms + (int(above[-1]) + 1) * 1000 / self._rate
        candidate = self._candidate
        if candidate is None or first_ms - candidate.ended_ms > _INNER_GAP_MS:
            candidate = self._candidate = _Candidate(first_ms, last_ms)
        candidate.ended_ms = last_ms
        if is_loud:
            candidate.loud_blocks += 1
            if candidate.first_loud_ms is None:
                candidate.first_loud_ms = first_ms
            candidate.last_loud_ms = last_ms
        self._settle(candidate)

    def _settle(self, candidate: _Candidate) -> None:
        """Make the candidate a sound if it is one, or the sound that it is longer."""
        if candidate.index is None:
            near = bool(self.sounds) and candidate.began_ms - self.sounds[-1].ended_ms < _NEAR_MS
            if candidate.first_loud_ms is None or candidate.loud_blocks < (1 if near else 2):
                return
            candidate.index = len(self.sounds)
            self.sounds.append(Sound(max(candidate.began_ms, candidate.first_loud_ms - _LEAD_IN_MS), 0.0))
        began_ms = self.sounds[candidate.index].began_ms
        ended_ms = min(candidate.ended_ms, candidate.last_loud_ms + _LEAD_OUT_MS)
        self.sounds[candidate.index] = Sound(began_ms, ended_ms)


def speech_span(pcm: bytes, rate: int) -> Sound | None:
    """Where speech begins and ends in a clip, in milliseconds from its start; ``None`` if there is none."""
    hearing = Hearing(rate)
    size = rate // 50 * SAMPLE_BYTES
    for start in range(0, len(pcm), size):
        hearing.hear(pcm[start : start + size], start / SAMPLE_BYTES * 1000 / rate)
    return Sound(hearing.sounds[0].began_ms, hearing.sounds[-1].ended_ms) if hearing.sounds else None


class Answer(NamedTuple):
    """What came of something that the caller said.

    * ``answered``: the agent was silent at the caller's last sample, and spoke afterwards;
    * ``finished_first``: it was speaking before the caller began and went on over the caller's words, as one does
      whose greeting cannot be interrupted, and spoke again after a pause;
    * ``talked_over``: it began within the caller's words and went on after them: it did not wait for their end;
    * ``none``: nothing came, or not before the caller spoke again.
    """

    kind: Literal["answered", "finished_first", "talked_over", "none"]
    latency_ms: float | None = None
    """From the last sample of what the caller said to the first sound of the answer, at the caller's ear.

    Never negative: what begins before the caller has ended is no answer to it, so ``talked_over`` has none.
    """


def answer(sounds: Sequence[Sound], said: Sound, *, until_ms: float | None = None) -> Answer:
    """The answer to what the caller ``said``; ``until_ms`` is when the caller spoke again, if it did."""
    kind: Literal["answered", "finished_first"] = "answered"
    for stretch in _stretches(sounds):
        if stretch.ended_ms <= said.ended_ms:
            continue
        if stretch.began_ms >= said.ended_ms:
            if until_ms is not None and stretch.began_ms >= until_ms:
                break
            return Answer(kind, stretch.began_ms - said.ended_ms)
        if stretch.began_ms >= said.began_ms:
            return Answer("talked_over")
        kind = "finished_first"
    return Answer("none")


def _stretches(sounds: Sequence[Sound]) -> Iterator[Sound]:
    """Sounds put together over the pauses inside a sentence."""
    stretch: Sound | None = None
    for sound in sounds:
        if stretch is None:
            stretch = sound
        elif sound.began_ms - stretch.ended_ms < HOLE_MS:
            stretch = Sound(stretch.began_ms, sound.ended_ms)
        else:
            yield stretch
            stretch = sound
    if stretch is not None:
        yield stretch


def stop_ms(sounds: Sequence[Sound], said: Sound) -> float | None:
    """How long the agent went on after the caller's first sample, when the caller barged in.

    Up to the last sound before a silence of :data:`HOLE_MS` or more that the agent kept until the caller had ended: an
    agent that comes back while the caller still speaks has not stopped. 0 if it had fallen silent by itself less than
    :data:`HOLE_MS` before; ``None`` if it was not speaking at all.
    """
    last_ms: float | None = None
    for sound in sounds:
        if sound.began_ms < said.began_ms:
            last_ms = sound.ended_ms
        elif last_ms is None:
            return None
        elif sound.began_ms < said.ended_ms or sound.began_ms - last_ms < HOLE_MS:
            last_ms = sound.ended_ms
        else:
            break
    if last_ms is None or said.began_ms - last_ms >= HOLE_MS:
        return None
    return max(0.0, last_ms - said.began_ms)


@dataclass(frozen=True, slots=True)
class BackchannelOutcome:
    """Whether a hum stopped the agent. ``longest_gap_ms`` is the longest silence that began in the window."""

    stopped_agent: bool
    longest_gap_ms: float


def backchannel(sounds: Sequence[Sound], said: Sound, *, heard_until_ms: float) -> BackchannelOutcome | None:
    """What a hum ("mm-hm") did to the agent; ``None`` if the agent was not speaking when it came.

    The silences that count begin between the hum's first sample and a second after its last, or go on at its first
    sample, and are counted from there. The agent was stopped if one is longer than :data:`HOLE_MS`. From the outside an
    agent that was stopped for good and one that had no more to say are the same: hum where it has two seconds or more
    to go.
    """
    before = [sound for sound in sounds if sound.began_ms < said.began_ms]
    if not before or said.began_ms - before[-1].ended_ms >= HOLE_MS:
        return None
    window_ends_ms = said.ended_ms + BACKCHANNEL_WINDOW_MS
    longest_ms = 0.0
    silent_since_ms = max(before[-1].ended_ms, said.began_ms)
    for sound in sounds[len(before) :]:
        if silent_since_ms >= window_ends_ms:
            break
        longest_ms = max(longest_ms, sound.began_ms - silent_since_ms)
        silent_since_ms = sound.ended_ms
    if silent_since_ms < window_ends_ms:
        longest_ms = max(longest_ms, heard_until_ms - silent_since_ms)
    return BackchannelOutcome(longest_ms > HOLE_MS, longest_ms)
