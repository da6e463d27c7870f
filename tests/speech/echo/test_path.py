"""The filter that predicts an echo."""

from __future__ import annotations

import numpy as np
import pytest

from offhook.speech.echo.path import FIRST_TAPS, EchoPath, fit_first, span

SIZE = 1600
LAG = 800


def noise(seed: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(0, 1000, size).astype(np.float32)


def test_a_span_holds_all_that_a_filter_needs() -> None:
    """As many samples as are heard, and one less than it has taps."""
    begin, end = span(5000, 5000 + SIZE, LAG, FIRST_TAPS)
    assert end - begin == SIZE + FIRST_TAPS - 1
    assert begin < 5000 - LAG < 5000 + SIZE - LAG < end


def test_a_short_filter_is_found_at_the_delay() -> None:
    """It is as strong as the echo, and leaves nothing of it."""
    all_sent = noise(1, 10_000)
    heard = 0.5 * all_sent[5000 - LAG : 5000 - LAG + SIZE]
    taps, left = fit_first(heard, all_sent[slice(*span(5000, 5000 + SIZE, LAG, FIRST_TAPS))], alike=1.0, gain=0.5)
    assert np.linalg.norm(taps) == pytest.approx(0.5, rel=0.02)
    assert left < float(heard @ heard) / 1000


def test_a_path_is_refined_by_what_is_nothing_but_echo() -> None:
    """An echo that is spread wider than the first filter is predicted better and better."""
    all_sent = noise(2, 60_000)
    spread = np.zeros(40, np.float32)
    spread[[0, 39]] = 0.5, 0.3
    echo = np.convolve(all_sent, spread)[: len(all_sent)]
    first = echo[5000 : 5000 + SIZE]
    sent = all_sent[slice(*span(5000 + LAG, 5000 + SIZE + LAG, LAG, FIRST_TAPS))]
    taps, left = fit_first(first, sent, alike=0.85, gain=0.5)
    path = EchoPath(LAG, taps, 0.5)
    path.fit(all_sent[slice(*path.span(5000 + LAG, 5000 + SIZE + LAG))], first, left)
    rests = []
    for begin in range(8000, 40_000, 160):
        sent = all_sent[slice(*path.span(begin + LAG, begin + 160 + LAG))]
        heard = echo[begin : begin + 160]
        rest = heard - np.convolve(sent, path.taps, "valid")
        rests.append(float(rest @ rest) / float(heard @ heard))
        path.learn(sent, heard, float(rest @ rest))
    assert left > float(first @ first) / 10
    assert max(rests[20:]) < 1e-3
