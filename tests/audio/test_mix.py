"""Mixing and gain."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.mix import gain, mix
from offhook.errors import CodecError

voices = st.lists(st.integers(-32768, 32767), max_size=40)


def pcm(*samples: int) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


@given(st.lists(voices, max_size=5))
def test_a_mix_is_the_clipped_sum_of_all(parts: list[list[int]]) -> None:
    """Whatever the number and lengths; the shorter ones end in silence."""
    total = np.zeros(max(map(len, parts), default=0), dtype=np.int64)
    for part in parts:
        total[: len(part)] += np.array(part, dtype=np.int64)
    assert mix(*(pcm(*part) for part in parts)) == np.clip(total, -32768, 32767).astype("<i2").tobytes()


def test_a_loud_sum_saturates_and_does_not_wrap() -> None:
    """Voices are summed before they are limited, so that the order of the parties makes no difference."""
    assert mix(pcm(30000, -30000), pcm(30000, -30000)) == pcm(32767, -32768)
    assert mix(pcm(30000), pcm(30000), pcm(-30000)) == pcm(30000)


def test_gain_scales_and_saturates() -> None:
    """A gain too high clips at the limits of 16 bits; it does not wrap into noise."""
    assert gain(pcm(100, -100, 30000, -30000), 2.0) == pcm(200, -200, 32767, -32768)
    assert gain(pcm(100, -100), 0.0) == pcm(0, 0)
    assert gain(b"", 3.0) == b""


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_factor_that_is_no_number_is_refused(factor: float) -> None:
    """A level that is infinite or no number is a mistake in a calculation, and is named as one."""
    with pytest.raises(CodecError, match="finite factor"):
        gain(pcm(1), factor)


def test_half_samples_are_refused() -> None:
    """No part of a mix may be cut in the middle of a sample."""
    with pytest.raises(CodecError):
        mix(b"\0\0", b"\0")
    with pytest.raises(CodecError):
        gain(b"\0", 1.0)
