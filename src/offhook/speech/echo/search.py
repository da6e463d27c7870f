"""Looking for an echo: at which delay what is heard is like what was sent."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from offhook.speech.echo.path import FIRST_TAPS, EchoPath, fit_first, span
from offhook.speech.echo.signal import PER_MS, whitened

if TYPE_CHECKING:
    from offhook.speech.echo.sent import Sent
    from offhook.speech.echo.signal import Floats

__all__ = ["LONG", "LONGEST", "LONGEST_MS", "MOVES", "EchoSearch", "most_alike"]

LONGEST_MS: Final = 1100
"""The longest delay that is looked for, from when audio would be played by the times at which it was sent."""
LONGEST: Final = LONGEST_MS * PER_MS
MOVES: Final = 150 * PER_MS
"""How far a known delay moves: by jitter buffers, and from speech to speech by when the carrier began to play."""
_LOOKS: Final = {3: 1.25, 6: 1.0, 12: 0.8}
"""After how many unexplained pieces of 20 ms to look for the echo in them, and what likeness and fit have to add up to.
Of 1,251 looks at callers who speak over an agent, whose voice was the same person's in a third of them, one at 3 pieces
found an echo where there was none."""
_LOOK_AGAIN: Final = 25
LONG: Final = 12
_ALIKE: Final = 0.3
"""Less alike counts too where it is found twice, in different audio, at the same delay (within 1.5 ms)."""
_SAME: Final = 12
_REFIT: Final = 0.75
"""A share of the power that a new filter at the known delay explains: it is the filter that was wrong."""
_SIZES: Final = (1024, 1536, 2048, 3072, 4096, 6144, 8192, 9216, 10240, 12288)


class EchoSearch:
    """Looks for the echo of what was sent in the pieces of what is heard.

    Args:
        sent: what was sent.
    """

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self.recent: deque[bytes] = deque(maxlen=LONG)
        """The last pieces that were heard while an echo was possible."""
        self._candidate: tuple[int, int] | None = None  # a delay that was likely, and the end of the audio that said so

    def look(self, before: int, count: int, *, end: int, noise: float, path: EchoPath | None) -> EchoPath | None:
        """Look for what is heard in what was sent, if it is time to; the echo's path, if it was found there.

        Args:
            before: how many pieces of 20 ms were not explained before this one.
            count: how many are not, with it.
            end: the sample at which the last piece ends.
            noise: the power of the line's noise, pre-emphasised.
            path: the path that is known; fitted again where the echo is still at its delay.
        """
        pieces = _pieces_to_compare(before, count)
        if not pieces:
            return None
        heard = whitened(np.frombuffer(b"".join(list(self.recent)[-pieces:]), np.int16))
        size = len(heard)
        least, most = 0, LONGEST
        if path is not None and pieces < LONG:
            least, most = max(0, path.lag - MOVES), path.lag + MOVES
        sent = self._sent.white(end - size - most, end - least)
        energy = float(heard @ heard)
        signal = max(energy - noise * size, energy / 2)
        lag, alike, gain = most_alike(heard, sent, most)
        taps, left = fit_first(heard, self._sent.white(*span(end - size, end, lag, FIRST_TAPS)), alike=alike, gain=gain)
        likeness = alike * (energy / signal) ** 0.5
        fit = (energy - left) / signal
        if path is not None and abs(path.lag - lag) <= _SAME:
            found = fit >= _REFIT  # that the echo is in it as well is no news
        else:
            found = likeness + fit >= _LOOKS[pieces] or (likeness >= _ALIKE and self._seen_before(lag, end - size))
            self._candidate = lag, end
            path = EchoPath(lag, taps, gain)
        if not found:
            return None
        path.fit(self._sent.white(*path.span(end - size, end)), heard, left)
        return path

    def _seen_before(self, lag: int, begin: int) -> bool:
        if self._candidate is None:
            return False
        before, until = self._candidate
        return until <= begin and abs(before - lag) <= _SAME


def _pieces_to_compare(before: int, count: int) -> int:
    """How many of the last pieces to compare with what was sent, now that ``count`` are not explained; 0: none yet."""
    for pieces in _LOOKS:
        if before < pieces <= count:
            return pieces
    return LONG if count // _LOOK_AGAIN > before // _LOOK_AGAIN else 0


def most_alike(heard: Floats, sent: Floats, most: int) -> tuple[int, float, float]:
    """The delay, up to ``most``, at which ``heard`` is most like ``sent``; how much, in 0..1; and how strong it is."""
    size = next((size for size in _SIZES if size >= len(sent)), len(sent))
    count = len(sent) - len(heard) + 1
    products = np.fft.irfft(np.fft.rfft(sent, size) * np.fft.rfft(heard, size).conj(), size)[:count]
    sums = np.zeros(len(sent) + 1)
    np.cumsum(np.square(sent, dtype=np.float64), out=sums[1:])
    energies = sums[len(heard) :] - sums[:count]
    energies += 1e-3 * energies.max() + 1
    alike = np.abs(products) / np.sqrt(energies * (float(heard @ heard) + 1))
    best = int(alike.argmax())
    return most - best, min(1.0, float(alike[best])), abs(float(products[best] / energies[best])) + 1e-6
