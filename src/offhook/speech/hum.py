"""Words or a hum: how much of a burst of speech sounds like words, frame by frame, before any is recognised.

A listener's "mm-hm" is a nasal: nearly all that a telephone passes of it lies below 500 Hz. Words soon bring vowels
and fricatives with energy above. The "h" of "mm-hm" is breath, broad but weak and without a pitch, and is not counted.
"Uh-huh" has vowels: it looks like words here, and is told by its transcript.

Pure: no clock, no models. The numbers were fitted on synthetic voices through a telephone band and μ-law:
words of bright voices are told in 60 to 180 ms, one word in ten (dark ones: "more", "move") not at all, and hums that
are pitched above 230 Hz on a narrow line may look like words.
"""

from __future__ import annotations

import numpy as np

__all__ = ["FRAME_BYTES", "WordEvidence"]

FRAME_BYTES = 320
"""20 ms at 8 kHz."""

_FRAME_MS = 20.0
_SAMPLES = 160
_HERTZ = np.fft.rfftfreq(_SAMPLES, 1 / 8000)
_WINDOW = (np.hanning(_SAMPLES) / np.sqrt(_SAMPLES)).astype(np.float32)

# The voice's pitch is not counted: a telephone line removes it, a wideband one does not.
_HEARD = np.clip((_HERTZ - 175) / 125, 0, 1) ** 2
# The second formant, and more so the fricatives, are what a nasal does not have.
_WORDLIKE = np.clip((_HERTZ - 425) / 100, 0, 1) * np.clip(0.5 + (_HERTZ - 500) / 1000, 0.5, 2.5)
_MEASURES = np.stack([_HEARD, _WORDLIKE * _HEARD, np.cos(2 * np.pi * _HERTZ / 8000) * _HEARD], axis=1)
# Real and imaginary parts lie side by side in memory.
_MEASURES = np.repeat(_MEASURES, 2, axis=0).astype(np.float32)

_NONE, _ALL = 0.1, 0.215
"""Between these shares of word-like energy a frame counts in part."""
_VOICED = 0.35
"""Correlation between neighbouring samples: above, a voice; below zero, a fricative; between them, breath, if weak."""
_FRICATIVE = -0.1
_BREATH = 0.8
"""As strong as this part of the burst's peak, it is no breath but a bright vowel."""
_WEAK = 0.3
"""A frame weaker than this part of the burst's peak counts for less: decaying ends are not words."""
_WEAK_FRICATIVE = 0.1
_PEAK_DECAY = 0.85
_ABOVE_FLOOR = 20.0
"""13 dB: quieter is line noise."""
_FLOOR_RISE = 1.015
"""3 dB per second: a change of the noise is learnt, a long word is not."""
_ENERGY = 30.0
"""What a sound of an RMS of 1 measures."""
_LEAST_FLOOR = _ENERGY * 10.0**2
"""-70 dBFS."""
_FIRST_FLOOR = _ENERGY * 150.0**2
"""-47 dBFS: the noise is at most this until a quieter frame came."""
_QUIET_FRAMES = 15


class WordEvidence:
    """Counts the milliseconds of word-like sound in a burst of speech.

    Feed it all audio of the caller, also the silence: it learns the line's noise from them. The count starts
    again by :meth:`reset`, and by itself when 300 ms were quiet. From 100 ms on, words are nearly sure.
    """

    __slots__ = ("_floor", "_loud", "_noise", "_peak", "_quiet", "_rest", "_words_ms")

    def __init__(self) -> None:
        self._floor = _FIRST_FLOOR
        self._loud = False
        self._noise = 0.0
        self._peak = 0.0
        self._quiet = 0
        self._rest = bytearray()
        self._words_ms = 0.0

    @property
    def words_ms(self) -> float:
        """Milliseconds of word-like sound since the burst began."""
        return self._words_ms

    @property
    def loud(self) -> bool:
        """Whether the last 20 ms were louder than the line's noise."""
        return self._loud

    def reset(self) -> None:
        """Begin a new burst; what is known of the noise stays."""
        self._peak = 0.0
        self._quiet = 0
        self._words_ms = 0.0

    def push(self, pcm: bytes) -> float:
        """Add pcm at 8 kHz, best in frames of 20 ms (7 µs each); returns :attr:`words_ms`."""
        if len(pcm) == FRAME_BYTES and not self._rest:
            self._frame(pcm)
            return self._words_ms
        self._rest += pcm
        while len(self._rest) >= FRAME_BYTES:
            frame = bytes(self._rest[:FRAME_BYTES])
            del self._rest[:FRAME_BYTES]
            self._frame(frame)
        return self._words_ms

    def _frame(self, pcm: bytes) -> None:
        spectrum = np.fft.rfft(np.frombuffer(pcm, np.int16) * _WINDOW).astype(np.complex64).view(np.float32)
        spectrum *= spectrum
        total, wordlike, neighbours = (spectrum @ _MEASURES).tolist()

        self._floor = max(_LEAST_FLOOR, min(total, self._floor * _FLOOR_RISE))
        self._loud = total > _ABOVE_FLOOR * self._floor
        if not self._loud:
            self._noise += 0.1 * (wordlike - self._noise)
            self._quiet += 1
            if self._quiet >= _QUIET_FRAMES:
                self.reset()
            return
        self._quiet = 0
        self._peak = max(self._peak * _PEAK_DECAY, total)
        voicing = neighbours / total
        if voicing > _VOICED or (voicing >= _FRICATIVE and total > self._peak * _BREATH):
            share = (wordlike - self._noise) / max(total, self._peak * _WEAK)
            self._words_ms += _FRAME_MS * min(1.0, max(0.0, (share - _NONE) / (_ALL - _NONE)))
        elif voicing < _FRICATIVE and total > self._peak * _WEAK_FRICATIVE:
            self._words_ms += _FRAME_MS
