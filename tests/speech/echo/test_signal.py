"""Audio as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from offhook.speech.echo.signal import EMPHASIS, FRAME, PER_MS, whitened


def test_what_is_low_is_made_weak_and_what_is_high_is_kept() -> None:
    """A speech's power lies below, where it is like itself at many delays."""
    steady = whitened(np.full(100, 1000, np.int16))
    assert steady[1:] == pytest.approx(1000 * (1 - EMPHASIS), rel=1e-5)
    quick = whitened(np.tile(np.array([1000, -1000], np.float32), 50))
    assert np.abs(quick[1:]) == pytest.approx(1000 * (1 + EMPHASIS), rel=1e-5)


def test_pre_emphasis_needs_the_sample_before_the_first() -> None:
    """Where there is none, the first is silent and the length stays."""
    white = whitened(np.array([7, 7, 7], np.int16))
    assert (len(white), white[0]) == (3, 0)
    assert FRAME == 20 * PER_MS
