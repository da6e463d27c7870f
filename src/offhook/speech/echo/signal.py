"""Audio as numbers: samples at 8 kHz, as they are and pre-emphasised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["EMPHASIS", "FRAME", "PER_MS", "whitened"]

PER_MS: Final = 8
FRAME: Final = 160
EMPHASIS: Final = 0.95
_MINUS_EMPHASIS: Final = np.float32(-EMPHASIS)


def whitened(samples: Floats | NDArray[np.int16]) -> Floats:
    """Pre-emphasised: speech has its power below, its likeness to itself all over."""
    white = np.zeros(len(samples), np.float32)
    np.multiply(samples[:-1], _MINUS_EMPHASIS, out=white[1:])
    white[1:] += samples[1:]
    return white
