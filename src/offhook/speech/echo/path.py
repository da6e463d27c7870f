"""The way of an echo: its delay, and the filter that predicts it from what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import as_strided

from offhook.speech.echo.signal import FRAME

if TYPE_CHECKING:
    from offhook.speech.echo.signal import Floats

__all__ = ["FIRST_TAPS", "EchoPath", "fit_first", "span"]

TAPS: Final = 64
FIRST_TAPS: Final = 32
_BEFORE: Final = 16
"""Taps before the delay that was found."""
_PRIOR_TAPS: Final = 4.0
"""Over about so many taps an echo is spread: what keeps a fit sober where there is noise, or little audio."""
_RENEW: Final = 0.1
_FORGET: Final = 0.98
"""What counts of what was learnt before, when the path has changed, and with every other piece."""
_FIRST_FIT: Final = 4
"""So many pieces of 20 ms at most are explained well enough by the filter that they were found with."""
_TRAINED: Final = 50
_THEN_EVERY: Final = 16
_SOLVE_AT: Final = frozenset((6, 9, 12, 18, 25, 35, 50))
_SOLVE_EVERY: Final = 10


class EchoPath:
    """The way of the echo: a delay in samples, and a filter around it."""

    def __init__(self, lag: int, taps: Floats, gain: float) -> None:
        self.lag = lag
        self.taps = np.zeros(TAPS, np.float32)
        self.taps[:FIRST_TAPS] = taps[::-1]
        self._ridge = _PRIOR_TAPS / gain**2
        self._products = np.zeros((TAPS, TAPS), np.float32)
        self._targets = np.zeros(TAPS, np.float32)
        self._left = 0.0
        self._learnt = 0
        self._seen = 0

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """From where to where that was sent which is heard between ``begin`` and ``end``."""
        return span(begin, end, self.lag, TAPS)

    def fit(self, sent: Floats, heard: Floats, left: float) -> None:
        """Take the first audio at this delay, or audio that was not explained and is echo all the same."""
        self._products *= _RENEW
        self._targets *= _RENEW
        self._add(sent, heard, left)
        self._learnt += len(heard) // FRAME
        if self._learnt > _FIRST_FIT:
            self._solve()

    def learn(self, sent: Floats, heard: Floats, left: float) -> None:
        """Refine the filter by a piece that is nothing but echo: all at first, then one in so many."""
        self._seen += 1
        if self._learnt >= _TRAINED and self._seen % _THEN_EVERY:
            return
        self._add(sent, heard, left)
        self._learnt += 1
        if self._learnt in _SOLVE_AT or self._learnt % _SOLVE_EVERY == 0:
            self._solve()

    def _add(self, sent: Floats, heard: Floats, left: float) -> None:
        shifted = _shifted(sent, TAPS)
        self._products *= _FORGET
        self._products += shifted @ shifted.T
        self._targets *= _FORGET
        self._targets += shifted @ heard
        self._left += 0.1 * (left / len(heard) - self._left) if self._left else left / len(heard)

    def _solve(self) -> None:
        self.taps = _solve(self._products, self._targets, self._left * self._ridge)[::-1].copy()


def fit_first(heard: Floats, sent: Floats, *, alike: float, gain: float) -> tuple[Floats, float]:
    """A short filter that makes ``heard`` of ``sent``, which is their :func:`span`; and the energy of what it leaves.

    ``alike`` is how alike they are, in 0..1, and ``gain`` how strong the echo is, by the delay alone.
    """
    shifted = _shifted(sent, FIRST_TAPS)
    ridge = float(heard @ heard) * max(1 - alike**2, 1e-3) / len(heard) * _PRIOR_TAPS / gain**2
    taps = _solve(shifted @ shifted.T, shifted @ heard, ridge)
    rest = heard - taps @ shifted
    return taps, float(rest @ rest)


def span(begin: int, end: int, lag: int, taps: int) -> tuple[int, int]:
    """From where to where that was sent which a filter of ``taps`` makes of what is heard from ``begin`` to ``end``."""
    return begin - lag + _BEFORE - taps + 1, end - lag + _BEFORE


def _shifted(samples: Floats, count: int) -> Floats:
    """``count`` rows, each one sample later in ``samples`` than the one before."""
    step = samples.strides[0]
    return as_strided(samples, (count, len(samples) - count + 1), (step, step), writeable=False).copy()


def _solve(products: Floats, targets: Floats, ridge: float) -> Floats:
    count = len(targets)
    regular = products.copy()
    regular.flat[:: count + 1] += ridge + 1e-4 * float(products.trace()) / count + 1
    solution: Floats = np.linalg.solve(regular, targets)
    return solution
